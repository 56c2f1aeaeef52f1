"""Event study: priority municipalities against the others, year by year, before and after.

The joint test of the years before is printed with its power: with few clusters it sees little, and
it never decides (Roth 2022, Pretest with caution, American Economic Review: Insights 4, 305-322).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.stats import f as f_distribution
from scipy.stats import ncf

from bsup_analysis.effects.inference import RatioInterval, tidy
from bsup_analysis.effects.municipal.cluster_inference import crv3
from bsup_analysis.effects.municipal.honest import EventCoefficients
from bsup_analysis.effects.municipal.panel import MunicipalPanel, NotEstimableError
from bsup_analysis.effects.municipal.ppml import Dropped, PpmlSettings, event, fit
from bsup_analysis.errors import InputError


@dataclass(frozen=True)
class JointTest:
    """Test that all years before the reference have a ratio of one.

    Attributes
    ----------
    statistic
        Wald statistic over its number of restrictions.
    df
        Restrictions tested: the first degrees of freedom of the F distribution, whose second are
        the priority clusters less one.
    p_value
        Its p-value.
    drift
        Steady yearly drift of the ratio that the power is stated for: 0.05 is 5 % a year.
    power
        Probability that a test at 1 - level rejects under that drift, F with noncentrality
        d' V^-1 d for log drifts d.
    level
        Confidence level.
    """

    statistic: float
    df: int
    p_value: float
    drift: float
    power: float
    level: float


@dataclass(frozen=True)
class EventStudy:
    """Ratios by year.

    Attributes
    ----------
    reference_year
        Its ratio is one.
    first_treated_year
        From here on the priority municipalities count as treated.
    years
        Years with a coefficient, increasing.
    intervals
        Ratio of each with its CRV3 interval.
    joint
        Test of the years before the reference; None where there are none.
    dropped
        What was left out before fitting; a year in which one group has zeros only has no ratio.
    log_ratios, vcov
        Coefficients and their CRV3 variance matrix, in the order of `years`.
    """

    reference_year: int
    first_treated_year: int
    years: tuple[int, ...]
    intervals: tuple[RatioInterval, ...]
    joint: JointTest | None
    dropped: tuple[Dropped, ...]
    log_ratios: np.ndarray = field(repr=False, compare=False)
    vcov: np.ndarray = field(repr=False, compare=False)

    @property
    def cov(self) -> pd.DataFrame:
        """`vcov` labelled with the years."""
        return pd.DataFrame(self.vcov, index=list(self.years), columns=list(self.years))

    def tidy(self) -> pd.DataFrame:
        """One row a year, the reference among them as 0 without an interval.

        Columns `year`, `estimate`, `se`, `df`, `low`, `high` and `exp`; see `inference.tidy`.
        """
        first = self.intervals[0]
        rows = tidy(
            [*self.years, self.reference_year],
            [*self.log_ratios, 0.0],
            [*np.sqrt(np.diag(self.vcov)), np.nan],
            df=first.df,
            level=first.level,
            label="year",
        )
        return rows.sort_values("year", ignore_index=True)

    def for_honest_bounds(self, last_year: int | None = None) -> EventCoefficients:
        """Coefficients for honest bounds on the mean log ratio of treated years.

        A year after the reference that is not yet treated (the year of selection) stays as a
        period with weight zero, so that a departure has as many steps as there are years.

        Parameters
        ----------
        last_year
            The last year of that mean; years after it bear on none of its bounds and are left
            out. None: all treated years.

        Raises
        ------
        InputError
            A year has no finite coefficient, so that periods would not follow one another.
        """
        lost = [item.name for item in self.dropped if item.kind.startswith("coefficient")]
        if lost:
            raise NotEstimableError(
                "year_without_ratio",
                f"Honest bounds need every year, and {lost[0]} has no finite ratio.",
                year=lost[0].rpartition("_")[2],
            )
        year = np.array(self.years)
        kept = year <= (year[-1] if last_year is None else last_year)
        before, after = year < self.reference_year, (year > self.reference_year) & kept
        on = year[after] >= self.first_treated_year
        return EventCoefficients(
            self.log_ratios[before],
            self.log_ratios[after],
            self.vcov[np.ix_(kept, kept)],
            on / on.sum(),
            self.intervals[0].df,
        )


def event_study(
    panel: MunicipalPanel,
    reference_year: int,
    *,
    drift: float = 0.05,
    settings: PpmlSettings | None = None,
    level: float = 0.95,
) -> EventStudy:
    """Estimate a ratio for every year but the reference.

    Parameters
    ----------
    panel
        The panel; keep the year of selection in it to give honest bounds every year's step.
    reference_year
        An untreated year.
    drift
        Yearly drift for which the joint test's power is stated.
    settings
        What stands beside the coefficients.
    level
        Confidence level.
    """
    if not (math.isfinite(drift) and drift > -1 and drift != 0):
        raise InputError(f"The power is stated for a drift of the ratio, not for {drift}.")
    fitted = fit(panel, lambda given: event(given, reference_year), settings)
    variance = crv3(fitted)
    years = tuple(int(name.rpartition("_")[2]) for name in fitted.names)
    before = [position for position, year in enumerate(years) if year < reference_year]
    joint = None
    if before:
        own, vcov = variance.coefficients[before], variance.vcov[np.ix_(before, before)]
        drifts = math.log1p(drift) * (np.array(years)[before] - reference_year)
        joint = _joint(own, vcov, drifts, variance.df, drift, level)
    return EventStudy(
        reference_year=reference_year,
        first_treated_year=panel.first_treated_year,
        years=years,
        intervals=tuple(variance.interval(position, level=level) for position in range(len(years))),
        joint=joint,
        dropped=fitted.dropped,
        log_ratios=variance.coefficients,
        vcov=variance.vcov,
    )


def _joint(
    coefficients: np.ndarray,
    vcov: np.ndarray,
    drifts: np.ndarray,
    df_clusters: int,
    drift: float,
    level: float,
) -> JointTest:
    count = len(coefficients)
    if count >= np.linalg.matrix_rank(vcov) + 1:
        raise NotEstimableError(
            "joint_test",
            f"The variance of the {count} years before is singular: there are too few clusters "
            "for a joint test.",
            years=count,
        )
    statistic = float(coefficients @ np.linalg.solve(vcov, coefficients)) / count
    critical = f_distribution.ppf(level, count, df_clusters)
    noncentrality = float(drifts @ np.linalg.solve(vcov, drifts))
    return JointTest(
        statistic=statistic,
        df=count,
        p_value=float(f_distribution.sf(statistic, count, df_clusters)),
        drift=drift,
        power=float(ncf.sf(critical, count, df_clusters, noncentrality)),
        level=level,
    )
