"""Every statement beside its recomputation, and the table on p. 14 against itself."""

import json
from collections.abc import Callable, Mapping

import pandas as pd

from bsup_analysis.analysis.audit import document_checks as document
from bsup_analysis.analysis.audit import number_checks as numbers
from bsup_analysis.analysis.audit.statement import (
    CONTRADICTED,
    NO_CLAIM,
    Finding,
    Statement,
    held,
    written,
)
from bsup_analysis.errors import InputError

FINDING = ["inputs", "recomputed_value", "status", "reason", "reason_values"]
PAGE = 14
QUANTITIES = ("loans", "amount_nok")
MALVIK = ("programme_p06_malvik", "programme_p14_start_loans")


class Check:
    """A check and the tables that it reads.

    Parameters
    ----------
    compute
        Takes the statement and then the tables.
    tables
        Their names, in that order.
    """

    def __init__(self, compute: Callable[..., Finding], *tables: str) -> None:
        self.compute, self.tables = compute, tables


# by the name a row of `programme_statements` calls them
CHECKS = {
    "date_consistency": Check(document.date_consistency, "programme_statements"),
    "date_order": Check(document.date_order),
    "agreement_count": Check(document.agreement_count, "programme_levels", "treatment"),
    "chart_axis": Check(document.chart_axis, "programme_chart_axes", "region_year"),
    "internal_count": Check(document.internal_count, "programme_levels"),
    "level_count": Check(document.level_count, "programme_level_counts", "programme_levels"),
    "listed_count": Check(document.listed_count),
    "name_list": Check(document.name_list, "programme_levels", "programme_p14_start_loans"),
    "none": Check(document.none),
    "share_complement": Check(document.share_complement, "programme_p13_shares"),
    "toc_page": Check(document.toc_page),
    "column_sum": Check(numbers.column_sum, "programme_p14_start_loans"),
    "loan_share": Check(numbers.loan_share, "group_year"),
    "rank": Check(numbers.rank, "municipality_year", "press_totals"),
    "region_average": Check(numbers.region_average, "region_year"),
    "region_loans": Check(numbers.region_loans, "press_totals"),
    "malvik_amount": Check(numbers.malvik_amount, *MALVIK),
    "malvik_average": Check(numbers.malvik_average, *MALVIK),
    "malvik_count": Check(numbers.malvik_count, *MALVIK),
    "malvik_direction": Check(numbers.malvik_direction, *MALVIK),
    "county_count": Check(numbers.county_count, "municipality"),
    "municipality_count": Check(numbers.municipality_count, "ssb_population"),
    "municipality_population": Check(numbers.municipality_population, "municipality_year"),
    "municipality_share": Check(numbers.municipality_share, "group_year"),
    "population_decline": Check(numbers.population_decline, "municipality_year"),
    "population_growth": Check(numbers.population_growth, "municipality_year"),
    "population_rank": Check(numbers.population_rank, "municipality_year"),
    "population_share": Check(numbers.population_share, "group_year"),
    "region_population": Check(numbers.region_population, "region_year"),
    "size_rank": Check(numbers.size_rank, "municipality_year"),
}


def _find(statement: Statement, tables: Mapping[str, pd.DataFrame]) -> Finding:
    if statement.check not in CHECKS:
        known = ", ".join(sorted(CHECKS))
        raise InputError(f"no check is called {statement.check!r}; there are: {known}.")
    check = CHECKS[statement.check]
    return check.compute(statement, *(tables[name] for name in check.tables))


def _json(finding: Finding) -> str:
    """Write what the reason tells; ten digits, so that the text is the same anywhere."""
    details = {
        name: float(written(value)) if isinstance(value, float) else value
        for name, value in finding.details.items()
    }
    return json.dumps(details, ensure_ascii=False)


def audit_statements(statements: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Recompute every statement with the check its row names.

    Parameters
    ----------
    statements
        The table `programme_statements`.
    tables
        What the checks read, by name.

    Returns
    -------
    pandas.DataFrame
        The statements, and for each: `inputs` (tables read, parted by semicolons),
        `recomputed_value` (as `Finding.recomputed`), `status`, `reason` and `reason_values`
        (JSON). Of contradicted claims also `issue`: the reading that the statement is a side of,
        or the statement's own identifier, so that rows which are one disagreement count once.

    Raises
    ------
    InputError
        A row names a check that does not exist, or lacks what its check needs; the sentence
        says which row (the header is row 1).
    """
    found = []
    for number, (_, row) in enumerate(statements.iterrows(), start=2):
        statement = Statement.from_row(row)
        try:
            finding = _find(statement, tables)
        except InputError as error:
            raise InputError(f"data/raw/programme_statements.csv, row {number}: {error}") from None
        inputs = "; ".join(CHECKS[statement.check].tables)
        told = finding.recomputed, finding.status, finding.reason, _json(finding)
        found.append((inputs, *told))
    audit = statements.reset_index(drop=True).join(pd.DataFrame(found, columns=FINDING))
    issue = audit["readings"].str.split(";").str[0].fillna(audit["statement_id"])
    disputed = (audit["status"] == CONTRADICTED) & ~audit["kind"].isin(NO_CLAIM)
    return audit.assign(issue=issue.where(disputed))


def table_arithmetic(programme_p14_start_loans: pd.DataFrame) -> pd.DataFrame:
    """Check all the arithmetic inside the table on p. 14: row changes, then sums.

    Parameters
    ----------
    programme_p14_start_loans
        Columns `row_kind`, `municipality_name` and, for `loans` and `amount_nok` (NOK), the
        printed `_2010`, `_2009` and `_change`.

    Returns
    -------
    pandas.DataFrame
        One row a municipality and quantity (its change, 2010 less 2009), then one a sum of the
        bottom line: `page`, `test` (`row_change` or `column_sum`), `name`, `quantity`, `part`,
        `printed`, `recomputed`, `status`.

    Raises
    ------
    InputError
        The table has no printed sum, or more than one.
    """
    kind = programme_p14_start_loans["row_kind"]
    rows, bottom = (programme_p14_start_loans[kind == name] for name in ("municipality", "sum"))
    if len(bottom) != 1:
        raise InputError(
            f"programme_p14_start_loans has {len(bottom)} rows of kind sum; page 14 has one."
        )
    changes = [
        (
            "row_change",
            rows,
            quantity,
            "change",
            rows[f"{quantity}_2010"] - rows[f"{quantity}_2009"],
        )
        for quantity in QUANTITIES
    ]
    sums = [
        ("column_sum", bottom, quantity, part, rows[f"{quantity}_{part}"].sum())
        for quantity in QUANTITIES
        for part in ("2010", "2009", "change")
    ]
    parts = [
        pd.DataFrame(
            {
                "page": PAGE,
                "test": test,
                "name": printed["municipality_name"],
                "quantity": quantity,
                "part": part,
                "printed": printed[f"{quantity}_{part}"],
                "recomputed": recomputed,
            }
        )
        for test, printed, quantity, part, recomputed in (*changes, *sums)
    ]
    table = pd.concat(parts, ignore_index=True)
    return table.assign(status=(table["printed"] == table["recomputed"]).map(held))
