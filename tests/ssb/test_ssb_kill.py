"""A fetch killed on the spot goes on from what had arrived."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
from statbank_server import Statbank
from statbank_tables import CHECKOUT, QUICK, YEARS

from bsup_analysis.ssb import Addresses, fetch_population

SCRIPT = """
import dataclasses, sys
from pathlib import Path
from bsup_analysis.ssb import Addresses, Limits, fetch_population
v2, v1, folder = sys.argv[1:]
limits = Limits(cells=40, queries=1000)
fetch_population(range(2005, 2015), folder=Path(folder), limits=limits, addresses=Addresses(v2, v1))
"""


def test_killed_on_the_way_and_started_again(
    bank: Statbank, addresses: Addresses, tmp_path: Path
) -> None:
    limits = dataclasses.replace(QUICK, cells=40)
    bank.pause_before_answer = 0.03
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, bank.v2, bank.v1, str(tmp_path / "killed")],
        cwd=CHECKOUT,
        env={**os.environ, "NO_PROXY": "127.0.0.1"},
    )
    try:
        waited = time.monotonic() + 30
        while len(bank.data_questions()) < 8 and time.monotonic() < waited:
            time.sleep(0.005)
    finally:
        process.kill()  # SIGKILL: nothing in the process can tidy up
        process.wait()
    before = [str(a.body) for a in bank.data_questions()]
    assert len(before) >= 8
    bank.pause_before_answer = 0.0
    bank.asked.clear()
    resumed = fetch_population(
        YEARS, folder=tmp_path / "killed", limits=limits, addresses=addresses
    )
    after = [str(a.body) for a in bank.data_questions()]
    assert len(set(before) & set(after)) <= 1  # at most the one under way
    assert not any(a.about == "metadata" for a in bank.asked)
    whole = fetch_population(YEARS, folder=tmp_path / "whole", limits=limits, addresses=addresses)
    pd.testing.assert_frame_equal(resumed.table, whole.table)
    kept, same = (
        {
            p.name: p.read_bytes()
            for p in (tmp_path / f / "07459").glob("data_????????????????.json")
        }
        for f in ("killed", "whole")
    )
    assert kept == same
    assert len(set(before) | set(after)) == len(kept) > 20
