"""The table on p. 14 against itself: each change a difference, each sum the sum of its column."""

import pandas as pd

from bsup_analysis.analysis.audit.statement import CONTRADICTED, REPRODUCED
from bsup_analysis.errors import InputError

PAGE = 14
QUANTITIES = ("loans", "amount_nok")
PARTS = ("2010", "2009", "change")
COLUMNS = ["page", "test", "name", "quantity", "part", "printed", "recomputed", "status"]


def _status(table: pd.DataFrame) -> pd.DataFrame:
    exact = table["printed"] == table["recomputed"]
    table = table.assign(page=PAGE, status=exact.map({True: REPRODUCED, False: CONTRADICTED}))
    return table[COLUMNS]


def _rows(start_loans: pd.DataFrame) -> pd.DataFrame:
    return start_loans[start_loans["row_kind"] == "municipality"]


def row_changes(start_loans: pd.DataFrame) -> pd.DataFrame:
    """Recompute the change of every municipality's row, 2010 less 2009.

    Parameters
    ----------
    start_loans
        `programme_p14_start_loans`: columns `row_kind`, `municipality_name` and, for `loans` and
        `amount_nok` (NOK), the printed `_2010`, `_2009` and `_change`.

    Returns
    -------
    pandas.DataFrame
        One row a municipality and quantity: `page`, `test` (`row_change`), `name`, `quantity`,
        `part`, `printed`, `recomputed`, `status`.
    """
    rows = _rows(start_loans)
    parts = [
        pd.DataFrame(
            {
                "test": "row_change",
                "name": rows["municipality_name"],
                "quantity": quantity,
                "part": "change",
                "printed": rows[f"{quantity}_change"],
                "recomputed": rows[f"{quantity}_2010"] - rows[f"{quantity}_2009"],
            }
        )
        for quantity in QUANTITIES
    ]
    return _status(pd.concat(parts, ignore_index=True))


def column_sums(start_loans: pd.DataFrame) -> pd.DataFrame:
    """Recompute the printed bottom line, the sum over the municipalities' rows.

    Parameters
    ----------
    start_loans
        As for `row_changes`.

    Returns
    -------
    pandas.DataFrame
        One row a printed sum, columns as for `row_changes` (`test` is `column_sum`).

    Raises
    ------
    InputError
        The table has no printed sum, or more than one.
    """
    rows = _rows(start_loans)
    bottom = start_loans[start_loans["row_kind"] == "sum"]
    if len(bottom) != 1:
        raise InputError(
            f"programme_p14_start_loans has {len(bottom)} rows of kind sum; page 14 has one."
        )
    printed = bottom.iloc[0]
    columns = [(quantity, part) for quantity in QUANTITIES for part in PARTS]
    return _status(
        pd.DataFrame(
            [
                {
                    "test": "column_sum",
                    "name": printed["municipality_name"],
                    "quantity": quantity,
                    "part": part,
                    "printed": printed[f"{quantity}_{part}"],
                    "recomputed": rows[f"{quantity}_{part}"].sum(),
                }
                for quantity, part in columns
            ]
        )
    )


def table_arithmetic(programme_p14_start_loans: pd.DataFrame) -> pd.DataFrame:
    """Check all the arithmetic inside the table on p. 14: row changes, then sums."""
    return pd.concat(
        [row_changes(programme_p14_start_loans), column_sums(programme_p14_start_loans)],
        ignore_index=True,
    )
