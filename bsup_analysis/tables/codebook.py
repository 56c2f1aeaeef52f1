"""The codebook `data/README.md`, generated from the schemas and the provenance records."""

from collections.abc import Sequence
from pathlib import Path

from bsup_analysis import paths
from bsup_analysis.files import write_aside
from bsup_analysis.tables import sources
from bsup_analysis.tables.table_schemas import PROCESSED, SOURCES

_HEAD = """\
# Codebook

Generated from the table schemas and the provenance records by `bsup codebook`; edit those, not
this file. All tables are CSV in UTF-8, comma separated; an empty field is an unknown value.
Borders are GeoJSON, a municipality a line, its properties being the columns.
Statistics Norway's municipality codes are text of four digits.

- `raw/`: transcribed or taken over, each with a provenance record. Never edited by code.
- `decisions/`: choices made by hand, a row each, with reason and source.
- `processed/`: built from the two, on the borders of 1 January 2009; never edited by hand.
"""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _table(rows: Sequence[tuple[str, ...]]) -> str:
    head = "| column | unit | meaning |\n|---|---|---|\n"
    return head + "".join(f"| {' | '.join(_cell(cell) for cell in row)} |\n" for row in rows)


def _raw(name: str) -> str:
    record = sources.read_record(name)
    where = record.document + (
        f", p. {', '.join(str(page) for page in record.pages)}" if record.pages else ""
    )
    facts = [
        f"- Producer: {record.producer}",
        f"- Where: {where} ({record.place})",
        f"- Access: {record.access}",
        f"- Read on: {record.read_on.isoformat()}",
        f"- Licence: {record.licence}",
        f"- How: {record.method}",
        f"- sha256: `{record.sha256}`",
    ]
    rows = [
        (f"`{name}`", column.unit, column.description) for name, column in record.columns.items()
    ]
    body = "\n".join(_cell(fact) for fact in facts)
    return f"### `raw/{paths.raw_path(name).name}`\n\n{record.title}.\n\n{body}\n\n{_table(rows)}"


def _decision(name: str) -> str:
    schema = SOURCES[name]
    columns = ", ".join(f"`{column}`" for column in schema.columns)
    return f"### `decisions/{name}.csv`\n\n{schema.description}\n\nColumns: {columns}.\n"


def _processed(name: str) -> str:
    schema = PROCESSED[name]
    rows = [
        (f"`{column}`", field.metadata["unit"], field.description or "")
        for column, field in schema.columns.items()
    ]
    return f"### `processed/{name}.csv`\n\n{schema.description}\n\n{_table(rows)}"


def codebook() -> str:
    """Give the codebook's text.

    Raises
    ------
    InputError
        A raw table has no complete provenance record.
    """
    decisions = sorted(path.stem for path in paths.decisions().glob("*.csv"))
    sections = [
        _HEAD,
        "## Processed tables\n",
        *(_processed(name) for name in PROCESSED),
        "## Decisions\n",
        *(_decision(name) for name in decisions),
        "## Raw tables\n",
        *(_raw(name) for name in sources.raw_tables()),
    ]
    return "\n".join(sections)


def write_codebook() -> Path:
    """Write `data/README.md` and return its path."""
    path = paths.raw().parent / "README.md"
    write_aside(path, codebook())
    return path
