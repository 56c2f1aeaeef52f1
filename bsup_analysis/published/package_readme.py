"""The package's README, after the Social Science Data Editors' template, from records alone."""

import tomllib
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from bsup_analysis import paths
from bsup_analysis.design import Design
from bsup_analysis.published.manifest import PACKAGE
from bsup_analysis.published.package_lists import Dataset, notebooks, programs, rooms

# the template's classes, and how many minutes each goes up to
_DURATIONS = {
    "<10 minutes": 10,
    "10-60 minutes": 60,
    "1-8 hours": 480,
    "8-24 hours": 1440,
    "1-3 days": 4320,
    "3-14 days": 20160,
    "> 14 days": float("inf"),
}
_MEBIBYTE = 2**20


def package_readme(
    manifest: Mapping[str, Any],
    numbers: int,
    design: Design,
    labels: Mapping[str, str],
    data: list[Dataset],
    size: int,
) -> str:
    """Write the README, but for its generated blocks.

    Parameters
    ----------
    manifest
        What is published.
    numbers
        How many numbers are.
    labels
        `Figure 3` and the like, by exhibit, in the order of the report.
    data
        The tables of the package, and those the results rest on beside.
    size
        Bytes of all other files of the package.
    """
    environment = Environment(  # noqa: S701 - Markdown, from our own records
        loader=PackageLoader("bsup_analysis.published", "."),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["cell"] = lambda text: " ".join(str(text).split()).replace("|", "\\|")
    project = tomllib.loads((paths.root() / "pyproject.toml").read_text("utf-8"))["project"]
    took = tomllib.loads(files("bsup_analysis.report").joinpath("run_time.toml").read_text("utf-8"))
    kinds = [one["kind"] for one in manifest["exhibits"].values()]
    return environment.get_template("README.md.j2").render(
        title=project["description"],
        package=PACKAGE,
        requires_python=project["requires-python"],
        license=project["license"],
        manifest=manifest,
        numbers=numbers,
        figures=kinds.count("figure"),
        tables=kinds.count("table"),
        runs=len({page["run"] for page in manifest["pages"].values()}),
        languages=len({page["language"] for page in manifest["pages"].values()}),
        notebooks=list(notebooks(design, manifest)),
        rooms=list(rooms(paths.root() / PACKAGE)),
        programs=list(programs(manifest, labels, paths.root())),
        seeds=list(_seeds(design)),
        took=took,
        durations=_durations(took["first_report_seconds"] / 60),
        storage=f"{size / _MEBIBYTE:.0f} MiB",
        data=data,
        missing=[one.path for one in data if not one.provided],
        references=sorted(_references(data)),
    )


def _durations(minutes: float) -> list[tuple[str, bool]]:
    chosen = next(label for label, most in _DURATIONS.items() if minutes < most)
    return [(label, label == chosen) for label in _DURATIONS]


def _seeds(design: Design) -> Iterator[tuple[str, int, str]]:
    seed = design.inference.seed
    yield "`study.toml`, `inference.seed`", seed.value, seed.reason
    for path in sorted((paths.root() / "data" / "simulation").glob("*.provenance.toml")):
        drawn = tomllib.loads(path.read_text(encoding="utf-8"))
        if "seed" in drawn:
            name = path.name.removesuffix(".provenance.toml")
            yield f"`data/simulation/{name}.csv`", drawn["seed"], drawn.get("warning", "")


def _references(data: list[Dataset]) -> set[str]:
    """Cite each source once, however many tables are from it."""
    return {
        f"{one.record.producer}. {one.record.document}."
        + (f" <{one.record.url}>." if one.record.url else "")
        + f" Read on {one.record.read_on}."
        for one in data
        if one.record is not None
    }
