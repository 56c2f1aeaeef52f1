"""The four estimands: one confirmatory, three adjusted among themselves."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bsup_analysis.effects.municipal.estimate import Draws, Estimate, estimate
from bsup_analysis.effects.municipal.panel import MunicipalPanel
from bsup_analysis.effects.municipal.refusal import NotEstimableError
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
        The estimate; None where the data do not allow one.
    holm_p_value
        p-value adjusted by Holm (1979, Scandinavian Journal of Statistics 6, 65-70) among the
        others that could be estimated; None for the confirmatory one, which is not adjusted.
    problem
        Why there is no estimate.
    """

    key: str
    confirmatory: bool
    estimate: Estimate | None
    holm_p_value: float | None
    problem: NotEstimableError | None = None


def estimands(
    loans: MunicipalPanel,
    amounts: MunicipalPanel | None,
    draws: Draws,
    *,
    largest: str,
    level: float = 0.95,
    power: float = 0.80,
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
    level, power
        Confidence level, and the certainty that detectable ratios are stated for.
    """
    panels = {"E1": loans, "E2": loans.without([largest])}
    if amounts is not None:
        panels |= {"E3": amounts, "E4": average_panel(loans, amounts)}
    found: dict[str, Estimate] = {}
    problems: dict[str, NotEstimableError] = {}
    for key, panel in panels.items():
        try:
            found[key] = estimate(key, panel, draws, level=level, power=power)
        except NotEstimableError as problem:
            problems[key] = problem
    others = [key for key in found if key != "E1"]
    adjusted = dict(zip(others, holm([found[key].p_value for key in others]), strict=True))
    return tuple(
        Estimand(key, key == "E1", found.get(key), adjusted.get(key), problems.get(key))
        for key in panels
    )


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

    if not p_values:
        return []
    return [float(value) for value in multipletests(p_values, method="holm")[1]]
