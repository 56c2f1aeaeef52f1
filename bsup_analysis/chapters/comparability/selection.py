"""Who was selected: what is known of priority and other municipalities before the programme.

The standardised difference is that of Austin, "Balance diagnostics for comparing the distribution
of baseline covariates between treatment groups in propensity-score matched samples", Statistics in
Medicine 28(25), 2009, 3083-3107: with means m, sample variances v and shares p of the priority
municipalities (1) and the others (0)

    (m1 - m0) / sqrt((v1 + v0) / 2)                    for quantities,
    (p1 - p0) / sqrt((p1 (1 - p1) + p0 (1 - p0)) / 2)  for shares of municipalities.

It does not grow with the number of municipalities, as a test's statistic would.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bsup_analysis.design import Design

GROUPS = ("priority", "other")


def characteristics(
    municipality: pd.DataFrame, municipality_year: pd.DataFrame, design: Design
) -> pd.DataFrame:
    """Collect what is known of every municipality before the programme.

    Returns
    -------
    pandas.DataFrame
        A row a municipality, the most populous first: code, name, `group`, `population`
        (1 January of the last year before), `growth` (relative change of the population since
        the first year of the panel), `immigrant_share` (of that population) and
        `centrality_level_2008` (unknown for some).
    """
    window = design.window
    first, last = min(window.population_years.value), window.last_year_before.value
    persons = municipality_year.pivot(
        index="municipality_code", columns="year", values="population"
    ).astype(float)
    immigrants = municipality_year.pivot(
        index="municipality_code", columns="year", values="immigrants"
    ).astype(float)
    known = pd.DataFrame(
        {
            "population": persons[last],
            "growth": persons[last] / persons[first] - 1,
            "immigrant_share": immigrants[last] / persons[last],
        }
    )
    columns = ["municipality_code", "municipality_name", "group", "centrality_level_2008"]
    table = municipality[columns].merge(
        known, left_on="municipality_code", right_index=True, validate="1:1"
    )
    return table.sort_values(
        ["population", "municipality_code"], ascending=[False, True], ignore_index=True
    )


@dataclass(frozen=True)
class Overlap:
    """The values between `low` and `high`, both included, where both groups have members.

    `priority` and `other` count the members of each group there; there is no overlap where
    `low` lies above `high`.
    """

    low: float
    high: float
    priority: int
    other: int


def overlap(values: pd.Series, group: pd.Series) -> Overlap:
    """Find the range of values that both groups reach, and who lies in it.

    Parameters
    ----------
    values, group
        A value and a group (`priority` or `other`) for each municipality, none unknown.
    """
    by_group = values.groupby(group)
    low, high = float(by_group.min().max()), float(by_group.max().min())
    inside = group[values.between(low, high)].value_counts()
    return Overlap(low, high, int(inside.get("priority", 0)), int(inside.get("other", 0)))


def priority_among_largest(table: pd.DataFrame, largest: int) -> int:
    """Count the priority municipalities among the `largest` ones by `population`."""
    ranked = table.sort_values("population", ascending=False, kind="stable")
    return int((ranked["group"].head(largest) == "priority").sum())


def unbroken_run(table: pd.DataFrame) -> int:
    """Count how many of the most populous are priority municipalities before another comes."""
    ranked = table.sort_values("population", ascending=False, kind="stable")["group"]
    return int((ranked == "priority").cumprod().sum())


def standardised_difference(priority: pd.Series, other: pd.Series) -> float:
    """Compute (mean of `priority` - mean of `other`) in standard deviations, Austin (2009).

    Parameters
    ----------
    priority, other
        Numbers, or truth values, whose variance is then p (1 - p); unknown ones are left out.

    Returns
    -------
    float
        Not a number where neither group varies.
    """
    means, variances = [], []
    for values in (priority.dropna(), other.dropna()):
        numbers = values.astype(float)
        means.append(numbers.mean())
        variances.append(numbers.var(ddof=0 if values.dtype in ("bool", "boolean") else 1))
    spread = np.sqrt(np.mean(variances))
    return float((means[0] - means[1]) / spread) if spread > 0 else float("nan")


def balance_table(table: pd.DataFrame) -> pd.DataFrame:
    """Compare the groups on every characteristic.

    Parameters
    ----------
    table
        As from `characteristics`.

    Returns
    -------
    pandas.DataFrame
        A row a characteristic: its name, `kind` (`quantity` or `share`), the mean of each group
        (of the logarithm, that of persons), `standardised_difference`, how many of each group
        are known, and for quantities the overlap: its ends and how many of each group lie in it.
    """
    level = table["centrality_level_2008"]
    values = {
        "population": table["population"],
        "log_population": np.log(table["population"]),
        "growth": table["growth"],
        "immigrant_share": table["immigrant_share"],
        "most_central": (level == level.max()).where(level.notna()).astype("boolean"),
        "least_central": (level == level.min()).where(level.notna()).astype("boolean"),
    }
    rows = []
    for name, column in values.items():
        known = column.dropna()
        group = table.loc[known.index, "group"]
        sides = {side: known[group == side] for side in GROUPS}
        quantity = known.dtype != "boolean"
        row: dict[str, Any] = {"characteristic": name, "kind": "quantity" if quantity else "share"}
        row |= {f"mean_{side}": float(sides[side].astype(float).mean()) for side in GROUPS}
        row["standardised_difference"] = standardised_difference(sides["priority"], sides["other"])
        row |= {f"known_{side}": len(sides[side]) for side in GROUPS}
        if quantity:
            shared = overlap(known, group)
            row |= {"overlap_low": shared.low, "overlap_high": shared.high}
            row |= {"inside_priority": shared.priority, "inside_other": shared.other}
        rows.append(row)
    return pd.DataFrame(rows).astype({"inside_priority": "Int64", "inside_other": "Int64"})
