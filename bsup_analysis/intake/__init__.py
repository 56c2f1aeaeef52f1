"""Bringing a user's municipal table: read, understood, held against what is published."""

from bsup_analysis.intake.importing import ImportResult, Reference, import_file, reference
from bsup_analysis.intake.schema import MunicipalStartLoans
from bsup_analysis.intake.store import read_municipal, write_municipal

__all__ = [
    "ImportResult",
    "MunicipalStartLoans",
    "Reference",
    "import_file",
    "read_municipal",
    "reference",
    "write_municipal",
]
