"""What is committed under reports/ is what the notebooks give, byte for byte, on this Python."""

import json
import re
import zipfile
import zlib
from collections import ChainMap
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import nbformat
import pytest

from bsup_analysis.design import Notebook, Run, load_design
from bsup_analysis.errors import InputError
from bsup_analysis.language import Words
from bsup_analysis.report.render import finding, with_block
from bsup_analysis.tables.codebook import codebook

CHECKOUT = Path(__file__).resolve().parent.parent
REPORTS = CHECKOUT / "reports"
DESIGN = load_design(CHECKOUT / "study.toml")
RUNS = [(notebook, run) for notebook in DESIGN.notebooks for run in notebook.runs if not run.needs]


def run_cells(notebook: Notebook, parameters: dict[str, str]) -> None:
    """Run a notebook's code in this process, as papermill would with these parameters."""
    content = nbformat.read(CHECKOUT / "notebooks" / f"{notebook.name}.ipynb", as_version=4)
    namespace: dict[str, Any] = {}
    for cell in content.cells:
        if cell.cell_type == "code":
            exec(cell.source, namespace)  # noqa: S102 - the committed notebooks
            if "parameters" in cell.metadata.get("tags", []):
                assert set(parameters) <= set(namespace)
                namespace.update(parameters)


@pytest.fixture(scope="module", params=RUNS, ids=lambda pair: pair[1].id)
def written(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Notebook, Run, Path]:
    notebook, run = request.param
    folder = tmp_path_factory.mktemp(run.id)
    run_cells(notebook, {**run.parameters, "language": "nb", "output": str(folder)})
    return notebook, run, folder


def test_numbers_and_tables_are_the_committed_ones(written: tuple[Notebook, Run, Path]) -> None:
    _, _, folder = written
    committed = json.loads((REPORTS / "numbers.json").read_text(encoding="utf-8"))
    numbers = json.loads((folder / "numbers.json").read_text(encoding="utf-8"))
    assert numbers == {name: committed[name] for name in numbers}
    tables = sorted((folder / "tables").glob("*.csv"))
    assert tables
    for table in tables:
        assert table.read_bytes() == (REPORTS / "tables" / table.name).read_bytes(), table.name


def test_every_exhibit_is_complete(written: tuple[Notebook, Run, Path]) -> None:
    _, _, folder = written
    for name, exhibit in json.loads((folder / "exhibits.json").read_text("utf-8")).items():
        shown = ChainMap(exhibit, {"id": name})
        assert len(exhibit["alternative_text"]) > 40, shown
        assert exhibit["title"], shown
        assert exhibit["source"], shown
        assert exhibit["tables"], shown
        text = " ".join(exhibit[part] for part in ("title", "caption", "source"))
        assert not set("{}") & set(text + exhibit["alternative_text"]), shown
        assert "nan" not in text.lower().split(), shown


def test_the_design_declares_what_is_read(written: tuple[Notebook, Run, Path]) -> None:
    notebook, _, folder = written
    read = json.loads((folder / "reads.json").read_text(encoding="utf-8"))
    assert set(read) <= set(notebook.tables)


def test_declared_tables_are_all_read_by_some_run() -> None:
    declared = {table for notebook in DESIGN.notebooks for table in notebook.tables}
    assert {"group_year", "municipality_year", "programme_p14_start_loans"} <= declared


def test_readme_is_short_and_its_links_lead_somewhere() -> None:
    text = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 150
    links = [to for to in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in to]
    assert {"COMMANDS.md", "COOKBOOK.md", "reports/exhibits.md"} <= set(links)
    assert not [to for to in links if not (CHECKOUT / to).exists()]


def test_readme_says_what_the_numbers_say() -> None:
    text = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    numbers = json.loads((REPORTS / "numbers.json").read_text(encoding="utf-8"))
    for language in ("nb", "en"):
        sentence = finding(numbers, Words(language))
        assert with_block(text, f"finding-{language}", sentence) == text


# the words around a number of each group, written here and not in a template
GROWTH = {
    "en": {"priority": r"by (\S+)% in the priority", "other": r"by (\S+)% in the others"},
    "nb": {"priority": r"med (\S+) prosent i satsing", "other": r"med (\S+) prosent i de øvrige"},
}


@pytest.mark.parametrize("language", GROWTH)
def test_readme_gives_each_group_its_own_growth(language: str) -> None:
    text = (CHECKOUT / "README.md").read_text(encoding="utf-8").replace("\N{NO-BREAK SPACE}", " ")
    block = re.search(rf"<!-- finding-{language}: generated -->(.*?)<!-- /", text, re.DOTALL)
    assert block
    numbers = json.loads((REPORTS / "numbers.json").read_text(encoding="utf-8"))
    for group, pattern in GROWTH[language].items():
        (said,) = re.findall(pattern, block[1])
        growth = numbers[f"growth_number_{group}_2009_2010"]["value"] - 1
        value = float(said.replace(",", ".").replace("\N{MINUS SIGN}", "-"))
        assert value == pytest.approx(100 * growth, abs=0.05)


def test_every_committed_table_is_in_the_list_of_exhibits() -> None:
    text = (REPORTS / "exhibits.md").read_text(encoding="utf-8")
    for table in (REPORTS / "tables").glob("*.csv"):
        if re.match(r"municipal_(?!unemployed_|refugees_)|data_gate|.*_municipal$", table.stem):
            continue  # of the user's own table: git ignores them
        assert f"(tables/{table.name})" in text


def test_the_finding_follows_the_verdict() -> None:
    numbers = json.loads((REPORTS / "numbers.json").read_text(encoding="utf-8"))
    said = {
        -1: "**The number of start loans grew less",
        0: "**It is not shown",
        1: "**The number of start loans grew more",
    }
    for value, start in said.items():
        changed = {**numbers, "verdict_loans": {**numbers["verdict_loans"], "value": value}}
        assert finding(changed, Words("en")).startswith(start)


def test_a_finding_without_its_number_is_refused() -> None:
    with pytest.raises(InputError, match="verdict_loans"):
        finding({}, Words("en"))


def test_codebook_is_generated_from_schemas_and_records() -> None:
    assert (CHECKOUT / "data" / "README.md").read_text(encoding="utf-8") == codebook()


def test_ids_that_other_code_relies_on_are_there() -> None:
    numbers = json.loads((REPORTS / "numbers.json").read_text(encoding="utf-8"))
    years = (2009, 2010)
    wanted = {f"population_share_priority_{year}" for year in (2008, *years)}
    wanted |= {f"loans_region_{year}" for year in range(2007, 2011)}
    for year in years:
        wanted |= {f"{kind}_share_priority_{year}" for kind in ("loan", "amount")}
        wanted |= {f"loans_{group}_{year}" for group in ("priority", "other")}
        wanted |= {f"amount_nok_{group}_{year}" for group in ("priority", "other")}
        wanted |= {f"average_loan_nok_{g}_{year}" for g in ("region", "priority", "other")}
    ratio = "rate_ratio_loans_2009_2010"
    wanted |= {
        f"{ratio}_ci_{end}_{kind}" for end in ("low", "high") for kind in ("poisson", "phi17")
    }
    wanted |= {f"agreement_rate_ratio_{r}" for r in DESIGN.parameters["reading"].allowed}
    wanted |= {f"agreement_ri_p_{r}" for r in DESIGN.parameters["reading"].allowed}
    wanted |= {f"breakeven_average_ratio_2008_{year}" for year in years}
    wanted |= {
        ratio,
        f"log_{ratio}",
        "rate_ratio_per_inhabitant_2009_2010",
        "rate_ratio_amount_2009_2010",
        "dispersion_phi_17",
        "tau_log_growth_17",
        "minimum_detectable_ratio_phi17",
        "rate_ratio_leave_out_1601",
    }
    assert wanted <= set(numbers)


def _bytes_of(path: Path) -> Iterator[bytes]:
    """Yield what a file holds: the parts of a Word file, and the streams of a PDF, unpacked."""
    content = path.read_bytes()
    yield content
    if path.suffix == ".docx":
        with zipfile.ZipFile(path) as parts:
            yield from map(parts.read, parts.namelist())
    if path.suffix == ".pdf":
        for stream in re.findall(rb"stream\r?\n(.*?)endstream", content, re.DOTALL):
            with suppress(zlib.error):
                yield zlib.decompress(stream)


def test_nothing_published_tells_a_folder_of_the_machine_it_was_made_on() -> None:
    """All that lies in reports/, built pages and documents too, and what git keeps beside it."""
    told = re.compile(
        rb"(?:/(?:home|Users|root|tmp|var/folders)/\w|[A-Z]:\\Users|ipykernel_\d|file://)|"
        + re.escape(str(CHECKOUT).encode())
    )
    kept = [*(CHECKOUT / "notebooks").glob("*.ipynb"), *(CHECKOUT / "data").rglob("*.*")]
    files = [path for path in (CHECKOUT / "reports").rglob("*") if path.is_file()]
    assert len(files) > 50
    for path in (*files, *kept, CHECKOUT / "README.md"):
        for content in _bytes_of(path):
            found = told.search(content)
            assert found is None, (path.name, found and found[0])
