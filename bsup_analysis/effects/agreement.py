"""Priority municipalities with an agreement against those without."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bsup_analysis.effects.dispersion import Dispersion, growth_dispersion, share_changes
from bsup_analysis.effects.inference import RatioInterval, ratio_interval
from bsup_analysis.effects.paired import Paired
from bsup_analysis.errors import InputError


@dataclass(frozen=True)
class AgreementContrast:
    """Growth with an agreement divided by growth without.

    Attributes
    ----------
    treated, untreated
        Rows of the two sets.
    dispersion
        Pearson dispersion around a growth of each set's own.
    scaled
        Interval with the Poisson variance times that dispersion, t on its degrees of freedom.
    clustered
        Interval with the sandwich clustered on municipalities (CR1: factor G / (G - 1)).
    jackknife
        Interval with the variance from leaving out one municipality at a time (CRV3).
    """

    treated: Paired
    untreated: Paired
    dispersion: Dispersion
    scaled: RatioInterval
    clustered: RatioInterval
    jackknife: RatioInterval

    @property
    def ratio(self) -> float:
        """Growth of the treated divided by growth of the untreated."""
        return self.treated.growth / self.untreated.growth


def agreement_contrast(
    rows: Paired, treated: Sequence[str], *, level: float = 0.95
) -> AgreementContrast:
    """Compare growth between two sets of municipalities.

    It is the Poisson model with municipality effects, year and agreement x later year. CR1 and
    CRV3 as in MacKinnon, Nielsen and Webb (2023, Journal of Econometrics 232, 272-299), with the
    factor G / (G - 1) alone for CR1; the jackknife refits the Poisson model and is centred on the
    full estimate. Both take t with (municipalities in the smaller set - 1) degrees of freedom: that
    set limits what is known of the variance. Rows added together beforehand form one cluster.

    Parameters
    ----------
    rows
        All municipalities compared.
    treated
        Codes of those with an agreement.
    level
        Confidence level.

    Raises
    ------
    InputError
        Fewer than two municipalities on either side, or a side that without one of its
        municipalities has none in a year.
    """
    if not 2 <= len(frozenset(treated)) <= len(rows.codes) - 2:
        raise InputError(
            f"{len(frozenset(treated))} of {len(rows.codes)} municipalities are treated: two or "
            "more are needed on either side, else the variance between them cannot be known."
        )
    with_agreement, without = rows.only(treated), rows.without(treated)
    log_ratio = math.log(with_agreement.growth) - math.log(without.growth)
    clusters = len(rows.codes)
    df = min(len(with_agreement.codes), len(without.codes)) - 1
    influences = (*share_changes(with_agreement), *share_changes(without))
    sandwich = math.fsum(value**2 for value in influences) * clusters / (clusters - 1)
    leave_out = math.fsum(
        (math.log(side.without((code,)).growth) - math.log(side.growth)) ** 2
        for side in (with_agreement, without)
        for code in side.codes
    )
    jackknife = leave_out * (clusters - 1) / clusters
    dispersion = growth_dispersion(with_agreement, without)
    poisson = with_agreement.poisson_variance + without.poisson_variance
    return AgreementContrast(
        treated=with_agreement,
        untreated=without,
        dispersion=dispersion,
        scaled=ratio_interval(
            log_ratio, math.sqrt(poisson * dispersion.phi), level=level, df=dispersion.df
        ),
        clustered=ratio_interval(log_ratio, math.sqrt(sandwich), level=level, df=df),
        jackknife=ratio_interval(log_ratio, math.sqrt(jackknife), level=level, df=df),
    )
