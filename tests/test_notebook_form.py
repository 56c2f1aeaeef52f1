"""The form of the notebooks: the real ones keep it, planted departures are told, nbval compares."""

import copy
import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import notebook_form

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
PARAMETERS, HEAD, PLAIN = 1, 2, 3


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a notebook and gives its path."""

    def written(notebook: dict, name: str = "planted") -> Path:
        path = tmp_path / "notebooks" / f"{name}.ipynb"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(notebook), encoding="utf-8")
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
        {**SOUND, "cells": SOUND["cells"] + [code(f"c{n}", "a = 1\n" * 15, []) for n in range(8)]},
        "the code has 127 lines, 120 are allowed",
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
    (planted(HEAD, outputs=[PICTURE]), "cell 2 is a headline with a picture"),
    (planted(HEAD, outputs=[ERROR]), "cell 2 stores an error"),
]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_keeps_the_form(path):
    assert notebook_form.problems(path) == []


def test_sound_notebook_has_no_problem(write):
    assert notebook_form.problems(write(SOUND)) == []
    assert notebook_form.problems(write(planted(HEAD, outputs=[STREAM]))) == []


@pytest.mark.parametrize(("notebook", "told"), DEPARTURES, ids=[told for _, told in DEPARTURES])
def test_departure_is_told(write, notebook, told):
    problems = notebook_form.problems(write(notebook))
    assert any(told in problem for problem in problems), problems


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b'{"nbformat": 4}'])
def test_file_that_is_no_notebook_is_told(tmp_path, content):
    path = tmp_path / "broken.ipynb"
    path.write_bytes(content)
    (problem,) = notebook_form.problems(path)
    assert problem.startswith("this is no notebook")


def test_command_names_the_file_and_fails(write, capsys):
    sound, broken = write(SOUND, "sound"), write(planted(HEAD, outputs=[]), "broken")
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
