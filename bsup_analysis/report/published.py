"""What lies under `reports/`: numbers and exhibits with their origin, checked as it is read."""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bsup_analysis.errors import InputError
from bsup_analysis.files import sha256


@dataclass(frozen=True)
class ShownTable:
    """The table of an exhibit in the reader's language, as the notebook showed it.

    `head` names the columns, the first of them that of the rows; `numeric` are the columns (from
    0) whose cells are all numbers, ranges or unknown.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: frozenset[int]


@dataclass(frozen=True)
class PublishedNumber:
    """A number with its unit and the exhibit it comes from."""

    value: float
    unit: str
    exhibit: str


@dataclass(frozen=True)
class PublishedExhibit:
    """A figure or a table in one language, with its files and its way back to the data.

    `inputs` are the tables it was made from, each with its SHA-256.
    """

    id: str
    kind: str
    title: str
    caption: str
    source: str
    alternative_text: str
    notebook: str
    function: str
    parameters: Mapping[str, str]
    inputs: Mapping[str, str]
    data: Path
    svg: Path | None
    png: Path | None
    table: ShownTable | None


@dataclass(frozen=True)
class Published:
    """The results in one language.

    `exhibits` stand in the order of the notebooks' pages; `outdated` names pages that were kept
    from an earlier run; `versions` are Python's and the packages'; `digests` the SHA-256 of what
    the report rests on, by name.
    """

    root: Path
    language: str
    numbers: Mapping[str, PublishedNumber]
    exhibits: Mapping[str, PublishedExhibit]
    outdated: tuple[str, ...]
    versions: Mapping[str, str]
    digests: Mapping[str, str]


def read_published(root: Path, language: str) -> Published:
    """Read what is published in a language.

    Parameters
    ----------
    root
        The checkout, the folder above `reports/`.
    language
        `nb` or `en`.

    Raises
    ------
    InputError
        Nothing was published, not in this language, or a file is not the published one.
    """
    reports = root / "reports"
    manifest = _json(reports / "manifest.json")
    pages = {k: p for k, p in manifest["pages"].items() if p["language"] == language}
    if not pages:
        raise InputError(
            f"no notebook has been published in language {language!r}; run `bsup report`."
        )
    numbers = _json(reports / "numbers.json")
    _refuse_damage(reports, manifest["files"], language)
    exhibits: dict[str, PublishedExhibit] = {}
    for page in sorted(pages.values(), key=lambda page: page["notebook"]):
        for name in (row["id"] for row in page["contents"]["exhibits"]):
            if name not in exhibits:
                exhibits[name] = _exhibit(reports, manifest, page, name)
    return Published(
        root=root,
        language=language,
        numbers={k: PublishedNumber(**row) for k, row in numbers.items()},
        exhibits=exhibits,
        outdated=tuple(page["run"] for page in pages.values() if page.get("outdated")),
        versions={"Python": manifest["python"], **manifest["packages"]},
        digests={
            "reports/numbers.json": sha256(reports / "numbers.json"),
            **dict(
                sorted(
                    (path, digest)
                    for page in pages.values()
                    for path, digest in page.get("inputs", {}).items()
                    if not path.endswith(".csv")
                )
            ),
        },
    )


def read_rows(path: Path) -> list[dict[str, str]]:
    """Read the drawn data of an exhibit, row by row, every cell as it is written."""
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def shown_table(cells: Mapping[str, Sequence[Any]] | None) -> ShownTable | None:
    """Read the table of an exhibit as `exhibits.json` holds it; None for one without."""
    if cells is None:
        return None
    rows = tuple(tuple(row) for row in cells["rows"])
    return ShownTable(tuple(cells["head"]), rows, frozenset(cells["numeric"]))


def _exhibit(
    reports: Path, manifest: Mapping[str, Any], page: Mapping[str, Any], name: str
) -> PublishedExhibit:
    words, origin = page["exhibits"][name], manifest["exhibits"][name]
    figures = reports / page["language"] / "figures"
    figure = words["kind"] == "figure"
    return PublishedExhibit(
        id=name,
        kind=words["kind"],
        title=words["title"],
        caption=words["caption"],
        source=words["source"],
        alternative_text=words["alternative_text"],
        notebook=origin["notebook"],
        function=origin["function"],
        parameters=origin["parameters"],
        inputs=origin["inputs"],
        data=reports / "tables" / f"{name}.csv",
        svg=figures / f"{name}.svg" if figure else None,
        png=figures / f"{name}.png" if figure else None,
        table=shown_table(words["shown"]),
    )


def _refuse_damage(reports: Path, files: Mapping[str, str], language: str) -> None:
    """Refuse files that are gone or were changed since they were published."""
    for name, was in files.items():
        if name.split("/", 1)[0] not in (language, "tables", "numbers.json"):
            continue
        path = reports / name
        if not path.is_file():
            raise InputError(f"reports/{name} is missing; run `bsup report`.")
        if sha256(path) != was:
            raise InputError(
                f"reports/{name} is not the file that was published; run `bsup report`."
            )


def _json(path: Path) -> dict[str, Any]:
    name = f"{path.parent.name}/{path.name}"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(
            f"{name} is not there, so there is nothing to report; run `bsup report`."
        ) from None
    except ValueError:
        raise InputError(f"{name} is damaged; delete it and run `bsup report`.") from None
    if not isinstance(content, dict):
        raise InputError(f"{name} is damaged; delete it and run `bsup report`.")
    return content
