"""What is published: whole or not at all, one value for one name, nothing of others touched."""

import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import toy_project
from toy_project import WRITE, publish, published, write_notebook

from bsup_analysis.errors import InputError
from bsup_analysis.pipeline.merge import merge_numbers, rounded
from bsup_analysis.pipeline.project import Project, Step, digest
from bsup_analysis.pipeline.publish import kept_pages
from bsup_analysis.pipeline.sealing import inputs_digest, seal
from bsup_analysis.pipeline.swap import recover, swap
from bsup_analysis.pipeline.verify import published as verified


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


def test_one_language_alone_is_a_whole_report(toy: Project) -> None:
    publish(toy, toy.pages(["nb"]))
    names = set(published(toy))
    assert not {name for name in names if name.startswith("en/")}
    assert {"loans_sum", "people_sum"} == set(numbers(toy))
    page = (toy.reports / "nb/html/01_loans.html").read_text(encoding="utf-8")
    assert "../../en/html" not in page
    publish(toy, toy.pages(["en"]))
    assert {name for name in published(toy) if name.startswith("nb/")}


def test_one_notebook_is_published_beside_the_others(toy: Project) -> None:
    publish(toy)
    before = published(toy)
    write_notebook(toy.root / "notebooks" / "01_loans.ipynb", "doubled", "loans", show="1\n")
    done = publish(toy, toy.pages(only="01_loans")).done
    assert {name for name in done if name.startswith("notebook")} == {
        "notebook nb/01_loans",
        "notebook en/01_loans",
    }
    after = published(toy)
    assert set(after) == set(before)
    assert after["nb/html/02_people.html"] == before["nb/html/02_people.html"]
    assert after["nb/html/01_loans.html"] != before["nb/html/01_loans.html"]
    assert "02_people.html" in after["nb/html/01_loans.html"].decode()
    assert after["numbers.json"] == before["numbers.json"]
    # and the whole report finds nothing contradictory to go on from
    publish(toy)
    assert publish(toy).done == []


def test_selection_on_a_fresh_clone_keeps_the_committed_numbers(toy: Project) -> None:
    publish(toy)
    committed = numbers(toy)
    (toy.reports / "manifest.json").unlink()
    change_loans(toy)
    publish(toy, toy.pages(only="01_loans"))
    assert numbers(toy)["people_sum"] == committed["people_sum"]
    assert numbers(toy)["loans_sum"]["value"] == 2000


def test_languages_of_different_numbers_are_never_mixed(toy: Project) -> None:
    publish(toy)
    before = published(toy)
    change_loans(toy)
    with pytest.raises(InputError) as caught:
        publish(toy, toy.pages(["nb"]))
    sentence = str(caught.value)
    assert "tables/loans.csv" in sentence
    assert "en/01_loans was published earlier; run `bsup report`" in sentence
    assert published(toy) == before
    publish(toy)
    assert numbers(toy)["loans_sum"]["value"] == 2000


def test_kept_page_of_earlier_data_is_marked_and_the_mark_goes(toy: Project) -> None:
    publish(toy)
    change_loans(toy)
    index = toy.reports / "nb" / "html" / "index.html"
    assert "outdated" not in _classes(index)
    only_people = toy.pages(only="02_people")
    publish(toy, only_people)
    assert [key for key, e in kept_pages(toy, only_people).items() if e["outdated"]] == [
        "nb/01_loans",
        "en/01_loans",
    ]
    assert "outdated" in _classes(index)
    assert "outdated" in _classes(toy.reports / "en" / "html" / "index.html")
    assert numbers(toy)["loans_sum"]["value"] == 1689.333333
    publish(toy)
    assert "outdated" not in _classes(index)


def _classes(page: Path) -> str:
    return " ".join(part.split('"')[0] for part in page.read_text("utf-8").split('class="')[1:])


def test_kept_page_that_was_changed_by_hand_is_refused(toy: Project) -> None:
    publish(toy)
    (toy.reports / "tables" / "people.csv").write_text("sum\n1\n", encoding="utf-8")
    before = published(toy)
    write_notebook(toy.root / "notebooks" / "01_loans.ipynb", "doubled", "loans", show="1\n")
    with pytest.raises(InputError, match=r"reports/tables/people\.csv is missing or was changed"):
        publish(toy, toy.pages(only="01_loans"))
    assert published(toy) == before


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
        merge_numbers(entries, {})


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


@pytest.mark.parametrize("renames", [1, 2, 4])
def test_kill_in_the_middle_of_publishing_is_undone_and_made_good(
    toy: Project, renames: int
) -> None:
    publish(toy)
    before = published(toy)
    change_loans(toy)
    package = str(Path(toy_project.make.__code__.co_filename).parents[2])
    killed = subprocess.run(
        [sys.executable, toy_project.__file__, str(toy.root), str(renames)],
        env={**os.environ, "PYTHONPATH": package},
        capture_output=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    half = published(toy)
    assert {name for name in before if half[name] != before[name]}, "killed before it began"
    # a run that fails must find the last good report, not half of a new one
    (toy.root / "data" / "raw" / "people.csv").rename(toy.root / "aside.csv")
    with pytest.raises(InputError):
        publish(toy)
    assert published(toy) == before
    (toy.root / "aside.csv").rename(toy.root / "data" / "raw" / "people.csv")
    publish(toy)
    assert numbers(toy)["loans_sum"]["value"] == 2000
    assert publish(toy).done == []


def test_swap_puts_back_what_it_replaced_added_and_removed(tmp_path: Path) -> None:
    target, new = tmp_path / "target", tmp_path / "new"
    for path, text in [(target / "a", "old"), (target / "sub/gone", "old"), (new / "a", "new")]:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    journal = tmp_path / "journal"
    with pytest.raises(FileNotFoundError):
        swap({"a": new / "a", "b": new / "missing"}, ["sub/gone"], target, journal)
    assert (target / "a").read_text(encoding="utf-8") == "old"
    assert (target / "sub" / "gone").is_file()
    assert not (target / "b").exists()
    assert not recover(target, journal)

    (new / "a").write_text("new", encoding="utf-8")
    swap({"a": new / "a"}, ["sub/gone", "never/was"], target, journal)
    assert (target / "a").read_text(encoding="utf-8") == "new"
    assert not (target / "sub").exists()
    assert not journal.exists()


# --- what is made of the results ---


@pytest.fixture
def reported(toy: Project) -> Project:
    """The toy with a report of each language, made of its published numbers."""

    def step(language: str) -> Step:
        report = toy.reports / language / "report.pdf"

        def build() -> list[Path]:
            report.write_text(f"{language} {numbers(toy)}", encoding="utf-8")
            return [report]

        return Step((), (report,), build, language)

    return replace(toy, after={f"report {one}": step(one) for one in toy.languages})


def differing(project: Project) -> dict[str, str]:
    return {check.name: check.detail for check in verified(project) if not check.passed}


def test_report_is_in_the_manifest_and_a_second_run_does_nothing(reported: Project) -> None:
    assert "manifest" in publish(reported).done
    content = json.loads((reported.reports / "manifest.json").read_text(encoding="utf-8"))
    assert content["report"]["files"] == {
        name: digest(reported.reports / name) for name in ("en/report.pdf", "nb/report.pdf")
    }
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
def test_touched_report_is_found_and_made_anew(
    reported: Project, spoil: Callable[[Path], object], detail: str
) -> None:
    publish(reported)
    before = published(reported)
    spoil(reported.reports / "nb" / "report.pdf")
    assert list(differing(reported)) == ["published file reports/nb/report.pdf"]
    assert detail in differing(reported)["published file reports/nb/report.pdf"]
    publish(reported)
    assert published(reported) == before


def test_report_of_a_language_follows_from_its_pages_alone(reported: Project) -> None:
    assert "report nb" in publish(reported, reported.pages(["nb"])).done
    assert not (reported.reports / "en" / "report.pdf").exists()
    assert differing(reported) == {}
    assert "report en" in publish(reported).done
    change_loans(reported)
    some = reported.pages(["nb"]) + reported.pages(["en"], "01_loans")
    assert "report en" not in publish(reported, some).done
    told = differing(reported)
    assert told["report"] == "was made from other results; run `bsup report`"
    assert "published file reports/en/report.pdf" not in told


def test_report_of_earlier_results_is_told(reported: Project) -> None:
    publish(reported)
    change_loans(reported)
    publish(reported, reported.pages(["nb"]) + reported.pages(["en"], "01_loans"))
    assert differing(reported) == {"report": "was made from other results; run `bsup report`"}
    publish(reported)
    assert differing(reported) == {}


@pytest.mark.parametrize(
    "spoil", [Path.unlink, lambda path: path.write_text('{"pages":{},"files":{}}')]
)
def test_lost_manifest_is_written_anew_with_the_report(
    reported: Project, spoil: Callable[[Path], object]
) -> None:
    publish(reported)
    before = published(reported)
    spoil(reported.reports / "manifest.json")
    assert publish(reported).done == ["manifest"]
    assert published(reported) == before


def test_full_disk_at_the_manifest_keeps_the_last_one(
    reported: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(reported)
    last = (reported.reports / "manifest.json").read_bytes()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("bsup_analysis.files.os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        seal(reported, "report", [reported.reports / "nb" / "report.pdf"], "0")
    assert (reported.reports / "manifest.json").read_bytes() == last


def test_nothing_is_sealed_where_nothing_is_published(toy: Project) -> None:
    with pytest.raises(InputError, match=r"there is no reports/manifest\.json; run `bsup report`"):
        seal(toy, "profiles", [], "0")


def test_profiles_are_in_the_manifest_through_every_publication(toy: Project) -> None:
    publish(toy)
    page = toy.reports / "nb" / "profiles" / "1601.html"
    page.parent.mkdir(parents=True)
    page.write_text("<h1>Trondheim</h1>", encoding="utf-8")
    seal(toy, "profiles", [page], inputs_digest(toy, "02_people"))
    change_loans(toy)
    publish(toy)
    content = json.loads((toy.reports / "manifest.json").read_text(encoding="utf-8"))
    assert content["profiles"]["files"] == {"nb/profiles/1601.html": digest(page)}
