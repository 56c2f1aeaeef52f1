"""What lies under `reports/`: numbers and exhibits with their origin, checked as it is read."""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bsup_analysis.errors import InputError
from bsup_analysis.files import digest, repair
from bsup_analysis.published.manifest import MANIFEST, NUMBERS, PROFILES

_NOT_WHOLE = "run `bsup report`"


@dataclass(frozen=True)
class Published:
    """All that is published: numbers by id (value, unit, exhibit), and how they were made.

    `reports` is the folder it lies in: `reports/`, or the one a next report is put together in.
    """

    reports: Path
    numbers: Mapping[str, Mapping[str, Any]]
    manifest: Mapping[str, Any]

    @property
    def tables(self) -> Mapping[str, Mapping[str, Any]]:
        """Where each table comes from, by path."""
        return self.manifest["tables"]

    def refuse_changed(self, name: str) -> None:
        """Refuse a published file that is gone or is no longer the one in the manifest.

        Raises
        ------
        InputError
            With the file and what to do.
        """
        difference = differs(self.reports / name, self.manifest["files"].get(name))
        if difference:
            raise InputError(f"{self.reports.name}/{name} {difference}; {_NOT_WHOLE}.")


@dataclass(frozen=True)
class Check:
    """One comparison: what was compared, whether it agrees, and if not what to do."""

    name: str
    passed: bool
    detail: str


def differs(path: Path, was: str | None) -> str | None:
    """Tell how a file differs from the published one with this SHA-256; None where it does not."""
    if was is None or not path.is_file():
        return "is missing"
    return None if digest(path) == was else "is not the file that was published"


def read_manifest(reports: Path) -> dict[str, Any]:
    """Read the manifest of what is published; empty where nothing is.

    Raises
    ------
    InputError
        If the file is there and is no manifest.
    """
    return _record(reports, MANIFEST, {"pages", "files"}, _NOT_WHOLE)


def read_profiles(reports: Path) -> dict[str, Any]:
    """Read the record of the profiles: their `files`, and what they were `made_from`; else empty.

    Raises
    ------
    InputError
        If the file is there and is no such record.
    """
    return _record(reports, PROFILES, {"made_from", "files"}, "run `bsup profiles`")


def _record(reports: Path, name: str, parts: set[str], remedy: str) -> dict[str, Any]:
    repair(reports, reports.parent)
    try:
        content = json.loads((reports / name).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError:
        content = None
    if not isinstance(content, dict) or not parts <= set(content):
        raise InputError(f"{reports.name}/{name} is damaged; delete it and {remedy}.")
    return content


def read_published(reports: Path) -> Published:
    """Read numbers and manifest.

    Raises
    ------
    InputError
        Nothing has been published, or the numbers are not those of the manifest.
    """
    manifest = read_manifest(reports)
    if not manifest:
        raise InputError(
            f"nothing has been published here: there is no {reports.name}/{MANIFEST}; {_NOT_WHOLE}."
        )
    if "tables" not in manifest:
        raise InputError(
            f"{reports.name}/{MANIFEST} is of an earlier version and does not say where tables"
            f" come from; {_NOT_WHOLE}."
        )
    Published(reports, {}, manifest).refuse_changed(NUMBERS)
    numbers = json.loads((reports / NUMBERS).read_text(encoding="utf-8"))
    return Published(reports, numbers, manifest)


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

    `inputs` are the tables it was made from, each with its SHA-256; `narrow_svg` is the
    figure drawn for a narrow screen, where there is one.
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
    narrow_svg: Path | None
    table: ShownTable | None


@dataclass(frozen=True)
class Edition:
    """The results in one language, of the `languages` there are.

    `exhibits` stand in the order of the notebooks' pages; `versions` are Python's and the
    packages'; `digests` the SHA-256 of what the report rests on, by name.
    """

    reports: Path
    language: str
    languages: frozenset[str]
    numbers: Mapping[str, PublishedNumber]
    exhibits: Mapping[str, PublishedExhibit]
    versions: Mapping[str, str]
    digests: Mapping[str, str]


def read_edition(reports: Path, language: str) -> Edition:
    """Read what is published in a language.

    Parameters
    ----------
    reports
        The folder `reports/`, or one that is to become it.
    language
        `nb` or `en`.

    Raises
    ------
    InputError
        Nothing was published, not in this language, or a file is not the published one.
    """
    published = read_published(reports)
    manifest = published.manifest
    pages = {k: p for k, p in manifest["pages"].items() if p["language"] == language}
    if not pages:
        raise InputError(f"no notebook has been published in language {language!r}; {_NOT_WHOLE}.")
    for name in manifest["files"]:
        if name.split("/", 1)[0] in (language, "tables"):
            published.refuse_changed(name)
    shown_on: dict[str, Mapping[str, Any]] = {}
    for page in sorted(pages.values(), key=lambda page: page["notebook"]):
        for row in page["contents"]["exhibits"]:
            shown_on.setdefault(row["id"], page)
    rests_on = {
        path: was
        for page in pages.values()
        for path, was in page.get("inputs", {}).items()
        if not path.endswith((".csv", ".geojson"))
    }
    return Edition(
        reports=reports,
        language=language,
        languages=frozenset(page["language"] for page in manifest["pages"].values()),
        numbers={k: PublishedNumber(**row) for k, row in published.numbers.items()},
        exhibits={k: _exhibit(reports, manifest, page, k) for k, page in shown_on.items()},
        versions={"Python": manifest["python"], **manifest["packages"]},
        digests={
            f"reports/{NUMBERS}": manifest["files"][NUMBERS],
            **dict(sorted(rests_on.items())),
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
    rows = tuple(map(tuple, cells["rows"]))
    return ShownTable(tuple(cells["head"]), rows, frozenset(cells["numeric"]))


def _exhibit(
    reports: Path, manifest: Mapping[str, Any], page: Mapping[str, Any], name: str
) -> PublishedExhibit:
    words, origin = page["exhibits"][name], manifest["exhibits"][name]
    figures = reports / page["language"] / "figures"
    narrow = figures / f"{name}.phone.svg"
    return PublishedExhibit(
        id=name,
        **{key: words[key] for key in ("kind", "title", "caption", "source", "alternative_text")},
        **{key: origin[key] for key in ("notebook", "function", "parameters", "inputs")},
        data=reports / "tables" / f"{name}.csv",
        svg=figures / f"{name}.svg" if words["kind"] == "figure" else None,
        narrow_svg=narrow if narrow.relative_to(reports).as_posix() in manifest["files"] else None,
        table=shown_table(words["shown"]),
    )
