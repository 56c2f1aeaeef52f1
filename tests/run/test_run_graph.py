"""What runs and what does not: by content, and never more than depends on a change."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import toy_project
from toy_project import publish, published

from bsup_analysis.errors import InputError
from bsup_analysis.run.engine import status
from bsup_analysis.run.graph import graph
from bsup_analysis.run.project import Project, input_digest
from bsup_analysis.run.verify import published as verify_published

ALL = {
    "processed tables",
    *(f"{kind} {lang}/{run}" for kind in ("notebook", "page") for lang in ("nb", "en")
      for run in ("01_loans", "02_people")),
    "contents nb",
    "contents en",
    "results",
    "publish",
}  # fmt: skip


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def reasons(project: Project) -> dict[str, tuple[str, ...]]:
    tasks = graph(project, project.pages())
    states = status(tasks, project.records, project.name)
    return {name: why for name, why in states.items() if why}


def test_first_run_does_everything_and_second_nothing(toy: Project) -> None:
    assert set(publish(toy).done) == ALL
    before = published(toy)
    again = publish(toy)
    assert again.done == []
    assert set(again.skipped) == ALL
    assert published(toy) == before


def test_new_time_stamps_alone_change_nothing(toy: Project) -> None:
    publish(toy)
    for path in toy.root.rglob("*"):
        if path.is_file() and path.name not in ("tasks.json", "lock"):
            os.utime(path, (1, 1))
    assert publish(toy).done == []


@pytest.mark.parametrize(
    ("change", "counts"),
    [
        (lambda cell: cell["outputs"].append({"output_type": "stream", "text": "3"}), False),
        (lambda cell: cell.update(execution_count=7), False),
        (lambda cell: cell["metadata"].update(scrolled=True), False),
        (lambda cell: cell.update(source=cell["source"].splitlines(keepends=True)), False),
        (lambda cell: cell.update(source=cell["source"] + "\n"), True),
        (lambda cell: cell.update(id="other"), True),
        (lambda cell: cell["metadata"].update(tags=["keep_output"]), True),
        (lambda cell: cell.update(cell_type="raw"), True),
    ],
)
def test_only_what_a_run_depends_on_in_a_notebook_counts(toy: Project, change, counts) -> None:
    publish(toy)
    path = toy.root / "notebooks" / "02_people.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["metadata"]["language_info"] = {"version": "3.13"}
    cell = notebook["cells"][-1]
    cell["source"] = "".join(cell["source"])
    change(cell)
    path.write_text(json.dumps(notebook), encoding="utf-8")
    assert bool(reasons(toy)) == counts
    changed = [check for check in verify_published(toy) if not check.passed]
    assert bool(changed) == counts


def test_stored_headline_counts(toy: Project) -> None:
    path = toy.root / "notebooks" / "02_people.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["cells"][-1]["metadata"]["tags"] = ["keep_output"]
    stored = {"output_type": "execute_result", "metadata": {}, "data": {"text/plain": "0.88"}}

    def saved(**more: object) -> dict[str, str]:
        notebook["cells"][-1]["outputs"] = [{**stored, **more}]
        path.write_text(json.dumps(notebook), encoding="utf-8")
        return toy.fingerprint(toy.runs[1])["inputs"]

    before = saved(execution_count=1)
    assert saved(execution_count=2, data={"text/plain": ["0.", "88"]}) == before
    assert saved(data={"text/plain": "0.89"}) != before


def test_file_that_is_no_notebook_counts_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "broken.ipynb"
    seen = set()
    for text in ("{", "[]", '{"cells": 3}', '{"cells": [{}]}'):
        path.write_text(text, encoding="utf-8")
        seen.add(input_digest(path))
    assert len(seen) == 4


def test_changed_content_under_an_old_time_stamp_counts(toy: Project) -> None:
    publish(toy)
    path = toy.root / "data" / "raw" / "people.csv"
    was = path.stat()
    edit(path, "666164", "666165")
    os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))
    # a process reads a file it has read before only if it moved: so from another process
    assert "notebook nb/02_people" in _from_another_process(toy)["done"]


def test_one_raw_cell_reruns_only_what_depends_on_it(toy: Project) -> None:
    publish(toy)
    edit(toy.root / "data" / "raw" / "people.csv", "666164", "666165")
    assert set(reasons(toy)["notebook nb/02_people"]) == {"changed: data/raw/people.csv"}
    done = set(publish(toy).done)
    notebooks = {name for name in done if name.startswith("notebook")}
    assert notebooks == {"notebook nb/02_people", "notebook en/02_people"}
    assert "processed tables" not in done
    assert not {name for name in done if name.startswith("page")} - {
        "page nb/02_people",
        "page en/02_people",
    }
    assert "publish" in done


def test_raw_change_that_leaves_the_processed_table_as_it_was_stops_there(toy: Project) -> None:
    publish(toy)
    edit(toy.root / "data" / "raw" / "loans.csv", "1047", "01047")
    # the manifest says what the tables are built from, so it is looked at again
    assert publish(toy).done == ["processed tables", "results"]


def test_raw_table_nobody_reads_changes_nothing(toy: Project) -> None:
    publish(toy)
    edit(toy.root / "data" / "raw" / "spare.csv", "2009,1", "2009,2")
    assert publish(toy).done == []


def test_provenance_record_of_a_table_reruns_its_notebooks(toy: Project) -> None:
    record = toy.root / "data" / "raw" / "people.provenance.toml"
    record.write_text('sha256 = "a"\n', encoding="utf-8")
    publish(toy)
    edit(record, '"a"', '"b"')
    assert set(reasons(toy)["notebook nb/02_people"]) == {
        "changed: data/raw/people.provenance.toml"
    }
    assert "notebook nb/01_loans" not in publish(toy).done


@pytest.mark.parametrize("name", ["study.toml", "requirements.lock", "package/code.py"])
def test_design_lock_and_code_rerun_every_notebook(toy: Project, name: str) -> None:
    publish(toy)
    edit(toy.root / name, "nothing", "something")
    done = publish(toy).done
    assert {n for n in done if n.startswith("notebook")} == {
        n for n in ALL if n.startswith("notebook")
    }
    # same results: the pages come out the same, so only the manifest is new
    assert "publish" in done


def test_what_was_made_and_is_no_longer_so_is_made_again(toy: Project) -> None:
    publish(toy)
    before = published(toy)
    page = toy.reports / "nb" / "html" / "01_loans.html"
    page.write_text("somebody else's", encoding="utf-8")
    (toy.reports / "tables" / "loans.csv").unlink()
    why = reasons(toy)
    assert set(why) == {"publish"}
    assert "no longer as written: reports/nb/html/01_loans.html" in why["publish"]
    assert publish(toy).done == ["publish"]
    assert published(toy) == before


def test_exhibit_lost_from_the_build_is_made_again(toy: Project) -> None:
    publish(toy)
    before = published(toy)
    (toy.build / "runs/01_loans/nb/exhibits/figures/loans.svg").unlink()
    assert "notebook nb/01_loans" in publish(toy).done
    assert published(toy) == before


def test_status_tells_what_is_stale_and_why(toy: Project) -> None:
    assert reasons(toy)["publish"][-1] == "has not been run"
    publish(toy)
    assert reasons(toy) == {}
    edit(toy.root / "data" / "raw" / "loans.csv", "1047", "1048")
    why = reasons(toy)
    assert why["processed tables"] == ("changed: data/raw/loans.csv",)
    assert why["notebook en/01_loans"] == ("needs processed tables",)
    assert "notebook en/02_people" not in why
    assert publish(toy).done


def test_missing_raw_table_is_named_before_anything_runs(toy: Project) -> None:
    (toy.root / "data" / "raw" / "people.csv").unlink()
    with pytest.raises(InputError, match=r"people\.csv is missing; restore it from git"):
        publish(toy)
    assert not toy.reports.exists()


def test_damaged_records_make_everything_run_anew(toy: Project) -> None:
    publish(toy)
    before = published(toy)
    (toy.build / "tasks.json").write_text('{"publish": {', encoding="utf-8")
    assert set(publish(toy).done) == ALL
    assert published(toy) == before


def test_input_changed_during_a_run_is_noticed(
    toy: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = toy_project._in_process

    def meddling(*arguments: object, **options: object) -> object:
        edit(toy.root / "study.toml", "nothing", "nothing at all")
        return inner(*arguments, **options)

    monkeypatch.setattr("papermill.execute_notebook", meddling)
    with pytest.raises(InputError, match=r"study\.toml was changed while notebook"):
        publish(toy, jobs=1)
    assert not toy.reports.exists()


def test_one_and_two_jobs_and_hash_seeds_give_the_same_bytes(toy: Project, tmp_path: Path) -> None:
    publish(toy_project.with_report(toy), jobs=1)
    results = [published(toy)]
    for seed in ("0", "1"):
        root = tmp_path / f"seed{seed}"
        toy_project.write_project(root)
        other = toy_project.describe(root)
        _from_another_process(other, PYTHONHASHSEED=seed)
        results.append(published(other))
    assert results[0] == results[1] == results[2]
    assert len(results[0]) > 8


def _from_another_process(project: Project, **environment: str) -> dict[str, list[str]]:
    """Publish from a new process; returns what was done."""
    package = str(Path(toy_project.make.__code__.co_filename).parents[2])
    ended = subprocess.run(
        [sys.executable, toy_project.__file__, str(project.root)],
        env={**os.environ, "PYTHONPATH": package, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(ended.stdout.splitlines()[-1])
