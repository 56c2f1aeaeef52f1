"""What changed between two runs: exactly what rests on the cell that was changed."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from study_copy import Runs

from bsup_analysis import paths
from bsup_analysis.errors import InputError
from bsup_analysis.published.comparison import (
    Comparison,
    Snapshot,
    change,
    compare,
    difference_lines,
    snapshot,
)
from bsup_analysis.published.lineage import dependents, lineage
from bsup_analysis.published.reader import read_published
from bsup_analysis.tables.strict_csv import to_csv


def changed(found: Comparison) -> set[str]:
    return {one.id for one in found.numbers}


# --- a changed cell ---


def test_changed_cell_shows_up_as_exactly_the_numbers_that_rest_on_it(runs: Runs) -> None:
    """The printed share of 2008 (document p. 13) is 78 and no longer 79 %."""
    # notebooks that do not read the table are not run
    assert {name for name in runs.done if name.startswith("notebook")} == {
        "notebook en/01_programme_figures",
        "notebook en/02_document_audit",
        "notebook en/05_robustness",
    }
    old, new = (snapshot(str(root), root) for root in (runs.base, runs.changed))
    found = compare(old, new)
    # all that is computed from 2008; that two shares no longer add up to 100 is no claim
    from_2008 = re.compile(r"(implied|breakeven)\w*_ratio_2008_|bounded_\w+_share_2008_of_")
    of_2008 = {name for name in old.numbers if from_2008.match(name)}
    of_2008.add("loan_use_share_priority_printed")
    assert len(of_2008) > 20
    assert changed(found) == of_2008
    assert {one.exhibit for one in found.tables} == {
        "answers",
        "audit_statements",
        "audit_summary",
        "bounded_2008",
        "loan_share",
        "share_2008_readings",
        "specifications",
    }
    published = read_published(runs.changed / "reports")
    for name in changed(found):
        assert "programme_p13_shares" in lineage(published, name).tables
    reached = dependents(published, "programme_p13_shares")
    assert {one.exhibit for one in found.tables} <= set(reached)
    # of loans, the ratio goes with the odds of the printed share: 79 to 21, 78 to 22
    ratio = "implied_ratio_2008_2009_loans"
    moved = new.numbers[ratio]["value"] / old.numbers[ratio]["value"]
    assert moved == pytest.approx((79 / 21) / (78 / 22), rel=1e-8)  # ten digits are published


def test_command_tells_the_change_in_words(
    runs: Runs, monkeypatch: pytest.MonkeyPatch, bsup: Callable[..., tuple[int, str, str]]
) -> None:
    monkeypatch.setenv("BSUP_ROOT", str(runs.changed))
    status, out, err = bsup("diff", str(runs.base))
    assert (status, err) == (1, "")
    lines = out.splitlines()
    assert (
        "           year 2008, quantity undefined: share 0.79 -> 0.78, by -0.01, -1.27 %" in lines
    )
    numbers = [line for line in lines if line.startswith("number ")]
    assert lines[-1].startswith(f"{len(numbers)} changed, 0 new, 0 gone of ")
    assert "; 7 of " in lines[-1]


def test_changed_note_changes_no_number_and_is_still_in_the_manifest(
    runs: Runs, bsup: Callable[..., tuple[int, str, str]]
) -> None:
    status, out, _ = bsup("diff", str(runs.changed), str(runs.noted))
    assert status == 0
    assert out.startswith("nothing changed: ")
    path = "data/raw/programme_p11_region_loans.csv"
    before, after = (
        read_published(root / "reports").tables[path] for root in (runs.changed, runs.noted)
    )
    assert before["sha256"] != after["sha256"]


def test_same_run_twice_differs_in_nothing(
    base: Path, bsup: Callable[..., tuple[int, str, str]]
) -> None:
    reports = str(base / "reports")
    for place in (reports, str(base), f"{reports}/numbers.json", f"{reports}/manifest.json"):
        status, out, err = bsup("diff", reports, place)
        assert (status, err) == (0, ""), place
        assert out.startswith("nothing changed: ")
        assert ("tables were not compared" in out) == place.endswith("numbers.json")


# --- where runs are read from ---


def test_manifest_alone_tells_which_tables_differ(base: Path, tmp_path: Path) -> None:
    manifest = json.loads((base / "reports" / "manifest.json").read_text(encoding="utf-8"))
    manifest["files"]["tables/loan_share.csv"] = "0" * 64
    (tmp_path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    old = snapshot(str(tmp_path / "manifest.json"), base)
    found = compare(old, snapshot(str(base / "reports"), base))
    assert [(one.exhibit, one.rows) for one in found.tables] == [("loan_share", None)]
    assert "are not at hand" in "\n".join(difference_lines(found))


@pytest.mark.skipif(not shutil.which("git"), reason="reads a revision of git")
def test_git_revision_is_read_as_it_was(base: Path, tmp_path: Path) -> None:
    shutil.copytree(base / "reports" / "tables", tmp_path / "reports" / "tables")
    shutil.copy(base / "reports" / "numbers.json", tmp_path / "reports")
    who = ["-c", "user.name=test", "-c", "user.email=test@example.invalid"]
    for command in (["init", "-q"], ["add", "reports"], [*who, "commit", "-q", "-m", "first"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    table = tmp_path / "reports" / "tables" / "loan_share.csv"
    table.write_text("nothing\n", encoding="utf-8")
    old, now = snapshot("HEAD", tmp_path), snapshot(str(base / "reports"), tmp_path)
    assert not compare(old, now)
    assert compare(old, snapshot(str(tmp_path), tmp_path))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{", "is damaged"),
        ("[]", "is damaged"),
        ('{"a": {"value": 1}}', "lacks its value or unit"),
        ("\x00", "is damaged"),
    ],
)
def test_damaged_file_ends_in_one_sentence_and_status_2(
    content: str,
    sentence: str,
    base: Path,
    tmp_path: Path,
    bsup: Callable[..., tuple[int, str, str]],
) -> None:
    (tmp_path / "numbers.json").write_text(content, encoding="utf-8")
    place = str(tmp_path / "numbers.json")
    for arguments in ((place, str(base)), (str(base), place), (str(tmp_path), str(base))):
        status, out, err = bsup("diff", *arguments)
        assert (status, out) == (2, "")
        assert sentence in err
        assert err.count("\n") == 1


@pytest.mark.parametrize("place", ["no-such-thing", "--help-me", "HEAD~9999"])
def test_place_that_is_nothing_is_refused(place: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no folder, file or git revision|holds no"):
        snapshot(place, tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="a shell script stands in for git")
def test_git_of_2018_reads_a_revision_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Git 2.17 has no `--end-of-options`."""
    old = tmp_path / "git"
    old.write_text(
        '#!/bin/sh\n[ "$3" != --end-of-options ] || { echo unknown option >&2; exit 129; }\n'
        f"exec tar -cf - -C '{paths.root()}' \"$4\"\n",
        encoding="utf-8",
    )
    old.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert snapshot("HEAD", tmp_path).numbers == snapshot(str(paths.reports()), tmp_path).numbers


def test_without_git_a_revision_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="git is not installed"):
        snapshot("HEAD", tmp_path)


# --- rows ---


def rows(old: str, new: str) -> Comparison:
    return compare(Snapshot({}, {"a": old}, {}), Snapshot({}, {"a": new}, {}))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "place,year,loans\nA,2009,1\nB,2009,2\n",
            "place,year,loans\nB,2009,3\nA,2009,1\nC,2009,4\n",
            ["place B: loans 2 -> 3, by +1, +50 %", "new: place C"],
        ),
        (
            "place,year,loans\nA,2009,1\nA,2010,2\n",
            "place,year,loans\nA,2010,2\n",
            ["gone: place A, year 2009"],
        ),
        (
            "share,low\n0.5,0.1\n0.5,0.1\n",
            "share,low\n0.5,0.1\n0.6,0.1\n",
            ["row 3: share 0.5 -> 0.6, by +0.1, +20 %"],
        ),
        ("a,b\nx,1\n", "a,c\nx,1\n", []),
        ("a,b\nx,\n", "a,b\nx,1\n", ["a x: b empty -> 1"]),
    ],
    ids=["moved", "two-columns", "unnamed", "columns", "empty"],
)
def test_rows_are_told_by_what_names_them(old: str, new: str, told: list[str]) -> None:
    lines = list(difference_lines(rows(old, new)))
    assert [line.strip() for line in lines[1:-1]] == told
    assert lines[0].startswith("table    a: ")


def test_columns_gone_and_new_are_named() -> None:
    (first, *_) = difference_lines(rows("a,b\nx,1\n", "a,c\nx,1\n"))
    assert first.endswith("columns gone: b, columns new: c")


def test_long_tables_are_cut_unless_all_is_asked_for() -> None:
    old, new = ("a,b\n" + "".join(f"x{i},{i + d}\n" for i in range(40)) for d in (0, 1))
    assert "and 30 more; --all tells them" in "\n".join(difference_lines(rows(old, new)))
    assert len(list(difference_lines(rows(old, new), every=True))) == 42


CELLS = st.one_of(st.text('ab ,"é\n', max_size=3), st.integers(0, 3).map(str), st.just("0.25"))
TABLES = st.integers(1, 3).flatmap(
    lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), max_size=5).map(
        lambda rows: (tuple("abc"[:width]), rows)
    )
)


@settings(max_examples=50)
@given(TABLES, TABLES)
def test_tables_differ_where_their_content_does(
    one: tuple[tuple[str, ...], list[list[str]]], two: tuple[tuple[str, ...], list[list[str]]]
) -> None:
    """Whatever the tables: equal ones give nothing, others at least one line, and no fault."""
    texts = [to_csv(pd.DataFrame(rows, columns=list(head))) for head, rows in (one, two)]
    assert not rows(texts[0], texts[0])
    found = rows(*texts)
    assert bool(found) == (texts[0] != texts[1])
    assert len(list(difference_lines(found, every=True))) >= 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_only_ordinary_files_and_folders_are_compared(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "numbers.json")
    for place, words in (
        (tmp_path / "numbers.json", "no ordinary file"),
        (Path("/dev/zero"), "no ordinary file"),
        (tmp_path / "none", "there is no folder, file or git revision"),
    ):
        with pytest.raises(InputError, match=words):
            snapshot(str(place), tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (100, 101, "100 -> 101, by +1, +1 %"),
        (0, 0.5, "0 -> 0.5, by +0.5"),
        (-2, -1, "-2 -> -1, by +1, +50 %"),
        ("yes", "no", "yes -> no"),
    ],
)
def test_change_is_told_with_its_size(old: object, new: object, told: str) -> None:
    assert change(old, new) == told


def test_new_gone_and_renamed_numbers_are_told() -> None:
    row = {"value": 1, "unit": "loans", "exhibit": "a"}
    old = Snapshot({"x": row, "y": row}, None, {})
    new = Snapshot({"x": {**row, "unit": "share", "exhibit": "b"}, "z": row}, None, {})
    assert list(difference_lines(compare(old, new))) == [
        "number   x: 1 -> 1 (share); the unit was loans; from exhibit a to b",
        "gone     y: 1 (loans)",
        "new      z: 1 (loans)",
        "1 changed, 1 new, 1 gone of 3 numbers; tables were not compared",
    ]
