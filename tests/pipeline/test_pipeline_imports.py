"""What a notebook depends on is found from its imports, and an edit makes nothing else stale."""

from pathlib import Path

import pytest

from bsup_analysis.commands.project import study_project
from bsup_analysis.pipeline.imports import cells_of, code_of

PACKAGE = Path(__file__).parents[2] / "bsup_analysis"


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    """A package of two rooms, one with words, where `b.late` is imported inside a function."""
    package = tmp_path / "pack"
    for name, text in {
        "__init__.py": "",
        "a/__init__.py": "from pack.a.one import value\n",
        "a/one.py": "import os\nvalue = 1\n",
        "a/two.py": "",
        "b/__init__.py": "",
        "b/late.py": "",
        "b/early.py": "def call():\n    from pack.b import late\n    return late\n",
        "b/en/words.toml": "",
        "b/__pycache__/late.pyc": "",
    }.items():
        path = package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return package


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import os", []),
        ("%matplotlib inline", []),
        ("from pack.a.two import x", ["__init__.py", "a/__init__.py", "a/one.py", "a/two.py"]),
        ("from pack import a", ["__init__.py", "a/__init__.py", "a/one.py"]),
        (
            "import pack.b.early as early",
            ["__init__.py", "b/__init__.py", "b/early.py", "b/en/words.toml", "b/late.py"],
        ),
    ],
)
def test_code_is_what_is_imported_and_what_that_imports(
    toy: Path, source: str, expected: list[str]
) -> None:
    found = [path.relative_to(toy).as_posix() for path in code_of([source], toy)]
    assert found == expected


def test_a_comment_in_a_figure_makes_its_notebook_stale_and_no_other() -> None:
    used = {run.id: set(run.code) for run in study_project().runs}
    figure = PACKAGE / "chapters" / "programme" / "malvik_loans.py"
    assert {run for run, code in used.items() if figure in code} == {"01_programme_figures"}
    floor = PACKAGE / "effects" / "group_poisson.py"
    assert all(floor in code for code in used.values())
    # what only runs and reports is no part of a result
    for room in ("pipeline", "report", "commands", "traceability", "statbank"):
        assert not any(path.is_relative_to(PACKAGE / room) for path in set().union(*used.values()))


def test_what_is_no_notebook_imports_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.ipynb"
    assert cells_of(path) == []
    path.write_text("{", encoding="utf-8")
    assert cells_of(path) == []
