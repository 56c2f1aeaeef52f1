"""The tables the audit reads, and the audit itself, made once."""

import inspect

import pandas as pd
import pytest

from bsup_analysis.analysis.audit import statement_audit, table_arithmetic
from bsup_analysis.study import read_table


@pytest.fixture(scope="session")
def tables() -> dict[str, pd.DataFrame]:
    return {name: read_table(name) for name in inspect.signature(statement_audit).parameters}


@pytest.fixture(scope="session")
def audit(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    return statement_audit(**tables)


@pytest.fixture(scope="session")
def arithmetic(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    return table_arithmetic(tables["programme_p14_start_loans"])
