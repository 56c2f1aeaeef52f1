"""COOKBOOK.md: every line on the page is run, and gives the output that stands beneath it."""

import ast
import contextlib
import io
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
PAGE = (CHECKOUT / "COOKBOOK.md").read_text(encoding="utf-8")
# a block of code, and the block of its output where one stands right beneath it
BLOCK = re.compile(r"^```(python|sh)\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.M | re.S)
TASKS = re.findall(r"^## (\d+\..*?)$\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S)
PARTS = ("bsup_analysis", "data", "notebooks", "study.toml", "requirements.lock")


def in_kernel(code: str, names: dict[str, Any]) -> str:
    """Run a cell: what it prints, and its last expression as a console shows it."""
    tree = ast.parse(code)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, "COOKBOOK.md", "exec"), names)  # noqa: S102 - the committed page
        if isinstance(last, ast.Expr):
            value = eval(  # noqa: S307
                compile(ast.Expression(last.value), "COOKBOOK.md", "eval"), names
            )
            if value is not None:
                print(repr(value))  # noqa: T201
    return printed.getvalue()


def in_shell(code: str, study: Path, folder: Path) -> str:
    """Run lines of a shell in a folder; `$STUDY` is the checkout."""
    environment = {
        **os.environ,
        "STUDY": str(study),
        "BSUP_ROOT": str(study),
        "PYTHONPATH": str(study),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    done = subprocess.run(
        ["/bin/bash", "-euc", code],
        cwd=folder,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.replace(str(study), "$STUDY")


def same(shown: str, expected: str) -> bool:
    """Compare line by line; white space at the end of a line is not seen."""
    return [s.rstrip() for s in shown.splitlines()] == [e.rstrip() for e in expected.splitlines()]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout, which a task may change."""
    root = tmp_path_factory.mktemp("cookbook") / "study"
    ignored = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
    for part in PARTS:
        source = CHECKOUT / part
        if source.is_dir():
            shutil.copytree(source, root / part, ignore=ignored)
        else:
            shutil.copy(source, root / part)
    shutil.rmtree(root / "data" / "municipal", ignore_errors=True)
    return root


def test_the_page_has_the_tasks_in_order_each_with_lines_and_files() -> None:
    assert [int(title.split(".")[0]) for title, _ in TASKS] == list(range(1, 12))
    for title, text in TASKS:
        assert re.search(r"^\*Lines: \d+\. Files opened: \d+[^*]*\*$", text, re.M), title


@pytest.mark.parametrize(("title", "text"), TASKS, ids=[title for title, _ in TASKS])
def test_lines_are_counted(title: str, text: str) -> None:
    code = "".join(block for _, block, _ in BLOCK.findall(text))
    lines = [line for line in code.splitlines() if line.strip() and not line.startswith("#")]
    stated = re.search(r"^\*Lines: (\d+)\.", text, re.M)
    assert stated
    assert int(stated[1]) == len(lines), title


def test_python_blocks_give_what_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    blocks = [(code, shown) for kind, code, shown in BLOCK.findall(PAGE) if kind == "python"]
    assert len(blocks) >= 8
    for code, shown in blocks:
        found = in_kernel(code, names)
        assert same(found, shown), f"{code}\ngives\n{found}"


SHELL = [
    (title, code, shown)
    for title, text in TASKS
    for kind, code, shown in BLOCK.findall(text)
    if kind == "sh"
]


@pytest.mark.parametrize(("title", "code", "shown"), SHELL, ids=[title for title, *_ in SHELL])
def test_shell_blocks_give_what_is_shown(title: str, code: str, shown: str, copy: Path) -> None:
    found = in_shell(code, copy, copy)
    assert same(found, shown), f"{title}\n{code}\ngives\n{found}"


def test_the_model_is_the_one_of_the_notebook() -> None:
    cells = nbformat.read(CHECKOUT / "notebooks" / "04_effects.ipynb", as_version=4).cells
    model = next(cell.source for cell in cells if cell.id == "md-model")
    formulas = re.findall(r"\$\$.+?\$\$", PAGE, re.S)
    assert formulas
    assert all(formula in model for formula in formulas)
