"""Raw tables and hand decisions: strict reading, schemas and provenance records."""

import pandas as pd

from bsup_analysis import paths
from bsup_analysis.errors import InputError
from bsup_analysis.sources import provenance
from bsup_analysis.sources.schemas import SCHEMAS
from bsup_analysis.tables import read_csv

__all__ = ["SCHEMAS", "read_source"]


def read_source(name: str) -> pd.DataFrame:
    """Read a raw or decision table, checked against its schema and, if raw, its record.

    The content is checked before the hash, so that an edit that broke a row is reported with
    the row.

    Raises
    ------
    InputError
        The table is unknown, unreadable, refused by its schema, or not the file that its
        provenance record describes.
    """
    if name not in SCHEMAS:
        raise InputError(f"there is no table {name!r}; there are: {', '.join(sorted(SCHEMAS))}.")
    raw = paths.raw() / f"{name}.csv"
    decision = paths.decisions() / f"{name}.csv"
    table = read_csv(decision if decision.is_file() else raw, SCHEMAS[name])
    if not decision.is_file():
        difference = provenance.hash_differs(name)
        if difference:
            raise InputError(difference + ".")
    return table
