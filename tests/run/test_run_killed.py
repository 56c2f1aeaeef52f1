"""Killed or interrupted at each single step of writing: old or new, whole, and nothing left over.

Steps are what Python reports of files (audit events): every opening for writing, renaming and
removing below a folder.  `benchmarks/kills.py` does the same to whole commands at random moments.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import toy_project
from typer.testing import CliRunner

from bsup_analysis import cli
from bsup_analysis.errors import InputError
from bsup_analysis.files import (
    JOURNAL,
    clear_aside,
    lock_of,
    only_one,
    put_folder,
    repair,
    write_together,
)
from bsup_analysis.municipal_import.municipal_table import read_municipal, write_municipal
from bsup_analysis.run.engine import at_work
from bsup_analysis.run.execute import execute
from bsup_analysis.run.project import Project
from bsup_analysis.tables import sources

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir"}


def _dying(folder: Path, step: int, how: str) -> Callable[[str, Any], None]:
    """Return a hook that ends the process, or interrupts it, before a step below `folder`."""
    left = step

    def hook(event: str, arguments: Any) -> None:
        nonlocal left
        writes = event in CHANGES or (event == "open" and arguments[2] & WRITING)
        if writes and str(arguments[0]).startswith(str(folder)):
            left -= 1
            if not left and how == "KILL":
                os.kill(os.getpid(), signal.SIGKILL)
            elif not left:
                raise KeyboardInterrupt

    return hook


def broken_off(folder: Path, act: Callable[[], object], how: str) -> Iterator[int]:
    """Do something in a child that ends at its first step, at its second, and so on."""
    for step in range(1, 500):
        child = os.fork()
        if child == 0:
            status = 70
            try:
                sys.addaudithook(_dying(folder, step, how))
                act()
                status = 0
            except KeyboardInterrupt:
                status = 130
            finally:
                os._exit(status)
        _, ended = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(ended)
        assert code in (0, 130, -signal.SIGKILL), code
        if code == 0:
            return
        yield step
    raise AssertionError("it never came to an end")


def contents(folder: Path) -> dict[str, bytes]:
    """Read all that lies in a folder, what is hidden too."""
    places = (Path(above, name) for above, _, names in os.walk(folder, followlinks=True)
              for name in names)  # fmt: skip
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(places)}


@pytest.mark.parametrize("how", ["KILL", "INT"])
def test_files_that_belong_together_are_old_or_new_at_every_step(tmp_path: Path, how: str) -> None:
    reports = tmp_path / "reports"

    def write(version: str) -> None:
        new = {name: f"{name} {version}".encode() for name in ("a", "sub/b", "same", "../beside")}
        new |= {"same": b"same", f"added/{version}": b"c"}
        gone = {"old": ["added/new"], "new": ["added/old"]}[version]
        write_together(new, gone, reports)

    def seen(root: Path) -> dict[str, bytes]:
        files = contents(root).items()
        return {k: v for k, v in files if JOURNAL not in k and not k.startswith("build")}

    write("new")
    new = seen(tmp_path)
    write("old")
    old = seen(tmp_path)
    met = set()
    for step in broken_off(tmp_path, lambda: write("new"), how):
        at_once = seen(tmp_path)
        assert how == "KILL" or at_once in (old, new)  # an interruption is undone by itself
        repair(reports, tmp_path)
        clear_aside(tmp_path)
        found = seen(tmp_path)
        assert found in (old, new), step
        assert not [*tmp_path.rglob(JOURNAL), *tmp_path.rglob("*.part")]
        met.add(found == new)
        write("old")
    assert met == {False, True}


def _municipal(year: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "municipality_code": pd.array(["1601"], "string"),
            "year": [year],
            "loans": pd.array([200], "Int64"),
            "loans_low": pd.array([200], "Int64"),
            "loans_high": pd.array([200], "Int64"),
            "amount_nok": pd.array([10**8], "Int64"),
            "definition": ["loans"],
            "source": ["imported: a file"],
            "rows_used": [1],
        }
    )


def _write_municipal(year: int) -> None:
    about = dict.fromkeys(("producer", "document", "url", "method"), "a test")
    write_municipal(_municipal(year), **about, read_on=dt.date(2026, 11, 28))


@pytest.mark.parametrize("how", ["KILL", "INT"])
def test_an_import_is_old_or_new_at_every_step(project: Path, how: str) -> None:
    _write_municipal(2009)
    folder = project / "data" / "municipal"
    old, met = contents(folder), set()
    for step in broken_off(project, lambda: _write_municipal(2010), how):
        assert read_municipal()["year"].tolist() in ([2009], [2010]), step
        clear_aside(project)
        found = contents(folder)
        assert list(found) == list(old)
        met.add(found == old)
        _write_municipal(2009)
    assert met == {False, True}


@pytest.mark.parametrize("how", ["KILL", "INT"])
def test_a_seal_is_old_or_new_at_every_step(project: Path, how: str) -> None:
    raw = project / "data" / "raw"
    table = raw / "press_totals.csv"
    head, *rows = table.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = table.with_suffix(".provenance.toml").read_bytes()
    table.write_text("".join([head, *reversed(rows)]), encoding="utf-8")
    names = {path.name for path in raw.iterdir()}
    for _ in broken_off(project, lambda: sources.seal("press_totals"), how):
        assert table.with_suffix(".provenance.toml").read_bytes() == kept
        clear_aside(project)
        assert {path.name for path in raw.iterdir()} == names
    sources.seal("press_totals")
    assert sources.hash_differs("press_totals") is None


# --- what a killed command left goes at the next start, what a living one writes stays ---


def test_only_what_the_dead_had_aside_is_cleared(tmp_path: Path) -> None:
    for name in ("data/raw", "reports/tables"):
        (tmp_path / name).mkdir(parents=True)
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    gone = [
        tmp_path / "data" / "raw" / f".a.csv.{dead.pid}-0f.part",
        tmp_path / ".README.md.0f.part",
    ]
    stay = [tmp_path / "reports" / "tables" / f".a.csv.{os.getpid()}-0f.part", tmp_path / "a.part"]
    for path in (*gone, *stay):
        path.touch()
    clear_aside(tmp_path)
    assert not any(path.exists() for path in gone)
    assert all(path.exists() for path in stay)


def test_any_command_puts_in_order_what_a_killed_one_left(project: Path) -> None:
    _write_municipal(2009)
    (project / "reports").mkdir()
    for step in broken_off(project, lambda: _write_municipal(2010), "KILL"):
        if step == 7:
            break
    assert list(project.rglob(JOURNAL))
    assert CliRunner().invoke(cli.app, ["trace", "nothing"]).exit_code
    assert not [*project.rglob(JOURNAL), *project.rglob("*.part")]
    assert read_municipal()["year"].tolist() == [2009]


def test_no_table_is_written_while_another_command_is_at_work(project: Path) -> None:
    _write_municipal(2009)
    with only_one(lock_of(project)), pytest.raises(InputError, match="another bsup is at work"):
        _write_municipal(2010)
    assert read_municipal()["year"].tolist() == [2009]


# --- another disk ---


@pytest.fixture
def other_disk() -> Iterator[Path]:
    """A folder on another file system than the tests' own."""
    shared = Path("/dev/shm")  # noqa: S108 - what Linux keeps in memory
    if not shared.is_dir():
        pytest.skip("needs a second file system")
    folder = shared / f"bsup-test-{os.getpid()}"
    folder.mkdir()
    yield folder
    subprocess.run(["rm", "-rf", folder], check=True)


@pytest.fixture
def mount() -> Iterator[Callable[[Path], None]]:
    """Mount a file system of its own on a folder; it goes when the test ends."""
    mounted = []

    def on(folder: Path) -> None:
        folder.mkdir()
        made = subprocess.run(
            ["mount", "-t", "tmpfs", "tmpfs", folder], capture_output=True, check=False
        )
        if made.returncode:
            pytest.skip("needs leave to mount")
        mounted.append(folder)

    yield on
    for folder in mounted:
        subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.parametrize(
    "elsewhere", ["reports", "build", "reports/nb", "mounted reports", "mounted build"]
)
def test_a_folder_on_another_disk_is_published_to_and_undone(
    toy: Project,
    other_disk: Path,
    mount: Callable[[Path], None],
    elsewhere: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if other_disk.stat().st_dev == toy.root.stat().st_dev:
        pytest.skip("the tests' own folder lies there too")
    folder = toy.root / elsewhere.removeprefix("mounted ")
    folder.parent.mkdir(exist_ok=True)
    (other_disk / "held").mkdir()
    if elsewhere.startswith("mounted "):
        mount(folder)
        assert folder.stat().st_dev != toy.root.stat().st_dev
    else:
        folder.symlink_to(other_disk / "held")
    reported = toy_project.with_report(toy)
    toy_project.publish(reported)
    before = {**contents(toy.reports), "": (toy.root / "README.md").read_bytes()}
    assert {"nb/report.pdf", "numbers.json"} <= set(before)
    assert [path.name for path in other_disk.iterdir()] == ["held"]  # no README beside the target
    raw = toy.root / "data" / "raw" / "loans.csv"
    raw.write_text(raw.read_text(encoding="utf-8").replace("1047", "1000"), encoding="utf-8")
    remove = Path.unlink

    def full(self: Path, missing_ok: bool = False) -> None:
        if self.name == "touched.json":  # all is in place, and the end of it fails
            monkeypatch.setattr(Path, "unlink", remove)
            raise OSError(28, "No space left on device", str(self))
        remove(self, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", full)
    with pytest.raises(InputError, match="No space left on device"):
        toy_project.publish(reported)
    repair(toy.reports, toy.root)
    assert {**contents(toy.reports), "": (toy.root / "README.md").read_bytes()} == before
    toy_project.publish(reported)
    assert (toy.root / "README.md").read_bytes() != before[""]


def test_reports_on_a_disk_that_is_not_there_is_told_before_anything_runs(toy: Project) -> None:
    toy.reports.symlink_to(toy.root / "nowhere" / "reports")
    with pytest.raises(InputError, match=r"nothing was run.*chmod.*bsup report --language"):
        toy_project.publish(toy)
    assert not list(toy.build.glob("runs"))
    toy_project.publish(toy, toy.pages(["nb"]))  # a draft does without


@pytest.mark.parametrize("how", ["KILL", "INT"])
@pytest.mark.parametrize("disk", ["the same", "another"])
def test_a_folder_is_old_new_or_none_at_every_step(
    tmp_path: Path, other_disk: Path, disk: str, how: str
) -> None:
    target = (tmp_path / "here" if disk == "the same" else other_disk / "there") / "result"

    def put(version: str) -> None:
        made = tmp_path / "scratch" / version
        shutil.rmtree(made.parent, ignore_errors=True)
        for name in ("page.html", "exhibits/a.csv"):
            (made / name).parent.mkdir(parents=True, exist_ok=True)
            (made / name).write_text(f"{name} {version}")
        put_folder(made, target)

    put("new")
    new = contents(target)
    put("old")
    old, met = contents(target), []
    for _ in broken_off(target.parent, lambda: put("new"), how):
        met.append(contents(target))
        put("old")
        assert contents(target.parent) == {f"result/{name}": one for name, one in old.items()}
        assert [path.name for path in target.parent.iterdir()] == ["result"]
    assert old in met
    assert all(one in (old, new, {}) for one in met)


def test_a_killed_run_leaves_nothing_where_its_result_was_to_go(
    toy_with_kernels: Project, tmp_path: Path
) -> None:
    toy, out = toy_with_kernels, tmp_path / "out"
    out.mkdir()
    toy.processed.build()
    kill = "import os, signal; os.kill(os.getppid(), signal.SIGKILL)"
    toy_project.write_notebook(toy.root / "notebooks/01_loans.ipynb", "doubled", "loans", show=kill)
    page = toy.pages(["nb"], "01_loans")[0]
    child, printed = toy_project.in_a_child(
        lambda: execute(toy, page, out / "mine", toy.build / "scratch")
    )
    with printed:
        assert toy_project.ended(child) == -signal.SIGKILL
    assert not list(out.iterdir())
    assert list((toy.build / "scratch").iterdir())
    with at_work(toy):
        assert not (toy.build / "scratch").exists()
        (toy.build / "scratch" / "half").mkdir(parents=True)
    assert not (toy.build / "scratch").exists()


# --- signals to a command ---


@pytest.mark.parametrize("name", ["TERM", "INT", "HUP"])
def test_a_request_to_end_is_heard_and_hup_ignored_stays_ignored(project: Path, name: str) -> None:
    number = getattr(signal, f"SIG{name}")

    def command() -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGHUP, signal.SIG_IGN if ignored else signal.SIG_DFL)
        cli.app = lambda: (sys.stdout.write("up\n"), time.sleep(60))
        try:
            cli.main()
        except KeyboardInterrupt:
            sys.stdout.write("interrupted\n")

    for ignored in (False, True) if name == "HUP" else (False,):
        child, printed = toy_project.in_a_child(command)
        with printed:
            assert printed.readline() == "up\n"
            os.kill(child, number)
            if ignored:
                time.sleep(0.5)
                assert os.waitpid(child, os.WNOHANG) == (0, 0)
                os.kill(child, signal.SIGKILL)
            assert (printed.read() == "interrupted\n") == (not ignored)
        toy_project.ended(child)
