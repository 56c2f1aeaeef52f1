"""Where the project's folders lie; every path in the package is taken from here."""

import os
from pathlib import Path

from bsup_analysis.errors import InputError


def root() -> Path:
    """Return the project root: the environment variable ``BSUP_ROOT``, else the checkout.

    Read at every call, so that a test or another checkout can be pointed to.
    """
    chosen = os.environ.get("BSUP_ROOT")
    return Path(chosen).resolve() if chosen else Path(__file__).resolve().parent.parent


def study_file() -> Path:
    """Return the path of ``study.toml``, the design."""
    return root() / "study.toml"


def raw() -> Path:
    """Return the folder of raw tables, each with a provenance record beside it."""
    return root() / "data" / "raw"


def raw_path(name: str) -> Path:
    """Return the path of a raw table: borders are GeoJSON, all others CSV."""
    return raw() / f"{name}{'.geojson' if name.startswith('borders_') else '.csv'}"


def decisions() -> Path:
    """Return the folder of hand decisions, one row each."""
    return root() / "data" / "decisions"


def processed() -> Path:
    """Return the folder of tables the package builds and git keeps."""
    return root() / "data" / "processed"


def municipal() -> Path:
    """Return the folder of the user's own municipal table, which git ignores."""
    return root() / "data" / "municipal"


def simulation() -> Path:
    """Return the folder of SYNTHETIC results, simulated and kept by git."""
    return root() / "data" / "simulation"


def notebooks() -> Path:
    """Return the folder of notebooks."""
    return root() / "notebooks"


def reports() -> Path:
    """Return the folder of published results."""
    return root() / "reports"


def build() -> Path:
    """Return the folder of intermediate products, which git ignores."""
    return root() / "build"


def table_path(name: str) -> Path:
    """Return the path of table `name`, looked for in each folder of tables.

    Parameters
    ----------
    name
        The table's file name without its ending.

    Raises
    ------
    InputError
        If no folder holds the table, or more than one does.
    """
    found = [
        path
        for path in (
            raw_path(name),
            *(at / f"{name}.csv" for at in (decisions(), processed(), simulation(), municipal())),
        )
        if path.is_file()
    ]
    if not found:
        raise InputError(
            f"there is no table {name!r}: {raw_path(name).name} is in none of data/raw,"
            " data/decisions, data/processed and data/simulation; restore it from git, or correct"
            " the name in study.toml."
        )
    if len(found) > 1:
        places = " and ".join(str(path.relative_to(root())) for path in found)
        raise InputError(f"table {name!r} stands twice, as {places}; rename or remove one of them.")
    return found[0]
