"""The results that the report reads: computed once, kept in git, labelled SYNTHETIC.

Notebook `06_power` reads them and no other does; they say what the study could see, never what it
saw.
"""

import math
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from bsup_analysis import paths
from bsup_analysis.engines import workers
from bsup_analysis.files import sha256
from bsup_analysis.simulation import chunks
from bsup_analysis.simulation.config import FILE, load_config, scenario
from bsup_analysis.simulation.experiments import bias_table, coverage_table, pretrend_table
from bsup_analysis.simulation.generator import Region
from bsup_analysis.simulation.replicate import TESTS, run, task_of
from bsup_analysis.simulation.rule_experiment import FILE as RULE_FILE
from bsup_analysis.simulation.rule_experiment import (
    World,
    judge_panels,
    rule_tables,
    score_table,
    settings,
)
from bsup_analysis.simulation.runner import Estimate, Step, simulate
from bsup_analysis.simulation.schemas import PREFIX, SCHEMAS
from bsup_analysis.tables.sources import record_text

ANCHOR_DRAWS = 100
_DETECTABLE = ("scenario", "test", "power", "detectable_ratio", "mc_error", "draws")


def store_results(
    region: Region,
    jobs: int,
    progress: Callable[[Step], None],
    draws: int | None = None,
    *,
    scheduler: str | None = None,
    agree: Callable[[Estimate], None] = lambda _: None,
) -> list[Path]:
    """Compute and write every stored result, each with a record of how it was made.

    Parameters
    ----------
    region
        The region without noise.
    jobs
        Processes on this machine.
    progress
        Called with every step.
    draws
        Draws of each scenario and effect; by default those of `scenarios.toml`, which are what the
        report needs.
    scheduler, agree
        As `runner.simulate` takes them; what is asked beside size and power is computed here.

    Returns
    -------
    list of Path
        The tables written.
    """
    config = load_config()
    number = config.run.draws.value if draws is None else draws
    seed = config.run.seed.value
    names = sorted(config.scenario)
    effects = config.run.effects.value
    made = simulate(
        region, names, effects, number, seed, jobs, scheduler, None, progress, agree=agree
    )
    tables = {
        "rejection": chunks.csv_text(made.table, "effect"),
        "detectable": chunks.csv_text(detectable_ratios(made.table, config.tests.power.value)),
    }
    with workers(jobs) as pool:
        for name, function in (
            ("coverage", coverage_table),
            ("bias", bias_table),
            ("pretrend", pretrend_table),
        ):
            parts = pool.map(function, *zip(*[(region, one, number) for one in names], strict=True))
            tables[name] = chunks.csv_text(pd.concat(list(parts), ignore_index=True))
            progress(Step(0, 0, None, f"{PREFIX}{name} is ready"))
        anchor = pool.submit(first_rejections, region).result()
    written = [_keep(name, text, number, region, anchor) for name, text in tables.items()]
    return written + store_rule(region, jobs, progress, draws, anchor)


def store_rule(
    region: Region,
    jobs: int,
    progress: Callable[[Step], None],
    draws: int | None,
    anchor: Mapping[str, int],
) -> list[Path]:
    """Compute and write what is asked of the municipal rule, and of randomisation on the score.

    Parameters
    ----------
    region, jobs, progress
        As `store_results` takes them.
    draws
        Panels of every world; by default those of `rule.toml`.
    anchor
        `first_rejections`.
    """
    names, asked = sorted(load_config().scenario), settings()
    every = [draws] * len(names)
    with workers(jobs) as pool:
        found = list(pool.map(rule_tables, [region] * len(names), names, every))
        progress(Step(0, 0, None, f"{PREFIX}rule is ready"))
        scores = list(pool.map(score_table, [region] * len(names), names, every))
        progress(Step(0, 0, None, f"{PREFIX}randomisation is ready"))
        verdicts = pool.submit(first_verdicts, region).result()
    rule, covered = (pd.concat(part, ignore_index=True) for part in zip(*found, strict=True))
    tables = {
        "rule": (rule, asked.null_draws.value),
        "rule_coverage": (covered, asked.null_draws.value),
        "rule_detectable": (rule_ratios(rule), asked.draws.value),
        "randomisation": (pd.concat(scores, ignore_index=True), asked.score_draws.value),
    }
    return [
        _keep(name, chunks.csv_text(table), draws or most, region, anchor, verdicts)
        for name, (table, most) in tables.items()
    ]


def rule_ratios(rule: pd.DataFrame) -> pd.DataFrame:
    """Read the smallest ratio that the rule finds off its power curves, by scenario and M."""
    curves = rule[(rule["world"] == "parallel") & (rule["effect"] > 1)]
    curves = curves.rename(columns={"m": "test", "improved": "rejection_rate"})
    found = detectable_ratios(curves, load_config().tests.power.value)
    return found.rename(columns={"test": "m"})


def first_verdicts(region: Region) -> Mapping[str, int]:
    """Count "improved" and intervals above one in the first draws of scenario A, ratio two.

    Kept in the records of the rule's tables, as `first_rejections` are.
    """
    said = judge_panels(World("parallel", region, scenario("A"), 2.0), 0, ANCHOR_DRAWS)
    counts = {}
    for m, verdict, interval in zip(settings().ms.value, said.verdict, said.interval, strict=True):
        counts[f"improved_{round(1000 * m)}_per_mille"] = int((verdict == 1).sum())
        counts[f"interval_above_{round(1000 * m)}_per_mille"] = int((interval == 1).sum())
    return counts


def _keep(
    name: str,
    text: str,
    draws: int,
    region: Region,
    anchor: Mapping[str, int],
    verdicts: Mapping[str, int] | None = None,
) -> Path:
    """Write a table and its record."""
    path = paths.simulation() / f"{PREFIX}{name}.csv"
    chunks.keep(path, text)
    made = record(name, draws, region, anchor, verdicts)
    chunks.keep(path.with_suffix(".provenance.toml"), made)
    return path


def first_rejections(region: Region) -> Mapping[str, int]:
    """Count each test's rejections in the first draws of scenario A without effect.

    Kept in the records: who changes the code sees at once whether the stored results still hold.
    """
    results = run(task_of(region, scenario("A"), 1.0, 0, ANCHOR_DRAWS))
    return {name: int(results[name].sum()) for name in TESTS}


def record(
    name: str,
    draws: int,
    region: Region,
    anchor: Mapping[str, int],
    verdicts: Mapping[str, int] | None = None,
) -> str:
    """Say what a stored table holds and how it was made; `verdicts` where it is of the rule."""
    config = load_config()
    known = SCHEMAS[f"{PREFIX}{name}"]
    meanings = {column: told.description for column, told in known.columns.items()}
    maker = "store_results" if verdicts is None else "store_rule"
    entries: dict[str, object] = {
        "title": f"SYNTHETIC: {known.description}",
        "warning": "Drawn at random with a known truth; no data and no estimate of the programme.",
        "read_by": "notebook 06_power alone",
        "made_by": f"bsup_analysis.simulation.results.{maker}",
        "seed": config.run.seed.value,
        "draws": draws,
        "numpy": np.__version__,
        "sha256": sha256(paths.simulation() / f"{PREFIX}{name}.csv"),
        "code_sha256": chunks.code_hash(),
        "scenarios_sha256": sha256(FILE),
        "region_sha256": region.digest,
    }
    tables = {"columns": meanings, "first_rejections": anchor}
    if verdicts is not None:
        entries["rule_sha256"] = sha256(RULE_FILE)
        tables["first_verdicts"] = verdicts
    return record_text(entries, tables)


def detectable_ratios(table: pd.DataFrame, power: float) -> pd.DataFrame:
    """Read the minimum detectable ratio of every scenario and test off `chunks.summarise`.

    Between two effects of the grid the curve is taken as a straight line in the log ratio (the
    grid's steps are a twentieth); the Monte Carlo error is that of the rate divided by the slope.

    Parameters
    ----------
    table
        Rows of the Poisson tests and of the tests on rates, effects of one and above.
    power
        The wanted rejection rate, 0 to 1.

    Returns
    -------
    pandas.DataFrame
        One row a scenario and test; a ratio is empty where the grid does not reach the power.
    """
    rows = []
    for (name, test), curve in table.groupby(["scenario", "test"], sort=False):
        points = curve.loc[curve["effect"] >= 1].sort_values("effect")
        rate, log = points["rejection_rate"].tolist(), [math.log(e) for e in points["effect"]]
        draws = int(points["draws"].iloc[0])
        ratio = error = math.nan
        for k in range(1, len(rate)):
            if rate[k - 1] < power <= rate[k]:
                slope = (rate[k] - rate[k - 1]) / (log[k] - log[k - 1])
                ratio = math.exp(log[k - 1] + (power - rate[k - 1]) / slope)
                error = ratio * math.sqrt(power * (1 - power) / draws) / slope
                break
        rows.append((name, test, power, ratio, error, draws))
    return pd.DataFrame(rows, columns=list(_DETECTABLE))
