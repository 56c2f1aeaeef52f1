"""The programme's figures: published values, identities on the real output, the same bytes."""

import subprocess
import sys
from pathlib import Path

import pytest
from displayed import displayed
from elsewhere import other_environment

from bsup_analysis.chapters.programme import pyramid, shares, start_loans
from bsup_analysis.errors import InputError
from bsup_analysis.exhibit import Exhibit
from bsup_analysis.study import Study, read_table

FUNCTIONS = [
    start_loans.average_loan,
    start_loans.region_loans,
    start_loans.malvik,
    start_loans.start_loan_table,
    pyramid.programme_pyramid,
    shares.loan_share,
    shares.population_share,
]


@pytest.fixture(scope="module")
def shown() -> dict[str, Exhibit]:
    study = Study("en")
    return {exhibit.id: exhibit for exhibit in (displayed(study, make) for make in FUNCTIONS)}


def number(shown: dict[str, Exhibit], exhibit: str, name: str) -> float:
    return shown[exhibit].numbers[name].value


def test_population_shares(shown: dict[str, Exhibit]) -> None:
    # Statistics Norway, table 07459, 1 January 2009: 425 732 of 666 164
    assert number(shown, "population_share", "population_priority_2009") == 425_732
    assert number(shown, "population_share", "population_region_2009") == 666_164
    share = number(shown, "population_share", "population_share_priority_2009")
    assert share == 425_732 / 666_164
    # document p. 13 prints 64 percent
    assert round(100 * share) == 64
    data = shown["population_share"].data
    assert ((data["priority"] + data["other"]) == data["region"]).all()


def test_loan_shares_against_totals_of_the_press(shown: dict[str, Exhibit]) -> None:
    # document p. 14 and press: 738 of 1 047 and 1 009 of 1 487 loans; 498 and 673 million NOK
    assert number(shown, "loan_share", "loan_share_priority_2009") == 738 / 1047
    assert number(shown, "loan_share", "loan_share_priority_2010") == 1009 / 1487
    assert number(shown, "loan_share", "amount_share_priority_2009") == 395_266_363 / 498e6
    assert number(shown, "loan_share", "amount_share_priority_2010") == 505_039_917 / 673e6
    data = shown["loan_share"].data.dropna()
    assert (data["share_low"] <= data["share"]).all()
    assert (data["share"] <= data["share_high"]).all()


def test_region_loans_add_up(shown: dict[str, Exhibit]) -> None:
    data = shown["region_loans"].data.set_index("year")
    assert data["loans"].to_dict() == {2007: 993, 2008: 931, 2009: 1047, 2010: 1487}
    known = data.dropna(subset=["priority"])
    assert list(known.index) == [2009, 2010]
    assert (known["priority"] + known["other"] == known["loans"]).all()


def test_average_loans_and_what_rounding_leaves(shown: dict[str, Exhibit]) -> None:
    value = lambda name: number(shown, "average_loan", name)  # noqa: E731
    assert value("average_loan_nok_region_2009") == 498e6 / 1047
    assert value("average_loan_nok_region_2009_low") == 497.5e6 / 1047
    assert value("average_loan_nok_region_2010_high") == 673.5e6 / 1487
    assert value("average_loan_nok_priority_2010") == 505_039_917 / 1009
    for year, total in ((2009, 1047), (2010, 1487)):
        parts = sum(
            value(f"average_loan_nok_{g}_{year}")
            * number(shown, "region_loans", f"loans_{g}_{year}")
            for g in ("priority", "other")
        )
        assert parts / total == pytest.approx(value(f"average_loan_nok_region_{year}"), rel=1e-12)


def test_lost_averages_are_not_guessed(shown: dict[str, Exhibit]) -> None:
    data = shown["average_loan"].data
    lost = data[(data["area"] == "region") & data["year"].isin([2007, 2008])]
    assert lost["average_loan_nok"].isna().all()
    assert len(lost) == 2


def test_table_agrees_with_every_printed_figure(shown: dict[str, Exhibit]) -> None:
    data = shown["start_loan_table"].data
    assert len(data) == 18
    assert data["printed_agrees"].all()


def test_a_wrong_printed_change_is_seen() -> None:
    printed = read_table("programme_p14_start_loans").copy()
    printed.loc[3, "loans_change"] += 1
    table = start_loans.completed_table(printed, read_table("municipality_year"))
    assert list(table.index[~table["printed_agrees"]]) == [3]


def test_malvik_has_every_variant(shown: dict[str, Exhibit]) -> None:
    data = shown["malvik"].data
    in_2009 = data[data["year"] == 2009]
    assert len(in_2009) == 4
    assert set(in_2009["loans"]) == {36, 53}
    # document p. 6: 46 million on 36 loans; p. 14: 46 778 000 on 53
    assert number(shown, "malvik", "malvik_average_loan_nok_2009_text") == 46e6 / 36
    assert number(shown, "malvik", "malvik_average_loan_nok_2009_table") == 46_778_000 / 53


@pytest.mark.parametrize("language", ["nb", "en"])
def test_exhibits_are_complete_in_each_language(language: str) -> None:
    study = Study(language)
    for function in FUNCTIONS:
        exhibit = displayed(study, function)
        assert exhibit.title
        assert exhibit.source
        assert len(exhibit.alternative_text) > 40
        assert "{" not in exhibit.title + exhibit.caption + exhibit.alternative_text
        assert len(exhibit.data) > 0


def test_data_and_numbers_are_the_same_in_both_languages() -> None:
    nb, en = Study("nb"), Study("en")
    for function in FUNCTIONS:
        one, other = displayed(nb, function), displayed(en, function)
        assert one.data.equals(other.data)
        assert one.numbers == other.numbers


def test_files_are_the_same_bytes_whatever_the_hash_seed(tmp_path: Path) -> None:
    program = (
        "import sys; from bsup_analysis.study import Study;"
        "from bsup_analysis.chapters.programme import pyramid, start_loans;"
        "from displayed import displayed; s = Study('nb', sys.argv[1]);"
        "displayed(s, start_loans.average_loan); displayed(s, pyramid.programme_pyramid);"
        "displayed(s, start_loans.start_loan_table); s.close()"
    )
    here, there = tmp_path / "here", tmp_path / "there"
    subprocess.run(
        [sys.executable, "-c", program, str(there)],
        env={**other_environment(), "HOME": str(tmp_path)},
        check=True,
    )
    study = Study("nb", str(here))
    for make in (start_loans.average_loan, pyramid.programme_pyramid, start_loans.start_loan_table):
        displayed(study, make)
    study.close()
    written = sorted(path.relative_to(here) for path in here.rglob("*.*"))
    assert len(written) == 3 + 3 + 3
    for path in written:
        assert (here / path).read_bytes() == (there / path).read_bytes(), path


def test_markup_in_a_cell_stays_text() -> None:
    table = read_table("programme_p14_start_loans").copy()
    table.loc[0, "municipality_name"] = "<script>alert(1)</script>"
    study = Study("en")
    exhibit = start_loans.start_loan_table(table, read_table("municipality_year"), study.words)
    page = exhibit._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_a_figure_is_an_image_with_its_alternative_text() -> None:
    page = displayed(Study("nb"), shares.population_share)._repr_html_()
    assert 'src="data:image/svg+xml,' in page
    assert 'alt="Til venstre' in page


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"language": "fr"}, "language is one of nb, en"),
        ({"language": "nb", "outcome": "households"}, "outcome is one of loans, amount, average"),
    ],
)
def test_values_that_the_design_does_not_allow_are_refused(
    parameters: dict[str, str], sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence):
        Study(**parameters)
