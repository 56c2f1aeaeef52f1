"""The set-up: one lock, one environment however it is installed, and the files beside it."""

import fnmatch
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from packaging.markers import default_environment
from packaging.requirements import Requirement

CHECKOUT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))["project"]
LOCK = (CHECKOUT / "requirements.lock").read_text("utf-8")
DIRECT = [
    Requirement(line) for line in PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"]
]
TARGETS = {
    "help", "report", "test", "test-browser", "golden", "bench", "lab",
    "status", "verify", "format", "release", "lock", "audit", "clean", "distclean",
}  # fmt: skip
STAMPS = (".venv/locked-*", ".venv/ready-*")
TOOLS = (
    "sh", "git", "echo", "cat", "rm", "cp", "mkdir", "chmod", "touch", "awk", "cksum", "tr"
)  # fmt: skip

sys.path.insert(0, str(CHECKOUT / "tools"))
from release import disagreements  # noqa: E402

needs_make = pytest.mark.skipif(
    os.name == "nt" or not shutil.which("make"), reason="plays the machine with shell scripts"
)

# --- lock, conda and pyproject -------------------------------------------------------------------


def pins() -> list[tuple[Requirement, list[str]]]:
    """Return each requirement of the lock with its hashes."""
    found = []
    for entry in re.split(r"\n(?=\S)", LOCK.strip()):
        lines = [line.strip(" \\") for line in entry.splitlines()]
        lines = [line for line in lines if not line.startswith("#")]
        found.append((Requirement(lines[0]), lines[1:]))
    return found


def test_every_pin_is_exact_and_hashed():
    for pin, hashes in pins():
        assert re.fullmatch(r"==[\w.+!]+", str(pin.specifier)), pin
        assert hashes, pin
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", line) for line in hashes), pin


def test_lock_names_no_address():
    assert not re.search(r"://|^\s*-[-a-z]*(index|find-links)|\s@\s", LOCK, flags=re.MULTILINE)


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize(
    ("system", "name"), [("linux", "posix"), ("darwin", "posix"), ("win32", "nt")]
)
def test_lock_holds_each_direct_dependency_once_per_platform(python, system, name):
    machine = {**default_environment(), "sys_platform": system, "os_name": name}
    machine |= {"python_version": python, "python_full_version": f"{python}.0"}
    here = [pin for pin, _ in pins() if not pin.marker or pin.marker.evaluate(machine)]
    versions = {pin.name: next(iter(pin.specifier)).version for pin in here}
    assert len(here) == len(versions), "a package is pinned twice"
    for wanted in DIRECT:
        assert wanted.name in versions, f"{wanted} is not in requirements.lock: run make lock"
        assert wanted.specifier.contains(versions[wanted.name], prereleases=True), wanted


# Packages as conda-forge names them, written down by hand: its own index may differ from PyPI's
# (jupyter_client; its typst is the program, not the Python package) or be behind it.
CONDA_FORGE = {
    "babel", "beautifulsoup4", "defusedxml", "distributed", "fonttools", "geopandas",
    "hypothesis", "ipykernel", "ipywidgets", "jinja2", "jupyter_client", "jupyterlab",
    "markdown-it-py", "markupsafe", "matplotlib", "mypy", "nbclient", "nbconvert",
    "nbformat", "nbstripout", "nbval", "numpy", "openpyxl", "packaging", "pandas",
    "pandera", "pillow", "pip", "pip-audit", "pre-commit", "pyarrow", "pydantic",
    "pyogrio", "pypdf", "pytest", "pytest-xdist", "python", "python-calamine",
    "python-docx", "pyyaml", "pyzmq", "requests", "rich", "ruff", "scipy", "seaborn",
    "setuptools", "shapely", "statsmodels", "typer", "websocket-client",
}  # fmt: skip


def test_conda_carries_the_same_direct_dependencies():
    listed = yaml.safe_load((CHECKOUT / "environment.yml").read_text("utf-8"))["dependencies"]
    *conda, from_pip = listed
    assert from_pip["pip"][-1] == "-e ."
    entries = {Requirement(line) for line in conda + from_pip["pip"][:-1]}
    assert {Requirement(line).name for line in conda} <= CONDA_FORGE
    python = Requirement(f"python{PROJECT['requires-python']}")
    assert entries == {*DIRECT, python, Requirement("pip")}


# --- make, played on a machine of scripts -----------------------------------------------------


class Machine:
    """A folder with this project's Makefile and a PATH that holds only what is put there.

    Its python and uv write their arguments into a log instead of installing.
    """

    def __init__(self, folder: Path) -> None:
        self.clone, self.path, self.log = folder / "clone", folder / "bin", folder / "log"
        self.clone.mkdir()
        self.path.mkdir()
        self.log.touch()
        for name in ("Makefile", "requirements.lock", "pyproject.toml"):
            shutil.copy(CHECKOUT / name, self.clone)
        for tool in TOOLS:
            if where := shutil.which(tool):
                (self.path / tool).symlink_to(where)

    def script(self, path: Path, text: str) -> None:
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def add_python(self, name: str = "python3", version: str = "") -> None:
        check = f"exec {sys.executable} " + (
            f"""-c 'import sys; sys.version_info = ({version}); exec(sys.argv[1])' "$2" """
            if version
            else '"$@"'
        )
        made = 'mkdir -p .venv/bin; for made in python bsup; do cp "$0" .venv/bin/$made; done'
        self.script(
            self.path / name,
            f'if [ "$1" = -c ]; then {check}; fi\n'
            f'echo "${{0##*/}} $*" >> {self.log}\n'
            f'case "$*" in "-m venv"*) rm -rf .venv; {made} ;; *" pip "*) test ! -e broken ;; esac',
        )

    def add_uv(self) -> None:
        self.script(
            self.path / "uv",
            f'echo "uv $*" >> {self.log}\n'
            'case "$1" in venv) python3 -m venv --clear .venv ;; pip) test ! -e broken ;; esac',
        )

    def make(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [shutil.which("make"), *arguments],
            cwd=self.clone, env={"PATH": str(self.path)}, capture_output=True, text=True,
        )  # fmt: skip

    def did(self, *arguments: str) -> list[str]:
        """Run make and return what it called, in order."""
        self.log.write_text("")
        done = self.make(*arguments)
        assert done.returncode == 0, done.stderr
        return self.log.read_text().splitlines()

    def stamps(self) -> list[Path]:
        return [stamp for pattern in STAMPS for stamp in self.clone.glob(pattern)]


@pytest.fixture
def bare(tmp_path):
    """Return a machine with make and git only."""
    return Machine(tmp_path)


@pytest.fixture
def machine(bare):
    """Return a machine with make, git and Python."""
    bare.add_python()
    return bare


@needs_make
def test_first_call_installs_the_lock_and_then_the_project(machine):
    venv, lock, compiled, seeded, project, report = machine.did("report")
    assert venv == "python3 -m venv --clear .venv"
    assert lock.startswith("python -m pip install ")
    assert lock.endswith("--no-deps --require-hashes -r requirements.lock")
    assert compiled.startswith("python -W ignore -m compileall ")
    assert seeded == "python -m ensurepip"
    assert project.endswith("--no-deps --no-build-isolation --editable .")
    assert report == "bsup report --language both"


@needs_make
@pytest.mark.parametrize("with_git", [True, False])
def test_second_call_installs_nothing(machine, with_git):
    """With git and without: an unpacked replication package needs none."""
    if not with_git:
        (machine.path / "git").unlink(missing_ok=True)
    machine.did("report")
    assert all("-" in stamp.name for stamp in machine.stamps())
    os.utime(machine.clone / "requirements.lock")
    os.utime(machine.clone / "pyproject.toml")
    assert machine.did("report") == ["bsup report --language both"]


@needs_make
@pytest.mark.parametrize("with_uv", [False, True])
def test_failed_install_leaves_no_stamp_and_is_done_anew(machine, with_uv):
    if with_uv:
        machine.add_uv()
    (machine.clone / "broken").touch()
    assert machine.make("report").returncode != 0
    assert machine.stamps() == []
    (machine.clone / "broken").unlink()
    assert "python3 -m venv --clear .venv" in machine.did("report")
    assert len(machine.stamps()) == len(STAMPS)


@needs_make
@pytest.mark.parametrize("with_git", [True, False])
def test_changed_lock_or_moved_folder_installs_anew(machine, with_git):
    if not with_git:
        (machine.path / "git").unlink(missing_ok=True)
    machine.did("report")
    with (machine.clone / "requirements.lock").open("a") as lock:
        lock.write("# another\n")
    assert "python3 -m venv --clear .venv" in machine.did("report")
    machine.clone = machine.clone.rename(machine.clone.with_name("moved here"))
    assert "python3 -m venv --clear .venv" in machine.did("report")


@needs_make
def test_changed_project_installs_the_project_only(machine):
    machine.did("report")
    before = (machine.clone / "pyproject.toml").read_text()
    for text in (before + "# another\n", before):  # the way back counts too
        (machine.clone / "pyproject.toml").write_text(text)
        calls = machine.did("report")
        assert not any("requirements.lock" in call or "venv" in call for call in calls)
        assert sum(call.endswith("--editable .") for call in calls) == 1


@needs_make
def test_uv_does_the_work_where_it_is_found(machine):
    machine.add_uv()
    calls = machine.did("report")
    assert calls[0] == "uv venv --quiet --clear --python python3 .venv"
    assert sum(call.startswith("uv pip install ") for call in calls) == 2
    assert not any("-m pip" in call for call in calls)
    assert not any(call.startswith("uv") for call in machine.did("report", "UV="))


@needs_make
@pytest.mark.parametrize("target", ["report", "test"])
def test_plan_on_a_fresh_clone_needs_no_uv(machine, target):
    plan = machine.make("-n", target).stdout
    assert "-m pip install" in plan
    assert "uv" not in re.findall(r"[\w-]+", plan)


@needs_make
def test_python_that_fits_is_found_behind_those_that_do_not(bare):
    bare.add_python("python3", version="3, 14")
    bare.script(bare.path / "python3.13", "exit 127")  # what a version manager leaves behind
    bare.add_python("python3.12", version="3, 12")
    assert bare.did("report")[0] == "python3.12 -m venv --clear .venv"


@needs_make
@pytest.mark.parametrize("version", ["3, 10", "3, 14"])
@pytest.mark.parametrize("arguments", [[], ["PYTHON=python3"]])
def test_no_python_that_fits_is_one_sentence(bare, version, arguments):
    bare.add_python(version=version)
    refused = bare.make("report", *arguments)
    assert refused.returncode != 0
    assert refused.stdout == ""
    (line,) = refused.stderr.splitlines()
    assert "This project needs Python 3.11, 3.12 or 3.13 and python3 is none of them" in line
    assert not (bare.clone / ".venv").exists()


@needs_make
def test_no_browser_and_no_way_to_one_is_one_sentence(machine):
    refused = machine.make("test-browser")
    assert refused.returncode != 0
    told, by_make = refused.stderr.splitlines()
    assert told == "There is no browser: install Chromium or Chrome, then run it again."
    assert by_make.startswith("make:")


@needs_make
def test_lock_without_uv_is_one_sentence(machine):
    refused = machine.make("lock")
    assert refused.returncode != 0
    assert "needs uv" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


@needs_make
def test_help_is_the_default_and_lists_every_target(machine):
    shown = machine.make().stdout
    assert shown == machine.make("help").stdout
    assert set(re.findall(r"^  make ([\w-]+) +\S", shown, flags=re.MULTILINE)) == TARGETS
    phony = re.search(r"^\.PHONY: (.+)$", (CHECKOUT / "Makefile").read_text(), flags=re.MULTILINE)
    assert set(phony[1].split()) == TARGETS


@needs_make
def test_clean_keeps_the_environment_and_distclean_does_not(machine):
    machine.did("report")
    for folder in ("build", "reports"):
        (machine.clone / folder).mkdir()
    machine.did("clean")
    assert not (machine.clone / "build").exists()
    assert machine.stamps()
    machine.did("distclean")
    assert not (machine.clone / ".venv").exists()
    assert (machine.clone / "reports").exists()


@needs_make
def test_make_test_runs_every_check(machine):
    plan = machine.make("-n", "test").stdout
    for check in ("ruff check .\n", "ruff format --check .\n", "mypy\n", "pytest -n 2 "):
        assert f".venv/bin/{check}" in plan
    assert "--nbval" not in plan  # there is no notebook
    (machine.clone / "notebooks").mkdir()
    (machine.clone / "notebooks" / "one.ipynb").touch()
    assert "--nbval" in machine.make("-n", "test").stdout


def test_checks_of_form_leave_what_was_built_alone_without_git(tmp_path):
    shutil.copy(CHECKOUT / "pyproject.toml", tmp_path)
    untidy = tmp_path / "build" / "runs" / "untidy.py"
    untidy.parent.mkdir(parents=True)
    untidy.write_text("import os\nA = [ 1 ]\n")
    ruff = [sys.executable, "-m", "ruff"]
    for command in (["check", "."], ["format", "--check", "."]):
        done = subprocess.run([*ruff, *command], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout
    (tmp_path / "untidy.py").write_text(untidy.read_text())
    assert subprocess.run([*ruff, "check", "."], cwd=tmp_path, capture_output=True).returncode == 1


# --- continuous integration and hooks ------------------------------------------------------------


def test_ci_runs_the_commands_of_the_readme():
    run = CHECKOUT / ".ci" / "run"
    assert run.read_text().splitlines()[-1] == "make test"
    assert "set -euo pipefail" in run.read_text()
    workflow = yaml.safe_load((CHECKOUT / ".github/workflows/ci.yml").read_text())
    (job,) = workflow["jobs"].values()
    assert job["strategy"]["matrix"] == {
        "os": ["ubuntu-latest", "macos-latest", "windows-latest"],
        "python": ["3.11", "3.12", "3.13"],
    }
    assert [step["run"] for step in job["steps"] if "run" in step] == [
        "make test",
        "make report",
        "git diff --exit-code",
    ]


def test_pages_publish_what_the_report_makes_in_both_languages():
    workflow = yaml.safe_load((CHECKOUT / ".github/workflows/pages.yml").read_text())
    (job,) = workflow["jobs"].values()
    runs = [step["run"] for step in job["steps"] if "run" in step]
    assert runs == ["make report", "cp .github/pages.html reports/index.html"]
    for step in job["steps"]:
        assert re.fullmatch(r"actions/[a-z-]+@v\d+", step.get("uses", "actions/none@v0"))
    links = re.findall(r'href="([^"]+)"', (CHECKOUT / ".github/pages.html").read_text("utf-8"))
    forms = ("html", "pdf", "docx")
    made = [f"{name}.{form}" for name in ("report", "annex") for form in forms]
    made.append("html/index.html")
    assert links == [f"{language}/{name}" for language in ("nb", "en") for name in made]


needs_git = pytest.mark.skipif(not shutil.which("git"), reason="tries a git repository")


@pytest.fixture
def repository(tmp_path):
    """Return a git repository with this project's hooks and line-end rules, and no other file."""
    for name in (".gitattributes", ".pre-commit-config.yaml", "pyproject.toml", "tools"):
        copy = shutil.copytree if (CHECKOUT / name).is_dir() else shutil.copy
        copy(CHECKOUT / name, tmp_path / name)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    for command in (
        "git init -q",
        "git config core.autocrlf true",
        "git config user.name test",
        "git config user.email test@example.invalid",
    ):
        subprocess.run(shlex.split(command), cwd=tmp_path, check=True)
    return tmp_path


@needs_make
@needs_git
def test_git_keeps_the_bytes_of_tables_and_figures(repository):
    files = {
        "a.csv": b"a,b\r\n1,2\r\n",
        "b.csv": b"a,b\n1,2\n",
        "c.svg": b"<svg>\n</svg>\n",
        "d.py": b"A = 1\n",
    }
    for name, content in files.items():
        (repository / name).write_bytes(content)
    (repository / "e.md").write_bytes(b"one\r\ntwo\r\n")
    for command in ("git add *.csv *.svg *.py *.md", "git commit -q -m files"):
        subprocess.run(shlex.split(command), cwd=repository, check=True, capture_output=True)
    for name in (*files, "e.md"):
        (repository / name).unlink()
    subprocess.run(["git", "checkout", "-q", "."], cwd=repository, check=True)
    assert {name: (repository / name).read_bytes() for name in files} == files
    assert (repository / "e.md").read_bytes() == b"one\ntwo\n"


@needs_git
@pytest.mark.skipif(
    not (Path(sys.prefix) / "bin" / "pre-commit").exists(), reason="needs the project's environment"
)
def test_hooks_refuse_what_they_are_for(repository):
    def verdicts() -> dict[str, str]:
        subprocess.run(["git", "add", "-A", ":!.venv"], cwd=repository, check=True)
        done = subprocess.run(
            [".venv/bin/pre-commit", "run", "--all-files", "--color=never"],
            cwd=repository, capture_output=True, text=True,
            env={**os.environ, "PRE_COMMIT_HOME": str(repository / ".git" / "pre-commit")},
        )  # fmt: skip
        hooks = re.findall(r"^(.+?)\.{3,}.*?(Passed|Failed|Skipped)$", done.stdout, re.MULTILINE)
        return dict(hooks)

    (repository / "limit.csv").write_bytes(b"1" * 1_500_000)
    calm = verdicts()
    assert calm["no file above 1.5 MB"] == calm["ruff check"] == calm["ruff format"] == "Passed"
    (repository / "large.csv").write_bytes(b"1" * 1_600_000)
    (repository / "untidy.py").write_text('"""Untidy."""\nimport os\nA = [ 1 ]\n')
    (repository / "notebooks").mkdir()
    (repository / "notebooks" / "stray.ipynb").write_text(
        '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"cell_type": "code",'
        '"id": "one", "metadata": {}, "source": ["1"], "execution_count": 7, "outputs": ['
        '{"output_type": "stream", "name": "stdout", "text": ["1"]}]}]}'
    )
    assert set(verdicts().values()) == {"Failed"}
    stripped = (repository / "notebooks" / "stray.ipynb").read_text()
    assert '"outputs": []' in stripped
    assert '"execution_count": null' in stripped
    assert '"id": "one"' in stripped


# --- licences, citation, addresses ---------------------------------------------------------------


def test_licence_and_citation_agree_with_the_project():
    licence = (CHECKOUT / "LICENSE").read_text("utf-8")
    assert licence.startswith("MIT License\n\nCopyright (c) 2026 The bsup_analysis authors\n")
    assert PROJECT["license"] == "MIT"
    assert all((CHECKOUT / name).is_file() for name in PROJECT["license-files"])
    citation = yaml.safe_load((CHECKOUT / "CITATION.cff").read_text("utf-8"))
    # what version 1.2.0 of the Citation File Format requires
    assert citation.keys() >= {"cff-version", "message", "title", "authors"}
    assert citation["cff-version"] == "1.2.0"
    assert citation["version"] == PROJECT["version"]
    assert citation["license"] == PROJECT["license"]
    assert citation["title"].endswith(PROJECT["description"].removeprefix("R"))


def test_files_that_name_an_edition_agree(tmp_path):
    named = "pyproject.toml CITATION.cff codemeta.json CHANGELOG.md bsup_analysis/__init__.py"
    (tmp_path / "bsup_analysis").mkdir()
    for name in named.split():
        shutil.copy(CHECKOUT / name, tmp_path / name)
    day = yaml.safe_load((tmp_path / "CITATION.cff").read_text("utf-8"))["date-released"]
    changes = tmp_path / "CHANGELOG.md"
    head = f"## {PROJECT['version']} - {day}"
    changes.write_text(re.sub("(?m)^## .*$", head, changes.read_text("utf-8"), count=1), "utf-8")
    assert disagreements(tmp_path) == []
    for name in named.split():
        kept = (tmp_path / name).read_text("utf-8")
        (tmp_path / name).write_text(kept.replace(PROJECT["version"], "9.9.9"), "utf-8")
        assert disagreements(tmp_path), name
        (tmp_path / name).write_text(kept, "utf-8")


def test_a_release_without_git_is_refused_in_a_sentence(tmp_path):
    """Planted: no git on the PATH, and a folder that is no clone."""
    for name in ("pyproject.toml", "CITATION.cff", "codemeta.json", "CHANGELOG.md"):
        shutil.copy(CHECKOUT / name, tmp_path / name)
    for name in ("tools", "bsup_analysis"):
        (tmp_path / name).mkdir()
    shutil.copy(CHECKOUT / "tools/release.py", tmp_path / "tools/release.py")
    shutil.copy(CHECKOUT / "bsup_analysis/__init__.py", tmp_path / "bsup_analysis/__init__.py")
    for path, why in ((tmp_path, "git is not installed"), (os.environ["PATH"], "git says")):
        run = [sys.executable, "tools/release.py"]
        plain = {**os.environ, "PATH": str(path), "PYTHONPATH": str(CHECKOUT)}
        made = subprocess.run(run, cwd=tmp_path, env=plain, capture_output=True, text=True)
        assert made.returncode == 1
        assert f"what is committed is not known, because {why}" in made.stderr
        assert "Traceback" not in made.stderr


def test_each_raw_table_has_an_owner_and_the_licence_of_its_record():
    text = (CHECKOUT / "LICENSE-DATA.md").read_text("utf-8")
    rows = re.findall(r"^\| (`.+?`) \| .+ \| (.+?) \|$", text, flags=re.MULTILINE)
    owned = [(name, licence) for names, licence in rows for name in re.findall("`(.+?)`", names)]
    for path in sorted((CHECKOUT / "data" / "raw").glob("*.csv")):
        licences = [licence for name, licence in owned if fnmatch.fnmatchcase(path.stem, name)]
        assert len(licences) == 1, f"LICENSE-DATA.md names the owner of {path.name} not once"
        record = tomllib.loads(path.with_suffix(".provenance.toml").read_text("utf-8"))
        assert record["licence"].startswith(licences[0]), path.name


# a folder that exists on somebody's machine only; the address of a package index
PRIVATE = re.compile(
    r"(?<![\w.~:/-])/(?:home|root|Users|work|tmp|opt|mnt|srv)/\w"
    r"|\b[A-Za-z]:\\{1,2}Users\\"
    r"|\b(?:pypi\.org|pythonhosted\.org|anaconda\.org|npmjs\.org)\b"
    r"|(?:index-url|find-links)[ =]+\S*[/:]"
    r"|file:/{3}"
)


@pytest.mark.parametrize(
    ("text", "private"),
    [
        ("see /" + "home/me/data.csv", True),
        ('"/' + 'work/main"', True),
        ("C:" + "\\Users\\me", True),
        ("https://files.python" + "hosted.org/x", True),
        ("--extra-index-url" + " https://example.org/" + "simple", True),
        ("--no-emit-index-url --no-emit-find-links", False),
        ("https://www.ssb.no/home/table", False),
        ("../shared/work/x", False),
    ],
)
def test_private_addresses_are_recognised(text, private):
    assert bool(PRIVATE.search(text)) == private


def tracked() -> dict[str, str]:
    """The tracked files that are here, as text, by name."""
    if not (CHECKOUT / ".git").exists():
        pytest.skip("no git checkout")
    names = subprocess.run(
        ["git", "ls-files", "-z"], cwd=CHECKOUT, check=True, capture_output=True, text=True
    ).stdout.split("\0")
    assert "Makefile" in names
    return {
        name: (CHECKOUT / name).read_bytes().decode("utf-8", errors="ignore")
        for name in names
        if name and (CHECKOUT / name).is_file()
    }


@needs_git
def test_no_tracked_file_names_a_machine_or_an_index():
    found = {name: PRIVATE.search(text) for name, text in tracked().items()}
    assert {name: one[0] for name, one in found.items() if one} == {}


# what a reader of the repository cannot open
ELSEWHERE = re.compile(
    r"evaluation[ _]plan|evalueringsplan|\bissue:|\bissue #?\d+|quoted elsewhere", re.I
)
SECTION = re.compile(r"\bPLAN(?:\.md)?,? ((?:\d(?:\.\d)?(?: and )?)+)")
NAMED = re.compile(r"`((?:[\w.-]+/)*[\w-]+\.(?:md|toml|csv|py|ipynb|json|j2|typ|css|svg|yml))`")
PLACEHOLDER = re.compile(r"[A-Z]{2,}[_.]|CHAPTER|NN")


def not_here(texts: dict[str, str], ignored: Callable[[str], bool]) -> set[tuple[str, str]]:
    """Find what texts name and the repository does not have: a document, file or section."""
    sections = set(re.findall(r"^#+ (\d(?:\.\d)?)\.? ", texts["PLAN.md"], re.M))
    code = [text for name, text in texts.items() if name.startswith("bsup_analysis/")]
    written = {one for text in code for one in re.findall(r'"([\w-]+\.csv)"', text)}
    lacking = set()
    for name, text in texts.items():
        lacking |= {(name, one) for one in ELSEWHERE.findall(text)}
        for one in SECTION.findall(text):
            lacking |= {
                (name, f"PLAN.md {part}") for part in set(one.split(" and ")) - {""} - sections
            }
        if not name.endswith(".md"):
            continue
        for one in NAMED.findall(text):
            # a file of the repository, or one that the package writes
            known = any(path == one or path.endswith(f"/{one}") for path in texts) or one in written
            if not (known or PLACEHOLDER.search(one) or ignored(one)):
                lacking.add((name, one))
    return lacking


def ignored(name: str) -> bool:
    """Whether git leaves out the file because it is built, or the reader's own."""
    run = subprocess.run(["git", "check-ignore", "-q", name], cwd=CHECKOUT, check=False)
    return run.returncode == 0


@needs_git
def test_no_tracked_text_names_what_is_not_here():
    # this file names some below
    texts = tracked() | {"tests/test_setup.py": ""}
    assert not_here(texts, ignored) == set()


def test_what_is_not_here_is_found():
    texts = {
        "PLAN.md": "## 3. Published\n### 3.2 Inference\n",
        "METHODS.md": "As `methods_old.md` and `PLAN.md` say; `data/x.csv`, `words/en/NAME.toml`.",
        "study.toml": 'source = "evaluation plan"; source = "PLAN.md 3.2 and 4"',
        "tests/a.py": "# issue 3",
    }
    assert not_here(texts, lambda name: name == "data/x.csv") == {
        ("METHODS.md", "methods_old.md"),
        ("study.toml", "evaluation plan"),
        ("study.toml", "PLAN.md 4"),
        ("tests/a.py", "issue 3"),
    }


# --- known advisories ---

ASKED = """
import json, pathlib, sys
out = pathlib.Path(sys.argv[sys.argv.index("--output") + 1])
said = json.loads(pathlib.Path(__file__).with_name(sys.argv[2] + ".json").read_text())
assert "--require-hashes" in sys.argv
if said is not None:
    out.write_text(json.dumps({"dependencies": said}))
"""
SOUND = {"name": "pandas", "version": "3.0", "vulns": []}
SKIPPED = {"name": "zict", "skip_reason": "Dependency not found on PyPI and could not be audited"}
KNOWN = {"name": "zict", "version": "1", "vulns": [{"id": "GHSA-1", "fix_versions": ["1.1"]}]}


@pytest.mark.parametrize(
    ("osv", "pypi", "status", "line"),
    [
        ([SOUND], None, 0, "1 packages, 0 known advisories (OSV)"),
        (None, [SOUND, KNOWN], 1, "zict 1: GHSA-1, mended in 1.1"),
        ([SOUND, SKIPPED], None, 0, "1 packages, 0 known advisories (OSV)"),
        (None, [SKIPPED], 2, "no database of advisories could be reached (OSV and PyPI): nothing"),
        (None, None, 2, "no database of advisories could be reached (OSV and PyPI): nothing"),
    ],
)
def test_an_audit_tells_what_is_known_and_where_nobody_could_be_asked(
    tmp_path, osv, pypi, status, line
):
    for name, content in {"osv": osv, "pypi": pypi}.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    (tmp_path / "pip_audit.py").write_text(ASKED)
    (tmp_path / "tools").mkdir()
    shutil.copy(CHECKOUT / "tools" / "audit.py", tmp_path / "tools")
    run = subprocess.run(
        [sys.executable, tmp_path / "tools" / "audit.py"], capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )  # fmt: skip
    assert (run.returncode, run.stderr) == (status, "")
    assert line in run.stdout
