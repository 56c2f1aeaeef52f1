"""The codebook `data/README.md`, generated from the schemas and the provenance records."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from bsup_analysis import paths
from bsup_analysis.files import write_aside
from bsup_analysis.tables import sources
from bsup_analysis.tables.strict_csv import PROCESSED, SOURCES


def markdown(template: Path) -> Template:
    """Open a template of Markdown; its filter `cell` makes a text fit for a cell of a table."""
    environment = Environment(  # noqa: S701 - Markdown, from our own records
        loader=FileSystemLoader(template.parent),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["cell"] = lambda text: " ".join(str(text).split()).replace("|", "\\|")
    return environment.get_template(template.name)


def codebook() -> str:
    """Give the codebook's text.

    Raises
    ------
    InputError
        A raw table has no complete provenance record.
    """
    decisions = sorted(path.stem for path in paths.decisions().glob("*.csv"))
    return markdown(Path(__file__).with_name("codebook.md.j2")).render(
        processed=PROCESSED,
        decisions=[(name, SOURCES[name]) for name in decisions],
        raw=[(paths.raw_path(name), sources.read_record(name)) for name in sources.raw_tables()],
    )


def write_codebook() -> Path:
    """Write `data/README.md` and return its path."""
    path = paths.raw().parent / "README.md"
    write_aside(path, codebook())
    return path
