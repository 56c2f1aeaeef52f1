"""The code that a notebook can run: the modules it imports, and those they import in turn.

Found by reading the import statements, without running anything, so that an edit makes stale what
it can change and nothing else.
"""

import ast
import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path


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
