"""Check that notebooks keep the form of this house, and put what is stored of one into it.

A cell reads data, fits, tabulates or draws, and shows what it made: what is computed stands in the
package, where it is tested.  Headline cells alone store their output, as text, which nbval
compares with a fresh run.  A pre-commit hook and a test call this; git calls it as the filter that
`make lab` sets up, so that a notebook that was run and saved in JupyterLab is no change.
"""

from __future__ import annotations

import argparse
import ast
import io
import json
import re
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbstripout import strip_output

from bsup_analysis.files import write_aside
from bsup_analysis.run.notebooks import faults, read_texts

CELL_LINES = 15
CODE_LINES = 150
REQUIRED_PARAMETERS = ("language", "output")
HEADLINE = {"keep_output", "nbval-check-output"}  # nbstripout keeps it, nbval compares it
ALLOWED_NUMBERS = re.compile(
    r"""\$\$.*?\$\$ | \$.*?\$ | ```.*?``` | `[^`]*` | \]\([^)]*\)  # formulas, code, addresses
    | ^\#+\ \d+\.\   # the number of the notebook
    | \b(?:19|20)\d\d\b  # years
    | \b(?:pp?\.|pages?|tables?|sections?|notebooks?|s\.|sider?|tabell(?:ene|en|er)?|avsnitt
        |kapitle?[trne]*|notatb[oø]k(?:er|en)?)(?:[\s,–-]+|and|og)*\d+(?:(?:[\s,.–-]|and|og)+\d+)*
    | (?:above|over|below|under|than|enn|includes|omfatter)\ 1(?![.,]?\d)  # equal growth
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE | re.IGNORECASE,
)
# nbval would not run such a cell, not compare it, or let it fail
EVASIVE = {
    "nbval-ignore-output",
    "nbval-raises-exception",
    "nbval-skip",
    "raises-exception",
    "skip",
}


def problems(path: Path) -> list[str]:
    """Tell where a notebook leaves the form.

    Parameters
    ----------
    path
        A notebook.

    Returns
    -------
    list of str
        A sentence for each departure, in the order of the cells; empty where there is none.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        if (raw["nbformat"], raw["nbformat_minor"]) != (4, 5):
            return ["the format is not nbformat 4.5"]
        invalid = next(nbformat.validator.iter_validate(raw), None)  # validate() would repair it
    except (OSError, ValueError, LookupError, TypeError) as error:
        return [f"this is no notebook ({type(error).__name__}: {error})"]
    if invalid:
        return [f"this is no valid notebook: {invalid.message}"]
    cells = [
        (f"cell {number}", cell, _source(cell), set(cell["metadata"].get("tags", [])))
        for number, cell in enumerate(raw["cells"])
        if cell["cell_type"] == "code"
    ]
    found = list(_notebook_problems(raw, [(source, tags) for _, _, source, tags in cells]))
    found += list(_text_problems(path, raw))
    for name, cell, source, tags in cells:
        found += [f"{name} {text}" for text in _code_problems(source)]
        found += [f"{name} {text}" for text in _output_problems(cell, tags)]
        if "parameters" in tags:
            found += [f"{name} {text}" for text in _parameter_problems(source)]
    if not found and path.read_text(encoding="utf-8") != stored(path.read_text(encoding="utf-8")):
        found.append("it is not in the stored form; run `make format`")
    return found


def stored(text: str) -> str:
    """Return what is stored of a notebook, however it was run and saved.

    Headline cells keep their output, numbered by their place among the code cells; the others keep
    neither, and nbval compares what has a number.  Of the metadata, kernel and tags are kept.
    """
    notebook = strip_output(
        nbformat.reads(text, as_version=4), keep_output=False, keep_count=True, keep_id=True
    )
    kept = {"kernelspec": notebook.metadata.get("kernelspec"), "language_info": {"name": "python"}}
    notebook.metadata = {name: value for name, value in kept.items() if value}
    for cell in notebook.cells:
        tags = cell.metadata.get("tags")
        cell.metadata = {"tags": tags} if tags else {}
    for place, cell in enumerate((c for c in notebook.cells if c.cell_type == "code"), 1):
        cell.execution_count = place if cell.outputs else None
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = place
    return nbformat.writes(notebook).rstrip("\n") + "\n"


def _text_problems(path: Path, raw: dict) -> Iterator[str]:
    """Yield what is wrong with the text between the cells, in English and in other languages."""
    texts = {cell["id"]: _source(cell) for cell in raw["cells"] if cell["cell_type"] == "markdown"}
    for name, text in texts.items():
        yield from _number_problems(f"the text of cell {name}", text)
    chapters = path.resolve().parent.parent / "bsup_analysis" / "chapters"
    for language in sorted({one.parent.name for one in chapters.glob("*/words/*/notebooks")}):
        place = f"*/words/{language}/notebooks/{path.stem}.toml"
        told = read_texts(next(chapters.glob(place), chapters / place))
        for fault in faults(raw, told):
            yield f"{language}: {fault}"
        for name, text in told.items():
            yield from _number_problems(f"{language}: the text of cell {name}", text)


def _number_problems(name: str, text: str) -> Iterator[str]:
    """Yield the numbers in prose that are no page, year, table, section, notebook or equality."""
    for number in re.findall(r"\S*\d\S*", ALLOWED_NUMBERS.sub("", text)):
        yield f"{name} holds a number, {number}; show it from the results"


def _source(cell: dict[str, object]) -> str:
    """Return the text of a cell, stored as one string or as a list of lines."""
    source = cell["source"]
    return "".join(source) if isinstance(source, list) else str(source)


def _notebook_problems(raw: dict, cells: list[tuple[str, set[str]]]) -> Iterator[str]:
    """Yield what is wrong with the notebook as a whole."""
    if raw["metadata"].get("kernelspec", {}).get("name") != "python3":
        yield "the kernel is not python3"
    if len({cell["id"] for cell in raw["cells"]}) < len(raw["cells"]):
        yield "two cells have the same id"
    lines = sum(len(source.splitlines()) for source, _ in cells)
    if lines > CODE_LINES:
        yield f"the code has {lines} lines, {CODE_LINES} are allowed"
    tagged = sum("parameters" in tags for _, tags in cells)
    if tagged != 1:
        yield f"{tagged} code cells are tagged parameters, one must be"
    if not any(tags >= HEADLINE for _, tags in cells):
        yield "no cell is a headline, tagged keep_output and nbval-check-output"


def _code_problems(source: str) -> Iterator[str]:
    """Yield what is wrong with the code of a cell."""
    lines = len(source.splitlines())
    if lines > CELL_LINES:
        yield f"has {lines} lines, {CELL_LINES} are allowed"
    try:
        tree = ast.parse(source)
    except SyntaxError:
        yield "is not plain Python"
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield f"defines {node.name}, which belongs in the package"


def _output_problems(cell: dict, tags: set[str]) -> Iterator[str]:
    """Yield what is wrong with the stored output of a cell, and with the tags that govern it."""
    if tags & EVASIVE:
        yield f"is kept from comparison by the tag {', '.join(sorted(tags & EVASIVE))}"
    if not tags & HEADLINE:
        if cell["outputs"]:
            yield "stores an output, which only a headline cell may"
        return
    if not tags >= HEADLINE:
        yield f"is tagged {', '.join(sorted(tags & HEADLINE))} only, and a headline has both tags"
    # nbval compares nothing where the reference was not run, and no pictures anywhere
    if not cell["outputs"] or cell["execution_count"] is None:
        yield "is a headline without a stored output"
    if any(kind != "text/plain" for out in cell["outputs"] for kind in out.get("data", ())):
        yield "is a headline with more than plain text, which is not compared"
    if any(out["output_type"] == "error" for out in cell["outputs"]):
        yield "stores an error"


def _parameter_problems(source: str) -> Iterator[str]:
    """Yield what is wrong with the parameters cell: plain values, each with its comment."""
    try:
        statements = ast.parse(source).body
    except SyntaxError:
        return  # said already
    comments = {
        token.start[0]: token.line.strip() == token.string
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }  # line -> whether the comment has it to itself
    names = []
    for statement in statements:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                pass
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                pass
            case _:
                yield f"holds more than parameters: {ast.unparse(statement)}"
                continue
        names.append(name)
        try:
            ast.literal_eval(value)
        except ValueError:
            yield f"gives {name} a value that is not plain"
        beside = range(statement.lineno, (statement.end_lineno or statement.lineno) + 1)
        if not comments.get(statement.lineno - 1) and not comments.keys() & set(beside):
            yield f"has no comment on {name}"
    for name in REQUIRED_PARAMETERS:
        if name not in names:
            yield f"has no parameter {name}"


def main(arguments: list[str] | None = None) -> int:
    """Print the problems of the notebooks named; return 1 where there is one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", type=Path)
    parser.add_argument("--store", action="store_true", help="put them into the stored form")
    parser.add_argument("--filter", action="store_true", help="read one, write its stored form")
    asked = parser.parse_args(arguments)
    if asked.filter:
        sys.stdout.buffer.write(stored(sys.stdin.buffer.read().decode()).encode())
        return 0
    for path in asked.notebooks if asked.store else ():
        write_aside(path, stored(path.read_text(encoding="utf-8")))
    found = [f"{path}: {text}" for path in asked.notebooks for text in problems(path)]
    print(*found, sep="\n", end="\n" if found else "")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
