"""County as the competing explanation of an agreement's growth."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bsup_analysis.effects.inference import RatioInterval, ratio_interval
from bsup_analysis.effects.paired import Paired
from bsup_analysis.errors import InputError


@dataclass(frozen=True)
class CountyRow:
    """One county's municipalities with and without an agreement.

    Attributes
    ----------
    county
        Label.
    treated, untreated
        Codes of the municipalities.
    growth, growth_treated, growth_untreated
        Later divided by earlier year; None where the county has no such municipality.
    ratio
        Growth of the treated divided by the others' in the county; None unless it has both.
    """

    county: str
    treated: tuple[str, ...]
    untreated: tuple[str, ...]
    growth: float
    growth_treated: float | None
    growth_untreated: float | None
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
    rows: Paired,
    treated: Sequence[str],
    county: Mapping[str, str],
    *,
    level: float = 0.95,
    power: float = 0.80,
) -> CountyComparison:
    """Compare agreement and none inside each county, and pool over counties.

    Pooled: Mantel and Haenszel (1959) over the county tables of (agreement, none) x (later,
    earlier), which estimates the common ratio in the Poisson model with municipality effects
    and county x year. Its interval leaves out one municipality at a time; t with (municipalities
    of the rarer kind in counties that have both - 1) degrees of freedom.

    Parameters
    ----------
    rows
        All municipalities compared.
    treated
        Codes of those with an agreement.
    county
        County label of each municipality code.
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
    by_county = [rows.only(c for c in rows.codes if county[c] == label) for label in labels]
    summary = tuple(
        _county_row(label, part, named) for label, part in zip(labels, by_county, strict=True)
    )
    both = [code for row in summary if row.ratio is not None for code in row.treated]
    none = [code for row in summary if row.ratio is not None for code in row.untreated]
    df = min(len(both), len(none)) - 1
    if df < 1:
        return CountyComparison(summary, None)
    informative = rows.only((*both, *none))
    log_ratio = _mantel_haenszel(informative, named, county)
    clusters = len(informative.codes)
    leave_out = math.fsum(
        (_mantel_haenszel(informative.without((code,)), named, county) - log_ratio) ** 2
        for code in informative.codes
    )
    se = math.sqrt(leave_out * (clusters - 1) / clusters)
    return CountyComparison(summary, ratio_interval(log_ratio, se, level=level, power=power, df=df))


def _county_row(label: str, part: Paired, named: frozenset[str]) -> CountyRow:
    inside = tuple(code for code in part.codes if code in named)
    outside = tuple(code for code in part.codes if code not in named)
    with_agreement = part.only(inside).growth if inside else None
    without = part.only(outside).growth if outside else None
    ratio = with_agreement / without if with_agreement and without else None
    return CountyRow(label, inside, outside, part.growth, with_agreement, without, ratio)


def _mantel_haenszel(rows: Paired, named: frozenset[str], county: Mapping[str, str]) -> float:
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
