"""What each table of the study must be: columns in order, types, allowed values.

The schemas stand as data in `raw.toml` (raw and decision tables) and `processed.toml`, from which
the codebook `data/README.md` is generated too.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandera.pandas as pa


def _column(told: Mapping[str, Any]) -> pa.Column:
    """Make a column: its type, unit and description, `nullable`, `unique`, and pandera's checks."""
    rest = dict(told)
    kept = {name: rest.pop(name) for name in ("description", "nullable", "unique") if name in rest}
    kind, unit = rest.pop("type"), rest.pop("unit", "")
    checks = [getattr(pa.Check, check)(value) for check, value in rest.items()]
    return pa.Column(kind, checks, metadata={"unit": unit}, **kept)


def _needs(columns: list[str], rows: list[list[Any]]) -> pa.Check:
    """Make a check that rows are there, by the columns that tell rows apart."""
    return pa.Check(
        lambda table: {*map(tuple, rows)} <= {*table[columns].itertuples(index=False, name=None)},
        error="must have " + "; ".join(" ".join(map(str, row)) for row in rows),
    )


def read_schemas(path: Path) -> dict[str, pa.DataFrameSchema]:
    """Read schemas by table; each table has exactly its columns, in order, as their types."""
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    return {
        name: pa.DataFrameSchema(
            {column: _column(told) for column, told in table["columns"].items()},
            name=name,
            description=table["about"],
            checks=[_needs(table["unique"], rows) for rows in [table.get("needs")] if rows],
            unique=table.get("unique", list(table["columns"])),
            strict=True,
            ordered=True,
            coerce=True,
        )
        for name, table in content.items()
    }


SOURCES, PROCESSED = (
    read_schemas(Path(__file__).with_name(file)) for file in ("raw.toml", "processed.toml")
)
