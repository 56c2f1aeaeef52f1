"""Exhibits as a notebook makes them, for tests that go through many functions alike."""

import ast
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import nbformat

from bsup_analysis import paths
from bsup_analysis.exhibit import Exhibit
from bsup_analysis.study import Study


def made(study: Study, make: Callable[..., Exhibit], **changed: object) -> Exhibit:
    """Call an exhibit function with the study's values that its arguments are named after."""
    names = inspect.signature(make).parameters
    return make(
        **{name: changed[name] if name in changed else getattr(study, name) for name in names}
    )


def displayed(study: Study, make: Callable[..., Exhibit]) -> Exhibit:
    """Show the exhibit of a function as a notebook does."""
    return study.show(made(study, make))


def shown_in(notebook: str, parameters: dict[str, str]) -> Iterator[Exhibit]:
    """Run a notebook's cells in this process; give the exhibits it shows, not drawn.

    Of the user's own table nothing is in the repository: start loans of all municipalities are
    those of a SYNTHETIC panel.
    """
    cells = nbformat.read(paths.notebooks() / f"{notebook}.ipynb", as_version=4).cells
    sources = [cell.source for cell in cells if cell.cell_type == "code"]
    names: dict[str, Any] = {}
    exec(sources[0], names)  # noqa: S102 - the committed notebooks
    names.update(parameters)
    if "panel" in names and names.get("outcome", "start_loans") == "start_loans":
        names["panel"] = "synthetic"
    for source in sources[1:]:
        tree = ast.parse(source)
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, notebook, "exec"), names)  # noqa: S102
        if isinstance(last, ast.Expr):
            shown = eval(compile(ast.Expression(last.value), notebook, "eval"), names)  # noqa: S307
            if isinstance(shown, Exhibit):
                yield shown
