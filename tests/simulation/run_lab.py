"""A run in a process of its own, to be interrupted: STORE OUT DRAWS JOBS."""

import sys
from pathlib import Path

import pandas as pd
from conftest import CODES, INPUTS, PROCESSED

from bsup_analysis.simulation.generator import build_region
from bsup_analysis.simulation.runner import simulate

if __name__ == "__main__":
    store, out, draws, jobs = sys.argv[1:]
    tables = [pd.read_csv(PROCESSED / f"{name}.csv", dtype=CODES) for name in INPUTS]
    simulate(
        build_region(*tables),
        ["A", "D"],
        [1.0, 1.2],
        int(draws),
        5,
        int(jobs),
        out=Path(out),
        chunk_draws=10,
        store=Path(store),
    )
