"""The form of the notebooks: the real ones keep it, planted departures are told, nbval compares."""

import asyncio
import copy
import json
import os
import shlex
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from nbclient import NotebookClient

import notebook_form
from bsup_analysis.run.project import input_digest

CHECKOUT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((CHECKOUT / "notebooks").glob("*.ipynb"))
HEADLINE = ["keep_output", "nbval-check-output"]


def code(name: str, source: str, tags: list[str], *text: str) -> dict:
    """Return a code cell whose last expression has given the texts."""
    result = {"output_type": "execute_result", "metadata": {}, "execution_count": 1}
    return {
        "cell_type": "code",
        "id": name,
        "metadata": {"tags": tags} if tags else {},
        "source": source.splitlines(keepends=True),
        "execution_count": 1 if text else None,
        "outputs": [{**result, "data": {"text/plain": [line]}} for line in text],
    }


SOUND = {
    "nbformat": 4,
    "nbformat_minor": 5,
    "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    "cells": [
        {"cell_type": "markdown", "id": "title", "metadata": {}, "source": "# Title\n" * 30},
        code(
            "parameters",
            '# language shown\nlanguage = "en"\noutput = ""  # folder\nseeds: list = [1]  # drawn',
            ["parameters"],
        ),
        code("headline", "1 + 1", HEADLINE, "2"),
        code("plain", "value = 3\nvalue", []),
    ],
}
TITLE, PARAMETERS, HEAD, PLAIN = 0, 1, 2, 3


def stored(notebook: dict) -> str:
    return notebook_form.stored(json.dumps(notebook))


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a notebook and gives its path."""

    def written(notebook: dict | str, name: str = "planted") -> Path:
        path = tmp_path / "notebooks" / f"{name}.ipynb"
        path.parent.mkdir(exist_ok=True)
        text = notebook if isinstance(notebook, str) else json.dumps(notebook)
        path.write_text(text, encoding="utf-8")
        return path

    return written


def planted(cell: int, **changes: object) -> dict:
    """Return the sound notebook with one cell changed; a field set to ... is taken out."""
    notebook = copy.deepcopy(SOUND)
    notebook["cells"][cell].update(changes)
    for field in [field for field, value in changes.items() if value is ...]:
        del notebook["cells"][cell][field]
    return notebook


def tagged(cell: int, *tags: str) -> dict:
    return planted(cell, metadata={"tags": list(tags)})


PICTURE = {"output_type": "display_data", "metadata": {}, "data": {"image/png": ""}}
FRAME = {**PICTURE, "data": {"text/plain": "", "text/html": ""}}
ERROR = {"output_type": "error", "ename": "E", "evalue": "", "traceback": []}
STREAM = {"output_type": "stream", "name": "stdout", "text": "2"}
DEPARTURES = [
    ({**SOUND, "nbformat_minor": 4}, "not nbformat 4.5"),
    ({**SOUND, "metadata": {}}, "the kernel is not python3"),
    (
        {**SOUND, "metadata": {"kernelspec": {"name": "conda", "display_name": ""}}},
        "the kernel is not python3",
    ),
    ({}, "this is no notebook"),
    (planted(PLAIN, id=...), "'id' is a required property"),
    (planted(PLAIN, id="title"), "two cells have the same id"),
    (planted(PLAIN, source="value = 3\n" * 16), "cell 3 has 16 lines, 15 are allowed"),
    (
        {**SOUND, "cells": SOUND["cells"] + [code(f"c{n}", "a = 1\n" * 15, []) for n in range(10)]},
        "the code has 157 lines, 150 are allowed",
    ),
    (planted(PLAIN, source="def f():\n    pass"), "cell 3 defines f,"),
    (planted(PLAIN, source="async def g():\n    pass"), "cell 3 defines g,"),
    (planted(PLAIN, source="if True:\n    class C:\n        pass"), "cell 3 defines C,"),
    (planted(PLAIN, source="%matplotlib inline"), "cell 3 is not plain Python"),
    (planted(PLAIN, source="!ls"), "cell 3 is not plain Python"),
    (planted(PLAIN, outputs=[STREAM]), "cell 3 stores an output"),
    (tagged(PARAMETERS), "0 code cells are tagged parameters"),
    (tagged(PLAIN, "parameters"), "2 code cells are tagged parameters"),
    (planted(PARAMETERS, source='output = ""  # folder'), "cell 1 has no parameter language"),
    (planted(PARAMETERS, source='language = "en"  # shown'), "cell 1 has no parameter output"),
    (
        planted(PARAMETERS, source='language = "en"  # shown\noutput = ""'),
        "cell 1 has no comment on output",
    ),
    (
        planted(PARAMETERS, source='language = "en"  # a\noutput = ""  # b\nimport os'),
        "cell 1 holds more than parameters: import os",
    ),
    (
        planted(PARAMETERS, source='language = "en"  # a\noutput = str()  # b'),
        "cell 1 gives output a value that is not plain",
    ),
    (tagged(HEAD), "no cell is a headline"),
    (tagged(HEAD, "keep_output"), "cell 2 is tagged keep_output only"),
    (tagged(HEAD, "nbval-check-output"), "cell 2 is tagged nbval-check-output only"),
    (tagged(HEAD, *HEADLINE, "nbval-skip"), "kept from comparison by the tag nbval-skip"),
    (tagged(PLAIN, "raises-exception"), "kept from comparison by the tag raises-exception"),
    (planted(HEAD, outputs=[]), "cell 2 is a headline without a stored output"),
    (planted(HEAD, execution_count=None), "cell 2 is a headline without a stored output"),
    (planted(HEAD, outputs=[PICTURE]), "cell 2 is a headline with more than plain text"),
    (planted(HEAD, outputs=[FRAME]), "cell 2 is a headline with more than plain text"),
    (SOUND, "it is not in the stored form; run `make format`"),
    (planted(TITLE, source="17 of 85"), "the text of cell title holds a number, 17;"),
    (planted(HEAD, outputs=[ERROR]), "cell 2 stores an error"),
]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_keeps_the_form(path):
    assert notebook_form.problems(path) == []


def test_sound_notebook_has_no_problem(write):
    for sound in (SOUND, planted(HEAD, outputs=[STREAM])):
        assert notebook_form.problems(write(stored(sound))) == []


@pytest.mark.parametrize(("notebook", "told"), DEPARTURES, ids=[told for _, told in DEPARTURES])
def test_departure_is_told(write, notebook, told):
    problems = notebook_form.problems(write(notebook))
    assert any(told in problem for problem in problems), problems


@pytest.mark.parametrize(
    "text",
    [
        "# 4. The document (p. 14-15, table 06493) of 2009-2010",
        "See notebooks 04 and 05, [there](05_robustness.ipynb), and `k = 3`",
        "the level $1 - \\alpha/2$ and $$t_{16}$$",
        "dokumentet s. 15, tabell 3 og 4, avsnitt 5.1, notatbok 04",
    ],
)
def test_pages_years_tables_and_formulas_may_stand_in_text(write, text):
    assert notebook_form.problems(write(stored(planted(TITLE, source=text)))) == []


@pytest.mark.parametrize("text", ["an interval of 0.67 to 1.16", "17 kommuner", "page 3 says 4"])
def test_a_number_in_text_is_told(write, text):
    problems = notebook_form.problems(write(planted(TITLE, source=text)))
    assert any("the text of cell title holds a number" in problem for problem in problems)


def test_text_in_another_language_is_held_to_the_same(write, tmp_path):
    folder = tmp_path / "bsup_analysis" / "chapters" / "any" / "words" / "nb" / "notebooks"
    folder.mkdir(parents=True)
    path = write(stored(planted(TITLE, source="## A title, $n$")))
    for text, told in {
        "": "nb: the text of cell title is missing; write it",
        "title = 'En tittel, $m$'": "nb: cell title has other mathematics than the notebook;",
        "title = '3 titler, $n$'": "nb: the text of cell title holds a number, 3;",
        "title = 'En tittel, $n$'\nother = ''": "nb: the notebook shows no markdown cell other",
    }.items():
        (folder / "planted.toml").write_text(text, encoding="utf-8")
        (problem,) = notebook_form.problems(path)
        assert problem.startswith(told)
    (folder / "planted.toml").write_text("title = 'En tittel, $n$'", encoding="utf-8")
    assert notebook_form.problems(path) == []


def test_what_is_stored_does_not_depend_on_how_it_was_run(tmp_path):
    """As JupyterLab leaves it: outputs, counts from a second run, metadata of its own."""
    clean = stored(SOUND)
    used = json.loads(clean)
    used["metadata"]["language_info"] = {"name": "python", "version": "3.13.1", "mimetype": "x"}
    used["metadata"]["widgets"] = {}
    for number, cell in enumerate(used["cells"]):
        cell["metadata"] |= {"scrolled": True, "execution": {"iopub.status.busy": "2026"}}
        if cell["cell_type"] == "code":
            cell["execution_count"] = 20 + number
            for output in cell["outputs"]:
                output["execution_count"] = 20 + number
    used["cells"][PLAIN]["outputs"] = [PICTURE]
    assert stored(used) == clean
    filtered = subprocess.run(
        [sys.executable, CHECKOUT / "tools" / "notebook_form.py", "--filter"],
        input=json.dumps(used).encode(), capture_output=True, check=True,
    ).stdout  # fmt: skip
    assert filtered.decode() == clean
    path = tmp_path / "used.ipynb"
    path.write_text(json.dumps(used), encoding="utf-8")
    assert notebook_form.main([str(path), "--store"]) == 0
    assert path.read_bytes() == filtered
    used["cells"][HEAD]["outputs"][0]["data"]["text/plain"] = "3"
    assert stored(used) != clean


@pytest.mark.skipif(
    os.name == "nt" or not (shutil.which("make") and shutil.which("git")),
    reason="asks make for the filter that make lab sets up, and git for what changed",
)
def test_notebook_run_and_saved_by_jupyter_is_no_change_to_git(write, tmp_path):
    """Run whole twice in one kernel, and saved as JupyterLab does, through the contents API."""

    def git(*arguments: str) -> str:
        command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.invalid", *arguments]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, ""), done
        return done.stdout

    for name in (".gitattributes", "Makefile", "requirements.lock", "pyproject.toml", "tools"):
        copy = shutil.copytree if (CHECKOUT / name).is_dir() else shutil.copy
        copy(CHECKOUT / name, tmp_path / name)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    path = write(stored(planted(PLAIN, source="print(3)\n'shown'")))
    git("init", "-q")
    plan = subprocess.run(
        ["make", "-n", "lab"], cwd=tmp_path, env={"PATH": os.environ["PATH"]},
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    lines = plan.replace("\\\n", " ").splitlines()
    (recipe,) = [line for line in lines if line.startswith("! git")]
    subprocess.run(recipe, shell=True, cwd=tmp_path, check=True)  # noqa: S602 - as make does
    git("add", "notebooks", ".gitattributes")
    git("commit", "-qm", "clean")
    before = input_digest(path)

    def run_and_save() -> None:
        notebook = nbformat.read(path, as_version=4)
        with (client := NotebookClient(notebook)).setup_kernel():
            for number, cell in [*enumerate(notebook.cells)] * 2:
                client.execute_cell(cell, number)
        told = {"name": "python", "version": "3.13.1", "mimetype": "x"}
        notebook.metadata["language_info"] = told
        manager = AsyncLargeFileManager(root_dir=str(tmp_path))
        model = {"type": "notebook", "format": "json", "content": notebook}
        asyncio.run(manager.save(model, "notebooks/planted.ipynb"))

    # in a thread of its own: a browser's tests may have left an event loop in this one
    with ThreadPoolExecutor(1) as thread:
        thread.submit(run_and_save).result()

    saved = json.loads(path.read_text(encoding="utf-8"))["cells"]
    assert [len(cell["outputs"]) for cell in saved[1:]] == [0, 1, 2]
    assert git("diff") == git("diff", "HEAD", "--name-only") == ""
    assert input_digest(path) == before
    path.write_text(path.read_text(encoding="utf-8").replace("1 + 1", "1 + 2"), encoding="utf-8")
    assert git("diff", "--stat").startswith(" notebooks/planted.ipynb | 2 +-")
    assert input_digest(path) != before


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b'{"nbformat": 4}'])
def test_file_that_is_no_notebook_is_told(tmp_path, content):
    path = tmp_path / "broken.ipynb"
    path.write_bytes(content)
    (problem,) = notebook_form.problems(path)
    assert problem.startswith("this is no notebook")


def test_command_names_the_file_and_fails(write, capsys):
    sound, broken = write(stored(SOUND), "sound"), write(planted(HEAD, outputs=[]), "broken")
    assert notebook_form.main([str(sound)]) == 0
    assert capsys.readouterr().out == ""
    assert notebook_form.main([str(sound), str(broken)]) == 1
    assert capsys.readouterr().out == f"{broken}: cell 2 is a headline without a stored output\n"


@pytest.mark.skipif(
    os.name == "nt" or not shutil.which("make"), reason="asks make for the command of make test"
)
def test_nbval_as_make_test_calls_it_fails_a_changed_headline(write, tmp_path):
    write(SOUND, "sound")
    write(planted(HEAD, source="1 + 2"), "changed")
    write(planted(HEAD, outputs=[]), "emptied")
    write(planted(PLAIN, source="1 / 0"), "failing")
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        shutil.copy(CHECKOUT / name, tmp_path)
    plan = subprocess.run(
        ["make", "-n", "test"], cwd=tmp_path, env={"PATH": os.environ["PATH"]},
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    (command,) = [line for line in plan.splitlines() if "--nbval" in line]
    _, *arguments = shlex.split(command)
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *arguments, "--color=no"],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    failed = {
        line.removeprefix("FAILED ").partition(" - ")[0]
        for line in run.stdout.splitlines()
        if line.startswith("FAILED ")
    }
    assert run.returncode == pytest.ExitCode.TESTS_FAILED
    assert failed == {  # nbval counts code cells, from 0
        "notebooks/changed.ipynb::Cell 1",
        "notebooks/emptied.ipynb::Cell 1",
        "notebooks/failing.ipynb::Cell 2",
    }
