"""Variants: every combination, checked first, kept whole, and the same wherever they are run."""

import csv
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
import toy_project
from dask_here import scheduler, worker
from typer.testing import CliRunner

from bsup_analysis import cli, engines
from bsup_analysis.cli import reports as command
from bsup_analysis.errors import InputError
from bsup_analysis.run import adhoc_runs
from bsup_analysis.run.adhoc_runs import Files, Variant, grid, is_kept, keep, write_numbers
from bsup_analysis.run.engine import Interrupted
from bsup_analysis.run.project import Project

BOTH = ["01_loans", "02_people"]
EVERY = ["language=all", "level=low,high"]


def run_all(variants: Iterable[Variant]) -> None:
    for variant in variants:
        keep(variant, toy_project.compute(variant), variant.folder.parent / ".scratch")


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def made(toy: Project) -> Project:
    """The toy project with its processed table."""
    toy.processed.build()
    return toy


def test_the_grid_is_every_combination_once(made, tmp_path):
    found = grid(made, BOTH, [*EVERY, "level=low"], tmp_path)
    assert len(found) == len({variant.folder for variant in found}) == 2 * 2 * 2
    seen = {
        (v.page.run.notebook.stem, v.page.language, v.page.run.parameters["level"]) for v in found
    }
    assert seen == {(n, o, p) for n in BOTH for o in ("nb", "en") for p in ("low", "high")}
    assert {variant.folder.parent for variant in found} == {tmp_path}
    assert not list(tmp_path.glob("0*"))


def test_a_parameter_is_given_to_the_notebooks_that_have_it(made, tmp_path):
    toy_project.write_notebook(made.root / "notebooks" / "01_loans.ipynb", "doubled", "loans")
    path = made.root / "notebooks" / "01_loans.ipynb"
    path.write_text(path.read_text().replace('level = \\"low\\"', "year = 2009"))
    found = grid(made, BOTH, ["level=low,high"], tmp_path)
    assert [(v.page.run.notebook.stem, v.page.run.parameters) for v in found] == [
        ("01_loans", {}),
        ("02_people", {"level": "low"}),
        ("02_people", {"level": "high"}),
    ]


@pytest.mark.parametrize(
    ("notebooks", "settings", "sentence"),
    [
        (["03_none"], [], "no notebook or run '03_none'; there are: 01_loans"),
        (BOTH, ["depth=1"], "no parameter 'depth'; there are: language, level"),
        (BOTH, ["depth=all"], "no parameter 'depth'"),
        (BOTH, ["level=low,middle"], "level cannot be 'middle'; it takes: low, high"),
        (BOTH, ["level=low,"], "level cannot be ''"),
        (BOTH, ["level"], "takes key=value,value"),
        (BOTH, ["output=/tmp"], "has no parameter 'output'"),
    ],
)
def test_a_grid_that_cannot_be_run_is_refused_before_anything_runs(
    made, tmp_path, notebooks, settings, sentence
):
    with pytest.raises(InputError, match=sentence):
        grid(made, notebooks, settings, tmp_path)


def test_all_of_a_free_parameter_is_refused(made, tmp_path):
    made.allowed["level"] = ("*",)  # type: ignore[index]
    with pytest.raises(InputError, match="level takes any text, so it has no all"):
        grid(made, BOTH, ["level=all"], tmp_path)


def test_a_folder_with_other_files_is_left_alone(made, tmp_path):
    own = tmp_path / grid(made, ["01_loans"], [], tmp_path)[0].folder.name / "mine.txt"
    own.parent.mkdir()
    own.write_text("mine")
    with pytest.raises(InputError, match="holds other files"):
        grid(made, ["01_loans"], [], tmp_path)
    assert own.read_text() == "mine"


def test_numbers_stand_side_by_side(made, tmp_path):
    found = grid(made, BOTH, ["language=nb,en"], tmp_path)
    run_all(found)
    with write_numbers(found, tmp_path).open(newline="") as stream:
        head, *rows = csv.reader(stream)
    assert head == ["number", "unit", *(variant.folder.name for variant in found)]
    # TABLES of the toy: the sum of loans doubled, and of people, by three
    loans, people = repr(2 * (1047 + 1487) / 3), repr(666164 / 3)
    assert rows == [
        ["loans_sum", "1", loans, loans, "", ""],
        ["people_sum", "1", "", "", people, people],
    ]


def test_numbers_of_a_synthetic_panel_say_so(made, tmp_path):
    (variant,) = grid(made, ["01_loans"], [], tmp_path)
    row = {"value": 1, "unit": "1", "exhibit": "x", "synthetic": True}
    keep(variant, {"exhibits/numbers.json": json.dumps({"x": row}).encode()}, tmp_path / "scratch")
    head = write_numbers([variant], tmp_path).read_text().splitlines()[0]
    assert head == f"number,unit,SYNTHETIC {variant.folder.name}"


def test_a_finished_variant_is_kept_and_anything_else_is_made_anew(made, tmp_path):
    found = grid(made, ["01_loans"], ["language=nb,en"], tmp_path)
    first, second = found
    run_all(found)
    whole = files(tmp_path)
    assert {"page.html", "notebook.ipynb", "run.json", "variant.json"} <= set(files(first.folder))
    assert all(map(is_kept, grid(made, ["01_loans"], ["language=nb,en"], tmp_path)))
    for name in ("page.html", "exhibits/numbers.json", "variant.json"):
        (first.folder / name).write_bytes(b"{}")
        assert not is_kept(first)
        assert is_kept(second)
        run_all([first])
        assert files(tmp_path) == whole
    (first.folder / "page.html").unlink()
    assert not is_kept(first)
    table = made.root / "data" / "processed" / "doubled.csv"
    table.write_text(table.read_text().replace("2010", "2011"))
    assert not any(map(is_kept, grid(made, ["01_loans"], ["language=nb,en"], tmp_path)))


def test_a_changed_file_among_the_parameters_counts(made, tmp_path):
    made.allowed["level"] = ("*",)  # type: ignore[index]
    panel = tmp_path / "panel.csv"
    panel.write_text("1")
    (before,) = grid(made, ["01_loans"], [f"level={panel}"], tmp_path / "out")
    panel.write_text("2")
    (after,) = grid(made, ["01_loans"], [f"level={panel}"], tmp_path / "out")
    assert before.folder == after.folder
    assert before.made_from != after.made_from


def test_a_worker_with_other_files_is_refused(made, tmp_path):
    (variant,) = grid(made, ["01_loans"], [], tmp_path)
    (made.root / "study.toml").write_text("# another\n")
    with pytest.raises(InputError, match=r"a worker has another study\.toml than this checkout"):
        toy_project.compute(variant)
    (made.root / "study.toml").write_text("# nothing\n")
    (made.root / "package" / "code.py").write_text("# another\n")
    with pytest.raises(InputError, match="another the package's code"):
        toy_project.compute(variant)


def test_here_and_on_a_cluster_the_bytes_are_the_same(made, tmp_path, monkeypatch):
    pytest.importorskip("distributed", reason="needs the extra `cluster`")
    folders = {name: tmp_path / name for name in ("self", "processes", "cluster")}
    grids = {name: grid(made, BOTH, ["level=low,high"], out) for name, out in folders.items()}
    run_all(grids["self"])
    with engines.workers(2) as pool:
        for variant, made_files in engines.on_machine(
            toy_project.compute, grids["processes"], pool, 2
        ):
            keep(variant, made_files, tmp_path / "scratch")
    monkeypatch.setenv("PYTHONPATH", os.fspath(Path(toy_project.__file__).parent))
    with scheduler() as address, worker(address, tmp_path):
        for variant, made_files in engines.on_cluster(
            toy_project.compute, grids["cluster"], address
        ):
            keep(variant, made_files, tmp_path / "scratch")
    for name, variants in grids.items():
        write_numbers(variants, folders[name])
    whole = files(folders["self"])
    assert len([name for name in whole if name.endswith("page.html")]) == 4
    assert files(folders["processes"]) == whole
    assert files(folders["cluster"]) == whole


@pytest.fixture
def bsup(made, monkeypatch):
    """Call the command on the toy, its variants run in this process."""
    monkeypatch.setattr(command, "study_project", lambda: made)

    def here(missing: list[Variant], _jobs: int) -> Iterator[tuple[Variant, Files]]:
        yield from ((variant, toy_project.compute(variant)) for variant in missing)

    monkeypatch.setattr(command, "_here", here)
    return lambda *given: CliRunner().invoke(cli.app, ["variants", *given])


def test_the_command_makes_what_is_missing_and_keeps_the_rest(bsup, made):
    done = bsup("01_loans", "-p", "language=nb,en", "-p", "level=low")
    assert "2 variants, 0 of them kept" in done.stdout
    assert "done     01_loans-language=en-level=low, 2 of 2" in done.stdout
    out = made.build / "variants"
    whole = files(out)
    done = bsup("01_loans", "-p", "language=nb,en", "-p", "level=low,high")
    assert "4 variants, 2 of them kept" in done.stdout
    assert done.stdout.endswith(f"numbers  {out / 'numbers.csv'}\n")
    assert {
        name: files(out)[name] for name in whole if name != "numbers.csv"
    }.items() <= whole.items()


def test_an_interrupted_grid_goes_on_where_it_was(bsup, made, monkeypatch):
    right, broken = adhoc_runs.keep, []

    def stop_at_second(variant: Variant, result: Files, scratch: Path) -> None:
        if broken:
            raise KeyboardInterrupt
        broken.append(variant)
        right(variant, result, scratch)

    monkeypatch.setattr(adhoc_runs, "keep", stop_at_second)
    ended = bsup("01_loans", "-p", "language=nb,en")
    assert isinstance(ended.exception, Interrupted)
    monkeypatch.setattr(adhoc_runs, "keep", right)
    assert "2 variants, 1 of them kept" in bsup("01_loans", "-p", "language=nb,en").stdout


def test_a_silent_scheduler_is_told_before_anything_runs(bsup, made, monkeypatch):
    monkeypatch.setattr(engines, "ANSWER_SECONDS", 0.5)
    ended = bsup("01_loans", "--scheduler", "tcp://127.0.0.1:1")
    assert isinstance(ended.exception, InputError)
    assert "did not answer" in str(ended.exception)
    assert not (made.build / "variants").exists()


def test_a_scheduler_that_speaks_tls_needs_certificates() -> None:
    with pytest.raises(InputError, match=r"name its certificates under distributed\.comm\.tls"):
        engines.reach("tls://127.0.0.1:8786")
