"""The design of the study: `study.toml` as frozen objects."""

from bsup_analysis.design.load import load_design
from bsup_analysis.design.model import (
    Choice,
    Design,
    Notebook,
    Outcome,
    Parameter,
    Run,
    Specification,
)

__all__ = [
    "Choice",
    "Design",
    "Notebook",
    "Outcome",
    "Parameter",
    "Run",
    "Specification",
    "load_design",
]
