"""Put the replication package together: tracked files, published files, and its README."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bsup_analysis.design import load_design
from bsup_analysis.errors import InputError
from bsup_analysis.files import write_aside
from bsup_analysis.pipeline.manifest import MANIFEST, SECTIONS, read_manifest
from bsup_analysis.pipeline.project import Project
from bsup_analysis.pipeline.verify import published
from bsup_analysis.replication.archive import archive
from bsup_analysis.replication.datasets import datasets
from bsup_analysis.replication.readme import package_readme
from bsup_analysis.replication.tracked import committed, tracked

README, OWN_README = "README.md", "README-project.md"
_MODE = 0o644


@dataclass(frozen=True)
class Package:
    """What was written: where, how many files, how many bytes."""

    path: Path
    files: int
    size: int


def make_package(project: Project, labels: Callable[[], Mapping[str, str]], path: Path) -> Package:
    """Write the replication package.

    Parameters
    ----------
    project
        The study, in a git clone with all committed.
    labels
        Gives `Figure 3` and the like, by exhibit, in the order of the report.
    path
        The archive to write; an earlier one is replaced.

    Raises
    ------
    InputError
        Something is not committed, what is published is not what the manifest says or was made
        from other data or code, or the archive cannot be written.
    """
    modes = tracked(project.root)
    _refuse_differences(project)
    manifest = read_manifest(project.reports)
    made = (manifest["files"], *(manifest[s]["files"] for s in SECTIONS if s in manifest))
    names = dict.fromkeys(f"reports/{name}" for part in made for name in part)
    modes |= dict.fromkeys((*names, f"reports/{MANIFEST}"), _MODE)
    contents = {name: (_read(project.root, name), mode) for name, mode in modes.items()}
    contents[OWN_README] = contents[README]
    numbers = json.loads(contents["reports/numbers.json"][0])
    text = package_readme(
        manifest,
        len(numbers),
        load_design(project.root / "study.toml"),
        labels(),
        datasets(modes, manifest["tables"]),
        sum(len(content) for content, _ in contents.values()),
    )
    contents[README] = (text.encode("utf-8"), _MODE)
    packed = archive(contents)
    try:
        write_aside(path, packed)
    except OSError as error:
        raise InputError(
            f"{path} cannot be written: {error.strerror or error}; nothing was left of it."
        ) from None
    return Package(path, len(contents), len(packed))


def _refuse_differences(project: Project) -> None:
    differing = [check for check in published(project) if not check.passed]
    if differing:
        first = differing[0]
        more = f" (and {len(differing) - 1} more, see `bsup verify`)" if len(differing) > 1 else ""
        raise InputError(f"{first.name} {first.detail}{more}; then make the package again.")
    if "report" not in read_manifest(project.reports):
        raise InputError("the report was not made; run `bsup report`, all of it.")


def _read(root: Path, name: str) -> bytes:
    # a notebook may hold the outputs of a run that was saved, which git does not see
    return committed(root, name) if name.endswith(".ipynb") else (root / name).read_bytes()
