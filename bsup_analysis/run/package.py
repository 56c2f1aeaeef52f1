"""The replication package: tracked files, published files, and a README from records alone.

The README follows the template of the Social Science Data Editors.
"""

import ast
import io
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from bsup_analysis import paths
from bsup_analysis.design import Design, load_design
from bsup_analysis.errors import InputError
from bsup_analysis.files import git, read_toml, write_aside
from bsup_analysis.published.manifest import MANIFEST, PACKAGE, PROFILES
from bsup_analysis.published.reader import Check, Published, read_profiles, read_published
from bsup_analysis.report.render import generated
from bsup_analysis.tables import sources
from bsup_analysis.tables.codebook import markdown

README, OWN_README = "README.md", "README-project.md"
# the earliest time an archive can hold
_TIME = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_REGULAR, _EXECUTABLE, _PLAIN = 0o100000, 0o755, 0o644
_SHOWN = 5
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


def make_package(
    root: Path, checks: Iterable[Check], labels: Callable[[], Mapping[str, str]], path: Path
) -> tuple[int, int]:
    """Write the replication package; give its number of files, and its size in bytes.

    Parameters
    ----------
    root
        The study, in a git clone with all committed.
    checks
        What is published, compared with its manifest and with what is here.
    labels
        Gives `Figure 3` and the like, by exhibit, in the order of the report.
    path
        The archive to write; an earlier one is replaced.

    Raises
    ------
    InputError
        Something is not committed, a check has not passed, or the archive cannot be written.
    """
    modes = tracked(root)
    differing = [check for check in checks if not check.passed]
    if differing:
        first = differing[0]
        more = f" (and {len(differing) - 1} more, see `bsup verify`)" if len(differing) > 1 else ""
        raise InputError(f"{first.name} {first.detail}{more}; then make the package again.")
    published = read_published(root / "reports")
    profiles = read_profiles(root / "reports").get("files", {})
    names = [*published.manifest["files"], MANIFEST, *profiles, *([PROFILES] if profiles else [])]
    modes |= {f"reports/{name}": _PLAIN for name in names}
    # a notebook may hold the outputs of a run that was saved, which git does not see
    contents = {
        name: (
            committed(root, name) if name.endswith(".ipynb") else (root / name).read_bytes(),
            mode,
        )
        for name, mode in modes.items()
    }
    contents[OWN_README] = contents[README]
    size = sum(len(content) for content, _ in contents.values())
    data = datasets(modes, published.tables)
    text = package_readme(published, load_design(root / "study.toml"), labels(), data, size)
    contents[README] = (generated(text, published).encode("utf-8"), _PLAIN)
    packed = archive(contents)
    try:
        write_aside(path, packed)
    except OSError as error:
        raise InputError(
            f"{path} cannot be written: {error.strerror or error}; nothing was left of it."
        ) from None
    return len(contents), len(packed)


def archive(files: Mapping[str, tuple[bytes, int]]) -> bytes:
    """Put files into an archive.

    Names are sorted; times, owners and all of a mode but whether a file is a program are left
    out.  Nothing is compressed, since what a compressor gives depends on its version.

    Parameters
    ----------
    files
        Content and mode, by name.
    """
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as made:
        for name, (content, mode) in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _TIME)
            entry.create_system = _UNIX
            entry.external_attr = (_REGULAR | (_EXECUTABLE if mode & 0o111 else _PLAIN)) << 16
            made.writestr(entry, content)
    return stream.getvalue()


def tracked(root: Path) -> dict[str, int]:
    """Give every tracked file with its mode, by its name below `root`.

    Raises
    ------
    InputError
        There is no git, `root` is no clone, or it holds what is not committed.
    """
    top = _git(root, "rev-parse", "--show-toplevel").strip()
    if Path(top).resolve() != root.resolve():
        raise InputError("this folder is no git clone; a package is made in one.")
    # not `git status`, which takes a notebook for changed whose saved run a filter takes out
    told = _git(root, "diff", "HEAD", "--name-only", "--no-renames", "-z")
    others = ("--others", "--exclude-standard", "--directory", "--no-empty-directory")
    told += _git(root, "ls-files", *others, "-z")
    changed = [name for name in told.split("\0") if name]
    if changed:
        more = f" and {len(changed) - _SHOWN} more" if len(changed) > _SHOWN else ""
        raise InputError(
            f"not as committed: {', '.join(changed[:_SHOWN])}{more}; commit this, or put it aside"
            " with `git stash -u`, then make the package again."
        )
    listed = _git(root, "ls-files", "--stage", "-z").split("\0")
    lines = (line.partition("\t") for line in listed if line)
    return {name: int(about.split()[0], 8) for about, _, name in lines}


def committed(root: Path, name: str) -> bytes:
    """Return a tracked file as git has it, without what a filter of this clone takes out."""
    return _git(root, "show", f":{name}").encode("utf-8")


def _git(root: Path, *arguments: str) -> str:
    made, problem = git(root, *arguments)
    if problem:
        raise InputError(f"a package is made in a git clone; {problem}.")
    return made.decode("utf-8")


# --- its README ---


def package_readme(
    published: Published,
    design: Design,
    labels: Mapping[str, str],
    data: list[dict[str, Any]],
    size: int,
) -> str:
    """Write the README, but for its generated blocks.

    Parameters
    ----------
    labels
        `Figure 3` and the like, by exhibit, in the order of the report.
    data
        The tables of the package, and those the results rest on beside.
    size
        Bytes of all other files of the package.
    """
    project = read_toml(paths.root() / "pyproject.toml")["project"]
    took = read_toml(Path(__file__).parents[1] / "report" / "run_time.toml")
    minutes = took["first_report_seconds"] / 60
    chosen = next(label for label, most in _DURATIONS.items() if minutes < most)
    manifest = published.manifest
    kinds = [one["kind"] for one in manifest["exhibits"].values()]
    runs = {page["run"] for page in manifest["pages"].values()}
    return markdown(Path(__file__).with_name("package.md.j2")).render(
        project=project,
        package=PACKAGE,
        manifest=manifest,
        numbers=len(published.numbers),
        figures=kinds.count("figure"),
        tables=kinds.count("table"),
        runs=len(runs),
        languages=len({page["language"] for page in manifest["pages"].values()}),
        notebooks=[
            (f"notebooks/{one.name}.ipynb", one.reason, ", ".join(there))
            for one in design.notebooks
            if (there := [run.id for run in one.runs if run.id in runs])
        ],
        rooms=list(_rooms(paths.root() / PACKAGE)),
        programs=list(programs(manifest, labels, paths.root())),
        seeds=list(_seeds(design)),
        took=took,
        durations=[(label, label == chosen) for label in _DURATIONS],
        storage=f"{size / _MEBIBYTE:.0f} MiB",
        data=data,
        missing=[one["path"] for one in data if not one["provided"]],
        references=sorted({_reference(one["record"]) for one in data if one["record"]}),
    )


def programs(
    manifest: Mapping[str, Any], labels: Mapping[str, str], root: Path
) -> Iterator[dict[str, Any]]:
    """Give each exhibit with what makes it, in the order of the report.

    Parameters
    ----------
    manifest
        What is published.
    labels
        `Figure 3` and the like, by exhibit, in the order of the report.

    Yields
    ------
    dict
        `number` in the report, `exhibit`, `title`, `notebook` and `run`, `function` with its
        `line`, and its `output`.
    """
    order = {name: place for place, name in enumerate(labels)}
    for name in sorted(manifest["exhibits"], key=lambda one: (order.get(one, len(order)), one)):
        shown, drawn = manifest["exhibits"][name], f"reports/tables/{name}.csv"
        key = next((one for one in shown["pages"] if one.startswith("en/")), shown["pages"][0])
        language, _, run = key.partition("/")
        module, _, function = shown["function"].rpartition(".")
        path = f"{module.replace('.', '/')}.py"
        figure = f"reports/{language}/figures/{name}.svg, "
        yield {
            "number": labels.get(name, name).replace("\N{NO-BREAK SPACE}", " "),
            "exhibit": name,
            "title": manifest["pages"][key]["exhibits"][name]["title"],
            "notebook": shown["notebook"],
            "run": run,
            "function": f"{path}, {function}",
            "line": _line(root / path, function),
            "output": drawn if shown["kind"] == "table" else figure + drawn,
        }


def _line(path: Path, function: str) -> int:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            return node.lineno
    return 1


def _rooms(package: Path) -> Iterator[tuple[str, str]]:
    """Give each room of the package with the first line of what it says of itself."""
    for path in sorted(package.iterdir()):
        module = path / "__init__.py" if path.is_dir() else path
        if module.suffix == ".py" and module.is_file() and not path.name.startswith("__"):
            told = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or ""
            first = told.partition("\n\n")[0].replace("\n", " ")
            yield f"{package.name}/{path.name}{'/' if path.is_dir() else ''}", first


def _seeds(design: Design) -> Iterator[tuple[str, int, str]]:
    seed = design.inference.seed
    yield "`study.toml`, `inference.seed`", seed.value, seed.reason
    for path in sorted((paths.root() / "data" / "simulation").glob("*.csv")):
        if "seed" in (drawn := sources.record_of(path)):
            yield f"`data/simulation/{path.name}`", drawn["seed"], drawn.get("warning", "")


def _reference(record: sources.Provenance) -> str:
    return f"{record.producer}. {record.document}. {record.place}. Read on {record.read_on}."


def datasets(
    tracked: Iterable[str], tables: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Describe every table that is in the package or that the results rest on.

    Parameters
    ----------
    tracked
        Names of the files in the package.
    tables
        Where each table comes from, by path, as the manifest has it.

    Returns
    -------
    list of dict
        `path`, `source` (whose it is), `notes`, whether it is `provided`, and the `record` of a
        raw table, else None.
    """
    files = (".csv", ".geojson")
    held = {name for name in tracked if name.startswith("data/") and name.endswith(files)}
    described = []
    for path in sorted(held | set(tables)):
        folder, name = PurePosixPath(path).parts[1], PurePosixPath(path).stem
        origin, record = tables.get(path, {}), None
        if folder == "raw":
            record = sources.read_record(name)
            unused = "" if origin else "; no exhibit rests on it"
            source, notes = record.producer, f"{record.licence}{unused}"
        elif folder == "decisions":
            source = "by the authors: choices made by hand, each with reason and source"
            notes = "CC BY 4.0 (LICENSE-DATA.md)"
        elif "from" in origin:
            built_from = ", ".join(PurePosixPath(one).stem for one in origin["from"])
            source = f"by the authors, built from {built_from}"
            notes = "built anew by `make report`"
        elif folder == "simulation":
            drawn = sources.record_of(paths.root() / path)
            source = "by the authors: SYNTHETIC"
            known = [f"{key} {drawn[key]}" for key in ("seed", "draws") if key in drawn]
            notes = ", ".join(["drawn at random with a known truth", *known])
        else:
            source = "brought by whoever ran the study; not ours to pass on"
            notes = f"sha256 {origin.get('sha256', 'not recorded')}"
        row = {"path": path, "source": source, "notes": notes, "provided": path in held}
        described.append({**row, "record": record})
    return described
