"""The drawn data of an exhibit, as `reports/tables/` holds it."""

import csv
from pathlib import Path


def read_rows(path: Path) -> list[dict[str, str]]:
    """Read a published table, row by row, every cell as it is written."""
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))
