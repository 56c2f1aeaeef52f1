"""What an import understood and did, and how that is told in plain lines."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from bsup_analysis.municipal_import.entries import Rejected
from bsup_analysis.municipal_import.layout import Layout
from bsup_analysis.municipal_import.validation import AGREES, DEVIATES, INCOMPLETE

UNDECIDED = "undecided"
NOT_USED = "not used"
_MEANING = {
    "municipality": "municipality, by code or name",
    "name": "name beside the code",
    "year": "year",
    "loans": "number of loans",
    "amount_nok": "amount in NOK",
    "amount_1000_nok": "amount in thousands of NOK",
    "amount_million_nok": "amount in millions of NOK",
    "quantity": "name of the quantity",
    "value": "value of the quantity named",
    "": NOT_USED,
}


@dataclass(frozen=True)
class ImportResult:
    """What an import understood and did.

    Parameters
    ----------
    file, sheet
        What was read.
    understood
        One row a column of the file: `column`, `header`, `taken_for`.
    codes
        Whose year's municipality codes the file uses, in words.
    rows_in, rows_used
        Rows with anything in them below or above the header, and those in the table.
    set_aside
        Rows not used: `row`, `reason`, `content`; `rows_in` is `rows_used` and these.
    table
        The municipal table (`MunicipalStartLoans`).
    comparison
        The table compared with published totals (`validation.compare`).
    definition
        What is counted; `undecided` on a dry run that does not tell.
    written
        Table and record written; empty on a dry run.
    """

    file: str
    sheet: str
    understood: pd.DataFrame
    codes: str
    rows_in: int
    rows_used: int
    set_aside: pd.DataFrame
    table: pd.DataFrame
    comparison: pd.DataFrame
    definition: str
    written: tuple[Path, ...] = ()

    @property
    def deviations(self) -> pd.DataFrame:
        """The published totals that the table does not reproduce."""
        return self.comparison[self.comparison["status"] == DEVIATES].reset_index(drop=True)

    def lines(self, most: int = 20) -> Iterator[str]:
        """Tell it in plain lines: columns, rows, years, published totals; `most` rows of each."""
        yield f"file      {self.file}" + (f", sheet {self.sheet}" if self.sheet else "")
        yield from _listed("columns", self.understood, most)
        yield f"codes     {self.codes}"
        yield f"rows      {self.rows_in} in, {self.rows_used} used, {len(self.set_aside)} set aside"
        yield from _listed("set aside", self.set_aside, most)
        yield from _listed("years", by_year(self.table), most)
        counts = self.comparison["status"].value_counts()
        yield "published " + ", ".join(
            f"{int(counts.get(one, 0))} {word}"
            for one, word in ((AGREES, "agree"), (DEVIATES, "deviate"), (INCOMPLETE, "open"))
        )
        columns = ["area", "area_name", "year", "quantity", "published", "imported", "difference"]
        yield from _listed("deviations", self.deviations[[*columns, "source"]], most)
        yield f"counted   {self.definition}"
        for path in self.written:
            yield f"written   {path}"


def by_year(table: pd.DataFrame) -> pd.DataFrame:
    """Sum a municipal table up by year: municipalities known, loans, NOK.

    `rows_but_unknown` counts municipalities that have a row and yet no number, because a sign
    stands for it or a part of them has no row; their source column says which.
    """
    unknown = table["rows_used"].gt(0) & table["loans"].isna() & table["amount_nok"].isna()
    columns = ["loans", "amount_nok"]
    sums = table.groupby("year")[columns].sum(min_count=1)
    counts = (
        table.assign(known=table["loans"].notna(), unknown=unknown)
        .groupby("year")
        .agg(
            municipalities_known=("known", "sum"),
            rows_but_unknown=("unknown", "sum"),
        )
    )
    return counts.join(sums).reset_index()


def _listed(name: str, table: pd.DataFrame, most: int) -> Iterator[str]:
    """Give the first rows of a table as indented lines under a name."""
    if table.empty:
        return
    yield name
    shown = table.head(most).to_string(index=False, float_format=lambda value: f"{value:.0f}")
    yield from (f"  {line}" for line in shown.splitlines())
    if len(table) > most:
        yield f"  ... and {len(table) - most} more"


def understood(layout: Layout) -> pd.DataFrame:
    """Tell what each column was taken for."""
    rows = []
    for column in layout.columns:
        meaning = _MEANING[column.role] + (f", {column.year}" if column.year else "")
        rows.append((column.index + 1, column.header, meaning))
    return pd.DataFrame(rows, columns=["column", "header", "taken_for"])


def codes_used(pairs: Sequence[tuple[int, int]]) -> str:
    """Tell whose year's codes were used, from pairs of that year and the row's own."""
    if all(codes_of == year for codes_of, year in pairs):
        return "the codes of each row's own year"
    years = sorted({codes_of for codes_of, _ in pairs})
    return f"the codes of {', '.join(map(str, years))}"


def list_rejected(rejected: Sequence[Rejected], used: set[int]) -> pd.DataFrame:
    """List each row that is not used once, with the first reason found."""
    rows: dict[int, Rejected] = {}
    for one in sorted(rejected, key=lambda one: one.row):
        if one.row not in used:
            rows.setdefault(one.row, one)
    return pd.DataFrame(
        [(one.row, one.reason, one.content) for one in rows.values()],
        columns=["row", "reason", "content"],
    )
