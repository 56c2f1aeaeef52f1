"""What a notebook may be told: its parameters cell against what somebody asks for.

papermill runs a notebook with a misspelt parameter and ends with status 0, so everything is
compared before a run.  Read with `ast`, because papermill's own inspection costs an import of
half a second and does not know allowed values.
"""

import ast
import json
from collections.abc import Mapping
from pathlib import Path

from bsup_analysis.errors import InputError


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
