"""Every leaf of the design drives something: a changed value changes a published number.

What a notebook publishes is computed here by running its cells, without drawing; the municipal
level runs on a SYNTHETIC panel.  The leaves are found by walking `study.toml`.
"""

import json
import shutil
import tomllib
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from time import process_time
from typing import Any

import pandas as pd
import pytest
from displayed import shown_in

from bsup_analysis import paths
from bsup_analysis.design import Design, load_design
from bsup_analysis.errors import InputError
from bsup_analysis.study import DemonstrationStudy, Study, read_table
from bsup_analysis.study import tables as study_tables
from bsup_analysis.tables.processed import write_processed
from bsup_analysis.tables.sources import read_source
from bsup_analysis.tables.strict_csv import to_csv

CHECKOUT = Path(__file__).resolve().parents[2]
# words, and what only names its own table
NO_LEAVES = {"reason", "source", "unit", "title", "id"}
# few enough that the municipal level takes seconds
FEW = {
    "draws": 99,
    "robustness_draws": 99,
    "relative_grid": [0.0, 1.0],
    "smooth_grid": [0.0, 0.05],
}
# takes most of a minute on a panel; what it draws from the design the published one draws too
SLOW = {"11_municipal_phasing"}
Where = tuple[str | int, ...]


def is_table(node: object) -> bool:
    return isinstance(node, dict)


def written(table: dict[str, Any], above: tuple[str, ...] = ()) -> str:
    """Write a design as TOML."""
    tables = {k: v for k, v in table.items() if is_table(v)}
    arrays = {k: v for k, v in table.items() if isinstance(v, list) and any(map(is_table, v))}
    text = ""
    for key, value in table.items():
        if key not in tables and key not in arrays:
            text += f"{key} = {json.dumps(value, ensure_ascii=False)}\n"
    for key, value in tables.items():
        text += f"[{'.'.join((*above, key))}]\n{written(value, (*above, key))}"
    for key, values in arrays.items():
        for value in values:
            text += f"[[{'.'.join((*above, key))}]]\n{written(value, (*above, key))}"
    return text


def leaves(node: Any, path: Where = ()) -> Iterator[tuple[Where, Any]]:
    """Walk a design: values, and fields of specifications and runs; a list of values is one."""
    if isinstance(node, dict):
        # a notebook's own name and tables are for the pipeline, which refuses others
        own = {"name", "tables"} if path[:1] == ("notebook",) and len(path) == 2 else set()
        for key, value in node.items():
            if key not in NO_LEAVES | own:
                yield from leaves(value, (*path, key))
    elif isinstance(node, list) and node and isinstance(node[0], dict):
        for position, value in enumerate(node):
            yield from leaves(value, (*path, position))
    else:
        yield path, node


def others(value: Any, alike: list[Any]) -> list[Any]:
    """Give values to change a leaf to: near it, and those of leaves with the same key."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, value - 1]
    if isinstance(value, float):
        return [value * 0.9 or 0.01]
    if isinstance(value, str):
        known = [one for one in dict.fromkeys(map(str, alike)) if one != value]
        return [f"{value}x", *known]
    near = others(value[-1], [])[0]
    changed = [value[:-1], value[1:], [*value[:-1], near], value[::-1]]
    return [one for one in changed if one != value]


def changed(content: dict[str, Any], path: Where, value: Any) -> dict[str, Any]:
    copy = json.loads(json.dumps(content))
    node = copy
    for part in path[:-1]:
        node = node[part]
    node[path[-1]] = value
    return copy


class Publishing:
    """A root of its own, whose design and decisions are changed; what its notebooks publish."""

    def __init__(self, root: Path) -> None:
        self.study_file = root / "study.toml"
        self.readings = root / "data/decisions/readings.csv"
        self.content = tomllib.loads((CHECKOUT / "study.toml").read_text(encoding="utf-8"))
        for name, value in FEW.items():
            self.content["municipal"][name]["value"] = value
        self.write(self.content)
        self.built: object = None
        self.base: dict[str, list[object]] = {}
        design, seconds = self.design(), {}
        for run in self.runs(design):
            started = process_time()
            self.base[run] = list(self.publish(run, design))
            seconds[run] = process_time() - started
        # the quickest first, but before them those in which leaves of the same table showed
        self.order = sorted(self.base, key=lambda run: seconds[run])
        municipal = [
            run.id
            for notebook in design.notebooks
            for run in notebook.runs
            if run.id in self.base and run.needs
        ]
        self.shown_in: dict[object, list[str]] = {
            "municipal": municipal,
            "readings": ["without a reading", "12_municipal_profile"],
            "inference": ["05_robustness", "without a reading"],
            "outcomes": ["05_robustness"],
            "specification": ["05_robustness"],
        }
        for outcome in design.municipal_outcomes:
            own = [
                run for run, (_, given) in self.runs(design).items() if outcome in given.values()
            ]
            self.shown_in[outcome] = own

    def write(self, content: dict[str, Any]) -> None:
        self.study_file.write_text(written(content), encoding="utf-8")

    def design(self) -> Design:
        """Load the design, and build the tables under its choices."""
        design = load_design(self.study_file)
        if self.built != design.of_panel:
            self.built = None
            write_processed(*design.of_panel)
            self.built = design.of_panel
        return design

    def runs(self, design: Design) -> dict[str, tuple[str, dict[str, str]]]:
        """Name every run with its notebook and parameters, and one without a reading."""
        found = {
            run.id: (notebook.name, dict(run.parameters))
            for notebook in design.notebooks
            for run in notebook.runs
            if run.id not in SLOW
        }
        notebook, parameters = found["04_effects_loans"]
        return {**found, "without a reading": (notebook, {**parameters, "reading": ""})}

    def publish(self, run: str, design: Design) -> Iterator[object]:
        """Run a notebook's cells in this process; give numbers and data of each exhibit."""
        notebook, parameters = self.runs(design)[run]
        for shown in shown_in(notebook, parameters):
            yield shown.id, dict(shown.numbers), to_csv(shown.data)

    def effect(self, near: object) -> str:
        """Tell what the change did: `refused`, `changed` (a number) or `idle`."""
        before = self.shown_in.get(near, [])
        try:
            design = self.design()
            for run in (*before, *(run for run in self.order if run not in before)):
                pairs = zip_longest(self.publish(run, design), self.base[run])
                if any(now != then for now, then in pairs):
                    self.shown_in[near] = [run, *(one for one in before if one != run)]
                    return "changed"
        except InputError:
            return "refused"
        return "idle"


@pytest.fixture(scope="module")
def publishing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Publishing]:
    root = tmp_path_factory.mktemp("design") / "project"
    shutil.copytree(CHECKOUT / "data", root / "data", ignore=shutil.ignore_patterns("municipal"))
    (root / "notebooks").symlink_to(CHECKOUT / "notebooks")
    kept: dict[tuple[str, int], pd.DataFrame] = {}

    def read_once(name: str) -> pd.DataFrame:
        """Read a table once, and one that is built from others anew where it was built anew.

        What a changed row of `readings` drives has to show elsewhere than in that table.
        """
        path = paths.processed() / f"{name}.csv"
        key = name, path.stat().st_mtime_ns if path.is_file() else 0
        if key not in kept:
            kept[key] = read_table(name)
        return kept[key].copy()

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BSUP_ROOT", str(root))
        patch.setattr(study_tables, "read_table", read_once)
        yield Publishing(root)


def test_every_leaf_changes_a_number_or_is_refused(publishing: Publishing) -> None:
    content = publishing.content
    alike: dict[str | int, list[Any]] = {}
    for path, value in leaves(content):
        alike.setdefault(path[-1], []).append(value)
    effects: dict[Where, set[str]] = {}
    for path, value in leaves(content):
        if path[-1] == "allowed":
            continue
        near: object = path[1] if path[0] == "municipal_outcomes" else path[0]
        if path[0] == "notebook":
            run = content["notebook"][path[1]]["run"][path[3]]["id"]
            if run in SLOW:
                continue
            publishing.shown_in[near := run] = [run]
        effects[path] = set()
        for other in others(value, alike[path[-1]]):
            publishing.write(changed(content, path, other))
            effects[path].add(publishing.effect(near))
            if effects[path] - {"refused"}:
                break
    publishing.write(content)
    assert not [path for path, found in effects.items() if "idle" in found or not found]
    # a design that refuses everything would pass as well
    assert sum("changed" in found for found in effects.values()) >= 40


@pytest.mark.parametrize("row", ["A1", "A9", "B1", "B2"])
def test_row_that_drives_a_reading_changes_a_number(publishing: Publishing, row: str) -> None:
    rows = pd.read_csv(publishing.readings, dtype=str, keep_default_na=False)
    here = rows["reading_id"] == row
    committed = publishing.readings.read_bytes()
    found = {}
    for used in ("side_a", "side_b", "side_c", "both", "neither"):
        if used != rows.loc[here, "used"].item():
            flipped = rows.assign(used=rows["used"].mask(here, used))
            publishing.readings.write_text(to_csv(flipped), encoding="utf-8")
            found[used] = publishing.effect("readings")
    publishing.readings.write_bytes(committed)
    assert set(found.values()) <= {"changed", "refused"}
    sides = [side for side in found if side.startswith("side") and rows.loc[here, side].item()]
    assert sides
    assert {found[side] for side in sides} == {"changed"}


def test_rows_that_drive_something_are_named(publishing: Publishing) -> None:
    rows = read_source("readings").dropna(subset=["drives"])
    assert sorted(rows["drives"]) == sorted(
        f"readings.{name}" for name in publishing.content["readings"]
    )
    assert list(rows["reading_id"]) == ["A1", "A9", "B1", "B2"]


def test_value_that_is_not_allowed_any_more_is_refused(publishing: Publishing) -> None:
    content = publishing.content
    allowed = [(path[1], value) for path, value in leaves(content) if path[-1] == "allowed"]
    assert allowed
    for name, values in allowed:
        for value in values:
            left = [one for one in values if one != value] or ["another"]
            publishing.write(changed(content, ("parameters", name, "allowed"), left))
            asked = {"language": "en", str(name): "anything" if value == "*" else value}
            opened = DemonstrationStudy if name == "panel" else Study
            with pytest.raises(InputError, match=rf"{name}"):
                opened(**asked)
    publishing.write(content)
