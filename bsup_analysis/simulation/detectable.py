"""The smallest effect a test finds with the wanted probability, read off its power curve."""

from __future__ import annotations

import math

import pandas as pd

COLUMNS = ("scenario", "test", "power", "detectable_ratio", "mc_error", "draws")


def detectable_ratios(table: pd.DataFrame, power: float) -> pd.DataFrame:
    """Read the minimum detectable ratio of every scenario and test off `summary.summarise`.

    Between two effects of the grid the curve is taken as a straight line in the log ratio (the
    grid's steps are a twentieth); the Monte Carlo error is that of the rate divided by the slope.

    Parameters
    ----------
    table
        Rows of the Poisson tests and of the tests on rates, effects of one and above.
    power
        The wanted rejection rate, 0 to 1.

    Returns
    -------
    pandas.DataFrame
        `COLUMNS`; a ratio is empty where the grid does not reach the power.
    """
    rows = []
    for (name, test), curve in table.groupby(["scenario", "test"], sort=False):
        points = curve.loc[curve["effect"] >= 1].sort_values("effect")
        rate, log = points["rejection_rate"].tolist(), [math.log(e) for e in points["effect"]]
        draws = int(points["draws"].iloc[0])
        ratio = error = math.nan
        for k in range(1, len(rate)):
            if rate[k - 1] < power <= rate[k]:
                slope = (rate[k] - rate[k - 1]) / (log[k] - log[k - 1])
                ratio = math.exp(log[k - 1] + (power - rate[k - 1]) / slope)
                error = ratio * math.sqrt(power * (1 - power) / draws) / slope
                break
        rows.append((name, test, power, ratio, error, draws))
    return pd.DataFrame(rows, columns=list(COLUMNS))
