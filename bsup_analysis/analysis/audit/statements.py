"""Every statement of the document beside its recomputation."""

import inspect
import json
from collections.abc import Mapping

import pandas as pd

from bsup_analysis.analysis.audit.checks import CHECKS
from bsup_analysis.analysis.audit.statement import Finding, Statement, written
from bsup_analysis.errors import InputError

TABLE = "programme_statements"
FINDING = ["inputs", "recomputed_value", "status", "reason", "reason_values"]


def inputs_of(check: str) -> list[str]:
    """Name the tables that a check reads beside the statement itself."""
    return list(inspect.signature(CHECKS[check]).parameters)[1:]


def _find(statement: Statement, tables: Mapping[str, pd.DataFrame]) -> Finding:
    if statement.check not in CHECKS:
        known = ", ".join(sorted(CHECKS))
        raise InputError(f"no check is called {statement.check!r}; there are: {known}.")
    inputs = [tables[name] for name in inputs_of(statement.check)]
    return CHECKS[statement.check](statement, *inputs)


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
        (JSON).

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
            raise InputError(f"data/raw/{TABLE}.csv, row {number}: {error}") from None
        found.append(
            {
                "inputs": "; ".join(inputs_of(statement.check)),
                "recomputed_value": finding.recomputed,
                "status": finding.status,
                "reason": finding.reason,
                "reason_values": _json(finding),
            }
        )
    return statements.reset_index(drop=True).join(pd.DataFrame(found, columns=FINDING))


def statement_audit(
    programme_statements: pd.DataFrame,
    group_year: pd.DataFrame,
    municipality: pd.DataFrame,
    municipality_year: pd.DataFrame,
    press_totals: pd.DataFrame,
    programme_chart_axes: pd.DataFrame,
    programme_level_counts: pd.DataFrame,
    programme_levels: pd.DataFrame,
    programme_p06_malvik: pd.DataFrame,
    programme_p13_shares: pd.DataFrame,
    programme_p14_start_loans: pd.DataFrame,
    region_year: pd.DataFrame,
    ssb_population: pd.DataFrame,
    treatment: pd.DataFrame,
) -> pd.DataFrame:
    """Audit the document; the arguments are the tables that the checks read, by name."""
    # the names of the arguments are the names of the tables
    return audit_statements(programme_statements, dict(locals()))
