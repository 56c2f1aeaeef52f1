"""Outcomes for the linear estimators: rates of municipalities whose every year is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bsup_analysis.effects.municipal.panel import MunicipalPanel
from bsup_analysis.effects.municipal.refusal import NotEstimableError
from bsup_analysis.errors import InputError


@dataclass(frozen=True, eq=False)
class Rates:
    """Rates of the municipalities without a gap.

    Attributes
    ----------
    rate
        Outcome per `per` of exposure, shape (municipalities, years).
    codes
        The municipalities.
    left_out
        Those with an unknown year or a year without anything to be a rate of.
    """

    rate: np.ndarray
    codes: tuple[str, ...]
    left_out: tuple[str, ...]


def rates(panel: MunicipalPanel, per: float) -> Rates:
    """Divide the outcome by its exposure.

    Parameters
    ----------
    panel
        The panel.
    per
        Unit of the rate: 1 000 for a rate per 1 000 inhabitants, 1 for NOK per inhabitant.
    """
    if not (np.isfinite(per) and per > 0):
        raise InputError(f"A rate is per a number above zero, not per {per}.")
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = panel.y / panel.base * per
    whole = np.isfinite(rate).all(axis=1)
    if not whole.any():
        raise NotEstimableError("no_known_rate", "No municipality has a known rate in every year.")
    return Rates(
        rate[whole],
        tuple(code for code, on in zip(panel.codes, whole, strict=True) if on),
        tuple(code for code, on in zip(panel.codes, whole, strict=True) if not on),
    )
