"""Compare what lies here with what it should be; every comparison is an object."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bsup_analysis.pipeline.manifest import MANIFEST, read_manifest
from bsup_analysis.pipeline.profiles import profile_run
from bsup_analysis.pipeline.project import Project, digest
from bsup_analysis.pipeline.sealing import inputs_digest, results_digest


@dataclass(frozen=True)
class Check:
    """One comparison: what was compared, whether it agrees, and if not what to do."""

    name: str
    passed: bool
    detail: str


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
        yield _file(project, name, was)
    for path in sorted((project.reports / "tables").glob("*.csv")):
        if f"tables/{path.name}" not in content["files"]:
            yield Check(f"table {project.name(path)}", False, "is made by no exhibit; remove it")
    yield from _made_of_results(project, content)
    now = {page.key: page for page in project.pages()}
    for key, entry in content["pages"].items():
        yield _page(project, key, entry, now)


def _made_of_results(project: Project, content: Mapping) -> Iterator[Check]:
    """Compare the report and the profiles with the manifest, and with what they rest on."""
    for section, command in (("report", "bsup report"), ("profiles", "bsup profiles")):
        part = content.get(section)
        if part is None:
            continue
        for name, was in part["files"].items():
            yield _file(project, name, was, command)
        now = (
            results_digest(content)
            if section == "report"
            else inputs_digest(project, profile_run(project))
        )
        yield (
            Check(section, True, "was made from these results")
            if set(part["made_from"].values()) <= {now}
            else Check(section, False, f"was made from other results; run `{command}`")
        )


def _file(project: Project, name: str, was: str, command: str = "bsup report") -> Check:
    path = project.reports / name
    label = f"published file {project.name(path)}"
    if not path.is_file():
        return Check(label, False, f"is missing; run `{command}`")
    if digest(path) != was:
        return Check(label, False, f"is not the file that was published; run `{command}`")
    return Check(label, True, "is the file that was published")


def _page(project: Project, key: str, entry: Mapping, now: Mapping) -> Check:
    label = f"inputs of page {key}"
    if key not in now:
        return Check(label, False, "the design has no such run any more; run `bsup report`")
    current = project.fingerprint(now[key].run)
    before, after = entry["inputs"], current["inputs"]
    changed = sorted(n for n in before | after if before.get(n) != after.get(n))
    if entry["code"] != current["code"]:
        changed.append("the package's code")
    if changed:
        return Check(label, False, f"changed since: {', '.join(changed)}; run `bsup report`")
    return Check(label, True, "are what they were")
