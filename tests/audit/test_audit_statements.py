"""The audited statements: against the list of contradictions, with planted changes, and refused."""

import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from bsup_analysis.analysis.audit import CHECKS, STATUSES, audit_statements
from bsup_analysis.errors import InputError

FACTS = Path(__file__).resolve().parents[3] / "shared" / "facts" / "programme_facts.csv"
# pages 7 and 10 of the document hold no figure
PAGES = set(range(1, 17)) - {7, 10}
Tables = dict[str, pd.DataFrame]

# What the list of contradictions works out by hand, number by number (facts/contradictions.md
# beside the source material; A and B are its own numbering).
BY_HAND = {
    "S042": ("contradicted", "53"),  # A1
    "S037": ("within_rounding", "36432000"),  # A2
    "S038": ("within_rounding", "45/46"),  # A2: 35.5 to 37 million over 792 000
    "S039": ("within_rounding", "771739/804348"),  # A2: 35.5 to 37 million over 46
    "S041": ("within_rounding", "46778000"),  # A3
    "S044": ("within_rounding", "36797400"),  # A3
    "S043": ("reproduced", "up"),  # A4
    "S036": ("undefined", "up;down"),  # A5
    "S046": ("undefined", None),  # A6
    "S018": ("contradicted", "3;4"),  # A7
    "S056": ("contradicted", "4"),  # A7
    "S059": ("reproduced", "9"),  # A8: 17 names less the 8 with a possible agreement
    "S005": ("undefined", "3"),  # A17
    "S077": ("reproduced", "17"),  # A8
    "S060": ("undefined", "7;8;9"),  # A9
    "S091": ("reproduced", "6"),  # A9: five and one joint municipality
    "S092": ("reproduced", "2"),  # A9
    "S103": ("contradicted", "2;3"),  # A7: four and three in all, less the base offer
    "S099": ("contradicted", "3;4"),  # A10
    "S101": ("contradicted", "2009/2012"),  # A10
    "S090": ("unrecoverable", ""),  # A11
    "S028": ("contradicted", None),  # A13
    "S025": ("contradicted", None),  # A14
    "S084": ("undefined", ""),  # B1
    "S066": ("reproduced", "1047"),  # B2
    "S067": ("reproduced", "1487"),  # B2
    "S064": ("unrecoverable", ""),  # B2
    "S050": ("reproduced", "475167/476122"),  # B3
    "S051": ("reproduced", "452253/452925"),  # B3
    "S048": ("unrecoverable", ""),  # B3
    "S054": ("undefined", ""),  # B6
    "S078": ("reproduced", "20"),
    "S024": ("reproduced", "680110"),  # data/PROVENANCE.md: region on 1 January 2011
    "S080": ("within_rounding", "63.90798662"),  # data/PROVENANCE.md: 63.91 % in 2009
}


@pytest.mark.parametrize("identifier", sorted(BY_HAND))
def test_what_was_worked_out_by_hand(audit: pd.DataFrame, identifier: str) -> None:
    row = audit.set_index("statement_id").loc[identifier]
    status, recomputed = BY_HAND[identifier]
    assert row["status"] == status
    if recomputed is not None:
        assert row["recomputed_value"] == recomputed


def test_every_statement_has_a_status_of_the_set_and_every_page_is_covered(
    audit: pd.DataFrame, tables: Tables
) -> None:
    assert (
        audit["statement_id"].to_list() == tables["programme_statements"]["statement_id"].to_list()
    )
    assert set(audit["status"]) == set(STATUSES)
    assert set(audit["page"]) == PAGES
    held = audit["status"].isin(["reproduced", "within_rounding"])
    assert audit.loc[held, "recomputed_value"].str.len().min() > 0


def test_every_check_is_used_and_reads_tables_that_exist(
    audit: pd.DataFrame, tables: Tables
) -> None:
    assert set(audit["check"]) == set(CHECKS)
    used = {name for inputs in audit["inputs"] for name in inputs.split("; ") if name}
    assert used == set(tables)


def test_statement_and_translation_hold_the_same_digits(tables: Tables) -> None:
    def digits(text: str) -> list[str]:
        # thousands and decimal marks differ between the languages, digits do not
        return re.findall(r"\d+", re.sub(r"(?<=\d)[ ,.](?=\d)", "", text))

    for row in tables["programme_statements"].itertuples():
        for one, other in ((row.statement, row.statement_nb), (row.note, row.note_nb)):
            assert pd.isna(one) == pd.isna(other), row.statement_id
            if not pd.isna(one):
                assert sorted(digits(one)) == sorted(digits(other)), row.statement_id


def test_every_reading_of_a_statement_is_there(audit: pd.DataFrame) -> None:
    from bsup_analysis.study import read_table

    named = audit["readings"].dropna().str.split(";").explode()
    assert set(named) <= set(read_table("readings")["reading_id"])
    # every contradicted claim is a side of a reading, so that none is an issue by itself
    assert set(audit["issue"].dropna()) <= set(named)
    assert not audit["note"].str.contains("reading").any()


def test_every_fact_is_a_statement_or_a_cell_of_page_14(tables: Tables) -> None:
    if not FACTS.is_file():
        pytest.skip("the list of facts is not beside this checkout")
    facts = pd.read_csv(FACTS, dtype=str).set_index("fact_id")
    listed = tables["programme_statements"]["facts"].dropna().str.split(";").explode()
    assert set(listed) <= set(facts.index)
    # F123 to F224 are the cells of the 17 rows; their sums are statements
    rows = tables["programme_p14_start_loans"].query("row_kind == 'municipality'")
    names = {"Antall": "loans", "Beløp": "amount_nok", "antall": "loans", "beløp": "amount_nok"}
    cells = set()
    for fact, row in facts[facts["page"] == "14"].iterrows():
        found = re.fullmatch(
            r"(\w+): (?:(Antall|Beløp) (\d{4})|Endring \((antall|beløp)\))", row["quantity"]
        )
        place = rows["municipality_name"] == (found[1] if found else "")
        if found and place.any():
            column = f"{names[found[2] or found[4]]}_{found[3] or 'change'}"
            assert rows.loc[place, column].item() == int(row["value"])
            cells.add(fact)
    assert len(cells) == 6 * len(rows)
    assert set(listed) | cells == set(facts.index)
    assert len(facts) == 241


def _with(tables: Tables, name: str, change: Callable[[pd.DataFrame], None]) -> pd.DataFrame:
    changed = tables[name].copy()
    change(changed)
    given = {**tables, name: changed}
    return audit_statements(given["programme_statements"], given).set_index("statement_id")


def test_the_malvik_statement_follows_the_table(tables: Tables) -> None:
    def as_in_the_text(table: pd.DataFrame) -> None:
        table.loc[table["municipality_name"] == "Malvik", "loans_2009"] = 36

    changed = _with(tables, "programme_p14_start_loans", as_in_the_text)
    assert changed.loc["S042", "status"] == "reproduced"
    # 738 no longer is the sum, and the number now falls on both pages
    assert changed.loc["S094", "status"] == "contradicted"
    assert changed.loc["S036", "status"] == "undefined"


def test_an_amount_that_is_rounded_is_not_called_cut_off(tables: Tables) -> None:
    def rounded(table: pd.DataFrame) -> None:
        table.loc[table["municipality_name"] == "Malvik", "amount_nok_2009"] = 46_200_000

    changed = _with(tables, "programme_p14_start_loans", rounded)
    # contradictions A3: 36 797 400 is cut off to 36 million, where rounding gives 37
    assert changed.loc[["S041", "S044"], "reason"].to_list() == [
        "amount_of_table",
        "amount_cut_off",
    ]
    assert set(changed.loc[["S041", "S044"], "status"]) == {"within_rounding"}


def test_an_undated_statement_follows_the_population(tables: Tables) -> None:
    def smaller(table: pd.DataFrame) -> None:
        table["population"] -= 200

    changed = _with(tables, "region_year", smaller)
    # 680 110 on 1 January 2011 was the only plausible year above 680 000
    assert changed.loc["S024", "status"] == "contradicted"
    assert changed.loc["S024", "recomputed_value"] == "665964/679910"


def test_a_disagreement_ends_when_one_side_gives_in(tables: Tables) -> None:
    def agree(table: pd.DataFrame) -> None:
        table.loc[table["statement_id"] == "S101", "printed_value"] = "2009/2012"
        table.loc[table["statement_id"] == "S099", "printed_value"] = "4"

    changed = _with(tables, "programme_statements", agree)
    same = changed["check_argument"] == "topic=programme_period"
    assert set(changed.loc[same, "status"]) == {"reproduced"}


def test_nine_and_eight_no_longer_making_seventeen_is_a_contradiction(tables: Tables) -> None:
    def seven(table: pd.DataFrame) -> None:
        table.loc[table["level"] == "agreement_possible", "printed_count"] = 7

    changed = _with(tables, "programme_level_counts", seven)
    assert changed.loc["S059", ["status", "recomputed_value"]].to_list() == ["contradicted", "10"]


def test_a_press_total_that_differs_contradicts_the_chart(tables: Tables) -> None:
    def other(table: pd.DataFrame) -> None:
        table.loc[table["printed_value"] == 1487, "printed_value"] = 1488

    changed = _with(tables, "press_totals", other)
    assert changed.loc["S067", "status"] == "contradicted"


def test_names_that_differ_between_pages_are_found(tables: Tables) -> None:
    def misspell(table: pd.DataFrame) -> None:
        table.loc[table["municipality_name"] == "Røros", "municipality_name"] = "Oppdal"

    changed = _with(tables, "programme_p14_start_loans", misspell)
    assert changed.loc["S088", ["status", "recomputed_value"]].to_list() == ["contradicted", "16"]


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("check", "guess", "no check is called 'guess'"),
        ("check_argument", None, "needs municipality= in check_argument"),
        ("check_argument", "municipality=1601", "needs plausible_years= in check_argument"),
        ("check_argument", "municipality=1601;plausible_years=2009", "is first-last, not '2009'"),
        ("check_argument", "municipality=1601;plausible_years=1999-2000", "no plausible year"),
        ("check_argument", "municipality=9999;plausible_years=2009-2011", "'9999' .* is not one"),
        ("printed_value", "many", "needs a number, but printed_value is 'many'"),
        ("comparison", "exists", "no rule for comparison 'exists'"),
    ],
)
def test_a_row_its_check_cannot_read_is_refused_with_its_number(
    tables: Tables, column: str, value: str | None, reason: str
) -> None:
    def spoil(table: pd.DataFrame) -> None:
        table.loc[table["statement_id"] == "S027", column] = value

    # the header is row 1, S027 row 28
    with pytest.raises(InputError, match=rf"programme_statements\.csv, row 28: .*{reason}"):
        _with(tables, "programme_statements", spoil)


@pytest.mark.parametrize(
    ("identifier", "argument", "reason"),
    [
        ("S004", "reason=unknown", "undefined, artefact or no_data"),
        ("S005", "marker=three", "marker in check_argument is a whole number"),
        ("S046", "municipality=1663;year=2010;measures=luck", "measure 'luck'"),
        ("S046", "municipality=1511;year=2010;measures=loans", "'1511' has no loans in 2010"),
        ("S047", "chart=pie;axis=value", "chart 'pie' has no axis 'value'"),
        ("S084", "group=priority;year=2008;measure=both", "not 'both'"),
        ("S090", "not_before=2011-08;not_after=2010-01", "not_before is later"),
        ("S093", "column=loans_2012", "column 'loans_2012'"),
    ],
)
def test_an_argument_that_means_nothing_is_refused(
    tables: Tables, identifier: str, argument: str, reason: str
) -> None:
    def spoil(table: pd.DataFrame) -> None:
        table.loc[table["statement_id"] == identifier, "check_argument"] = argument

    with pytest.raises(InputError, match=reason):
        _with(tables, "programme_statements", spoil)
