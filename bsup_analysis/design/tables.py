"""The design and the committed tables: which readings are used, and what the tables must bear out.

Read here with the csv module alone, so that a command that needs no tables loads no pandas; that
a table is well formed is for its schema to say.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from bsup_analysis import paths
from bsup_analysis.design.model import Design, Readings
from bsup_analysis.errors import InputError

SIDES = ("side_a", "side_b", "side_c")
Location = tuple[str | int, ...]


def _rows(folder: Path, name: str) -> list[dict[str, str]]:
    path = folder / f"{name}.csv"
    if not path.is_file():
        raise InputError(f"data/{folder.name}/{name}.csv is missing; restore it from git.")
    with path.open(encoding="utf-8", errors="replace", newline="") as stream:
        return [
            {key: cell or "" for key, cell in row.items() if key} for row in csv.DictReader(stream)
        ]


def used_readings(readings: Mapping[str, Any]) -> dict[str, Any]:
    """Add to each reading of `study.toml` what its row of `data/decisions/readings.csv` uses.

    Parameters
    ----------
    readings
        The table `[readings]` as written, by name.

    Returns
    -------
    dict
        The same with `used`: the values of the sides that the row's `used` names, all of them
        where it says `both` and none where it says `neither`.

    Raises
    ------
    InputError
        A row drives what is no reading, or uses a side that the reading does not have; a reading
        is driven by no row, or by two.  The sentence names the file.
    """
    table = "data/decisions/readings.csv"
    known = [f"readings.{reading.name}" for reading in fields(Readings)]
    decided = dict(readings)
    for number, row in enumerate(_rows(paths.decisions(), "readings"), start=2):
        drives = row.get("drives", "")
        if drives and drives not in known:
            raise InputError(f"{table}, row {number}: drives is empty or {' or '.join(known)}.")
        name = drives.removeprefix("readings.")
        reading = decided.get(name)
        # what is missing or no table is refused with its line in study.toml
        if not isinstance(reading, dict) or not isinstance(reading.get("value"), list):
            continue
        if "used" in reading:
            raise InputError(f"{table}, row {number}: {drives} is decided already; empty the cell.")
        sides = dict(zip(SIDES, reading["value"], strict=False))
        wanted = {"both": list(sides), "neither": []}.get(row["used"], [row["used"]])
        if not set(wanted) <= set(sides):
            raise InputError(
                f"{table}, row {number}: used is {row['used']!r}, and {drives} in study.toml has"
                f" {', '.join(sides)}."
            )
        decided[name] = {**reading, "used": [sides[side] for side in wanted]}
    return decided


def disagreements(design: Design) -> Iterator[tuple[Location, str]]:
    """Go through what the tables do not bear out: where it stands, and what is wrong."""
    treatment = _rows(paths.decisions(), "treatment")
    priority = {row["municipality_code"] for row in treatment if row.get("priority") == "true"}
    for group, size in (("municipalities", len(treatment)), ("priority", len(priority))):
        stated = getattr(design.groups, group).value
        if stated != size:
            problem = f"{stated} stated, and data/decisions/treatment.csv has {size}"
            yield ("groups", group, "value"), problem
    bars = {row["year"]: row["loans"] for row in _rows(paths.raw(), "programme_p11_region_loans")}
    printed = _rows(paths.raw(), "programme_p14_start_loans")[0]
    population = _rows(paths.raw(), "ssb_population")
    for name, table, years in (
        ("population_years", "ssb_population", {row["year"] for row in population}),
        ("chart_years", "programme_p11_region_loans", set(bars)),
        (
            "published_years",
            "programme_p14_start_loans",
            {key[-4:] for key in printed if key.startswith("loans_2")},
        ),
    ):
        stated = {str(year) for year in getattr(design.window, name).value}
        for year in sorted(stated ^ years):
            problem = f"has no {year}" if year in stated else f"has {year} too"
            yield ("window", name, "value"), f"data/raw/{table}.csv {problem}"
    for number, chosen in enumerate(design.specifications):
        for code in chosen.without:
            if code not in priority:
                yield ("specification", number, "without"), f"{code} is no priority municipality"
        for loans in chosen.region_loans or ():
            if str(loans) not in bars.values():
                known_bars = ", ".join(sorted(bars.values()))
                problem = f"the chart has no bar of {loans} loans; its bars are {known_bars}"
                yield ("specification", number, "region_loans"), problem
