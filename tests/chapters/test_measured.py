"""Unemployment and refugees: recomputed from the raw tables, by other software, and planted."""

import csv
from collections import Counter

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from bsup_analysis import paths
from bsup_analysis.chapters.circumstances import measured
from bsup_analysis.exhibit import Exhibit
from bsup_analysis.language import Words
from bsup_analysis.study import Study

STUDY = Study("en")
MODEL = "unemployed ~ treated | unit + year"


def unemployment(units: pd.DataFrame, words: Words = STUDY.words) -> Exhibit:
    fit = STUDY.fit(MODEL, units, exposure="population")
    return measured.unemployment(
        STUDY.municipality_indicators, STUDY.labour_market_norway, fit, STUDY.design, words
    )


def raw(name: str) -> list[dict[str, str]]:
    with (paths.raw() / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_rates_of_unemployment_are_those_of_the_raw_tables() -> None:
    with (paths.decisions() / "treatment.csv").open(encoding="utf-8", newline="") as stream:
        treatment = list(csv.DictReader(stream))
    chosen = {row["municipality_code"] for row in treatment if row["priority"] == "true"}
    chosen |= {"1503", "1556"}  # Kristiansund before the merger
    counted: Counter[tuple[str, str, str]] = Counter()
    for table, column in (
        ("labour_market", "unemployed_or_on_measures"),
        ("ssb_population", "population"),
    ):
        for row in raw(table):
            group = "priority" if row["municipality_code"] in chosen else "others"
            counted[group, row["year"], column] += int(row[column])
    numbers = unemployment(STUDY.unemployment_units).numbers
    for group in ("priority", "others"):
        for year in range(2006, 2015):
            persons = counted[group, str(year), "unemployed_or_on_measures"]
            rate = 1000 * persons / counted[group, str(year), "population"]
            assert numbers[f"unemployment_{group}_{year}"].value == pytest.approx(rate, rel=1e-12)
    # an independent count before this was written, to one decimal
    known = {2008: (13.0, 10.0), 2009: (17.8, 14.4), 2010: (15.8, 13.5)}
    for year, rates in known.items():
        found = (numbers[f"unemployment_{group}_{year}"].value for group in ("priority", "others"))
        assert tuple(round(rate, 1) for rate in found) == rates
    # 57 480 of 4 737 171 inhabitants of the country, Statistics Norway
    assert numbers["unemployment_norway_2008"].value == pytest.approx(57_480 / 4_737.171)


def test_ratio_of_unemployment_is_a_binomial_regression_of_statsmodels() -> None:
    """Given a unit's sum of two years, the later count is binomial: no unit effects are left."""
    units = STUDY.unemployment_units
    wide = units.pivot(index="unit", columns="year", values=["unemployed", "population"])
    group = units.drop_duplicates("unit").set_index("unit")["group"].loc[wide.index]
    cluster = units.drop_duplicates("unit").set_index("unit")["cluster"].loc[wide.index].to_numpy()
    counts = wide["unemployed"][[2010, 2009]].to_numpy(float)
    offset = np.log((wide["population"][2010] / wide["population"][2009]).to_numpy(float))
    terms = sm.add_constant((group == "priority").to_numpy(float))

    def estimate(kept: np.ndarray) -> float:
        family = sm.families.Binomial()
        model = sm.GLM(counts[kept], terms[kept], family=family, offset=offset[kept])
        return float(model.fit(tol=1e-12).params[1])

    whole = estimate(counts.sum(axis=1) > 0)
    fit = STUDY.fit(MODEL, units, exposure="population")
    assert fit.params["treated"] == pytest.approx(whole, abs=1e-8)
    clusters = np.unique(cluster[counts.sum(axis=1) > 0])
    apart = [estimate((cluster != one) & (counts.sum(axis=1) > 0)) - whole for one in clusters]
    factor = (len(clusters) - 1) / len(clusters)
    assert fit.se["treated"] == pytest.approx(np.sqrt(factor * np.sum(np.square(apart))), rel=1e-7)
    assert fit.df == 15  # 17 priority municipalities, of which two are one unit of inference


@pytest.mark.parametrize(
    ("factor", "side"), [(1.0, "lower and higher both"), (1.5, ": higher"), (0.5, ": lower")]
)
def test_words_follow_the_interval(factor: float, side: str) -> None:
    units = STUDY.unemployment_units.copy()
    on = units["treated"] == 1
    units.loc[on, "unemployed"] = (units.loc[on, "unemployed"] * factor).round().astype("Int64")
    exhibit = unemployment(units)
    assert side in exhibit.caption
    ratio = exhibit.numbers["unemployment_ratio_2009_2010"].value
    assert ratio == pytest.approx(factor * 0.9537, rel=0.01)


def test_refugees_of_lost_years_are_unknown_everywhere() -> None:
    exhibit = measured.refugees(STUDY.municipality_indicators, STUDY.design, STUDY.words)
    lost = ("2011", "2012", "2013")
    shown = exhibit.shown.set_index(exhibit.shown.columns[0])
    assert (shown.loc[list(lost)].iloc[:, :2] == "–").all(axis=None)
    assert not (shown.drop(list(lost)) == "–").any(axis=None)
    assert not [
        name for name in exhibit.numbers if name.startswith("refugees") and name[-4:] in lost
    ]
    assert exhibit.data.loc[exhibit.data["year"].isin(map(int, lost)), "per_1000"].isna().all()
    drawn = [list(line.get_xdata()) for line in exhibit.axes[0].lines]
    assert drawn == [list(range(2006, 2011)), [2014, 2015]] * 2
    for year in lost:
        assert exhibit.numbers[f"immigrants_reason_unknown_{year}"].value > 0.5
