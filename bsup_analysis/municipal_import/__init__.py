"""Importing a user's municipal table: read, mapped to 2009, validated against published totals."""

from bsup_analysis.municipal_import.columns import mapping_of
from bsup_analysis.municipal_import.fetched import Origin, import_counts
from bsup_analysis.municipal_import.importing import import_file
from bsup_analysis.municipal_import.municipalities import Reference, reference
from bsup_analysis.municipal_import.result import ImportResult
from bsup_analysis.municipal_import.store import read_municipal, write_municipal
from bsup_analysis.municipal_import.validation import MunicipalStartLoans

__all__ = [
    "ImportResult",
    "MunicipalStartLoans",
    "Origin",
    "Reference",
    "import_counts",
    "import_file",
    "mapping_of",
    "read_municipal",
    "reference",
    "write_municipal",
]
