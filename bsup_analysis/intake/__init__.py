"""Bringing a user's municipal table: read, understood, held against what is published."""

from bsup_analysis.intake.columns import mapping_of
from bsup_analysis.intake.fetched import Origin, bring_counts
from bsup_analysis.intake.importing import import_file
from bsup_analysis.intake.reference import Reference, reference
from bsup_analysis.intake.result import ImportResult
from bsup_analysis.intake.schema import MunicipalStartLoans
from bsup_analysis.intake.store import read_municipal, write_municipal

__all__ = [
    "ImportResult",
    "MunicipalStartLoans",
    "Origin",
    "Reference",
    "bring_counts",
    "import_file",
    "mapping_of",
    "read_municipal",
    "reference",
    "write_municipal",
]
