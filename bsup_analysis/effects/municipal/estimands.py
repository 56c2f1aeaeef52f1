"""The four estimands: one confirmatory, three adjusted among themselves."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bsup_analysis.effects.municipal.estimate import Draws, Estimate, estimate
from bsup_analysis.effects.municipal.panel import MunicipalPanel
from bsup_analysis.errors import InputError


@dataclass(frozen=True)
class Estimand:
    """An estimand's estimate.

    Attributes
    ----------
    key
        "E1" to "E4".
    confirmatory
        True for E1 alone.
    estimate
        The estimate.
    holm_p_value
        p-value adjusted by Holm (1979, Scandinavian Journal of Statistics 6, 65-70) among the
        others that could be estimated; None for the confirmatory one, which is not adjusted.
    """

    key: str
    confirmatory: bool
    estimate: Estimate
    holm_p_value: float | None


def estimands(
    loans: MunicipalPanel,
    amounts: MunicipalPanel | None,
    draws: Draws,
    *,
    largest: str,
    level: float = 0.95,
) -> tuple[Estimand, ...]:
    """Estimate E1 to E4.

    E1: loans per inhabitant. E2: the same without the largest municipality. E3: NOK per
    inhabitant. E4: the average loan, each municipality-year weighted by its number of loans, which
    is the Poisson model of NOK with loans as exposure: its score
    sum of (NOK - loans x fitted average) x column is that of averages weighted by loans.

    Parameters
    ----------
    loans
        Loans with population as exposure.
    amounts
        NOK of the same municipalities and years; None where no amounts are known: E3 and E4 are
        then absent.
    draws
        Random numbers.
    largest
        Code left out in E2: Trondheim.
    level
        Confidence level.
    """
    panels = {"E1": loans, "E2": loans.without([largest])}
    if amounts is not None:
        panels |= {"E3": amounts, "E4": average_panel(loans, amounts)}
    found = {key: estimate(key, panel, draws, level=level) for key, panel in panels.items()}
    others = [key for key in found if key != "E1"]
    adjusted = dict(zip(others, holm([found[key].p_value for key in others]), strict=True))
    return tuple(Estimand(key, key == "E1", found[key], adjusted.get(key)) for key in found)


def average_panel(loans: MunicipalPanel, amounts: MunicipalPanel) -> MunicipalPanel:
    """NOK with loans as exposure: a year of a municipality without loans has no average.

    Raises
    ------
    InputError
        Loans and amounts of different municipalities or years.
    """
    if (loans.codes, loans.years) != (amounts.codes, amounts.years):
        raise InputError("Loans and amounts are not of the same municipalities and years.")
    return replace(amounts, exposure=loans.y)


def holm(p_values: list[float]) -> list[float]:
    """Holm's step-down adjustment."""
    from statsmodels.stats.multitest import multipletests

    return [float(value) for value in multipletests(p_values, method="holm")[1]]
