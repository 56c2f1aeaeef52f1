"""The municipal table: what an import or a fetch must end in."""

import pandas as pd
import pandera.pandas as pa
from pandera.typing import Series

from bsup_analysis.tables import CODE, Strict

DEFINITIONS = ("loans", "approved_dwellings")


class MunicipalStartLoans(Strict):
    """Start loans by municipality (borders of 2009) and year; an empty field is unknown."""

    municipality_code: Series[str] = pa.Field(
        str_matches=CODE, metadata={"unit": "code", "description": "Municipality, 2009 borders."}
    )
    year: Series[int] = pa.Field(
        ge=1990, le=2030, metadata={"unit": "year", "description": "Calendar year."}
    )
    loans: Series[pd.Int64Dtype] = pa.Field(
        ge=0,
        nullable=True,
        metadata={"unit": "count", "description": "Loans, or dwellings, by `definition`."},
    )
    loans_low: Series[pd.Int64Dtype] = pa.Field(
        ge=0,
        nullable=True,
        metadata={"unit": "count", "description": "Least that rounding or suppression leaves."},
    )
    loans_high: Series[pd.Int64Dtype] = pa.Field(
        ge=0,
        nullable=True,
        metadata={"unit": "count", "description": "Most that rounding or suppression leaves."},
    )
    amount_nok: Series[pd.Int64Dtype] = pa.Field(
        ge=0, nullable=True, metadata={"unit": "NOK", "description": "Amount, current prices."}
    )
    definition: Series[str] = pa.Field(
        isin=list(DEFINITIONS),
        metadata={"unit": "category", "description": "Loans paid out, or dwellings approved."},
    )
    source: Series[str] = pa.Field(
        metadata={"unit": "text", "description": "Where the row comes from, and marks it had."},
    )
    rows_used: Series[pd.Int64Dtype] = pa.Field(
        ge=0, metadata={"unit": "rows", "description": "Input rows added up; none: no row."}
    )

    @pa.dataframe_check(error="loans lie between loans_low and loans_high")
    @classmethod
    def within_bounds(cls, table: pd.DataFrame) -> pd.Series:
        """Check that the count lies inside its bounds, where all are known."""
        low = (table["loans"] >= table["loans_low"]).fillna(True)
        return (low & (table["loans"] <= table["loans_high"]).fillna(True)).astype(bool)

    @pa.check("source", error="synthetic data are no municipality's data")
    @classmethod
    def not_synthetic(cls, source: Series[str]) -> Series[bool]:
        """Refuse rows that say they are made up."""
        return ~source.str.lower().str.contains("synthetic", regex=False)

    class Config:
        unique = ["municipality_code", "year"]  # noqa: RUF012  (pandera reads a list)
