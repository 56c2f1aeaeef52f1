"""What a notebook says between its figures and tables, in the language of the page.

A notebook's markdown cells are in English, for whoever opens it.  A page in another language has
the same cells from a file, by their ids; a cell tagged ``lab_only`` is on no page and in no file.
"""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bsup_analysis.errors import InputError
from bsup_analysis.pipeline.contents import shown_cells

_MATHEMATICS = re.compile(r"\$\$.+?\$\$|\$.+?\$", re.DOTALL)
_WORDS = re.compile(r"\\text\{[^}]*\}")


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
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{_name(path)} is no TOML ({error}).") from None
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
