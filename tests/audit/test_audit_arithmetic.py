"""The arithmetic of p. 14: exact as printed, and an error in any cell is found where it is."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bsup_analysis.analysis.audit import table_arithmetic
from bsup_analysis.errors import InputError
from bsup_analysis.tables.sources import read_source

TABLE = read_source("programme_p14_start_loans")
CELLS = [f"{quantity}_{part}" for quantity in ("loans", "amount_nok") for part in (2010, 2009)]
ROWS = 17  # document p. 14


def test_every_change_and_sum_is_exact(arithmetic: pd.DataFrame) -> None:
    assert arithmetic["test"].value_counts().to_dict() == {
        "row_change": 2 * ROWS,
        "column_sum": 6,
    }
    assert set(arithmetic["status"]) == {"reproduced"}
    assert (arithmetic["printed"] == arithmetic["recomputed"]).all()
    sums = arithmetic[arithmetic["test"] == "column_sum"]
    # the printed bottom line of p. 14
    assert sums["recomputed"].to_list() == [1009, 738, 271, 505039917, 395266363, 109773554]


@settings(deadline=None, max_examples=40)
@given(
    st.integers(0, ROWS - 1),
    st.sampled_from([*CELLS, "loans_change", "amount_nok_change"]),
    st.integers(-(10**6), 10**6).filter(bool),
)
def test_a_slip_in_one_cell_is_found_in_its_row_and_its_column(
    row: int, column: str, slip: int
) -> None:
    table = TABLE.copy()
    table.loc[row, column] += slip
    wrong = table_arithmetic(table).query("status == 'contradicted'")
    quantity, _, part = column.rpartition("_")
    name = table.loc[row, "municipality_name"]
    assert {(w.test, w.name, w.quantity, w.part) for w in wrong.itertuples(index=False)} == {
        ("row_change", name, quantity, "change"),
        ("column_sum", "SUM", quantity, part),
    }


def test_a_slip_in_a_printed_sum_is_found_in_its_column_alone() -> None:
    table = TABLE.copy()
    table.loc[table["row_kind"] == "sum", "loans_2009"] += 1
    wrong = table_arithmetic(table).query("status == 'contradicted'")
    assert wrong[["test", "quantity", "part"]].to_numpy().tolist() == [
        ["column_sum", "loans", "2009"]
    ]


def test_a_table_without_its_sum_is_refused() -> None:
    with pytest.raises(InputError, match="0 rows of kind sum"):
        table_arithmetic(TABLE[TABLE["row_kind"] == "municipality"])
