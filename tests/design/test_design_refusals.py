"""Impossible values of the design: each kind is refused at load, with file and line."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bsup_analysis import cli
from bsup_analysis.design import load_design
from bsup_analysis.errors import InputError

CHECKOUT = Path(__file__).resolve().parents[2]
TEXT = (CHECKOUT / "study.toml").read_text(encoding="utf-8")

# table, key and value as written in its place, and a part of the sentence
IMPOSSIBLE = [
    ("inference.confidence_level", "value = 95.0", "less than 1"),
    ("inference.confidence_level", "value = 1.0", "less than 1"),
    ("inference.confidence_level", "value = 0.0", "greater than 0"),
    ("inference.confidence_level", "value = nan", "than"),
    ("inference.confidence_level", "value = -0.95", "greater than 0"),
    ("inference.power", "value = 80.0", "less than 1"),
    ("inference.power", "value = nan", "than"),
    ("inference.seed", "value = -1", "greater than or equal to 0"),
    ("inference.dispersion_grid", "value = []", "at least 2"),
    ("inference.dispersion_grid", "value = [2.0, 1.0]", "1.0 follows 2.0"),
    ("inference.dispersion_grid", "value = [1.0, 1.0]", "1.0 follows 1.0"),
    ("inference.dispersion_grid", "value = [-1.0, 1.0]", "greater than or equal to 0"),
    ("inference.dispersion_grid", "value = [1.0, inf]", "finite"),
    ("inference.dispersion_grid", "value = [nan, 1.0]", "finite"),
    ("municipal.relative_grid", "value = []", "at least 2"),
    ("municipal.relative_grid", "value = [0.5, 0.25]", "0.25 follows 0.5"),
    ("municipal.smooth_grid", "value = [-0.02, 0.0]", "greater than or equal to 0"),
    ("municipal.smooth_grid", "value = [0.0, inf]", "finite"),
    ("municipal.drift", "value = 5.0", "less than 1"),
    ("municipal.drift", "value = nan", "than"),
    ("municipal.draws", "value = 0", "greater than or equal to 99"),
    ("municipal.robustness_draws", "value = -1", "greater than or equal to 99"),
    ("municipal.largest_others", "value = 0", "greater than or equal to 1"),
    ("municipal.largest_others", "value = 69", "has 68"),
    ("municipal.smallest_priority", "value = 18", "has 17"),
    ("window.population_years", "value = []", "at least 1"),
    ("window.population_years", "value = [2010, 2009]", "2009 follows 2010"),
    ("window.population_years", "value = [2009, 2009, 2010]", "2009 follows 2009"),
    ("window.population_years", "value = [2007, 2008, 2009, 2010]", "2005 is not among window"),
    ("window.population_years",
     "value = [2004, 2005, 2006, 2007, 2008, 2009, 2010, 2011, 2012]", "has no 2004"),
    ("window.chart_years", "value = [2010, 2009, 2008, 2007]", "2009 follows 2010"),
    ("window.chart_years", "value = [2006, 2007, 2008, 2009]", "has no 2006"),
    ("window.chart_years", "value = [2009, 2010]", "has 2007 too"),
    ("window.published_years", "value = [2009]", "at least 2"),
    ("window.published_years", "value = [2010, 2009]", "2009 follows 2010"),
    ("window.published_years", "value = [2009, 2010, 2011]", "at most 2"),
    ("window.published_years", "value = [2008, 2009]", "first_treated_year"),
    ("window.last_year_before", "value = 2010", "2010 is not before"),
    ("window.last_year_before", "value = 2008", "not among window.published_years"),
    ("window.first_treated_year", "value = 2009", "2009 is not before"),
    ("window.first_treated_year", "value = 2011", "not among window.published_years"),
    ("municipal.years", "value = [2012, 2011, 2010, 2009, 2008, 2007]", "2011 follows 2012"),
    ("municipal.years", "value = [2007, 2008, 2008, 2009, 2010]", "2008 follows 2008"),
    ("municipal.years", "value = [2004, 2006, 2007, 2008, 2009, 2010]", "2004 is not among window"),
    ("municipal.years", "value = [2006, 2007, 2008, 2009]", "first treated year, 2010"),
    ("municipal.selection_year", "value = 2004", "2004 is not among municipal.years"),
    ("municipal.selection_year", "value = 2011", "is not before 2010"),
    ("municipal.reference_year", "value = 2004", "2004 is not among municipal.years"),
    ("municipal.reference_year", "value = 2009", "is not before the selection"),
    ("municipal.placebo_year", "value = 2015", "2015 is not among municipal.years"),
    ("municipal.placebo_year", "value = 2010", "is not before the selection"),
    ("municipal.placebo_year", "value = 2005", "before 2005"),
    ("municipal_outcomes.unemployed", 'column = "loans"', "are those of start_loans"),
    ("municipal_outcomes.unemployed", 'kind = "programme"', "start_loans alone are judged"),
    ("municipal_outcomes.start_loans", 'kind = "confounder"', "start_loans alone are judged"),
    ("municipal_outcomes.start_loans", 'column = "employed"', "are those of start_loans"),
    ("municipal_outcomes.refugees", 'column = "people"', "'refugees'"),
    ("municipal_outcomes.unemployed.timing", "years = [2006, 2008, 2007]", "2007 follows 2008"),
    ("municipal_outcomes.unemployed.timing", "selection_year = 2005", "not among the years"),
    ("municipal_outcomes.unemployed.timing", "selection_year = 2010", "neither before nor"),
    ("municipal_outcomes.unemployed.timing", "reference_year = 2010", "not before the selection"),
    ("municipal_outcomes.unemployed.timing", "placebo_year = 2012", "not before the selection"),
    ("municipal_outcomes.unemployed.timing", "placebo_year = 2006", "a year before the placebo"),
    ("municipal_outcomes.unemployed.timing", "contrast_years = [2006, 2007, 2008]", "a treated"),
    ("municipal_outcomes.unemployed.timing", "contrast_years = [2005, 2006, 2012]", "not among"),
    ("groups.municipalities", "value = 84", "84 stated, and data/decisions/treatment.csv has 85"),
    ("groups.priority", "value = 16", "16 stated, and data/decisions/treatment.csv has 17"),
    ("groups.priority", "value = 0", "greater than or equal to 1"),
    ("outcomes.loans", 'column = "lones"', "'loans' or 'amount_nok'"),
    ("outcomes.average", 'per = "households"', "'loans' or 'population'"),
    ("outcomes.average", 'column = "loans"', "always one"),
    ("readings.agreement", 'value = ["signed_2010", "eight_2013", "none"]', "'signed_2010'"),
    ("readings.malvik_2009_loans", 'value = ["text_p06", "text_p06"]', "the same reading"),
    ("readings.chart_order", 'value = ["reading_order", "backwards"]', "'exchanged'"),
    ("readings.share_2008", 'value = ["share_2008_of_amount", "share_2008_of_loans"]', "side_a"),
    ("parameters.language", "allowed = []", "is missing"),
    ("parameters.language", 'allowed = ["nb", "sv"]', "language/sv/language.toml is missing"),
]  # fmt: skip
# the text, what stands in its place, and a part of the sentence
MISSPELT = [
    ("[outcomes.amount]", "[outcomes.amounts]", "outcomes.amounts has no title, text, name"),
    ("[outcomes.loans]", "[outcomes.counts]", "none named loans, the main outcome"),
    ("[outcomes.amount]\n", '[outcomes.amount]\nper = "population"\n', "takes amount whole"),
    ("[readings.agreement]", "[readings.agreements]", "readings.agreements is not a key"),
    ('dispersion = "clustered"', 'dispersion = "cluster"', "'clustered'"),
    ('dispersion = "poisson"', 'malvik_2009_loans = "table_p14"', "'text_p06'"),
    ('outcome = "amount"', 'outcome = "average"', "'amount'"),
    ('outcome = "amount"\n', 'outcome = "amount"\nregion_loans = [993, 1487]\n', "about loans"),
    ('baseline = "share_2008_of_loans"\n',
     'baseline = "share_2008_of_loans"\nper_inhabitant = true\n', "replaces 2009"),
    ('without = ["1601"]', 'without = ["1502", "1511"]', "1511 is no priority municipality"),
    ("region_loans = [993, 1487]", "region_loans = [1, 1487]", "no bar of 1 loans"),
    ('name = "loans_poisson"', 'name = "amount"', "amount is given more than once"),
    ('name = "loans"\n', 'name = "main"\n', "none named loans"),
    ('name = "loans_clustered"', 'name = "loans_robust"', "label loans_robust in language"),
    ('needs = "start_loans"', 'needs = "loans"', "'start_loans'"),
    ("[municipal_outcomes.start_loans]", "[municipal_outcomes.loans]", "none named start_loans"),
]  # fmt: skip


def placed(table: str, written: str) -> str:
    """Write a key of a table anew."""
    lines, key = TEXT.splitlines(), written.split("=")[0].strip()
    start = lines.index(f"[{table}]")
    at = next(n for n in range(start, len(lines)) if lines[n].startswith(f"{key} ="))
    return "\n".join([*lines[:at], written, *lines[at + 1 :], ""])


def sentence(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"^study\.toml, line \d+: [^\n]*\.$") as caught:
        load_design(path)
    return str(caught.value)


@pytest.mark.parametrize(("table", "written", "part"), IMPOSSIBLE)
def test_impossible_value_is_refused_with_its_line(
    tmp_path: Path, table: str, written: str, part: str
) -> None:
    text = placed(table, written)
    told = sentence(tmp_path / "study.toml", text)
    assert part in told
    found = re.match(r"study\.toml, line (\d+): ([\w.]+?)\.([a-z]\w*)(?:\.\d+)?[: ]", told)
    assert found, told
    above = text.splitlines()[: int(found[1])]
    assert above[-1].startswith(f"{found[3]} ="), told
    assert [line for line in above if line.startswith("[")][-1] == f"[{found[2]}]", told
    # of two years that exclude each other the sentence may name the other
    assert found[2] == table or found[2].split(".")[0] in ("window", "municipal"), told


def test_a_municipal_outcome_without_words_is_refused(tmp_path: Path) -> None:
    renamed = TEXT.replace("municipal_outcomes.refugees", "municipal_outcomes.people")
    told = sentence(tmp_path / "study.toml", renamed)
    assert "municipal_outcomes.people has no name, source, about in [people]" in told
    assert "language/en/municipal_outcomes.toml" in told or "nb/municipal_outcomes.toml" in told


@pytest.mark.parametrize(("old", "new", "part"), MISSPELT)
def test_unknown_or_clashing_name_is_refused_with_its_line(
    tmp_path: Path, old: str, new: str, part: str
) -> None:
    at = TEXT.index(old)
    told = sentence(tmp_path / "study.toml", TEXT[:at] + new + TEXT[at + len(old) :])
    assert part in told
    first = TEXT[:at].count("\n") + 1
    found = re.search(r"line (\d+)", told)
    assert found
    if "none named" not in told and "given more than once" not in told:
        assert int(found[1]) in range(first, first + 2 + new.count("\n"))


# a row of readings.csv as it is, what stands in its place, and a part of the sentence
ROWS = [
    ("A1", "side_b", "side_c", "used is 'side_c', and readings.malvik_2009_loans"),
    ("A1", "side_b", "sideb", "used is 'sideb'"),
    ("A1", ",readings.malvik_2009_loans", ",readings.malvik", "drives is empty or"),
    ("A2", "figure on Malvik,", "figure on Malvik,readings.malvik_2009_loans", "decided already"),
]


@pytest.mark.parametrize(("row", "old", "new", "part"), ROWS)
def test_row_that_drives_what_is_not_there_is_refused(
    project: Path, row: str, old: str, new: str, part: str
) -> None:
    rewrite(project, row, old, new)
    with pytest.raises(InputError, match=r"^data/decisions/readings\.csv, row \d+: ") as caught:
        load_design(project / "study.toml")
    assert part in str(caught.value)


@pytest.mark.parametrize(
    ("row", "old", "new", "part"),
    [
        ("A9", "side_a", "both", "readings.agreement.value: its row .* has to use one side"),
        ("B2", "side_a", "neither", "readings.chart_order.value: its row .* has to use one side"),
        ("A1", ",readings.malvik_2009_loans", ",", "no row of .* drives it"),
    ],
)
def test_reading_without_one_decision_is_refused_with_its_line(
    project: Path, row: str, old: str, new: str, part: str
) -> None:
    rewrite(project, row, old, new)
    with pytest.raises(InputError, match=rf"^study\.toml, line \d+: .*{part}"):
        load_design(project / "study.toml")


def rewrite(project: Path, row: str, old: str, new: str) -> None:
    """Change one row of readings.csv, the last time the old text stands in it."""
    path = project / "data/decisions/readings.csv"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    at = next(n for n, line in enumerate(lines) if line.startswith(f"{row},"))
    head, found, tail = lines[at].rpartition(old)
    assert found
    lines[at] = head + new + tail
    path.write_text("".join(lines), encoding="utf-8", newline="")


def test_group_that_the_decisions_changed_is_refused_by_every_command(project: Path) -> None:
    path = project / "data/decisions/treatment.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("1502,Molde,true", "1502,Molde,false"), encoding="utf-8")
    for command in (["status"], ["report"], ["variants", "04_effects"], ["notebook", "04_effects"]):
        result = CliRunner().invoke(cli.app, command)
        assert isinstance(result.exception, InputError), (command, result.output)
        assert "groups.priority.value: 17 stated" in str(result.exception)
