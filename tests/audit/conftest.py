"""The tables the audit reads, and the audit itself, made once."""

import pandas as pd
import pytest

from bsup_analysis.analysis.audit import CHECKS, audit_statements, table_arithmetic
from bsup_analysis.study import read_table


@pytest.fixture(scope="session")
def tables() -> dict[str, pd.DataFrame]:
    names = {name for check in CHECKS.values() for name in check.tables}
    return {name: read_table(name) for name in ("programme_statements", *sorted(names))}


@pytest.fixture(scope="session")
def audit(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    return audit_statements(tables["programme_statements"], tables)


@pytest.fixture(scope="session")
def arithmetic(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    return table_arithmetic(tables["programme_p14_start_loans"])
