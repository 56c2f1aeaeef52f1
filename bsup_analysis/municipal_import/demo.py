"""A synthetic panel that nobody can mistake for data, calibrated to the published totals.

Expected loans of a unit are its group's expected loans in the year, shared out by the unit's
size.  The groups' expected loans are the published ones where they are published; with a chosen
effect the region's total is kept and its split between the groups moves.  Counts are
gamma-Poisson with variance = dispersion x mean; amounts are loans x the group's published
average x noise of mean one.  Units are made up: their sizes are drawn, with the spread the real
sizes have in each group.
"""

import hashlib
import io
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.random import Generator

from bsup_analysis import paths
from bsup_analysis.errors import InputError
from bsup_analysis.files import read_regular, write_aside
from bsup_analysis.municipal_import.reading import MOST_BYTES, SYNTHETIC_PREFIX
from bsup_analysis.tables.strict_csv import to_csv

YEARS = tuple(range(2005, 2013))
LETTER = {"priority": "P", "other": "O"}
BASELINE, AFTER = 2009, 2010
# who plays whose part, by place among its group's units from the largest: Trondheim; Steinkjer, in
# the loss-sharing trial; Namsos's partners; Levanger and Verdal, who administer loans together
ROLES = {("priority", 1): "largest", ("priority", 6): "loss_sharing"} | {
    ("other", place): "partner" for place in (30, 40, 50)
}
TOGETHER = {("priority", 7), ("priority", 8)}
COUNTIES = 3
AGREED = {**dict.fromkeys((1, 2, 3, 4, 6, 7, 8), 2010), 5: 2011, 9: 2011}
COLUMNS = [
    "unit", "group", "county", "cluster", "role", "agreement_year", "year", "population",
    "loans", "loans_low", "loans_high", "amount_nok", "source",
]  # fmt: skip


@dataclass(frozen=True)
class Calibration:
    """What the panel is calibrated to; all of it computed from the study's own tables.

    Parameters
    ----------
    loans, average_nok
        Published loans and average loan (NOK) by group in 2009 and 2010.
    region_loans
        Published loans of the region by year.
    units, population, spread
        Number of municipalities, inhabitants in 2009 and standard deviation of log inhabitants,
        by group.
    """

    loans: Mapping[tuple[str, int], float]
    average_nok: Mapping[tuple[str, int], float]
    region_loans: Mapping[int, float]
    units: Mapping[str, int]
    population: Mapping[str, float]
    spread: Mapping[str, float]


@dataclass(frozen=True)
class DemoParameters:
    """How a panel was drawn.

    Parameters
    ----------
    seed
        Seed of every draw.
    effect
        Rate ratio of the priority units from 2010; None: the one that the published totals imply.
    dispersion
        Variance divided by mean of the counts, 1 for Poisson.
    noise
        Standard deviation of log average loan between units and years.
    """

    seed: int
    effect: float | None
    dispersion: float
    noise: float


def calibration(
    group_year: pd.DataFrame, municipality_year: pd.DataFrame, region_year: pd.DataFrame
) -> Calibration:
    """Compute the calibration from the processed tables."""
    known = group_year.dropna(subset=["loans"])
    index = [(str(g), int(y)) for g, y in zip(known["group"], known["year"], strict=True)]
    baseline = municipality_year[municipality_year["year"] == BASELINE]
    by_group = baseline.groupby("group")["population"]
    region = region_year.dropna(subset=["loans"])
    return Calibration(
        loans=dict(zip(index, known["loans"].astype(float), strict=True)),
        average_nok=dict(zip(index, (known["amount_nok"] / known["loans"]), strict=True)),
        region_loans=dict(zip(region["year"], region["loans"].astype(float), strict=True)),
        units=by_group.size().to_dict(),
        population=by_group.sum().astype(float).to_dict(),
        spread=by_group.apply(lambda p: float(np.log(p.astype(float)).std())).to_dict(),
    )


def expected_loans(known: Calibration, effect: float | None) -> dict[tuple[str, int], float]:
    """Give the expected loans of each group and year.

    Before 2010 the region's total is split as in 2009; from 2010 on the ratio between the groups
    is that of 2009 times `effect`.  Years without a published total stand at the nearest one.
    """
    ratio = known.loans["priority", BASELINE] / known.loans["other", BASELINE]
    after = known.loans["priority", AFTER] / known.loans["other", AFTER]
    expected = {}
    for year in YEARS:
        nearest = min(known.region_loans, key=lambda one: (abs(one - year), one))
        odds = ratio if year < AFTER else after if effect is None else ratio * effect
        expected["priority", year] = known.region_loans[nearest] * odds / (1 + odds)
        expected["other", year] = known.region_loans[nearest] / (1 + odds)
    return expected


def demo_panel(known: Calibration, parameters: DemoParameters) -> pd.DataFrame:
    """Draw a synthetic panel.

    Parameters
    ----------
    known
        From `calibration`.
    parameters
        Seed, effect, dispersion and noise.

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`, one row a unit and year; `source` is `synthetic` in every row.

    Raises
    ------
    InputError
        A parameter is out of range.
    """
    _check(parameters)
    sizes, counts, amounts = (
        np.random.default_rng(s) for s in np.random.SeedSequence(parameters.seed).spawn(3)
    )
    expected = expected_loans(known, parameters.effect)
    parts = []
    for group, letter in LETTER.items():
        units = known.units[group]
        weight = np.sort(np.exp(sizes.normal(0, known.spread[group], units)))[::-1]
        share = weight / weight.sum()
        mean = np.array([[expected[group, year] for year in YEARS]]) * share[:, None]
        loans = _counts(mean, parameters.dispersion, counts)
        average = np.array(
            [known.average_nok[group, BASELINE if year < AFTER else AFTER] for year in YEARS]
        )
        noise = amounts.normal(-(parameters.noise**2) / 2, parameters.noise, mean.shape)
        amount = np.rint(loans * average * np.exp(noise)).astype(np.int64)
        places = range(1, units + 1)
        names = [f"SYN-{letter}{place:02d}" for place in places]
        inhabitants = np.maximum(np.rint(known.population[group] * share), 1).astype(np.int64)
        about = {
            "unit": names,
            "county": [f"SYN-K{1 + place % COUNTIES:02d}" for place in places],
            "cluster": [
                "SYN-C01" if (group, place) in TOGETHER else name
                for place, name in zip(places, names, strict=True)
            ],
            "role": [ROLES.get((group, place), "") for place in places],
            "agreement_year": pd.array(
                [AGREED.get(place) if group == "priority" else None for place in places], "Int64"
            ),
            "population": inhabitants,
        }
        counted = {
            "year": np.tile(YEARS, units),
            "loans": loans.ravel(),
            "loans_low": loans.ravel(),
            "loans_high": loans.ravel(),
            "amount_nok": amount.ravel(),
        }
        rows = pd.DataFrame(about).loc[np.repeat(np.arange(units), len(YEARS))]
        parts.append(rows.reset_index(drop=True).assign(group=group, **counted, source="synthetic"))
    return pd.concat(parts, ignore_index=True)[COLUMNS]


def _check(parameters: DemoParameters) -> None:
    effect = 1.0 if parameters.effect is None else parameters.effect
    seed, dispersion, noise = parameters.seed, parameters.dispersion, parameters.noise
    for inside, refusal in (
        (0 < effect < 100, f"--effect is a rate ratio above 0 and below 100, not {effect}."),
        (1 <= dispersion <= 100, f"--dispersion is at least 1 (Poisson), not {dispersion}."),
        (0 <= noise <= 2, f"--noise is from 0 to 2, not {noise}."),
        (seed >= 0, f"--seed is not negative, but {seed} is."),
    ):
        if not inside:
            raise InputError(refusal)


def _counts(mean: np.ndarray, dispersion: float, draw: Generator) -> np.ndarray:
    """Draw counts with variance = dispersion x mean."""
    if math.isclose(dispersion, 1):
        return draw.poisson(mean)
    return draw.poisson(draw.gamma(mean / (dispersion - 1), dispersion - 1))


def demo_text(panel: pd.DataFrame, parameters: DemoParameters) -> str:
    """Give the file: a line that says what it is, with the hash of what follows, then CSV."""
    body = to_csv(panel)
    stated = {
        "synthetic": True,
        "made_by": "bsup demo",
        **asdict(parameters),
        "sha256": hashlib.sha256(body.encode("utf-8")).hexdigest(),
    }
    return f"# SYNTHETIC {json.dumps(stated)}\n{body}"


def write_demo(panel: pd.DataFrame, parameters: DemoParameters, folder: Path) -> Path:
    """Write a synthetic panel.

    Raises
    ------
    InputError
        The folder is one of data or of results.
    """
    refuse_kept(folder, "synthetic data are")
    path = folder / f"{SYNTHETIC_PREFIX}start_loans_seed{parameters.seed}.csv"
    write_aside(path, demo_text(panel, parameters))
    return path


def refuse_kept(folder: Path, what: str) -> None:
    """Refuse a folder of data or of results for what is SYNTHETIC."""
    for kept in (paths.root() / "data", paths.reports()):
        if folder.resolve().is_relative_to(kept):
            raise InputError(f"{what} never written to {kept.name}/; choose another folder.")


def read_demo(path: Path) -> tuple[pd.DataFrame, DemoParameters]:
    """Read a synthetic panel that nobody has edited.

    Raises
    ------
    InputError
        The file is missing, is not one of ours, or was changed.
    """
    try:
        path.stat()  # what is not there is told with the way to make it
        head, _, body = read_regular(path, MOST_BYTES).decode("utf-8").partition("\n")
    except (FileNotFoundError, UnicodeDecodeError):
        raise InputError(f"{path} is no file of bsup demo; make one with bsup demo.") from None
    try:
        stated = json.loads(head.removeprefix("# SYNTHETIC "))
        parameters = DemoParameters(**{n: stated[n] for n in DemoParameters.__dataclass_fields__})
        recorded = stated["sha256"]
    except (ValueError, KeyError, TypeError):
        raise InputError(f"{path} has no header of bsup demo; make it again.") from None
    named = path.name.startswith(SYNTHETIC_PREFIX)
    if not named or recorded != hashlib.sha256(body.encode("utf-8")).hexdigest():
        raise InputError(f"{path} was changed after bsup demo wrote it; make it again.")
    panel = pd.read_csv(io.StringIO(body), dtype={"agreement_year": "Int64"})
    return panel.fillna({"role": ""}), parameters
