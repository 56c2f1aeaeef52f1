"""The house: chapters over a common floor, no import upward or in a circle, one name a file."""

import ast
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import bsup_analysis
from bsup_analysis.language import LANGUAGES, templates
from bsup_analysis.language.catalogue import CHAPTERS, HERE
from bsup_analysis.run.notebooks import code_of

PACKAGE = Path(bsup_analysis.__file__).parent
FLOORS = 7
OF_EVERY_ROOM = {"__init__.py", "__main__.py", "exhibits.py", "checks.py"}
NAMES = sorted(path.name for path in CHAPTERS.iterdir() if (path / "__init__.py").is_file())


def imported(source: str) -> Iterator[str]:
    """Yield the rooms of the package that source text imports, wherever in it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [one.name for one in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "an import names the whole path"
            names = [f"{node.module}.{one.name}" for one in node.names]
        else:
            continue
        for name in names:
            first, *below = name.split(".")
            if first == PACKAGE.name and below:
                yield below[0]


def rooms() -> dict[str, set[str]]:
    """Give each room of the package with the rooms it imports."""
    found: dict[str, set[str]] = defaultdict(set)
    names = {path.stem if path.suffix == ".py" else path.name for path in PACKAGE.iterdir()}
    for path in PACKAGE.rglob("*.py"):
        room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        found[room] |= set(imported(path.read_text(encoding="utf-8"))) & names - {room}
    return found


def test_no_import_between_rooms_is_circular_and_the_house_is_no_higher() -> None:
    below = rooms()
    height: dict[str, int] = {}
    for room in TopologicalSorter(below).static_order():  # refuses a circle
        height[room] = 1 + max((height[other] for other in below.get(room, ())), default=0)
    assert max(height.values()) <= FLOORS, height
    assert {"errors", "__main__", "study", "exhibit"} <= height.keys()


def test_nothing_in_the_package_imports_a_chapter() -> None:
    below = rooms()
    assert below["chapters"] >= {"exhibit", "language"}
    assert not [room for room, imports in below.items() if "chapters" in imports]
    # what meets data without drawing needs nothing that draws
    assert not below["analysis"] & {"exhibit", "language", "study"}


@pytest.mark.parametrize("chapter", NAMES)
def test_no_chapter_imports_another_at_any_depth(chapter: str) -> None:
    folder = CHAPTERS / chapter
    code = code_of([path.read_text(encoding="utf-8") for path in folder.glob("*.py")], PACKAGE)
    inside = [path.relative_to(CHAPTERS).parts for path in code if path.is_relative_to(CHAPTERS)]
    assert {parts[0] for parts in inside if len(parts) > 1} <= {chapter}
    assert not [path for path in folder.rglob("*.py") if path.parent != folder]


@cache
def stems(folder: Path) -> frozenset[str]:
    """Return the families of words that lie in a folder of languages."""
    return frozenset(path.stem for path in folder.glob("*/*.toml"))


@cache
def asked(path: Path) -> list[str]:
    """Return the patterns of keys that a file's texts can be, `.+` where a value is put in."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            parts = [one.value if isinstance(one, ast.Constant) else None for one in node.values]
            found.append("".join(".+" if one is None else re.escape(str(one)) for one in parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.append(re.escape(node.value))
    return [pattern for pattern in found if re.match(r"\w+\\\.", pattern)]


@pytest.mark.parametrize("chapter", NAMES)
def test_words_of_a_chapter_are_used_there_alone(chapter: str) -> None:
    own = stems(CHAPTERS / chapter / "words")
    assert own, "a chapter has words"
    keys = [key for key in templates("en") if key.partition(".")[0] in own]
    used: dict[bool, set[str]] = {True: set(), False: set()}
    for path in PACKAGE.rglob("*.py"):
        for pattern in (one for one in asked(path) if one.partition("\\.")[0] in own):
            if any(re.fullmatch(pattern, key) for key in keys):
                used[path.is_relative_to(CHAPTERS / chapter)].add(f"{path.name}: {pattern}")
    assert used[True]
    assert not used[False]


def test_each_family_of_words_lies_in_one_place_in_both_languages() -> None:
    folders = [HERE, *(CHAPTERS / chapter / "words" for chapter in NAMES)]
    found = Counter(stem for folder in folders for stem in stems(folder))
    assert max(found.values()) == 1, found.most_common(3)
    for folder in folders:
        for language in LANGUAGES:
            assert {path.stem for path in folder.glob(f"{language}/*.toml")} == stems(folder)


def test_a_file_has_a_name_of_its_own() -> None:
    files = Counter(path.name for path in PACKAGE.rglob("*.py"))
    assert not {name for name, count in files.items() if count > 1} - OF_EVERY_ROOM


# called by a library under this name: doit, nbconvert and mistune, html.parser, jupyter, string
HOOKS = {
    *("check_modified", "get_state", "_load"),
    *("execute_task", "add_success", "add_failure", "skip_uptodate", "complete_run"),
    *("runtime_error", "cleanup_error"),
    *("handle_starttag", "handle_data", "handle_endtag"),
    *("block_math", "inline_math", "latex_environment"),
    *("kernel_spec", "execute_managed_notebook", "format_field"),
}
# decorators that call nothing by themselves; any other hands the function to a library
PLAIN = {"property", "cached_property", "staticmethod", "classmethod", "cache", "contextmanager"}
PLAIN |= {"result", "exhibit", "wraps", "overload", "lru_cache"}


def _name(node: ast.expr) -> str:
    called = node.func if isinstance(node, ast.Call) else node
    return called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")


def test_every_function_has_a_caller_that_a_tool_can_see() -> None:
    """By name over the package, the tools and the notebooks' cells; tests do not count."""
    root = PACKAGE.parent
    sources = [path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")]
    defined, used = set(), Counter[str]()
    for text in sources:
        for node in ast.walk(ast.parse(text)):
            if (
                isinstance(node, ast.FunctionDef)
                and {_name(d) for d in node.decorator_list} <= PLAIN
            ):
                defined.add(node.name)
    sources += [path.read_text(encoding="utf-8") for path in (root / "tools").glob("*.py")]
    for path in (root / "notebooks").glob("*.ipynb"):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        sources.append("\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code"))
    for text in sources:
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Name | ast.Attribute):
                used[_name(node)] += 1
    unseen = {name for name in defined if not used[name] and not name.startswith("__")}
    assert unseen <= HOOKS | {"_repr_html_"}, sorted(unseen - HOOKS)
    assert not HOOKS - unseen, f"no hooks any more: {sorted(HOOKS - unseen)}"
