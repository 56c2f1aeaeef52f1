"""Every statement of the document beside its recomputation."""

import json
from collections.abc import Mapping

import pandas as pd

from bsup_analysis.analysis.audit.checks import CHECKS
from bsup_analysis.analysis.audit.statement import Finding, Statement, written
from bsup_analysis.errors import InputError

TABLE = "programme_statements"
FINDING = ["inputs", "recomputed_value", "status", "reason", "reason_values"]


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
                "inputs": "; ".join(CHECKS[statement.check].tables),
                "recomputed_value": finding.recomputed,
                "status": finding.status,
                "reason": finding.reason,
                "reason_values": _json(finding),
            }
        )
    return statements.reset_index(drop=True).join(pd.DataFrame(found, columns=FINDING))
