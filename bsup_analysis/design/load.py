"""Read `study.toml` into the frozen design, refusing what is wrong with the line it stands on.

The committed tables say which readings are used and what the design has to bear out.  They are
read here with the csv module alone, so that a command that needs no tables loads no pandas; that
a table is well formed is for its schema to say.
"""

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from bsup_analysis import paths
from bsup_analysis.design.model import Design, Readings
from bsup_analysis.errors import InputError
from bsup_analysis.files import read_toml
from bsup_analysis.language import gaps, templates

_HEADER = re.compile(r"^\s*\[(\[?)\s*([\w.\"-]+)\s*\]\]?\s*(?:#.*)?$")
_UNKNOWN = {"extra_forbidden", "unexpected_keyword_argument"}
_KEY = re.compile(r"^\s*([\w\"-]+)\s*=")
SIDES = ("side_a", "side_b", "side_c")
Location = tuple[str | int, ...]


def line_of(text: str, location: Sequence[str | int]) -> int:
    """Find the line on which a value of a TOML text stands.

    tomllib keeps no positions and pydantic reports paths, so the two are joined here.  Where the
    value itself is absent (a missing key) the line of the nearest table around it is given.

    Parameters
    ----------
    text
        The TOML text.
    location
        Path to the value: keys, and positions in arrays of tables counted from 0.

    Returns
    -------
    int
        Line number, counted from 1.
    """
    wanted = [str(part) for part in location]
    table: list[str] = []
    counts: dict[str, int] = {}
    best_line, best_depth = 1, 0
    for number, line in enumerate(text.splitlines(), start=1):
        header, key = _HEADER.match(line), _KEY.match(line)
        if header:
            table = []
            names = header.group(2).replace('"', "").split(".")
            for position, name in enumerate(names):
                table.append(name)
                path = ".".join(table)
                if header.group(1) and position == len(names) - 1:
                    counts[path] = counts.get(path, -1) + 1
                    # the arrays inside a new element start from the beginning again
                    for inner in [p for p in counts if p.startswith(f"{path}.")]:
                        del counts[inner]
                if path in counts:
                    table.append(str(counts[path]))
            here = table
        elif key:
            here = [*table, key.group(1).strip('"')]
        else:
            continue
        depth = len(here)
        if depth > best_depth and wanted[:depth] == here:
            best_line, best_depth = number, depth
    return best_line


def _invalid(error: ErrorDetails) -> tuple[Location, str]:
    """Give the place of what pydantic refuses, and what is wrong."""
    kind, location = error["type"], error["loc"]
    if kind in _UNKNOWN:
        return location, "is not a key of the design; remove it or correct its spelling"
    if kind == "missing":
        if location[-1] == "used":
            return location, "is missing; no row of data/decisions/readings.csv drives it"
        return location, "is missing; every choice has value, unit, reason and source"
    at = error.get("ctx", {}).get("at", "")
    return (*location, *filter(None, at.split("."))), error["msg"][0].lower() + error["msg"][1:]


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

    def years_of(table: str) -> set[str]:
        return {row["year"] for row in _rows(paths.raw(), table)}

    for name, table, years in (
        ("population_years", "ssb_population", years_of("ssb_population")),
        ("labour_market_years", "labour_market", years_of("labour_market")),
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
    there = years_of("immigrants_by_reason")
    for year in design.window.refugee_years.value:
        if str(year) not in there:
            problem = f"data/raw/immigrants_by_reason.csv has no {year}"
            yield ("window", "refugee_years", "value"), problem
    for number, chosen in enumerate(design.specifications):
        for code in chosen.without:
            if code not in priority:
                yield ("specification", number, "without"), f"{code} is no priority municipality"
        for loans in chosen.region_loans or ():
            if str(loans) not in bars.values():
                known_bars = ", ".join(sorted(bars.values()))
                problem = f"the chart has no bar of {loans} loans; its bars are {known_bars}"
                yield ("specification", number, "region_loans"), problem


def _names(design: Design) -> Iterator[tuple[Location, str]]:
    """Go through the names without a label, and those that are not given exactly once."""
    folder = "bsup_analysis/language"
    languages = design.parameters["language"].allowed if "language" in design.parameters else ()
    for language in languages:
        if gaps(language):
            yield ("parameters", "language", "allowed"), "; ".join(gaps(language))
    if any(map(gaps, languages)):
        return
    for language in languages:
        known = templates(language)
        measured = [name for name in design.municipal_outcomes if name != "start_loans"]
        for table, names in (("outcomes", design.outcomes), ("municipal_outcomes", measured)):
            parts = dict.fromkeys(k.split(".")[2] for k in known if k.startswith(f"{table}."))
            for name in names:
                missing = [part for part in parts if f"{table}.{name}.{part}" not in known]
                if missing:
                    problem = f"has no {', '.join(missing)} in [{name}] of {folder}/{language}"
                    yield (table, name), f"{problem}/{table}.toml"
        for number, chosen in enumerate(design.specifications):
            if f"specifications.{chosen.name}" not in known:
                problem = f"is {chosen.name}: label {chosen.name} in language"
                yield ("specification", number, "name"), f"{problem}/{language}/specifications.toml"
    for number, chosen in enumerate(design.specifications):
        outcome = design.outcomes.get(chosen.outcome)
        if outcome is None:
            problem = f"{chosen.outcome} is none of {', '.join(design.outcomes)}"
            yield ("specification", number, "outcome"), problem
        elif outcome.per is not None:
            problem = f"specification {chosen.name} takes {chosen.outcome} whole"
            yield ("outcomes", chosen.outcome, "per"), f"{problem}; give the rate another name"
    for name, parameter in design.parameters.items():
        if (name in design.names) == bool(parameter.allowed):
            problem = "is given elsewhere in the design" if parameter.allowed else "is missing"
            yield ("parameters", name, "allowed"), problem


def _runs(design: Design) -> Iterator[tuple[Location, str]]:
    """Go through the runs that clash with the rest of the design."""
    seen: set[str] = set()
    for i, notebook in enumerate(design.notebooks):
        for j, run in enumerate(notebook.runs):
            here = ("notebook", i, "run", j)
            if run.id in seen:
                yield (*here, "id"), f"run id {run.id} is given more than once"
            seen.add(run.id)
            for name, value in run.parameters.items():
                if name not in design.parameters:
                    known = ", ".join(sorted(design.parameters))
                    yield (*here, "parameters"), f"no parameter {name!r} (there are: {known})"
                elif name == "panel" and value:
                    problem = "a run of the report takes no SYNTHETIC panel"
                    yield (*here, "parameters"), f"{problem}; use bsup notebook -p panel=..."
                elif not design.parameters[name].accepts(value):
                    known = ", ".join(design.parameters[name].allowed)
                    yield (*here, "parameters"), f"{name} takes {known}, not {value!r}"


def load_design(path: Path) -> Design:
    """Read the design.

    Parameters
    ----------
    path
        The file `study.toml`.

    Returns
    -------
    Design
        The frozen, validated design.

    Raises
    ------
    InputError
        The file is missing, is not TOML, or says something the design does not know; the
        sentence names file, line and what to do.
    """
    content = read_toml(path)

    def refuse(location: Location, problem: str) -> InputError:
        where = ".".join(str(part) for part in location)
        where += "" if problem.startswith(("is ", "has no ")) else ":"
        line = line_of(path.read_text(encoding="utf-8"), location)
        return InputError(f"{path.name}, line {line}: {where} {problem}.")

    readings = content.get("readings")
    if isinstance(readings, dict):
        content["readings"] = used_readings(readings)
    try:
        # pydantic's strict mode takes a mapping for a dataclass only from JSON
        design = TypeAdapter(Design).validate_json(json.dumps(content, default=str))
    except ValidationError as invalid:
        # a misspelt key is reported twice, as unknown and as missing: the first helps more
        first = min(invalid.errors(), key=lambda e: e["type"] not in _UNKNOWN)
        raise refuse(*_invalid(first)) from None
    for location, problem in (*disagreements(design), *_names(design)):
        raise refuse(location, problem)
    design = design.completed()
    for location, problem in _runs(design):
        raise refuse(location, problem)
    return design
