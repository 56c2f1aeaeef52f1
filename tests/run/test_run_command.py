"""The command: what it says, with which status it ends, and that it is alone and quick."""

import io
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import toy_project
from toy_project import publish, published
from typer.testing import CliRunner

from bsup_analysis import cli
from bsup_analysis.cli import reports
from bsup_analysis.cli.study_project import study_project
from bsup_analysis.errors import InputError
from bsup_analysis.files import only_one
from bsup_analysis.published.reader import Check
from bsup_analysis.run import engine
from bsup_analysis.run.engine import Progress
from bsup_analysis.run.project import Project
from bsup_analysis.run.verify import verify

CHECKOUT = Path(cli.__file__).resolve().parents[1]


@pytest.fixture
def bsup(toy: Project, monkeypatch: pytest.MonkeyPatch):
    """Call the command on the toy project; gives status, output and errors."""
    monkeypatch.setattr(reports, "study_project", lambda *_: toy)

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["bsup", *arguments])
        runner = CliRunner()
        with runner.isolation() as (out, err, _):
            try:
                cli.main()
                status = 0
            except SystemExit as end:
                status = end.code or 0
            return int(status), out.getvalue().decode(), err.getvalue().decode()

    return call


def test_report_tells_what_runs_and_where_the_report_is(bsup, toy: Project) -> None:
    status, out, err = bsup("report", "--jobs", "1")
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "running  processed tables"
    assert re.fullmatch(r"done     notebook nb/01_loans, \d+\.\d s", lines[3])
    assert re.fullmatch(r"13 steps run, 0 unchanged, \d+\.\d s", lines[-3])
    index = toy.reports / "nb" / "html" / "index.html"
    assert lines[-2:] == [
        f"report   {index}",
        f"report   {toy.reports / 'en' / 'html' / 'index.html'}",
    ]
    assert index.is_file()
    status, out, err = bsup("report")
    assert re.match(r"0 steps run, 13 unchanged", out)


def test_report_of_a_part_is_a_draft_and_publishes_nothing(bsup, toy: Project) -> None:
    status, out, _ = bsup("report", "--language", "nb", "--only", "02_people")
    assert status == 0
    assert "01_loans" not in out
    assert "en/" not in out
    page = toy.draft / "nb" / "html" / "02_people.html"
    assert out.startswith(  # at once, not after minutes
        "a draft, in build/draft/: nothing is published;"
        " `bsup report` publishes all pages, in all languages\n"
    )
    assert out.endswith(f"draft    {page}\n")
    assert page.is_file()
    assert not toy.reports.exists()
    bsup("report")
    before = published(toy)
    path = toy.root / "data" / "raw" / "people.csv"
    path.write_text("year,value\n2009,1\n", encoding="utf-8")
    assert bsup("report", "--only", "02_people")[0] == 0
    assert bsup("report", "--language", "en")[0] == 0
    assert published(toy) == before


def test_draft_holds_what_was_asked_for_last(bsup, toy: Project) -> None:
    toy = toy_project.with_report(toy)

    def drafted() -> set[str]:
        found = (path.relative_to(toy.draft).as_posix() for path in toy.draft.rglob("*.*"))
        return {name for name in found if not name.endswith(".json")}

    publish(toy, toy.pages(["nb"]))
    assert {"nb/report.pdf", "nb/html/01_loans.html", "tables/loans.csv"} <= drafted()
    publish(toy, toy.pages(only="02_people"))
    people = {"tables/people.csv"} | {
        f"{one}/{name}"
        for one in ("nb", "en")
        for name in ("html/index.html", "html/02_people.html", "figures/people.svg")
    }
    assert drafted() == people


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["report", "--language", "de"], "there is no language 'de'; the report exists in nb, en."),
        (["report", "--only", "03"], "there is no notebook or run '03'; there are: 01_loans,"),
        (["notebook", "01_loans", "-p", "lang=nb"], "has no parameter 'lang'; it has: language,"),
        (["notebook", "01_loans", "-p", "level=x"], "level cannot be 'x'; it takes: low, high."),
        (["notebook", "01_loans", "-p", "level"], "-p takes key=value"),
    ],
)
def test_what_is_wrong_ends_in_one_sentence(bsup, arguments: list[str], sentence: str) -> None:
    status, out, err = bsup(*arguments)
    assert status == 1
    assert sentence in err
    assert err.startswith("bsup: ")
    assert err.count("\n") == 1
    assert out == ""


def test_failing_notebook_ends_in_one_sentence(bsup, toy: Project) -> None:
    path = toy.root / "notebooks" / "02_people.ipynb"
    path.write_text(path.read_text("utf-8").replace("reads.json", "reads"), "utf-8")
    status, _, err = bsup("report")
    assert status == 1
    assert err == (
        "bsup: notebook 02_people wrote no reads.json; its last cell must be study.close().\n"
    )


def test_fault_of_the_program_ends_in_a_sentence_and_keeps_the_trace(
    bsup, toy: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError("something")

    monkeypatch.setattr("papermill.execute_notebook", broken)
    status, _, err = bsup("report", "--only", "01_loans", "--language", "nb")
    assert status == 1
    assert err.count("\n") == 1
    assert "by a fault of the program (KeyError: 'something')" in err
    trace = toy.build / "failed" / "trace.txt"
    assert str(trace) in err
    assert "Traceback" in trace.read_text(encoding="utf-8")


def test_status_says_why_and_runs_nothing(bsup, toy: Project) -> None:
    bsup("report")
    path = toy.root / "data" / "raw" / "people.csv"
    path.write_text("year,value\n2009,1\n", encoding="utf-8")
    before = published(toy)
    status, out, _ = bsup("status")
    assert status == 0
    assert "stale    notebook nb/02_people\n           changed: data/raw/people.csv\n" in out
    assert out.endswith("10 of 13 steps are out of date, or need one that is\n")
    assert published(toy) == before


def test_own_run_goes_beside_the_report(bsup, toy: Project, tmp_path: Path) -> None:
    status, out, _ = bsup("notebook", "01_loans", "-p", "language=nb", "-p", "level=high")
    assert status == 0
    folder = toy.build / "own" / "01_loans-language=nb-level=high"
    assert out.splitlines()[-1] == f"result   {folder / 'page.html'}"
    assert (folder / "exhibits" / "numbers.json").is_file()
    assert 'lang="nb"' in (folder / "page.html").read_text(encoding="utf-8")
    assert not toy.reports.exists()
    status, _, _ = bsup("notebook", "01_loans", "--out", str(tmp_path / "mine"))
    assert status == 0
    assert sorted(p.name for p in (tmp_path / "mine").iterdir()) == [
        "exhibits",
        "notebook.ipynb",
        "page.html",
        "run.json",
    ]


def test_only_one_run_at_a_time(bsup, toy: Project) -> None:
    with only_one(toy.build / "lock"):
        status, _, err = bsup("report")
        assert status == 1
        assert err == (
            "bsup: another bsup is at work in this checkout; wait for it to end, then run again.\n"
        )
    assert bsup("report")[0] == 0


def test_lock_of_a_killed_run_is_free(tmp_path: Path) -> None:
    hold = (
        "import sys, os, signal\nfrom pathlib import Path\n"
        "from bsup_analysis.files import only_one\n"
        "with only_one(Path(sys.argv[1])):\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    subprocess.run([sys.executable, "-c", hold, tmp_path / "lock"], env=environment, check=False)
    assert (tmp_path / "lock").exists()
    with only_one(tmp_path / "lock"):
        pass


def test_verify_passes_what_agrees_and_names_what_does_not(toy: Project) -> None:
    publish(toy)
    doubled = toy.processed.outputs[0]
    raw = [Check("raw table loans", True, "is as recorded")]

    def wrong() -> set[str]:
        checks = list(verify(toy, raw, {doubled: b"year,value\n2009,2094\n2010,2974\n"}))
        assert all(check.detail for check in checks)
        assert checks[0] == raw[0]
        return {check.name for check in checks if not check.passed}

    assert wrong() == set()
    (toy.reports / "numbers.json").write_text("{}", encoding="utf-8")
    (toy.reports / "nb" / "figures" / "loans.svg").unlink()
    (toy.reports / "tables" / "old.csv").write_text("x\n", encoding="utf-8")
    doubled.write_text("year,value\n", encoding="utf-8")
    (toy.root / "data" / "raw" / "people.csv").write_text("year,value\n", encoding="utf-8")
    assert wrong() == {
        "processed table data/processed/doubled.csv",
        "published file reports/numbers.json",
        "published file reports/nb/figures/loans.svg",
        "table reports/tables/old.csv",
        *(f"inputs of page {page.key}" for page in toy.pages()),
    }


def test_verify_before_any_report_says_so(toy: Project) -> None:
    checks = list(verify(toy, [], {}))
    assert [(check.name, check.passed) for check in checks] == [("manifest.json", False)]
    toy.reports.mkdir()
    (toy.reports / "manifest.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match=r"reports/manifest\.json is damaged; delete it"):
        list(verify(toy, [], {}))


def test_profiles_outlive_a_report_and_a_touched_one_is_found(
    toy: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bsup_analysis.run import profiles

    # what `bsup profiles` publishes: pages with their record
    monkeypatch.setattr(profiles, "NOTEBOOKS", ("02_people",))
    made = {}
    for name in ("nb/profiles/index.html", "nb/profiles/1601.html"):
        made[name] = toy.build / "profiles" / name
        made[name].parent.mkdir(parents=True, exist_ok=True)
        made[name].write_text("<h1>A page</h1>", encoding="utf-8")
    publish(toy)
    engine.run([profiles._publication(toy, made)], toy.build / "p.json", 1, Progress(io.StringIO()))
    path = toy.root / "data" / "raw" / "loans.csv"
    path.write_text("year,value\n2009,1\n", encoding="utf-8")
    publish(toy)
    assert {"profiles.json", *made} <= set(published(toy))
    assert all(check.passed for check in verify(toy, [], {}))
    (toy.reports / "nb" / "profiles" / "1601.html").write_text("another", encoding="utf-8")
    (toy.root / "data" / "raw" / "people.csv").write_text("year,value\n", encoding="utf-8")
    wrong = {check.name: check.detail for check in verify(toy, [], {}) if not check.passed}
    touched = "published file reports/nb/profiles/1601.html"
    assert wrong[touched] == "is not the file that was published; run `bsup profiles`"
    assert wrong["profiles"] == "were made from other results; run `bsup profiles`"


def test_live_display_shows_what_runs_on_a_terminal(toy: Project) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    progress = Progress(stream)
    with toy_project.at_work(toy):
        toy_project.make(toy, toy.pages(["nb"], "01_loans"), 1, progress)
    text = stream.getvalue()
    assert "done     notebook nb/01_loans" in text
    assert "\x1b[?25l" in text
    assert text.rstrip().endswith("\x1b[?25h") or "\x1b[?25h" in text


def test_command_with_nothing_to_do_loads_no_notebook_machinery() -> None:
    ended = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "bsup_analysis", "--help"],
        capture_output=True,
        text=True,
        check=True,
        cwd=CHECKOUT,
    )
    loaded = {line.split("|")[-1].strip() for line in ended.stderr.splitlines()}
    assert "bsup_analysis.run.graph" in loaded
    for heavy in ("pandas", "papermill", "nbconvert", "jupyter_client", "matplotlib", "numpy"):
        assert heavy not in loaded


@pytest.mark.parametrize("output", ["latin-1", "full"])
def test_output_that_takes_not_every_letter_or_none_ends_no_command_in_a_trace(
    output: str, tmp_path: Path
) -> None:
    for name, value in ("old", 1), ("new", 2):
        row = {"Kárášjohka": {"value": value, "unit": "1"}}
        (tmp_path / f"{name}.json").write_text(json.dumps(row), encoding="utf-8")
    if output == "full" and not Path("/dev/full").exists():
        pytest.skip("this system has no full device")
    with open("/dev/full" if output == "full" else tmp_path / "out", "w+b") as out:  # noqa: PTH123
        ended = subprocess.run(
            [sys.executable, "-m", "bsup_analysis", "diff", "old.json", "new.json"],
            env={**os.environ, "PYTHONIOENCODING": "latin-1", "PYTHONPATH": str(CHECKOUT)},
            cwd=tmp_path, stdout=out, stderr=subprocess.PIPE,
        )  # fmt: skip
        if output == "full":
            assert ended.stderr == b"bsup: No space left on device.\n"
        else:
            out.seek(0)
            assert (out.readline().rstrip(), ended.stderr) == (
                b"number   K\xe1r\xe1\\u0161johka: 1 -> 2, by +1, +100 % (1)", b""
            )  # fmt: skip
    assert ended.returncode == 1


def test_study_is_described_with_every_file_its_notebooks_depend_on() -> None:
    project = study_project()
    names = {project.name(path) for run in project.runs for path in run.code}
    assert "bsup_analysis/study/study.py" in names
    assert [name for name in names if name.endswith(".toml")], "words are code too"
    above = re.compile(r"/run/|/published/|/cli/")
    assert not [name for name in names if above.search(name)]
    assert set(project.languages) == {"nb", "en"}
    for run in project.runs:
        assert run.notebook.is_file()
        assert all(table.is_file() for table in run.tables)
    assert project.processed.outputs


@pytest.mark.parametrize("request_to_end", [signal.SIGINT, signal.SIGTERM])
def test_interruption_ends_in_one_sentence_and_frees_the_lock(
    tmp_path: Path, request_to_end: signal.Signals
) -> None:
    toy_project.write_project(tmp_path)
    script = (
        "import sys, time\nfrom pathlib import Path\nimport toy_project\n"
        "from bsup_analysis import cli\n"
        "from bsup_analysis.cli import reports\n"
        "root = Path(sys.argv.pop(1))\n"
        "reports.study_project = lambda *_: toy_project.describe(root)\n"
        "reports.make = lambda *_: (print('at work', flush=True), time.sleep(600))\n"
        "cli.main()\n"
    )
    path = os.pathsep.join([str(CHECKOUT), str(Path(toy_project.__file__).parent)])
    process = subprocess.Popen(
        [sys.executable, "-c", script, tmp_path, "report"],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "at work\n"
    process.send_signal(request_to_end)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err == "bsup: interrupted; what was finished is kept, run again to go on.\n"
    with only_one(tmp_path / "build" / "lock"):
        pass
