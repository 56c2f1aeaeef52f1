"""The package holds what git tracks and what was published, and nothing that is in doubt."""

import errno
import json
import os
import re
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from study_copy import CHECKOUT, english

from bsup_analysis.errors import InputError
from bsup_analysis.files import sha256
from bsup_analysis.published.reader import read_published
from bsup_analysis.report.render import generated
from bsup_analysis.run.package import datasets, make_package, programs
from bsup_analysis.run.project import Project
from bsup_analysis.run.verify import published as checks

TEMPLATE = CHECKOUT / "bsup_analysis" / "run" / "package.md.j2"
# headings of the Social Science Data Editors' template README, in its order
SECTIONS = [
    "## Overview",
    "## Data Availability and Provenance Statements",
    "### Statement about Rights",
    "### License for Data",
    "### Summary of Availability",
    "### Details on each Data Source",
    "## Dataset list",
    "## Computational requirements",
    "### Software Requirements",
    "### Controlled Randomness",
    "### Memory, Runtime and Storage Requirements",
    "#### Summary",
    "#### Details",
    "## Description of programs/code",
    "### License for Code",
    "## Instructions to Replicators",
    "### Details",
    "## List of tables and programs",
    "## References",
]


def make(study: Project, path: Path) -> tuple[int, int]:
    def labels() -> dict[str, str]:
        return {"loan_share": "Figure\N{NO-BREAK SPACE}7"}

    return make_package(study.root, checks(study), labels, path)


def commit(study: Project) -> None:
    who = ["-c", "user.name=test", "-c", "user.email=test@example.invalid"]
    for command in (["add", "-A"], ["commit", "-qm", "more"]):
        subprocess.run(["git", *who, *command], cwd=study.root, check=True, capture_output=True)


@pytest.fixture(scope="module")
def unpacked(committed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package of the study as it is, unpacked in an empty folder."""
    folder = tmp_path_factory.mktemp("package")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("BSUP_ROOT", str(committed))
        make(english(), folder / "package.zip")
    with zipfile.ZipFile(folder / "package.zip") as packed:
        packed.extractall(folder / "unpacked")
    return folder / "unpacked"


# --- what it holds ---


def test_package_holds_tracked_and_published_files_and_its_readmes(
    unpacked: Path, committed: Path
) -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=committed, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    published = json.loads((committed / "reports" / "manifest.json").read_text("utf-8"))
    wanted = {name for name in tracked if name}
    assert "en/report.pdf" in published["files"]
    wanted |= {f"reports/{name}" for name in (*published["files"], "manifest.json")}
    held = {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*") if path.is_file()}
    assert held == wanted | {"README-project.md"}
    for name in wanted - {"README.md"}:
        assert sha256(unpacked / name) == sha256(committed / name), name
    assert sha256(unpacked / "README-project.md") == sha256(committed / "README.md")


def test_same_study_same_bytes(study: Project, tmp_path: Path) -> None:
    first = make(study, tmp_path / "first.zip")
    for path in study.root.rglob("*"):
        if path.is_file() and ".git" not in path.parts:
            os.utime(path, (1, 1))
    (study.root / "tool").chmod(0o700)
    assert make(study, tmp_path / "second.zip") == first
    assert sha256(tmp_path / "first.zip") == sha256(tmp_path / "second.zip")


# --- its README ---


def test_readme_has_the_sections_of_the_template_in_order(unpacked: Path) -> None:
    text = (unpacked / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^##+ .+$", text, flags=re.MULTILINE) == SECTIONS
    assert not re.search(r"[{}]{2}|{%|\bNone\b|\bnan\b", text)
    assert text.startswith("# Replication package: ")


def test_template_holds_no_typed_number() -> None:
    text = TEMPLATE.read_text(encoding="utf-8").replace("UTF-8", "")
    typed = re.sub(r"{[{%].*?[%}]}", "", text)
    # steps of a list are numbered
    assert re.findall(r"\d", re.sub(r"^\d\. ", "", typed, flags=re.MULTILINE)) == []


def test_readme_names_every_table_exhibit_and_package(unpacked: Path) -> None:
    text = (unpacked / "README.md").read_text(encoding="utf-8")
    manifest = json.loads((unpacked / "reports" / "manifest.json").read_text("utf-8"))
    here = (path.relative_to(unpacked).as_posix() for path in unpacked.glob("data/*/*.csv"))
    for path in (*manifest["tables"], *here):
        name = path[path.index("data/") :]
        assert re.search(rf"^\| `{re.escape(name)}` \| .+ \| .+ \| Yes \|$", text, re.MULTILINE)
    for name in manifest["exhibits"]:
        assert f"| reports/tables/{name}.csv" in text or f".svg, reports/tables/{name}.csv" in text
    for name, version in manifest["packages"].items():
        assert name == "bsup_analysis" or f"`{name}` {version}\n" in text
    assert "- [x] All data **are** publicly available" in text
    assert "| Figure 7 | `bsup_analysis/chapters/programme/shares.py, loan_share`" in text


def test_readme_is_renewed_by_the_command_it_names(
    unpacked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`make report` writes the finding and the list of exhibits into it, and finds them there."""
    monkeypatch.setenv("BSUP_ROOT", str(unpacked))
    text = (unpacked / "README.md").read_text(encoding="utf-8")
    assert generated(text, read_published(unpacked / "reports")) == text
    assert "<!-- finding-en: generated -->\n**" in text


def test_lines_are_those_of_the_functions(committed: Path) -> None:
    manifest = json.loads((committed / "reports" / "manifest.json").read_text("utf-8"))
    for one in programs(manifest, {}, committed):
        path, _, function = one["function"].partition(", ")
        line = (committed / path).read_text(encoding="utf-8").splitlines()[one["line"] - 1]
        assert line.startswith(f"def {function}("), one


def test_table_that_cannot_be_passed_on_is_listed_as_not_provided(study: Project) -> None:
    """A table that a user brought is in no package; the results that rest on it are told."""
    own = {"data/municipal/start_loans.csv": {"sha256": "0" * 64, "rows": "2-851"}}
    (one,) = datasets([], own)
    assert not one["provided"]
    assert "not ours to pass on" in one["source"]


# --- faults ---


def test_byte_code_of_a_room_that_is_gone_is_nothing(study: Project, tmp_path: Path) -> None:
    """As a pull leaves it, which takes the room's files away and not what git ignores."""
    stale = study.root / "bsup_analysis" / "gone" / "__pycache__"
    stale.mkdir(parents=True)
    (stale / "gone.pyc").touch()
    make(study, tmp_path / "package.zip")


def changed(root: Path) -> None:
    (root / "study.toml").write_text("# nothing\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("spoil", "name"),
    [
        (changed, "study.toml"),
        (lambda root: (root / "notes.txt").write_text("mine"), "notes.txt"),
        (lambda root: (root / "data/raw/press_totals.csv").unlink(), "data/raw/press_totals.csv"),
        (lambda root: (root / "tool").chmod(0o644), "tool"),
    ],
    ids=["changed", "untracked", "deleted", "mode"],
)
def test_what_is_not_committed_is_refused(
    study: Project, tmp_path: Path, spoil: Callable[[Path], object], name: str
) -> None:
    spoil(study.root)
    with pytest.raises(InputError, match=rf"not as committed: {name}; commit this, or put it"):
        make(study, tmp_path / "package.zip")
    assert not (tmp_path / "package.zip").exists()


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda r: (r / "en" / "report.pdf").write_bytes(b""), r"en/report\.pdf is not the file"),
        (lambda r: (r / "en" / "report.pdf").unlink(), r"en/report\.pdf is missing; run `bsup rep"),
        (lambda r: (r / "manifest.json").unlink(), "nothing has been published; run `bsup report`"),
        (lambda r: (r / "manifest.json").write_text("{"), "is damaged; delete it and run"),
        (
            lambda r: (r / "en" / "figures" / "loan_share.svg").write_text("<svg/>"),
            r"loan_share\.svg is not the file that was published",
        ),
    ],
    ids=["touched", "gone", "nothing", "damaged", "figure"],
)
def test_reports_that_are_not_the_published_ones_are_refused(
    study: Project, tmp_path: Path, spoil: Callable[[Path], object], sentence: str
) -> None:
    spoil(study.reports)
    with pytest.raises(InputError, match=sentence):
        make(study, tmp_path / "package.zip")
    assert not (tmp_path / "package.zip").exists()


def test_reports_of_other_data_are_refused(study: Project, tmp_path: Path) -> None:
    path = study.root / "data" / "raw" / "programme_levels.provenance.toml"
    path.write_text(path.read_text("utf-8") + "\n# a later thought\n", encoding="utf-8")
    commit(study)
    with pytest.raises(InputError, match=r"changed since: data/raw/programme_levels.*\(and 2 more"):
        make(study, tmp_path / "package.zip")


def test_folder_that_is_no_clone_is_refused(
    study: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (study.root / ".git").rename(tmp_path / "elsewhere")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    with pytest.raises(InputError, match="a package is made in a git clone"):
        make(study, tmp_path / "package.zip")


def test_folder_inside_another_clone_is_refused(study: Project, tmp_path: Path) -> None:
    (study.root / ".git").rename(tmp_path / ".git")
    with pytest.raises(InputError, match="this folder is no git clone"):
        make(study, tmp_path / "package.zip")


def test_without_git_there_is_no_package(
    study: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="a package is made in a git clone; git is not installed"):
        make(study, tmp_path / "package.zip")


def test_full_disk_keeps_the_earlier_package(
    study: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "packages" / "package.zip"
    path.parent.mkdir()
    path.write_bytes(b"an earlier one")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match=r"package\.zip cannot be written: No space left"):
        make(study, path)
    assert [one.read_bytes() for one in path.parent.iterdir()] == [b"an earlier one"]
