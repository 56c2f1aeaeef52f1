"""The design of the study: `study.toml` as frozen objects."""

from bsup_analysis.design.load import load_design
from bsup_analysis.design.model import Design, Notebook, Outcome, Run, Specification

__all__ = ["Design", "Notebook", "Outcome", "Run", "Specification", "load_design"]
