"""nbval runs notebooks 04 and 05 at the municipal level, on a SYNTHETIC panel with a fixed seed.

The headline cells are compared with what is stored beside this file, which is SYNTHETIC too.  To
store them anew after a deliberate change: BSUP_STORE_HEADLINES=1 python -m pytest THIS_FILE.
"""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_output
from papermill.parameterize import parameterize_notebook

from bsup_analysis.municipal_import.demo import DemoParameters, calibration, demo_panel, write_demo
from bsup_analysis.study import read_table

HERE = Path(__file__).parent
CHECKOUT = HERE.parents[1]
NOTEBOOKS = ("04_effects", "05_robustness")
DRAWN = DemoParameters(seed=20092012, effect=1.5, dispersion=1.5, noise=0.2)
HEAD = "# SYNTHETIC: headline numbers of a panel of bsup demo with seed 20092012; nobody's data.\n"
# digits that another machine's arithmetic may end in otherwise
SANITIZE = "[digits]\nregex: (\\d\\.\\d{5})\\d+\nreplace: \\1\n"


def stored(name: str) -> Path:
    return HERE / f"SYNTHETIC_{name}.txt"


def is_headline(cell: nbformat.NotebookNode) -> bool:
    return "nbval-check-output" in cell.metadata.get("tags", [])


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copies of the notebooks, told to take the panel, with the stored headlines as outputs."""
    folder = tmp_path_factory.mktemp("nbval")
    tables = map(read_table, ("group_year", "municipality_year", "region_year"))
    panel = write_demo(demo_panel(calibration(*tables), DRAWN), DRAWN, folder)
    for name in NOTEBOOKS:
        source = nbformat.read(CHECKOUT / "notebooks" / f"{name}.ipynb", as_version=4)
        source.metadata["papermill"] = {}
        for cell in source.cells:
            cell.metadata.setdefault("tags", [])  # papermill looks at every cell's
        told = parameterize_notebook(
            source, {"level": "municipal", "panel": str(panel)}, kernel_name="python3",
            language="python",
        )  # fmt: skip
        (headline,) = (cell for cell in told.cells if is_headline(cell))
        kept = stored(name).read_text(encoding="utf-8") if stored(name).is_file() else HEAD
        assert kept.startswith(HEAD)
        text = {"text/plain": kept.removeprefix(HEAD).rstrip("\n")}
        headline.outputs = [new_output("execute_result", text, execution_count=1)]
        headline.execution_count = 1
        nbformat.write(told, folder / f"{name}.ipynb")
    (folder / "sanitize.cfg").write_text(SANITIZE)
    return folder


def test_headlines_of_the_municipal_notebooks_are_the_stored_ones(copies: Path) -> None:
    if os.environ.get("BSUP_STORE_HEADLINES"):
        store(copies)
    files = [str(copies / f"{name}.ipynb") for name in NOTEBOOKS]
    sanitize = ["--nbval-sanitize-with", str(copies / "sanitize.cfg")]
    nbval = ["--nbval-lax", "--nbval-current-env", *sanitize]
    alone = ["-p", "no:cacheprovider", "-p", "no:xdist", "-c", os.devnull, "--rootdir", str(copies)]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *alone, *nbval, *files],
        capture_output=True,
        text=True,
        cwd=copies,
        env={**os.environ, "BSUP_ROOT": str(CHECKOUT), "OPENBLAS_NUM_THREADS": "1"},
    )
    assert run.returncode == 0, run.stdout[-3000:]
    assert " passed" in run.stdout


def test_stored_headlines_say_what_they_are() -> None:
    for name in NOTEBOOKS:
        text = stored(name).read_text(encoding="utf-8")
        assert text.startswith(HEAD)
        assert text.count("\n") > 10
        assert all(": " in line and line.endswith(")") for line in text.splitlines()[1:])


def store(copies: Path) -> None:
    """Write the headlines as they come out now."""
    from nbclient import NotebookClient

    for name in NOTEBOOKS:
        notebook = nbformat.read(copies / f"{name}.ipynb", as_version=4)
        NotebookClient(notebook, resources={"metadata": {"path": str(copies)}}).execute()
        (cell,) = (cell for cell in notebook.cells if is_headline(cell))
        text = cell.outputs[0]["data"]["text/plain"]
        stored(name).write_text(f"{HEAD}{text}\n", encoding="utf-8")
        cell.execution_count = 1
        nbformat.write(notebook, copies / f"{name}.ipynb")
