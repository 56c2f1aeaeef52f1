"""Priority municipalities with an agreement against those without, also within counties."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bsup_analysis.effects import paired
from bsup_analysis.effects.inference import RatioInterval, ratio_interval
from bsup_analysis.errors import InputError


@dataclass(frozen=True)
class AgreementContrast:
    """Growth with an agreement divided by growth without.

    Attributes
    ----------
    treated, untreated
        Rows of the two sets.
    scaled
        Interval with the Poisson variance times the Pearson dispersion around a growth of each
        set's own, t on its degrees of freedom.
    clustered
        Interval with the sandwich clustered on rows (CR1: factor G / (G - 1)).
    jackknife
        Interval with the variance from leaving out one row at a time (CRV3).
    """

    treated: paired.Paired
    untreated: paired.Paired
    scaled: RatioInterval
    clustered: RatioInterval
    jackknife: RatioInterval

    @property
    def ratio(self) -> float:
        """Growth of the treated divided by growth of the untreated."""
        return self.treated.growth / self.untreated.growth


def agreement_contrast(
    rows: paired.Paired,
    treated: Sequence[str],
    *,
    level: float = 0.95,
    power: float = 0.80,
) -> AgreementContrast:
    """Compare growth between two sets of municipalities.

    It is the Poisson model with municipality effects, year and agreement x later year. CR1 and
    CRV3 as in MacKinnon, Nielsen and Webb (2023, Journal of Econometrics 232, 272-299), with the
    factor G / (G - 1) alone for CR1; the jackknife refits the Poisson model and is centred on the
    full estimate. Both take t with (rows of the smaller set - 1) degrees of freedom: that set
    limits what is known of the variance.

    Parameters
    ----------
    rows
        All that could sign: municipalities, those that signed together added up to one row.
    treated
        Codes of those with an agreement.
    level, power
        Confidence level, and power of the detectable ratios.

    Raises
    ------
    InputError
        Fewer than two rows on either side, or a side that without one of them has none in a year.
    """
    number = len(frozenset(treated))
    if not 2 <= number <= len(rows.codes) - 2:
        raise InputError(
            f"{number} of {len(rows.codes)} that could sign have an agreement: two or more are"
            " needed on either side, else the variance between them cannot be known."
        )
    sides = with_agreement, without = rows.only(treated), rows.without(treated)
    log_ratio = math.log(with_agreement.growth) - math.log(without.growth)
    df, factor = min(number, len(without.codes)) - 1, len(rows.codes) / (len(rows.codes) - 1)
    sandwich, jackknife = (
        math.fsum(change**2 for side in sides for change in changes(side))
        for changes in (paired.share_changes, paired.left_out_changes)
    )
    spread = paired.growth_dispersion(*sides)
    poisson = with_agreement.poisson_variance + without.poisson_variance
    scaled, clustered, left_out = (
        ratio_interval(log_ratio, math.sqrt(variance), level=level, power=power, df=degrees)
        for variance, degrees in (
            (poisson * spread.phi, spread.df),
            (sandwich * factor, df),
            (jackknife / factor, df),
        )
    )
    return AgreementContrast(with_agreement, without, scaled, clustered, left_out)


@dataclass(frozen=True)
class CountyRow:
    """One county's rows with and without an agreement.

    Attributes
    ----------
    county
        Label.
    treated, untreated
        Codes of those in the county.
    growth
        Later divided by earlier year, of all of them.
    ratio
        Growth of the treated divided by the others' in the county; None unless it has both.
    """

    county: str
    treated: tuple[str, ...]
    untreated: tuple[str, ...]
    growth: float
    ratio: float | None


@dataclass(frozen=True)
class CountyComparison:
    """Agreement within counties.

    Attributes
    ----------
    rows
        One a county, sorted by label.
    within
        Mantel-Haenszel ratio over the counties that have both kinds, with a jackknife interval;
        None where no county has both, so that county and agreement cannot be told apart.
    """

    rows: tuple[CountyRow, ...]
    within: RatioInterval | None


def county_comparison(
    rows: paired.Paired,
    treated: Sequence[str],
    county: Mapping[str, str],
    *,
    level: float = 0.95,
    power: float = 0.80,
) -> CountyComparison:
    """Compare agreement and none inside each county, and pool over counties.

    Pooled: Mantel and Haenszel (1959) over the county tables of (agreement, none) x (later,
    earlier), which estimates the common ratio in the Poisson model with municipality effects
    and county x year. Its interval leaves out one row at a time; t with (rows of the rarer kind
    in counties that have both - 1) degrees of freedom.

    Parameters
    ----------
    rows, treated
        As in `agreement_contrast`.
    county
        County label of each code.
    level, power
        Confidence level, and power of the detectable ratios.

    Raises
    ------
    InputError
        A municipality without a county, or an unknown code among the treated.
    """
    named = frozenset(rows.only(treated).codes)
    missing = [code for code in rows.codes if code not in county]
    if missing:
        raise InputError(f"Municipality {missing[0]} has no county.")
    labels = sorted({county[code] for code in rows.codes})
    summary = []
    for label in labels:
        part = rows.only(code for code in rows.codes if county[code] == label)
        inside = tuple(code for code in part.codes if code in named)
        outside = tuple(code for code in part.codes if code not in named)
        known = inside and outside
        ratio = part.only(inside).growth / part.only(outside).growth if known else None
        summary.append(CountyRow(label, inside, outside, part.growth, ratio))
    both = [code for row in summary if row.ratio is not None for code in row.treated]
    none = [code for row in summary if row.ratio is not None for code in row.untreated]
    df = min(len(both), len(none)) - 1
    if df < 1:
        return CountyComparison(tuple(summary), None)
    informative = rows.only((*both, *none))
    log_ratio = _mantel_haenszel(informative, named, county)
    clusters = len(informative.codes)
    leave_out = math.fsum(
        (_mantel_haenszel(informative.without((code,)), named, county) - log_ratio) ** 2
        for code in informative.codes
    )
    se = math.sqrt(leave_out * (clusters - 1) / clusters)
    return CountyComparison(
        tuple(summary), ratio_interval(log_ratio, se, level=level, power=power, df=df)
    )


def _mantel_haenszel(
    rows: paired.Paired, named: frozenset[str], county: Mapping[str, str]
) -> float:
    """Log of the pooled ratio; a county left with one kind adds nothing to either sum."""
    tables: dict[str, list[float]] = {}
    for code, pre, post in zip(rows.codes, rows.pre, rows.post, strict=True):
        table = tables.setdefault(county[code], [0, 0, 0, 0])
        side = 0 if code in named else 2
        table[side] += pre
        table[side + 1] += post
    up = math.fsum(t[1] * t[2] / sum(t) for t in tables.values())
    down = math.fsum(t[0] * t[3] / sum(t) for t in tables.values())
    if up == 0 or down == 0:
        raise InputError(
            "Without one of its municipalities a kind has none in a year in every county, so the "
            "ratio within counties has no interval."
        )
    return math.log(up) - math.log(down)
