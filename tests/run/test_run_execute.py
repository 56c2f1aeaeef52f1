"""Notebooks in kernels: what they are given, what they may not do, and what a failure leaves."""

import io
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
import toy_project
from toy_project import publish, published, write_notebook

from bsup_analysis.errors import InputError
from bsup_analysis.run import warm_kernels
from bsup_analysis.run.adhoc_runs import adhoc_folder, adhoc_page
from bsup_analysis.run.engine import Interrupted, Progress, at_work
from bsup_analysis.run.execute import execute
from bsup_analysis.run.graph import graph, make
from bsup_analysis.run.notebooks import check, defaults
from bsup_analysis.run.pages import render_page
from bsup_analysis.run.project import Page, Project, Run
from bsup_analysis.run.warm_kernels import kill_all

CHECKOUT = Path(__file__).resolve().parents[2]


def first(project: Project, language: str = "nb") -> Page:
    return project.pages([language], "01_loans")[0]


def test_two_runs_in_kernels_give_the_same_bytes_and_no_path_or_time(
    toy_with_kernels: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy = toy_with_kernels
    toy.processed.build()
    home = toy.root / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    folders = []
    for number, (seed, place) in enumerate([("0", toy.root), ("1", toy.root / "data")]):
        monkeypatch.setenv("PYTHONHASHSEED", seed)
        monkeypatch.chdir(place)
        folder = toy.build / "twice" / str(number)
        written = execute(toy, first(toy), folder, toy.build / "scratch")
        assert {p for p in folder.rglob("*") if p.is_file()} == set(written)
        folders.append({p.relative_to(folder).as_posix(): p.read_bytes() for p in written})
    assert folders[0] == folders[1]
    assert not [name for name, data in folders[0].items() if str(toy.root).encode() in data]
    assert list(home.iterdir()) == [], "a run leaves nothing in the user's home"
    assert list((toy.build / "scratch").iterdir()) == []


def test_kernel_is_this_interpreter_with_fixed_seed_and_threads(toy_with_kernels: Project) -> None:
    toy = toy_with_kernels
    toy.processed.build()
    tell = """\
import os, sys
from pathlib import Path
names = ["PYTHONHASHSEED", "OMP_NUM_THREADS", "BSUP_ROOT"]
told = {name: os.environ.get(name) for name in names}
print({"python": sys.executable, "folder": Path.cwd().name, **told})
"""
    write_notebook(toy.root / "notebooks/01_loans.ipynb", "doubled", "loans", show=tell)
    folder = toy.build / "kernel"
    execute(toy, first(toy), folder, toy.build)
    cells = json.loads((folder / "notebook.ipynb").read_text(encoding="utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    assert [output["name"] for output in outputs] == ["stdout"], "no warning on stderr"
    told = eval("".join(outputs[0]["text"]))  # noqa: S307 - printed by the cell above
    assert told["PYTHONHASHSEED"] == "0"
    assert told["OMP_NUM_THREADS"] == "1"
    assert told["BSUP_ROOT"] == str(toy.root)
    assert told["folder"] == "notebooks"
    assert Path(told["python"]).samefile(os.sys.executable)


DRAWING = """\
import geopandas, locale, os, sys, time
from bsup_analysis.exhibit.style import house_style, new_figure, rendered
from shapely.geometry import Point

with house_style():
    figure, axes = new_figure()
    axes.plot([1, 2], [total, 3.5])
print(rendered(figure, "svg").decode())
print(geopandas.GeoSeries([Point(10.4, 63.4)], crs=4326).to_crs(25832).round(3).iloc[0])
print(locale.setlocale(locale.LC_CTYPE))
print(len(os.environ.get("XYZ", "")), f"{1234.5:,}", sys.argv[1:0], bool(sys.warnoptions))
"""


def test_settings_of_the_user_change_no_byte(
    toy_with_kernels: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy = toy_with_kernels
    toy.processed.build()
    write_notebook(toy.root / "notebooks/01_loans.ipynb", "doubled", "loans", show=DRAWING)

    def bytes_of(name: str) -> dict[str, bytes]:
        folder = toy.build / "own" / name
        written = execute(toy, first(toy), folder, toy.build / "scratch")
        kill_all()
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in written}

    plain = bytes_of("plain")
    assert b"<svg" in plain["notebook.ipynb"]
    monkeypatch.delenv("HOME")
    assert bytes_of("homeless") == plain
    home, wide = tmp_path / "home", "lines.linewidth: 6\naxes.facecolor: red\n"
    spoil = "import matplotlib\nmatplotlib.rcParams['lines.linewidth'] = 6\nprint('spoilt')\n"
    (toy.root / "notebooks" / "matplotlibrc").write_text(wide)
    kernel = {"argv": ["false"], "display_name": "mine", "language": "python"}
    for name, text in {
        ".config/matplotlib/matplotlibrc": wide, "startup.py": spoil,
        "path/sitecustomize.py": spoil, "path/usercustomize.py": spoil,
        ".ipython/profile_default/startup/00.py": spoil,
        ".ipython/profile_default/ipython_kernel_config.py": "c.InteractiveShell.colors = 'x'",
        ".jupyter/jupyter_config.py": "raise SystemExit(1)",
        ".local/share/jupyter/kernels/python3/kernel.json": json.dumps(kernel),
        ".local/share/jupyter/kernels/bsup/kernel.json": json.dumps(kernel),
    }.items():  # fmt: skip
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text)
    if shutil.which("localedef"):  # where it is missing or knows no Turkish, that is a name alone
        made = ["localedef", "-i", "tr_TR", "-f", "ISO-8859-9", str(tmp_path / "tr_TR.ISO-8859-9")]
        subprocess.run(made, check=False, capture_output=True)
    hostile = {
        "HOME": home, "MATPLOTLIBRC": home / ".config/matplotlib", "MPLBACKEND": "no-such",
        "PYTHONSTARTUP": home / "startup.py", "PYTHONPATH": home / "path", "PYTHONOPTIMIZE": "2",
        "PYTHONWARNINGS": "always", "IPYTHONDIR": home / ".ipython", "PROJ_DATA": home,
        "PROJ_LIB": home, "GDAL_DATA": home, "JUPYTER_CONFIG_DIR": home / ".jupyter",
        "JUPYTER_PATH": home / ".local/share/jupyter", "JUPYTER_RUNTIME_DIR": "/dev/null",
        "TZ": "Pacific/Apia", "LC_ALL": "tr_TR.ISO-8859-9", "LOCPATH": tmp_path,
        "LANG": "C", "COLUMNS": "20",
    }  # fmt: skip
    for name, value in hostile.items():
        monkeypatch.setenv(name, str(value))
    before = os.umask(0o077)
    home.chmod(0o500)
    try:
        assert bytes_of("spoilt") == plain
    finally:
        os.umask(before)
        home.chmod(0o700)


def test_a_startup_file_of_the_machine_is_not_run(
    toy_with_kernels: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted where IPython looks for all users; a kernel of ipykernel's own start does run it."""
    mark = tmp_path / "mark"
    monkeypatch.setenv("BSUP_TEST_MARK", str(mark))
    places = [
        place
        for place in (Path(sys.prefix) / "etc", Path("/etc"))
        if os.access(place.parent, os.W_OK)
    ]
    content = "import os\nif 'BSUP_TEST_MARK' in os.environ:\n"
    content += "    open(os.environ['BSUP_TEST_MARK'], 'w')\n"
    files = [place / f"ipython/startup/{os.getpid()}.py" for place in places]
    config = [place / "ipython/ipython_kernel_config.py" for place in places]
    planted = [one for one in (*files, *config) if not one.exists()]
    made: list[Path] = []
    try:
        for one in planted:
            made += [above for above in one.parents if not above.exists()]
            one.parent.mkdir(parents=True, exist_ok=True)
            one.write_text(content)
        toy_with_kernels.processed.build()
        page = first(toy_with_kernels)
        execute(toy_with_kernels, page, tmp_path / "out", toy_with_kernels.build / "scratch")
        kill_all()
        assert not mark.exists()
        monkeypatch.setattr(
            warm_kernels,
            "_START",
            "from ipykernel import kernelapp\nkernelapp.launch_new_instance()",
        )
        execute(toy_with_kernels, page, tmp_path / "out", toy_with_kernels.build / "scratch")
        kill_all()
        assert mark.exists() == bool(planted)
    finally:
        for one in planted:
            one.unlink(missing_ok=True)
        for above in sorted({*made}, reverse=True):
            above.rmdir()


def test_a_checkout_of_any_name_gives_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    show = f"{toy_project.SHOW}\nimport warnings\nwarnings.warn('heed this')\nshown"
    found = {}
    for name in ("plain", "kåre's \"own\" {x} $HOME %d 'år\\n"):
        root = tmp_path / name / "toy"
        toy_project.write_project(root)
        write_notebook(root / "notebooks/01_loans.ipynb", "doubled", "loans", show=show.format(
            exhibit="loans"))  # fmt: skip
        monkeypatch.setenv("TOY_ROOT", str(root))
        publish(toy_project.with_report(toy_project.describe(root)))
        found[name] = published(toy_project.describe(root))
    first_found, second = found.values()
    assert first_found == second
    for content in second.values():
        assert "kåre".encode() not in content
        assert str(tmp_path).encode() not in content
        assert not re.search(rb"k\\u00e5re|k\\xe5re|k&#|k%C3%A5re", content)


def test_a_file_given_as_a_parameter_is_told_by_its_name_alone(
    toy_with_kernels: Project, tmp_path: Path
) -> None:
    toy = toy_with_kernels
    toy.processed.build()
    file = tmp_path / "mine.csv"
    file.touch()
    source = toy_project.READ.format(table="doubled", exhibit="loans")
    write_notebook(toy.root / "notebooks/01_loans.ipynb", "doubled", "loans", read=source)
    path = toy.root / "notebooks/01_loans.ipynb"
    text = path.read_text(encoding="utf-8").replace('level = \\"low\\"', 'panel = \\"\\"')
    path.write_text(text, encoding="utf-8")
    toy = replace(toy, allowed={**toy.allowed, "panel": ("*",)})
    page = adhoc_page(toy, "01_loans", [f"panel={file}", "language=nb"])
    assert page.parameters["panel"] == str(file)
    folder = adhoc_folder(toy, page, None)
    execute(toy, page, folder, folder.parent)
    render_page(page, folder, folder / "page.html")
    for one in (path for path in folder.rglob("*") if path.is_file()):
        assert str(tmp_path) not in one.read_text(encoding="utf-8")
    assert "panel = mine.csv" in (folder / "page.html").read_text(encoding="utf-8")
    assert re.search("panel = .*mine.csv", (folder / "notebook.ipynb").read_text("utf-8"))
    assert "tmp" not in page.run.id


def test_what_a_killed_run_left_of_its_kernels_goes_at_the_next_start(
    toy_with_kernels: Project,
) -> None:
    toy = toy_with_kernels
    temporary = toy.root / "temporary"
    temporary.mkdir()
    run = subprocess.Popen(
        [sys.executable, "-c", "import sys, toy_project; from pathlib import Path;"
         "toy_project.publish(toy_project.describe(Path(sys.argv[1])))", str(toy.root)],
        env={**os.environ, "TMPDIR": str(temporary),
             "PYTHONPATH": f"{CHECKOUT}{os.pathsep}{Path(toy_project.__file__).parent}"},
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert run.stdout is not None
    assert any("done     notebook" in line for line in run.stdout)
    kernels = list((toy.build / "kernels").iterdir())
    assert kernels
    assert {path.stat().st_mode & 0o077 for path in kernels} == {0}  # keys, for nobody else
    run.kill()
    run.communicate()
    publish(toy)
    assert not [*toy.build.glob("kernels/*"), *toy.build.glob("scratch/*")]
    assert not list(temporary.iterdir())


def test_failing_notebook_names_cell_and_error_and_leaves_the_last_report(
    toy_with_kernels: Project, capfd: pytest.CaptureFixture[str]
) -> None:
    toy = toy_with_kernels
    pages = toy.pages(["nb"], "01_loans")
    publish(toy, pages)
    before, built = published(toy), (toy.folder(pages[0]) / "run.json").read_bytes()
    write_notebook(
        toy.root / "notebooks/01_loans.ipynb", "doubled", "loans", show="# why\ntotal / 0\n"
    )
    with pytest.raises(InputError) as caught:
        publish(toy, pages)
    assert str(caught.value) == (
        "notebook 01_loans (nb) failed in code cell 3 (`total / 0`): "
        "ZeroDivisionError: float division by zero [build/failed/01_loans-nb.ipynb]"
    )
    assert published(toy) == before
    assert (toy.folder(pages[0]) / "run.json").read_bytes() == built
    failed = (toy.build / "failed" / "01_loans-nb.ipynb").read_text(encoding="utf-8")
    assert "ZeroDivisionError" in failed
    assert not (toy.build / "scratch").exists()
    assert "Traceback" not in "".join(capfd.readouterr())


def test_sentence_of_an_input_error_in_a_notebook_is_passed_on(toy_with_kernels: Project) -> None:
    toy = toy_with_kernels
    toy.processed.build()
    source = (
        "from bsup_analysis.errors import InputError\nraise InputError('loans.csv, row 2: -1.')\n"
    )
    write_notebook(toy.root / "notebooks/01_loans.ipynb", "doubled", "loans", show=source)
    with pytest.raises(InputError, match=r"\): loans\.csv, row 2: -1\. \[build/failed/01_loans"):
        execute(toy, first(toy), toy.build / "x", toy.build)


def test_kernel_that_dies_is_told_of(toy_with_kernels: Project) -> None:
    toy = toy_with_kernels
    toy.processed.build()
    die = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n"
    write_notebook(toy.root / "notebooks/01_loans.ipynb", "doubled", "loans", show=die)
    with pytest.raises(InputError, match="its kernel died, perhaps for want of memory"):
        execute(toy, first(toy), toy.build / "x", toy.build)


def test_interruption_kills_the_kernels(toy_with_kernels: Project) -> None:
    toy = toy_with_kernels
    marker = toy.root / "pid"
    sleep = (
        f"import os, time\nopen({str(marker)!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)\n"
    )
    write_notebook(toy.root / "notebooks/01_loans.ipynb", "doubled", "loans", show=sleep)

    def interrupt() -> None:
        while not marker.exists() or not marker.read_text(encoding="utf-8"):
            time.sleep(0.05)
        os.kill(os.getpid(), 2)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(Interrupted), at_work(toy):
        make(toy, toy.pages(["nb"], "01_loans"), 1, Progress(io.StringIO()))
    pid = int(marker.read_text(encoding="utf-8"))
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert not toy.reports.exists()


def test_notebooks_share_a_kernel_but_no_name_and_it_ends_with_the_run(
    toy_with_kernels: Project,
) -> None:
    toy, pids = toy_with_kernels, toy_with_kernels.root / "pids"
    note = (
        "assert 'left' not in globals()\nleft = 1\nimport os\n"
        f"print(os.getpid(), file=open({str(pids)!r}, 'a'))\n"
    )
    write_notebook(toy.root / "notebooks/01_loans.ipynb", "doubled", "loans", show=note)
    write_notebook(toy.root / "notebooks/02_people.ipynb", "people", "people", show=note)
    with at_work(toy):
        make(toy, toy.pages(["nb"]), 1, Progress(io.StringIO()))
    first, second = pids.read_text(encoding="utf-8").split()
    assert first == second
    with pytest.raises(ProcessLookupError):
        os.kill(int(first), 0)


def test_undeclared_read_is_refused(toy: Project) -> None:
    publish(toy)
    before = published(toy)
    read = toy_project.READ.format(table="doubled", exhibit="loans")
    write_notebook(
        toy.root / "notebooks/01_loans.ipynb",
        "doubled",
        "loans",
        read=read.replace('read = Path(os.environ["TOY_ROOT"]), ["doubled"]',
                          'read = Path(os.environ["TOY_ROOT"]), ["doubled", "spare"]'),
    )  # fmt: skip
    with pytest.raises(InputError, match=r"reads table 'spare', which study\.toml does not"):
        publish(toy)
    assert published(toy) == before


@pytest.mark.parametrize("name", ["numbers.json", "exhibits.json", "reads.json"])
def test_notebook_that_does_not_close_is_refused(toy: Project, name: str) -> None:
    lines = toy_project.WRITE.format(exhibit="loans").replace(f'write("{name}"', f'("{name}"')
    write_notebook(toy.root / "notebooks/01_loans.ipynb", "doubled", "loans", write=lines)
    with pytest.raises(InputError, match=f"wrote no {name}; its last cell must be study.close"):
        publish(toy)


def test_parameters_are_checked_before_anything_runs(toy: Project) -> None:
    notebook = toy.runs[0].notebook
    assert defaults(notebook) == {"language": "en", "output": "", "level": "low"}
    check(notebook, {"language": "nb", "level": "high"}, toy.allowed)
    for given, sentence in [
        ({"levl": "low"}, "has no parameter 'levl'; it has: language, level."),
        ({"output": "here"}, "has no parameter 'output'"),
        ({"level": "middle"}, "level cannot be 'middle'; it takes: low, high."),
        ({"language": "de"}, "language cannot be 'de'; it takes: nb, en."),
    ]:
        with pytest.raises(InputError, match=sentence):
            check(notebook, given, toy.allowed)
        wrong = Page(Run("x", notebook, (), given), given.get("language", "nb"))
        with pytest.raises(InputError, match=sentence):
            graph(toy, [wrong])
    check(notebook, {"level": "anything"}, {"level": ("*",)})
    assert not toy.build.exists()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "there is no notebook x.ipynb in notebooks/"),
        ("", "x.ipynb is not a notebook"),
        ("[]", "x.ipynb is not a notebook"),
        ('{"cells": []}', "has no cell tagged 'parameters'"),
        ('{"cells": [{"source": "a = b", "metadata": {"tags": ["parameters"]}}]}', "a plain value"),
        ('{"cells": [{"source": "a = ", "metadata": {"tags": ["parameters"]}}]}', "a plain value"),
        ('{"cells": [{"source": "a = 1", "metadata": {"tags": ["parameters"]}}]}',
         "lacks language and output"),
    ],
)  # fmt: skip
def test_file_that_is_no_notebook_is_refused(
    toy: Project, content: str | None, sentence: str
) -> None:
    path = toy.root / "notebooks" / "x.ipynb"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=sentence):
        check(path, {}, toy.allowed)


def test_own_run_is_described_and_goes_to_a_folder_of_its_own(toy: Project) -> None:
    page = adhoc_page(toy, "02_people", ["language=nb"])
    assert page.parameters == {"level": "high", "language": "nb"}
    assert adhoc_folder(toy, page, None) == toy.build / "own" / "02_people-language=nb-level=high"
    assert adhoc_page(toy, "01_loans", []).language == "en"
    for settings, sentence in [
        (["level"], "-p takes key=value"),
        (["=low"], "-p takes key=value"),
        (["level=no"], "it takes: low, high"),
        (["lvl=low"], "it has: language, level"),
    ]:
        with pytest.raises(InputError, match=sentence):
            adhoc_page(toy, "01_loans", settings)
    with pytest.raises(InputError, match="there are: 01_loans, 02_people"):
        adhoc_page(toy, "03_nothing", [])


def test_own_run_never_goes_over_the_report_or_other_files(toy: Project, tmp_path: Path) -> None:
    page = adhoc_page(toy, "01_loans", [])
    for folder in (toy.reports, toy.reports / "nb", toy.build / "runs" / "x", toy.root):
        with pytest.raises(InputError, match="is where the report is kept"):
            adhoc_folder(toy, page, folder)
    mine = tmp_path / "mine"
    mine.mkdir()
    assert adhoc_folder(toy, page, mine) == mine
    (mine / "thesis.txt").write_text("x", encoding="utf-8")
    with pytest.raises(InputError, match="holds other files"):
        adhoc_folder(toy, page, mine)


def test_value_that_names_a_file_is_read_from_where_the_command_is_called(
    toy: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "map.json").write_text("{}", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    free = Project(**{**vars(toy), "allowed": {**toy.allowed, "level": ("*",)}})
    page = adhoc_page(free, "01_loans", ["level=map.json"])
    assert page.parameters["level"] == str(tmp_path / "map.json")
    assert "/" not in page.run.id
    assert adhoc_page(free, "01_loans", ["level=none.json"]).parameters["level"] == "none.json"
