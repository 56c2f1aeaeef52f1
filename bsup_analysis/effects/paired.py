"""Municipalities seen twice, the form in which the table on page 14 is used, and their spread.

How much more municipalities vary than Poisson counts, their part of the clustered variance, and
how unlike their growths are beyond chance. Derivations: `METHODS.md`, published level, section 2.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.stats import chi2, norm, t

from bsup_analysis.errors import InputError


@dataclass(frozen=True)
class Paired:
    """One measure of several municipalities before and after.

    Attributes
    ----------
    codes
        Municipality codes, each once.
    pre, post
        The measure (loans, or NOK) in the earlier and the later year, one value a municipality.

    Raises
    ------
    InputError
        A code twice, a negative or missing value, or a municipality with nothing in both years:
        its growth does not exist and it carries no weight in a model with municipality effects.
    """

    codes: tuple[str, ...]
    pre: tuple[float, ...]
    post: tuple[float, ...]

    def __post_init__(self) -> None:
        if not len(self.codes) == len(self.pre) == len(self.post):
            raise InputError("Codes and the values of the two years differ in number.")
        if not self.codes:
            raise InputError("There is no municipality to compare: give at least one row.")
        seen: dict[str, None] = {}
        for code, pre, post in zip(self.codes, self.pre, self.post, strict=True):
            if code in seen:
                raise InputError(f"Municipality {code} stands twice: keep one row for it.")
            seen[code] = None
            if not (math.isfinite(pre) and math.isfinite(post) and pre >= 0 and post >= 0):
                raise InputError(
                    f"Municipality {code} has {pre} and {post}: both years need a number of "
                    "zero or more."
                )
            if pre == post == 0:
                raise InputError(
                    f"Municipality {code} has none in both years, so its growth does not exist: "
                    "leave it out."
                )
        if self.pre_total == 0 or self.post_total == 0:
            raise InputError(
                f"Municipalities {', '.join(self.codes)} have together none in one of the years, "
                "so their growth does not exist."
            )

    @property
    def pre_total(self) -> float:
        """Sum of the earlier year."""
        return sum(self.pre)

    @property
    def post_total(self) -> float:
        """Sum of the later year."""
        return sum(self.post)

    @property
    def growth(self) -> float:
        """Later total divided by earlier total."""
        return self.post_total / self.pre_total

    @property
    def poisson_variance(self) -> float:
        """Variance of the log growth if the values are Poisson counts: 1/pre + 1/post."""
        return 1 / self.pre_total + 1 / self.post_total

    def only(self, codes: Iterable[str]) -> Paired:
        """Return the named municipalities, in the order held here."""
        return self._kept(frozenset(codes), True)

    def without(self, codes: Iterable[str]) -> Paired:
        """Return every municipality but the named ones."""
        return self._kept(frozenset(codes), False)

    def by_unit(self, unit: Mapping[str, str]) -> Paired:
        """Add up the municipalities of each unit; codes are then those of the units.

        Parameters
        ----------
        unit
            Unit of each municipality code: for agreements, those that signed together are one.
        """
        sums: dict[str, list[float]] = {}
        for code, pre, post in zip(self.codes, self.pre, self.post, strict=True):
            both = sums.setdefault(unit[code], [0, 0])
            both[0] += pre
            both[1] += post
        before, after = zip(*sums.values(), strict=True)
        return Paired(tuple(sums), before, after)

    def _kept(self, named: frozenset[str], wanted: bool) -> Paired:
        missing = sorted(named.difference(self.codes))
        if missing:
            raise InputError(
                f"Municipality {missing[0]} is named but has no row among {', '.join(self.codes)}."
            )
        at = [n for n, code in enumerate(self.codes) if (code in named) == wanted]
        pre, post = (tuple(values[n] for n in at) for values in (self.pre, self.post))
        return Paired(tuple(self.codes[n] for n in at), pre, post)


def paired(panel: pd.DataFrame, measure: str, pre_year: int, post_year: int) -> Paired:
    """Take two years of one measure out of a municipality-year table.

    Parameters
    ----------
    panel
        Columns `municipality_code`, `year` and `measure`, one row a municipality and year.
    measure
        Column to take.
    pre_year, post_year
        The two years.

    Returns
    -------
    Paired
        Sorted by municipality code; whole numbers stay whole.

    Raises
    ------
    InputError
        One year instead of two, a row twice, or a municipality that lacks one of the years.
    """
    if pre_year == post_year:
        raise InputError(f"The window is the single year {pre_year}: growth needs two years.")
    rows = panel.loc[panel["year"].isin([pre_year, post_year])]
    twice = rows.loc[rows.duplicated(["municipality_code", "year"])]
    if not twice.empty:
        row = twice.iloc[0]
        raise InputError(f"Municipality {row['municipality_code']} stands twice in {row['year']}.")
    wide = rows.pivot(index="municipality_code", columns="year", values=measure)
    wide = wide.reindex(columns=[pre_year, post_year])
    lacking = wide.index[wide.isna().any(axis=1)]
    if wide.empty or len(lacking):
        name = "no municipality has" if wide.empty else f"municipality {lacking[0]} lacks"
        raise InputError(f"In {measure}, {name} both {pre_year} and {post_year}.")
    pre, post = (tuple(_whole(value) for value in wide[year]) for year in wide.columns)
    return Paired(tuple(str(code) for code in wide.index), pre, post)


def _whole(value: float) -> float:
    number = float(value)
    return int(number) if number.is_integer() else number


@dataclass(frozen=True)
class Dispersion:
    """Pearson statistic over its degrees of freedom (McCullagh and Nelder 1989, section 6.2.3).

    Attributes
    ----------
    chi2
        Sum of (observed - expected)^2 / expected; in the unit of the measure.
    df
        Cells less estimated parameters.
    """

    chi2: float
    df: int

    @property
    def phi(self) -> float:
        """Variance divided by mean: 1 for Poisson counts; in NOK for amounts."""
        return self.chi2 / self.df


def growth_dispersion(*groups: Paired) -> Dispersion:
    """Dispersion around a common growth inside each group.

    Fitted means are those of municipality effects and one growth a group, that is the
    row x column / total of each group's municipalities x 2 table.

    Parameters
    ----------
    groups
        One or several sets of municipalities, each with a growth of its own.

    Returns
    -------
    Dispersion
        With (municipalities - groups) degrees of freedom.

    Raises
    ------
    InputError
        No degree of freedom left.
    """
    municipalities = sum(len(group.codes) for group in groups)
    df = municipalities - len(groups)
    if df < 1:
        raise InputError(
            f"{municipalities} municipalities and {len(groups)} growths leave nothing to measure "
            "dispersion with: two municipalities at least are needed."
        )
    terms = []
    for group in groups:
        share_post = group.post_total / (group.pre_total + group.post_total)
        for pre, post in zip(group.pre, group.post, strict=True):
            for observed, share in ((pre, 1 - share_post), (post, share_post)):
                expected = (pre + post) * share
                terms.append((observed - expected) ** 2 / expected)
    return Dispersion(math.fsum(terms), df)


@dataclass(frozen=True)
class ClusteredHalf:
    """A group's part of the cluster-robust variance of the log ratio.

    Attributes
    ----------
    variance
        The jackknife's: (municipalities - 1) / municipalities times the sum of squared changes of
        the log growth when one municipality at a time is left out (CRV3); unit-free.
    poisson_variance
        1/pre + 1/post of the group's loans (or NOK).
    """

    variance: float
    poisson_variance: float

    @property
    def equivalent_phi(self) -> float:
        """The dispersion at which a dispersion-scaled variance would be this large."""
        return self.variance / self.poisson_variance


def share_changes(group: Paired) -> tuple[float, ...]:
    """Influence of each municipality on its group's log growth.

    It is the municipality's share of the later total less its share of the earlier one
    (`METHODS.md`, published level, section 2); the influences sum to zero.
    """
    return tuple(
        post / group.post_total - pre / group.pre_total
        for pre, post in zip(group.pre, group.post, strict=True)
    )


def left_out_changes(group: Paired) -> tuple[float, ...]:
    """Change of the group's log growth without each municipality in turn.

    Raises
    ------
    InputError
        A single municipality, or one without which the others have none in a year.
    """
    if len(group.codes) < 2:
        raise InputError("One municipality has no variance between municipalities: give two.")
    return tuple(math.log(group.without((code,)).growth / group.growth) for code in group.codes)


def clustered_half(group: Paired) -> ClusteredHalf:
    """Compute a group's part of the variance clustered on municipalities, exact from its rows.

    The jackknife and not the sandwich (CR1): where one municipality has much of the total its
    residual is small because the fit follows it, and the sandwich counts little of it (MacKinnon,
    Nielsen and Webb 2023, Journal of Econometrics 232, 272-299).

    Raises
    ------
    InputError
        As `left_out_changes`.
    """
    return _half(left_out_changes(group), group.poisson_variance)


def clustered_half_average(loans: Paired, amounts: Paired) -> ClusteredHalf:
    """Compute `clustered_half` for the growth of the average loan, NOK divided by loans.

    Raises
    ------
    InputError
        Loans and amounts are of different municipalities.
    """
    if loans.codes != amounts.codes:
        raise InputError("Loans and amounts are not of the same municipalities in the same order.")
    pairs = zip(left_out_changes(amounts), left_out_changes(loans), strict=True)
    return _half(tuple(amount - loan for amount, loan in pairs), loans.poisson_variance)


def _half(changes: tuple[float, ...], poisson_variance: float) -> ClusteredHalf:
    total = math.fsum(change**2 for change in changes)
    return ClusteredHalf((len(changes) - 1) / len(changes) * total, poisson_variance)


@dataclass(frozen=True)
class Heterogeneity:
    """Spread of true log growth between municipalities.

    Attributes
    ----------
    tau, tau_low, tau_high
        Standard deviation of log growth beyond Poisson noise, and its interval.
    mean, mean_se
        Random-effects mean of log growth and its standard error.
    growth_low, growth_high
        Interval of the mean growth, as ratios.
    prediction_low, prediction_high
        Interval for the true growth of one more such municipality, as ratios.
    observed_low, observed_high
        The same for the growth that would be seen in it, with the noise of `typical` loans.
    typical
        Median number of loans (or NOK) in both years together.
    q, df
        Cochran's statistic and its degrees of freedom.
    level
        Confidence level of all intervals.
    """

    tau: float
    tau_low: float
    tau_high: float
    mean: float
    mean_se: float
    growth_low: float
    growth_high: float
    prediction_low: float
    prediction_high: float
    observed_low: float
    observed_high: float
    typical: float
    q: float
    df: int
    level: float


def heterogeneity(group: Paired, *, level: float = 0.95) -> Heterogeneity:
    """Estimate the spread of log growth by Paule and Mandel's moment equation.

    Paule-Mandel because it assumes no distribution of the true growths and, unlike
    DerSimonian-Laird, is not pulled down where precision differs as much as here (Veroniki et
    al. 2016, Research Synthesis Methods 7, 55-79). Sampling variance of log growth is
    1/pre + 1/post. Interval of tau: Q-profile (Viechtbauer 2007, Statistics in Medicine 26,
    37-52). Prediction interval: t with k - 2 degrees of freedom (Higgins, Thompson and
    Spiegelhalter 2009, JRSS A 172, 137-159). It is one of true growth; the growth that is seen adds
    the sampling variance of the typical total n, split by the mean growth g: (1 + g)^2 / (g n).
    Tau is taken as known: with the sizes of the 17 the interval of the growth seen holds it as
    often as it says, that of true growth too seldom (test_effects_heterogeneity.py).

    Raises
    ------
    InputError
        A municipality without loans in one year (its log growth does not exist, and no constant
        is added to make one up), or fewer than three municipalities.
    """
    if len(group.codes) < 3:
        raise InputError("Spread between municipalities needs three of them at least.")
    for code, pre, post in zip(group.codes, group.pre, group.post, strict=True):
        if min(pre, post) == 0:
            raise InputError(
                f"Municipality {code} has none in one year, so its log growth does not exist: "
                "leave it out of the heterogeneity, and say so."
            )
    pairs = list(zip(group.pre, group.post, strict=True))
    effects = np.array([math.log(post / pre) for pre, post in pairs])
    variances = np.array([1 / pre + 1 / post for pre, post in pairs])
    df = len(pairs) - 1
    tau2 = between_variance(effects, variances, df)
    tail = (1 - level) / 2
    weights = 1 / (variances + tau2)
    mean = math.fsum(weights * effects) / math.fsum(weights)
    mean_se = 1 / math.sqrt(math.fsum(weights))
    typical, growth = float(np.median([pre + post for pre, post in pairs])), math.exp(mean)
    true, seen = (
        float(t.ppf(1 - tail, df - 1)) * math.sqrt(tau2 + mean_se**2 + noise)
        for noise in (0, (1 + growth) ** 2 / (growth * typical))
    )
    margin = float(norm.ppf(1 - tail)) * mean_se
    return Heterogeneity(
        tau=math.sqrt(tau2),
        tau_low=math.sqrt(between_variance(effects, variances, chi2.ppf(1 - tail, df))),
        tau_high=math.sqrt(between_variance(effects, variances, chi2.ppf(tail, df))),
        mean=mean,
        mean_se=mean_se,
        growth_low=math.exp(mean - margin),
        growth_high=math.exp(mean + margin),
        prediction_low=math.exp(mean - true),
        prediction_high=math.exp(mean + true),
        observed_low=math.exp(mean - seen),
        observed_high=math.exp(mean + seen),
        typical=typical,
        q=_cochran(effects, variances, 0.0),
        df=df,
        level=level,
    )


def _cochran(effects: np.ndarray, variances: np.ndarray, tau2: float) -> float:
    """Weighted squared distance from the weighted mean; falls as tau2 rises."""
    weights = 1 / (variances + tau2)
    mean = math.fsum(weights * effects) / math.fsum(weights)
    return math.fsum(weights * (effects - mean) ** 2)


def between_variance(effects: np.ndarray, variances: np.ndarray, target: float) -> float:
    """Solve for the variance between units at which Cochran's statistic is `target`.

    Parameters
    ----------
    effects, variances
        Estimate and sampling variance of each unit.
    target
        Degrees of freedom for Paule and Mandel's estimate; a chi-square quantile for a bound.

    Returns
    -------
    float
        Zero where the statistic is below the target without any variance between units.
    """
    if _cochran(effects, variances, 0.0) <= target:
        return 0.0
    upper = 1.0
    while _cochran(effects, variances, upper) > target:
        upper *= 2
    return brentq(lambda tau2: _cochran(effects, variances, tau2) - target, 0.0, upper, xtol=1e-15)
