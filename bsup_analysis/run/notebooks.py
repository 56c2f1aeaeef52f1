"""What a notebook says before it is run: its parameters, its text, the code it can run.

A page in another language than English has the text of a notebook's markdown cells from a file, by
their ids; a cell tagged ``lab_only`` is on no page and in no file.

papermill runs a notebook with a misspelt parameter and ends with status 0, so parameters are
compared before a run.  They are read with `ast`, because papermill's own inspection costs an import
of half a second and does not know allowed values.  The code is found by reading import statements,
without running anything, so that an edit makes stale what it can change and nothing else.
"""

import ast
import hashlib
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cache
from html import unescape
from pathlib import Path
from typing import Any

from bsup_analysis.errors import InputError
from bsup_analysis.files import digest, read_toml

LAB_ONLY = "lab_only"
_HEADING = re.compile(r"^#[ \t]+(.+?)[ \t#]*$|<h1\b[^>]*>((?:.|\n)*?)</h1>", re.MULTILINE)
_MATHEMATICS = re.compile(r"\$\$.+?\$\$|\$.+?\$", re.DOTALL)
_WORDS = re.compile(r"\\text\{[^}]*\}")


# --- parameters ---


def defaults(notebook: Path) -> dict[str, object]:
    """Return the parameters of a notebook with the values its parameters cell gives them.

    Raises
    ------
    InputError
        If the notebook is missing or is no notebook, or if it has no cell tagged
        ``parameters`` that assigns plain values to names.
    """
    try:
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        source = next(
            "".join(cell["source"])
            for cell in cells
            if "parameters" in cell["metadata"].get("tags", ())
        )
    except FileNotFoundError:
        raise InputError(
            f"there is no notebook {notebook.name} in {notebook.parent.name}/."
        ) from None
    except StopIteration:
        raise InputError(f"{notebook.name} has no cell tagged 'parameters'; tag one.") from None
    except (ValueError, KeyError, TypeError):
        raise InputError(f"{notebook.name} is not a notebook; restore it from git.") from None
    try:
        return {
            target.id: ast.literal_eval(node.value)
            for node in ast.parse(source).body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
    except (SyntaxError, ValueError):
        raise InputError(
            f"{notebook.name}: the parameters cell must give each name a plain value."
        ) from None


def check(notebook: Path, given: Mapping[str, str], allowed: Mapping[str, tuple[str, ...]]) -> None:
    """Refuse parameters a notebook does not have and values outside their allowed set.

    Raises
    ------
    InputError
        Naming what there is: the notebook's parameters, or the values the parameter takes.
    """
    known = defaults(notebook)
    missing = [name for name in ("language", "output") if name not in known]
    if missing:
        raise InputError(f"{notebook.name}: the parameters cell lacks {' and '.join(missing)}.")
    for name, value in given.items():
        if name not in known or name == "output":
            names = ", ".join(sorted(set(known) - {"output"}))
            raise InputError(f"{notebook.name} has no parameter {name!r}; it has: {names}.")
        if name in allowed and "*" not in allowed[name] and value not in allowed[name]:
            values = ", ".join(allowed[name])
            raise InputError(f"{notebook.name}: {name} cannot be {value!r}; it takes: {values}.")


# --- text ---


def shown_cells(notebook: Mapping[str, Any]) -> list[Any]:
    """Return the cells a page shows: all but those tagged ``lab_only``.

    A notebook's own headings are in English, for whoever reads it in JupyterLab; the page has
    those of its language, which the notebook's code shows.
    """
    cells = notebook["cells"]
    return [cell for cell in cells if LAB_ONLY not in cell.get("metadata", {}).get("tags", ())]


def heading(notebook: Mapping[str, Any]) -> str | None:
    """Return the first heading of level 1 in an executed notebook, as plain text."""
    for text in shown_texts(notebook):
        if found := _HEADING.search(text):
            return unescape(re.sub(r"<[^>]+>|[*`]", "", found[1] or found[2])).strip()
    return None


def shown_texts(notebook: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a reader sees as text or HTML, in its order."""
    for cell in shown_cells(notebook):
        if cell["cell_type"] == "markdown":
            yield "".join(cell["source"])
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            if text := data.get("text/html") or data.get("text/markdown"):
                yield "".join(text)


def translated(notebook: Path, texts: Path | None) -> dict[str, Any]:
    """Read a notebook, with its text in the language of a file.

    Parameters
    ----------
    texts
        TOML with the text of each markdown cell by the cell's id; None for the notebook's own.

    Returns
    -------
    dict
        The notebook as JSON has it.

    Raises
    ------
    InputError
        The file is no TOML or does not fit the notebook; with what to do.
    """
    content = json.loads(notebook.read_text(encoding="utf-8"))
    if texts is None:
        return content
    told = read_texts(texts)
    for fault in faults(content, told):
        raise InputError(f"{_name(texts)}: {fault}.")
    for cell in _texts(content):
        cell["source"] = told[cell["id"]]
    return content


def read_texts(path: Path) -> dict[str, str]:
    """Read the texts of a notebook's cells in a language, without white space at either end.

    No file is no text.

    Raises
    ------
    InputError
        The file is no TOML, or holds something else than texts.
    """
    content = read_toml(path, _name(path)) if path.is_file() else {}
    for name, text in content.items():
        if not isinstance(text, str):
            raise InputError(f"{_name(path)}: {name} must be a text.")
    return {name: text.strip() for name, text in content.items()}


def faults(notebook: Mapping[str, Any], texts: Mapping[str, str]) -> Iterator[str]:
    r"""Yield where texts do not fit a notebook: missing, superfluous, or other mathematics.

    Words within ``\text{}`` may differ.
    """
    cells = {cell["id"]: "".join(cell["source"]) for cell in _texts(notebook)}
    for name, source in cells.items():
        if not texts.get(name):
            yield f"the text of cell {name} is missing; write it"
        elif _mathematics(source) != _mathematics(texts[name]):
            yield f"cell {name} has other mathematics than the notebook; make them equal"
    for name in sorted(set(texts) - set(cells)):
        yield f"the notebook shows no markdown cell {name} on its page; remove the text"


def _name(path: Path) -> str:
    return "/".join(path.parts[-3:])


def _texts(notebook: Mapping[str, Any]) -> list[Any]:
    return [cell for cell in shown_cells(notebook) if cell["cell_type"] == "markdown"]


def _mathematics(text: str) -> list[str]:
    """Return the formulas of a text, in no order: a sentence may turn them about."""
    return sorted("".join(_WORDS.sub("", one).split()) for one in _MATHEMATICS.findall(text))


# --- what a run depends on ---


def code_of(sources: Iterable[str], package: Path) -> tuple[Path, ...]:
    """Return the files of the package that source text can depend on, sorted.

    Parameters
    ----------
    sources
        Python source, such as the cells of a notebook.
    package
        The package's folder; imports of anything else are left to the lock.

    Returns
    -------
    tuple of Path
        Modules with the `__init__.py` above them, and the files beside them that are no modules,
        such as words; the text of a notebook's cells belongs to that notebook and is none of them.
    """
    found: set[Path] = set()
    waiting = [name for source in sources for name in _imported(source, package.name)]
    while waiting:
        for path in _modules(waiting.pop(), package) - found:
            found.add(path)
            waiting += _imports_of(path, path.stat().st_mtime_ns, package.name)
    beside = {
        path for module in found for path in _beside(module.parent) if module.parent != package
    }
    return tuple(sorted(found | beside))


def cells_of(notebook: Path) -> list[str]:
    """Return the source of a notebook's code cells; nothing where it is no notebook."""
    try:
        cells = json.loads(notebook.read_bytes())["cells"]
        return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (OSError, ValueError, LookupError, TypeError):
        return []


@cache
def _imports_of(path: Path, _time_ns: int, package: str) -> list[str]:
    return list(_imported(path.read_text(encoding="utf-8"), package))


def _imported(source: str, package: str) -> Iterator[str]:
    """Yield the dotted names below the package that source text imports, wherever in it.

    Only the import statements are parsed: whole modules would take most of a run that has
    nothing to do.
    """
    statement = rf"^[ \t]*((?:from|import) +{package}\b(?:[^\n(]*\([^)]*\)|[^\n]*))"
    for found in re.finditer(statement, source, re.MULTILINE):
        with suppress(SyntaxError):  # a line of text that begins like an import
            for node in ast.parse(found[1]).body:
                if isinstance(node, ast.Import):
                    yield from (one.name for one in node.names)
                elif isinstance(node, ast.ImportFrom):
                    # what is imported from a package may be a module of it
                    yield from (f"{node.module}.{one.name}" for one in node.names)


@cache
def _modules(name: str, package: Path) -> frozenset[Path]:
    """Return the files that importing a dotted name runs: its own and those of packages above."""
    parts, files, folder = name.split(".")[1:], {package / "__init__.py"}, package
    for part in parts:
        files.add(folder / f"{part}.py")
        folder = folder / part
        files.add(folder / "__init__.py")
    return frozenset(path for path in files if path.is_file())


@cache
def _beside(folder: Path) -> frozenset[Path]:
    """Return the files of a folder that are no modules, its folders without modules included.

    A folder `notebooks` holds the text of cells, which is a part of the notebook as it runs.
    """
    found = set()
    for path in folder.iterdir():
        if path.is_dir() and path.name != "__pycache__" and not any(path.rglob("*.py")):
            texts = path.rglob("notebooks/*")
            found |= {one for one in path.rglob("*") if one.is_file()}.difference(texts)
        elif path.is_file() and path.suffix not in (".py", ".pyc"):
            found.add(path)
    return frozenset(found)


def input_digest(path: Path) -> str:
    """Return the SHA-256 of what is made from a file: of its bytes, but for a notebook.

    A notebook's is that of its cells' kinds, ids, tags and sources, and of the stored results of
    its headlines: what else JupyterLab writes into it on saving changes no run.
    """
    if path.suffix != ".ipynb":
        return digest(path)
    return hashlib.sha256(json.dumps(_essence(path)).encode()).hexdigest()


def _essence(path: Path) -> object:
    try:
        cells = json.loads(path.read_bytes())["cells"]
        return [_cell(cell, cell["metadata"].get("tags", ())) for cell in cells]
    except (ValueError, LookupError, TypeError, AttributeError):
        return digest(path)  # no notebook; whoever runs it says so


def _cell(cell: Mapping[str, Any], tags: Collection[str]) -> list[object]:
    stored = cell.get("outputs", ()) if "keep_output" in tags else ()
    results = [_joined(one.get("data") or one.get("text")) for one in stored]
    return [cell["cell_type"], cell.get("id"), sorted(tags), _joined(cell["source"]), results]


def _joined(text: object) -> object:
    """Join what a notebook may keep as one text or as a list of lines."""
    if isinstance(text, dict):
        return {kind: _joined(value) for kind, value in sorted(text.items())}
    return "".join(text) if isinstance(text, list) else text
