"""Where each exhibit comes from, whose the data are, and how to make the report again."""

import tomllib
from importlib.resources import files
from pathlib import PurePosixPath

from bsup_analysis.report.blocks import Block, Commands, Table
from bsup_analysis.report.inline import Code, Inlines, Reference, Text
from bsup_analysis.report.teller import Teller

SOURCES = ("document_source", "ssb", "kartverket", "press")
PACKAGE = "bsup_analysis"
REPORT = "bsup_analysis.report"


def sources(tell: Teller) -> list[Block]:
    """List exhibits with notebook, function and tables; name the owners of the data."""
    rows = tuple(
        (
            (Reference(exhibit.id),),
            (Text(exhibit.title),),
            (
                Code(PurePosixPath(exhibit.notebook).stem),
                Text(", "),
                Code(exhibit.function.removeprefix(f"{PACKAGE}.exhibits.")),
            ),
            _listed([PurePosixPath(path).stem for path in exhibit.inputs]),
        )
        for exhibit in tell.published.exhibits.values()
    )
    columns = ("number", "exhibit", "made_by", "made_from")
    head = tuple(tell.text(f"sources.{name}") for name in columns)
    return [
        tell.heading("sources"),
        tell.say("sources.whose"),
        tell.listing(*(f"sources.{name}" for name in SOURCES)),
        tell.say("sources.text", table=tell.ref("exhibit_origins")),
        Table("exhibit_origins", tell.text("sources.title"), head, rows),
    ]


def remake(tell: Teller) -> list[Block]:
    """Give commands, how long they take, versions and checksums."""
    published = tell.published
    versions = tuple(
        ((Text(name),), (Text(version or tell.text("remake.no_versions")),))
        for name, version in published.versions.items()
    )
    tables = {
        path: digest
        for exhibit in published.exhibits.values()
        for path, digest in exhibit.inputs.items()
    }
    rows = tuple(
        ((Code(path),), (Code(digest),))
        for path, digest in {**published.digests, **dict(sorted(tables.items()))}.items()
    )
    return [
        tell.heading("remake"),
        tell.say("remake.text", versions=tell.ref("versions")),
        Commands(("make report", "make test")),
        tell.say("remake.time", table=tell.ref("run_time")),
        _run_time(tell),
        tell.say("remake.compare"),
        Commands(("bsup verify",)),
        tell.say("remake.hashes", inputs=tell.ref("inputs")),
        Table(
            "versions",
            tell.text("remake.versions_title"),
            (tell.text("remake.package"), tell.text("remake.version")),
            versions,
        ),
        Table(
            "inputs",
            tell.text("remake.inputs_title"),
            (tell.text("remake.file"), tell.text("remake.digest")),
            rows,
        ),
    ]


def _run_time(tell: Teller) -> Table:
    """Say how long the commands took where that was measured last."""
    record = files(REPORT).joinpath("run_time.toml").read_text(encoding="utf-8")
    took = tomllib.loads(record)
    steps = ("first_report_seconds", "unchanged_report_seconds")
    lasted = {name: f"{tell.words.count(took[name])} s" for name in steps}
    where = tell.words(
        "report.remake.where",
        date=tell.words.date(took["measured"]),
        machine=took["machine"],
        cores=tell.words.count(took["cores"]),
        python=took["python"],
    )
    return Table(
        "run_time",
        tell.text("remake.time_title"),
        (tell.text("remake.step"), tell.text("remake.lasted")),
        tuple(
            ((Text(tell.text(f"remake.{name}")),), (Text(time),)) for name, time in lasted.items()
        ),
        note=where,
        numeric=frozenset({1}),
    )


def _listed(names: list[str]) -> Inlines:
    parts: list[Code | Text] = []
    for name in names:
        parts += [Text(", "), Code(name)] if parts else [Code(name)]
    return tuple(parts)
