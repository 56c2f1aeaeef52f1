"""Compare what lies here with what it should be; every comparison is an object."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from bsup_analysis.published.manifest import MANIFEST
from bsup_analysis.published.reader import Check, differs, read_manifest, read_profiles
from bsup_analysis.run.profiles import inputs_digest
from bsup_analysis.run.project import Page, Project


def verify(
    project: Project, raw: Iterable[Check], rebuilt: Mapping[Path, bytes]
) -> Iterator[Check]:
    """Compare raw tables, processed tables and the published report with their records.

    Parameters
    ----------
    raw
        Checks of the raw tables against their provenance records.
    rebuilt
        The processed tables as they come out now, by the path they are kept at.
    """
    yield from raw
    for path, content in rebuilt.items():
        name = f"processed table {project.name(path)}"
        if not path.is_file():
            yield Check(name, False, "is missing; run `bsup report`")
        elif path.read_bytes() != content:
            yield Check(name, False, "is not what the raw tables give; run `bsup report`")
        else:
            yield Check(name, True, "is what the raw tables give")
    yield from published(project)


def published(project: Project) -> Iterator[Check]:
    """Compare every published file with the manifest, and every page with its inputs."""
    content = read_manifest(project.reports)
    if not content:
        yield Check(MANIFEST, False, "nothing has been published; run `bsup report`")
        return
    for name, was in sorted(content["files"].items()):
        yield _file(project, name, was, "bsup report")
    for path in sorted((project.reports / "tables").glob("*.csv")):
        if f"tables/{path.name}" not in content["files"]:
            yield Check(f"table {project.name(path)}", False, "is made by no exhibit; remove it")
    yield from _profiles(project)
    now = {page.key: page for page in project.pages()}
    for key, entry in content["pages"].items():
        yield _page(project, key, entry, now.get(key))


def _profiles(project: Project) -> Iterator[Check]:
    """Compare the profiles with their record, and with what they rest on."""
    record = read_profiles(project.reports)
    for name, was in record.get("files", {}).items():
        yield _file(project, name, was, "bsup profiles")
    if record:
        same = record["made_from"] == inputs_digest(project)
        told = "these results" if same else "other results; run `bsup profiles`"
        yield Check("profiles", same, f"were made from {told}")


def _file(project: Project, name: str, was: str, command: str) -> Check:
    path = project.reports / name
    difference = differs(path, was)
    told = f"{difference}; run `{command}`" if difference else "is the file that was published"
    return Check(f"published file {project.name(path)}", difference is None, told)


def _page(project: Project, key: str, entry: Mapping, page: Page | None) -> Check:
    label = f"inputs of page {key}"
    if page is None:
        return Check(label, False, "the design has no such run any more; run `bsup report`")
    current = project.fingerprint(page.run)
    before, after = entry["inputs"], current["inputs"]
    changed = sorted(n for n in before | after if before.get(n) != after.get(n))
    if entry["code"] != current["code"]:
        changed.append("the package's code")
    if changed:
        return Check(label, False, f"changed since: {', '.join(changed)}; run `bsup report`")
    return Check(label, True, "are what they were")
