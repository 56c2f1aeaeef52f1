"""Where the study comes together: what a notebook opens, shows from, and closes."""

from bsup_analysis.study.municipal import DemonstrationStudy, MunicipalStudy, municipal_study
from bsup_analysis.study.study import Study
from bsup_analysis.study.tables import read_table

__all__ = ["DemonstrationStudy", "MunicipalStudy", "Study", "municipal_study", "read_table"]
