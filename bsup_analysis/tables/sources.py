"""Raw tables and hand decisions, read against their schemas and provenance records.

The provenance record beside each raw table says who made it, where it stands, and its hash.
"""

import datetime as dt
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self

import pandas as pd
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from pydantic.dataclasses import dataclass

from bsup_analysis import paths
from bsup_analysis.errors import InputError
from bsup_analysis.files import read_toml, sha256, write_aside
from bsup_analysis.tables.strict_csv import SOURCES, read_csv, shown

_STRICT = ConfigDict(extra="forbid")
Text = Annotated[str, Field(min_length=1, pattern=r"\S")]


@dataclass(frozen=True, config=_STRICT)
class Column:
    """A column of a raw table: its unit and what it holds."""

    unit: Text
    description: Text


@dataclass(frozen=True, config=_STRICT)
class Provenance:
    """Where a raw table comes from; `sha256` is that of the file's bytes.

    Either `url` says where the source stands, or `no_address` why there is none; `access` says
    how one gets at it and what of it was read.
    """

    title: Text
    producer: Text
    document: Text
    pages: tuple[int, ...]
    read_on: dt.date
    access: Text
    licence: Text
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    method: Text
    columns: Mapping[str, Column]
    url: Annotated[str, Field(pattern=r"^https?://\S+$")] | None = None
    no_address: Text | None = None

    @model_validator(mode="after")
    def _one_address(self) -> Self:
        if (self.url is None) == (self.no_address is None):
            raise ValueError(
                "say in url where the source stands, or in no_address why it has no address"
            )
        return self

    @property
    def place(self) -> str:
        """The address, or the sentence that stands for it."""
        return f"<{self.url}>" if self.url else str(self.no_address)


def record_path(name: str) -> Path:
    """Return where the record of raw table `name` lies."""
    return paths.raw() / f"{name}.provenance.toml"


def raw_tables() -> list[str]:
    """Return the names of all raw tables, sorted."""
    return sorted(p.stem for p in paths.raw().iterdir() if p.suffix in (".csv", ".geojson"))


def read_record(name: str) -> Provenance:
    """Read the record of a raw table.

    Raises
    ------
    InputError
        There is no record, or it is not complete; no raw table is read without one.
    """
    path = record_path(name)
    where = str(path.relative_to(paths.root()))
    if not path.is_file():
        raise InputError(
            f"{where} is missing: write down where {paths.raw_path(name).name} comes from before"
            " it is used."
        )
    content = json.dumps(read_toml(path, where), default=str)
    try:
        return TypeAdapter(Provenance).validate_json(content)
    except ValidationError as invalid:
        first = invalid.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{where}: {key}: {first['msg'].lower()}; complete the record.") from None


def hash_differs(name: str) -> str | None:
    """Say how a raw table differs from its record, or None where the hash agrees."""
    path = paths.raw_path(name)
    found = sha256(path)
    expected = read_record(name).sha256
    if found == expected:
        return None
    return (
        f"data/raw/{path.name} is not the file its record describes"
        f" (sha256 {found[:12]}..., recorded {expected[:12]}...); restore it from git, or,"
        f" if the edit is meant, say so with: bsup seal {name}"
    )


def record_of(table: Path) -> dict[str, Any]:
    """Read what is recorded beside a table; empty where nothing is."""
    record = table.with_suffix(".provenance.toml")
    return read_toml(record) if record.is_file() else {}


def record_differs(table: Path) -> str | None:
    """Say how a table differs from the record beside it, or None where the hash agrees."""
    record = table.with_suffix(".provenance.toml")
    for file in (record, table):
        if not file.is_file():
            return f"{shown(file)} is missing"
    try:
        recorded = read_toml(record)["sha256"]
    except (InputError, KeyError):
        return f"{shown(record)} cannot be read"
    same = recorded == sha256(table)
    return None if same else f"{shown(table)} is not the file its record describes"


def record_text(entries: Mapping[str, object], tables: Mapping[str, Mapping[str, object]]) -> str:
    """Write a record as TOML: what is said of a table, and then each of `tables` by its title."""
    lines = [f"{key} = {_toml(value)}" for key, value in entries.items()]
    for title, rows in tables.items():
        lines += ["", f"[{title}]", *(f"{key} = {_toml(value)}" for key, value in rows.items())]
    return "\n".join([*lines, ""])


def _toml(value: object) -> str:
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, str):
        # control characters come from file names; TOML writes them otherwise than JSON
        value = re.sub(r"[\x00-\x1f\x7f]", " ", value)
    return json.dumps(value, ensure_ascii=False)


def seal(name: str) -> Path:
    """Write the present hash of a raw table into its record, after a deliberate edit.

    Returns
    -------
    Path
        The record.

    Raises
    ------
    InputError
        There is no such raw table, or no record of it, or its schema refuses it.
    """
    table = paths.raw_path(name)
    if not table.is_file():
        raise InputError(f"there is no raw table {name!r}; there are: {', '.join(raw_tables())}.")
    read_record(name)
    if name in SOURCES:
        _checked(table, name)
    path = record_path(name)
    text = path.read_text(encoding="utf-8")
    new = re.sub(r'(?m)^sha256\s*=\s*"[0-9a-f]{64}"', f'sha256 = "{sha256(table)}"', text, count=1)
    write_aside(path, new)
    return path


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
    if name not in SOURCES:
        raise InputError(f"there is no table {name!r}; there are: {', '.join(sorted(SOURCES))}.")
    raw = paths.raw_path(name)
    decision = paths.decisions() / f"{name}.csv"
    table = _checked(decision if decision.is_file() else raw, name)
    if not decision.is_file():
        difference = hash_differs(name)
        if difference:
            raise InputError(difference + ".")
    return table


def _checked(path: Path, name: str) -> pd.DataFrame:
    """Read a table's file against its schema."""
    if path.suffix == ".geojson":
        from bsup_analysis.tables.boundaries import read_geojson

        return read_geojson(path, SOURCES[name])
    return read_csv(path, SOURCES[name])
