"""What the package lists: rooms, notebooks, which function makes each exhibit, and the data."""

import ast
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from bsup_analysis import paths
from bsup_analysis.design import Design
from bsup_analysis.tables import sources

DECISIONS = "by the authors: choices made by hand, each with reason and source"
BUILT = "by the authors, built from"
OWN = "brought by whoever ran the study; not ours to pass on"


@dataclass(frozen=True)
class Program:
    """What makes an exhibit: number in the report, notebook and run, function with its line."""

    number: str
    exhibit: str
    title: str
    notebook: str
    run: str
    function: str
    line: int
    output: str


def programs(
    manifest: Mapping[str, Any], labels: Mapping[str, str], root: Path
) -> Iterator[Program]:
    """Give each exhibit with what makes it, in the order of the report.

    Parameters
    ----------
    manifest
        What is published.
    labels
        `Figure 3` and the like, by exhibit, in the order of the report.
    """
    order = {name: place for place, name in enumerate(labels)}
    for name in sorted(manifest["exhibits"], key=lambda one: (order.get(one, len(order)), one)):
        shown = manifest["exhibits"][name]
        key = next((one for one in shown["pages"] if one.startswith("en/")), shown["pages"][0])
        module, _, function = shown["function"].rpartition(".")
        path = f"{module.replace('.', '/')}.py"
        yield Program(
            labels.get(name, name).replace("\N{NO-BREAK SPACE}", " "),
            name,
            manifest["pages"][key]["exhibits"][name]["title"],
            shown["notebook"],
            key.partition("/")[2],
            f"{path}, {function}",
            _line(root / path, function),
            _output(key, name, shown["kind"]),
        )


def _output(key: str, name: str, kind: str) -> str:
    language = key.partition("/")[0]
    drawn = f"reports/tables/{name}.csv"
    return drawn if kind == "table" else f"reports/{language}/figures/{name}.svg, {drawn}"


def _line(path: Path, function: str) -> int:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            return node.lineno
    return 1


def rooms(package: Path) -> Iterator[tuple[str, str]]:
    """Give each room of the package with the first line of what it says of itself."""
    for path in sorted(package.iterdir()):
        module = path / "__init__.py" if path.is_dir() else path
        if module.suffix == ".py" and module.is_file() and not path.name.startswith("__"):
            told = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or ""
            first = told.partition("\n\n")[0].replace("\n", " ")
            yield f"{package.name}/{path.name}{'/' if path.is_dir() else ''}", first


def notebooks(design: Design, manifest: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Give each notebook with the reason it is there and those of its runs that were published."""
    published = {page["run"] for page in manifest["pages"].values()}
    for one in design.notebooks:
        runs = [run.id for run in one.runs if run.id in published]
        if runs:
            yield f"notebooks/{one.name}.ipynb", one.reason, ", ".join(runs)


@dataclass(frozen=True)
class Dataset:
    """A table: its file, whose it is, what there is to know, and whether the package holds it."""

    path: str
    source: str
    notes: str
    provided: bool
    record: sources.Provenance | None = None


def datasets(tracked: Iterable[str], tables: Mapping[str, Mapping[str, Any]]) -> list[Dataset]:
    """Describe every table that is in the package or that the results rest on.

    Parameters
    ----------
    tracked
        Names of the files in the package.
    tables
        Where each table comes from, by path, as the manifest has it.
    """
    held = {name for name in tracked if name.startswith("data/") and name.endswith(".csv")}
    return [
        _dataset(path, path in held, tables.get(path, {})) for path in sorted(held | set(tables))
    ]


def _dataset(path: str, provided: bool, origin: Mapping[str, Any]) -> Dataset:
    folder, name = PurePosixPath(path).parts[1], PurePosixPath(path).stem
    if folder == "raw":
        record = sources.read_record(name)
        unused = "" if origin else "; no exhibit rests on it"
        return Dataset(path, record.producer, f"{record.licence}{unused}", provided, record)
    if folder == "decisions":
        return Dataset(path, DECISIONS, "CC BY 4.0 (LICENSE-DATA.md)", provided)
    if "from" in origin:
        names = ", ".join(PurePosixPath(one).stem for one in origin["from"])
        return Dataset(path, f"{BUILT} {names}", "built anew by `make report`", provided)
    if folder == "simulation":
        return Dataset(path, "by the authors: SYNTHETIC", _drawn(paths.root() / path), provided)
    return Dataset(path, OWN, f"sha256 {origin.get('sha256', 'not recorded')}", provided)


def _drawn(path: Path) -> str:
    record = path.with_suffix(".provenance.toml")
    drawn = tomllib.loads(record.read_text(encoding="utf-8")) if record.is_file() else {}
    told = [f"{name} {drawn[name]}" for name in ("seed", "draws") if name in drawn]
    return ", ".join(["drawn at random with a known truth", *told])
