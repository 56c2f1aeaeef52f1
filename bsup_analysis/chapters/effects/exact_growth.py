"""Growth of a municipality's loans, with what chance alone leaves open."""

import math

import pandas as pd
from scipy.stats import binomtest

from bsup_analysis.effects.inference import ratio_interval
from bsup_analysis.effects.paired import Paired


def exact_growth_interval(pre: int, post: int, *, level: float = 0.95) -> tuple[float, float]:
    """Give the exact interval of the growth of one Poisson count into another.

    Given both counts together, the later is binomial with odds equal to the growth (Przyborowski
    and Wilenski 1940, Biometrika 31, 313-323); the odds of Clopper and Pearson's limits (1934,
    Biometrika 26, 404-413) are the growth's.

    Parameters
    ----------
    pre, post
        Counts of the earlier and the later year, not both zero.
    level
        Confidence level; the interval covers with at least that probability.

    Returns
    -------
    tuple of float
        Limits of later divided by earlier year: from zero where the later year has none, without
        end where the earlier has none.
    """
    limits = binomtest(post, pre + post).proportion_ci(level, method="exact")
    low, high = float(limits.low), float(limits.high)
    return low / (1 - low), high / (1 - high) if high < 1 else math.inf


def detectable_growth(
    loans: int, common: float, *, level: float = 0.95, power: float = 0.80
) -> tuple[float, float]:
    """Give how far from a common growth one Poisson count's growth must lie to be told from it.

    Parameters
    ----------
    loans
        Both years' count together, above zero: with the common growth it is split between the
        years as that says, and the standard error of the log growth follows.
    common
        The growth it is held against, above zero.
    level, power
        Of the two-sided test, and the probability of finding (Bloom 1995).

    Returns
    -------
    tuple of float
        The growths below and above the common one.
    """
    before = loans / (1 + common)
    se = math.sqrt(1 / before + 1 / (common * before))
    found = ratio_interval(0.0, se, level=level, power=power)
    return common * found.detectable_below, common * found.detectable_above


def municipality_growth(
    rows: Paired, names: pd.Series, *, level: float, power: float = 0.80
) -> pd.DataFrame:
    """Compute each municipality's growth with its exact interval, the largest first.

    Parameters
    ----------
    rows
        Loans of the municipalities in the two years.
    names
        Name by municipality code.
    level, power
        Confidence level, and power of what could have been detected.

    Returns
    -------
    pandas.DataFrame
        `municipality_code`, `municipality_name`, `loans_before`, `loans_after`, `growth` with
        `growth_low` and `growth_high` (later divided by earlier year), and `detectable_below`
        and `detectable_above`: the growths beyond which it would be told from that of all rows.
    """
    found = pd.DataFrame(
        {
            "municipality_code": rows.codes,
            "municipality_name": [names[code] for code in rows.codes],
            "loans_before": rows.pre,
            "loans_after": rows.post,
        }
    )
    found["growth"] = found["loans_after"] / found["loans_before"]
    found[["growth_low", "growth_high"]] = [
        exact_growth_interval(int(pre), int(post), level=level)
        for pre, post in zip(rows.pre, rows.post, strict=True)
    ]
    found[["detectable_below", "detectable_above"]] = [
        detectable_growth(int(pre + post), rows.growth, level=level, power=power)
        for pre, post in zip(rows.pre, rows.post, strict=True)
    ]
    order = found.sort_values(["growth", "municipality_code"], ascending=[False, True])
    return order.reset_index(drop=True)
