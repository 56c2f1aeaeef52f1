"""What is published: whole or not at all, one value for one name, nothing of others touched."""

import errno
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
import toy_project
from toy_project import (
    WRITE,
    ended,
    in_a_child,
    publish,
    publish_and_die,
    published,
    write_notebook,
)

from bsup_analysis.errors import InputError
from bsup_analysis.files import digest, lock_of, only_one, write_together
from bsup_analysis.published.manifest import merge, rounded
from bsup_analysis.published.reader import read_published
from bsup_analysis.run.project import Project
from bsup_analysis.run.verify import published as verified


def change_loans(project: Project) -> None:
    path = project.root / "data" / "raw" / "loans.csv"
    path.write_text("year,value\n2009,1000\n2010,2000\n", encoding="utf-8")


def numbers(project: Project) -> dict[str, Any]:
    return json.loads((project.reports / "numbers.json").read_text(encoding="utf-8"))


def test_numbers_tables_figures_and_pages_are_where_they_should_be(toy: Project) -> None:
    publish(toy)
    files = published(toy)
    assert set(files) == {
        "manifest.json",
        "numbers.json",
        "tables/loans.csv",
        "tables/people.csv",
        *(f"{lang}/figures/{name}.svg" for lang in ("nb", "en") for name in ("loans", "people")),
        *(
            f"{lang}/html/{name}.html"
            for lang in ("nb", "en")
            for name in ("index", "01_loans", "02_people")
        ),
    }
    # (2 * 1047 + 2 * 1487) / 3 and 666164 / 3, with ten significant digits
    assert numbers(toy)["loans_sum"] == {"value": 1689.333333, "unit": "1", "exhibit": "loans"}
    assert numbers(toy)["people_sum"]["value"] == 222054.6667
    assert files["numbers.json"].endswith(b"}\n")
    assert b"\r" not in files["numbers.json"]
    assert list(numbers(toy)) == sorted(numbers(toy))


def test_what_a_synthetic_panel_gave_is_never_published(toy: Project) -> None:
    publish(toy)
    before = published(toy)
    source = WRITE.format(table="people", exhibit="people").replace(
        '"kind"', '"synthetic": True, "kind"'
    )
    write_notebook(toy.root / "notebooks" / "02_people.ipynb", "people", "people", write=source)
    with pytest.raises(InputError, match="people from a SYNTHETIC panel, which is never published"):
        publish(toy)
    assert published(toy) == before


def test_manifest_leads_from_exhibit_to_inputs_and_files(toy: Project) -> None:
    publish(toy)
    manifest = json.loads((toy.reports / "manifest.json").read_text(encoding="utf-8"))
    exhibit = manifest["exhibits"]["people"]
    people = toy.root / "data" / "raw" / "people.csv"
    assert exhibit["notebook"] == "notebooks/02_people.ipynb"
    assert exhibit["function"] == "toy.people"
    assert exhibit["parameters"] == {"level": "high"}
    assert exhibit["inputs"] == {"data/raw/people.csv": digest(people)}
    assert exhibit["files"] == {
        name: digest(toy.reports / name)
        for name in ("tables/people.csv", "nb/figures/people.svg", "en/figures/people.svg")
    }
    assert set(manifest["files"]) == set(published(toy)) - {"manifest.json"}
    assert manifest["python"] == sys.version.split()[0]


def test_files_of_others_stay_and_only_changed_ones_are_replaced(toy: Project) -> None:
    publish(toy)
    mine = toy.reports / "nb" / "figures" / "mine.txt"
    mine.write_text("mine", encoding="utf-8")
    untouched = toy.reports / "tables" / "people.csv"
    os.utime(untouched, (1, 1))
    change_loans(toy)
    publish(toy)
    assert mine.read_text(encoding="utf-8") == "mine"
    assert untouched.stat().st_mtime == 1
    assert numbers(toy)["loans_sum"]["value"] == 2000


def test_what_is_made_no_longer_is_removed(toy: Project) -> None:
    publish(toy)
    write_notebook(toy.root / "notebooks" / "01_loans.ipynb", "doubled", "credit")
    publish(toy)
    names = set(published(toy))
    assert "tables/credit.csv" in names
    assert not {name for name in names if Path(name).stem == "loans"}
    assert set(numbers(toy)) == {"credit_sum", "people_sum"}


def test_one_id_with_two_values_is_refused(toy: Project) -> None:
    publish(toy)
    before = published(toy)
    write = toy_project.WRITE.format(exhibit="people").replace('"people_sum"', '"loans_sum"')
    write_notebook(toy.root / "notebooks/02_people.ipynb", "people", "people", write=write)
    with pytest.raises(InputError, match=r"number loans_sum is 1689.* in nb/01_loans and 2220"):
        publish(toy)
    assert published(toy) == before


def test_languages_that_disagree_are_refused(toy: Project) -> None:
    write = toy_project.WRITE.format(exhibit="people").replace("total / 3", "len(language + title)")
    write_notebook(toy.root / "notebooks/02_people.ipynb", "people", "people", write=write)
    with pytest.raises(InputError, match=r"number people_sum is \d+ in nb/.* and \d+ in en/"):
        publish(toy)
    assert not toy.reports.exists()


def test_number_that_only_one_language_has_is_refused() -> None:
    row = {"value": 1, "unit": "1", "exhibit": "a"}
    entries = {
        "nb/x": {"run": "x", "numbers": {"a": row}},
        "en/x": {"run": "x", "numbers": {"a": row, "b": row}},
    }
    with pytest.raises(InputError, match="number b is in en/x and not in nb/x"):
        merge(entries, "numbers")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), True, "12", None])
def test_only_finite_numbers_are_published(value: object) -> None:
    with pytest.raises(InputError, match="number a is"):
        rounded("a", value)


def test_rounding_keeps_whole_numbers_and_ten_digits() -> None:
    assert rounded("a", 505039917123) == 505039917123
    assert rounded("a", 0.1 + 0.2) == 0.3
    assert repr(rounded("a", 2 / 3)) == "0.6666666667"


def _full_disk(after: int, folder: Path) -> Callable[[Path, Path], Path]:
    """Return a rename that fails as on a full disk, `after` renames into `folder`."""
    replace, count = Path.replace, 0

    def failing(self: Path, target: Path) -> Path:
        nonlocal count
        if Path(target).is_relative_to(folder):
            count += 1
            if count == after:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target))
        return replace(self, target)

    return failing


@pytest.mark.parametrize("after", [1, 3, 5])
def test_full_disk_leaves_the_last_report(
    toy: Project, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    publish(toy)
    before = published(toy)
    change_loans(toy)
    with monkeypatch.context() as context:
        context.setattr(Path, "replace", _full_disk(after, toy.reports))
        with pytest.raises(InputError, match="publish stopped: No space left on device"):
            publish(toy)
    assert published(toy) == before
    publish(toy)
    assert numbers(toy)["loans_sum"]["value"] == 2000


def test_read_only_report_is_told_in_one_sentence(
    toy: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = Path.mkdir

    def refused(self: Path, *arguments: Any, **options: Any) -> None:
        if self.is_relative_to(toy.reports):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self))
        make(self, *arguments, **options)

    monkeypatch.setattr(Path, "mkdir", refused)
    with pytest.raises(InputError) as caught:
        publish(toy)
    assert str(caught.value).startswith("publish stopped: Permission denied")
    assert "\n" not in str(caught.value)


def test_full_disk_under_the_documents_leaves_the_last_report(
    reported: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(reported)
    before = everything(reported)
    change_loans(reported)

    def full(_stage: Path, _language: str) -> list[Path]:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "report.pdf")

    documents = replace(reported.documents, write=full)
    with pytest.raises(InputError, match="report nb stopped: No space left on device"):
        publish(replace(reported, documents=documents), jobs=1)
    assert everything(reported) == before


def test_publication_puts_back_what_it_replaced_added_and_removed(tmp_path: Path) -> None:
    target, new = tmp_path / "target", tmp_path / "new"
    for path, text in [(target / "a", "old"), (target / "sub/gone", "old"), (new / "a", "new")]:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (target / "b").mkdir()  # a file cannot take a folder's place
    (target / "b" / "held").touch()
    with pytest.raises(OSError, match="b"):
        write_together({"a": new / "a", "../c": b"new", "b": b"new"}, ["sub/gone"], target)
    assert (target / "a").read_text(encoding="utf-8") == "old"
    assert (target / "sub" / "gone").is_file()
    assert not (tmp_path / "c").exists()
    assert {path.name for path in target.iterdir()} == {"a", "b", "sub"}

    write_together({"a": new / "a", "../c": b"new"}, ["sub/gone", "never/was"], target)
    assert (target / "a").read_text(encoding="utf-8") == "new"
    assert (tmp_path / "c").read_bytes() == b"new"
    assert {path.name for path in target.iterdir()} == {"a", "b"}


# --- what is made of the results ---


@pytest.fixture
def reported(toy: Project) -> Project:
    """The toy with a report of each language and a README, made of its numbers."""
    return toy_project.with_report(toy)


def everything(project: Project) -> dict[str, bytes]:
    """Return what is published, and the README."""
    return {**published(project), "README": (project.root / "README.md").read_bytes()}


def differing(project: Project) -> dict[str, str]:
    return {check.name: check.detail for check in verified(project) if not check.passed}


def test_report_is_in_the_manifest_and_a_second_run_does_nothing(reported: Project) -> None:
    assert {"report nb", "report en", "publish"} <= set(publish(reported).done)
    content = json.loads((reported.reports / "manifest.json").read_text(encoding="utf-8"))
    names = {"en/report.pdf", "nb/report.pdf", "picture.svg"}
    assert names <= set(content["files"]) == set(published(reported)) - {"manifest.json"}
    for name in names:
        assert content["files"][name] == digest(reported.reports / name)
    assert publish(reported).done == []
    assert differing(reported) == {}


@pytest.mark.parametrize(
    ("spoil", "detail"),
    [
        (lambda path: path.write_bytes(path.read_bytes() + b" "), "is not the file that was"),
        (Path.unlink, "is missing; run `bsup report`"),
    ],
    ids=["touched", "gone"],
)
def test_touched_report_is_found_and_put_back(
    reported: Project, spoil: Callable[[Path], object], detail: str
) -> None:
    publish(reported)
    before = everything(reported)
    spoil(reported.reports / "nb" / "report.pdf")
    assert list(differing(reported)) == ["published file reports/nb/report.pdf"]
    assert detail in differing(reported)["published file reports/nb/report.pdf"]
    assert publish(reported).done == ["publish"]
    assert everything(reported) == before


def test_numbers_report_and_readme_are_of_one_run(reported: Project) -> None:
    publish(reported)
    change_loans(reported)
    publish(reported)
    text = (reported.reports / "numbers.json").read_text(encoding="utf-8")
    assert numbers(reported)["loans_sum"]["value"] == 2000
    for one in reported.languages:
        assert (reported.reports / one / "report.pdf").read_text("utf-8") == f"{one} {text}"
    assert (reported.root / "README.md").read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    "spoil", [Path.unlink, lambda path: path.write_text('{"pages":{},"files":{}}')]
)
def test_lost_manifest_is_written_anew(reported: Project, spoil: Callable[[Path], object]) -> None:
    publish(reported)
    before = everything(reported)
    spoil(reported.reports / "manifest.json")
    assert publish(reported).done == ["publish"]
    assert everything(reported) == before


def test_document_changed_before_it_is_published_is_made_anew(reported: Project) -> None:
    publish(reported)
    before = everything(reported)
    (reported.next_reports / "nb" / "report.pdf").write_text("other", encoding="utf-8")
    (reported.next_reports / "tables" / "loans.csv").write_text("other", encoding="utf-8")
    assert {"results", "report nb"} <= set(publish(reported).done)
    assert everything(reported) == before


# --- killed ---


def killed_at(project: Project, rename: int) -> int:
    """Publish, killed at a rename into `reports/`; give the status it ends with."""
    child, printed = in_a_child(lambda: publish_and_die(project, rename))
    with printed:
        printed.read()
    return ended(child)


def both_reports(project: Project) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Publish, and give the report before and after a change of the data; the old one is there."""
    publish(project)
    old = everything(project)
    raw = project.root / "data" / "raw" / "loans.csv"
    before = raw.read_bytes()
    change_loans(project)
    publish(project)
    new = everything(project)
    raw.write_bytes(before)
    publish(project)
    assert everything(project) == old
    change_loans(project)
    return old, new


@pytest.fixture(scope="module")
def published_twice(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, Path, dict[str, bytes], dict[str, bytes]]:
    """A toy as `both_reports` leaves it, a copy of its folder, and its two reports."""
    root, copy = (tmp_path_factory.mktemp("twice") / name for name in ("toy", "copy"))
    toy_project.write_project(root)
    with toy_project.without_kernels(root):
        reports = both_reports(toy_project.with_report(toy_project.describe(root)))
    shutil.copytree(root, copy)
    return root, copy, *reports


@pytest.fixture
def changed(
    published_twice: tuple[Path, Path, dict[str, bytes], dict[str, bytes]],
) -> Iterator[tuple[Project, dict[str, bytes], dict[str, bytes]]]:
    """It anew, at the same place: a project whose data have changed since it was published."""
    root, copy, old, new = published_twice
    shutil.rmtree(root)
    shutil.copytree(copy, root)
    with toy_project.without_kernels(root):
        yield toy_project.with_report(toy_project.describe(root)), old, new


def read_by(project: Project, command: str) -> None:
    """Read `reports/` as a command does; each puts in order what a killed one left."""
    if command == "trace":
        read_published(project.reports)
    elif command == "verify":
        list(verified(project))
    else:
        (project.root / "data" / "raw" / "people.csv").rename(project.root / "aside.csv")
        with pytest.raises(InputError):
            publish(project)
        (project.root / "aside.csv").rename(project.root / "data" / "raw" / "people.csv")


# the first rename completes the journal, eight put a file in place
@pytest.mark.parametrize(
    ("renames", "command"),
    [(0, "trace"), (1, "verify"), (2, "report"), (4, "trace"), (6, "verify"), (8, "report")],
)
def test_kill_in_the_middle_of_publishing_leaves_the_old_report_whole(
    changed: tuple[Project, dict[str, bytes], dict[str, bytes]], renames: int, command: str
) -> None:
    reported, old, new = changed
    assert killed_at(reported, renames) == -signal.SIGKILL
    half = everything(reported)
    if renames > 1:
        assert {name for name in old if half.get(name) != old[name]}, "killed before it began"
    read_by(reported, command)
    assert everything(reported) == old
    assert {one.split(" of ")[0] for one in differing(reported)} <= {"inputs"}
    publish(reported)
    assert everything(reported) == new
    assert publish(reported).done == []


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_kill_at_any_moment_leaves_one_report_whole(
    changed: tuple[Project, dict[str, bytes], dict[str, bytes]], how: signal.Signals
) -> None:
    """Before a publication, at random moments of one that takes half a second, and after it."""
    reported, old, new = changed
    random = Random(20092012)  # noqa: S311 - moments, not secrets
    loans = reported.root / "data" / "raw" / "loans.csv"
    whole = []
    for moment_s in (0, *(random.uniform(0, 0.6) for _ in range(4)), 3):
        if everything(reported) == new:
            loans.write_text(toy_project.TABLES["loans"], encoding="utf-8")
        else:
            change_loans(reported)
        child, printed = in_a_child(lambda: publish_and_die(reported, each_takes_s=0.06))
        with printed:
            assert not moment_s or any("running  publish" in line for line in printed)
            time.sleep(moment_s)
            os.kill(child, how)  # of one that has ended, too, until it is waited for
            printed.read()
        ended(child)
        whole.append(everything(reported) in (old, new))
        read_by(reported, "trace")
        assert everything(reported) in (old, new)
    # a request to end leaves nothing half done, and of the other kills some came in the middle
    assert all(whole) == (how == signal.SIGTERM)


def test_reader_waits_for_no_command_that_publishes(
    changed: tuple[Project, dict[str, bytes], dict[str, bytes]],
) -> None:
    """A journal that belongs to a living command is not touched."""
    reported, _, _ = changed
    killed_at(reported, 5)
    half = everything(reported)
    with only_one(lock_of(reported.root)), pytest.raises(InputError, match="another bsup is at wo"):
        read_published(reported.reports)
    assert everything(reported) == half


def test_first_publication_that_is_killed_leaves_nothing(reported: Project) -> None:
    assert killed_at(reported, 5) == -signal.SIGKILL
    assert published(reported)
    with pytest.raises(InputError, match="nothing has been published"):
        read_published(reported.reports)
    assert not published(reported)
    assert not (reported.root / "README.md").exists()
