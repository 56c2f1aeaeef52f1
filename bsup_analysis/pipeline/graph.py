"""The order of work: raw -> processed -> notebooks -> pages -> results -> report -> published.

Each task names what it reads and what it makes.  The engine orders them by that, runs what is
independent side by side, and skips what is unchanged by content.

All pages together are put together in `build/next/` and published as a whole.  A selection of them
(one language, one notebook) is put together in `build/draft/` in the same way, and not published.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from doit.task import Task

from bsup_analysis.pipeline.contents import contents_path, describe, write_contents
from bsup_analysis.pipeline.engine import run, task
from bsup_analysis.pipeline.parameters import check
from bsup_analysis.pipeline.progress import Progress
from bsup_analysis.pipeline.project import Page, Project
from bsup_analysis.pipeline.publish import page_path, publish, stage_results
from bsup_analysis.pipeline.text import translated
from bsup_analysis.published.manifest import MANIFEST, NUMBERS

HERE = Path(__file__).parent
TEMPLATES = [path for path in sorted((HERE / "templates").rglob("*")) if path.is_file()]
EXECUTING = [HERE / f"{name}.py" for name in ("execute", "text", "warm_kernels")]
RENDERING = [HERE / f"{name}.py" for name in ("render", "mathematics", "contents")] + TEMPLATES
PUBLISHING = [
    HERE / "publish.py",
    *(HERE.parent / "published" / f"{name}.py" for name in ("manifest", "atomic_publish")),
]


def graph(project: Project, pages: Sequence[Page]) -> list[Task]:
    """Return the tasks that make `pages`, and publish them if they are all, as they are read.

    Raises
    ------
    InputError
        If a run asks for a parameter its notebook does not have or a value it cannot take, or
        a notebook's text in a language does not fit it.
    """
    for page in pages:
        check(page.run.notebook, page.parameters, project.allowed)
        translated(page.run.notebook, project.texts(page.run.notebook.stem, page.language))
    languages = [one for one in project.languages if any(p.language == one for p in pages)]
    complete = project.complete(pages)
    whole = complete == project.languages
    stage = project.next_reports if whole else project.draft
    return [
        processed(project),
        *(_notebook(project, page) for page in pages),
        *(_contents(project, pages, stage, language, languages) for language in languages),
        *(_page(project, page, stage, languages) for page in pages),
        _results(project, pages, stage, languages),
        *(_documents(project, stage, one) for one in complete if project.documents.names),
        *([_publication(project)] if whole else []),
    ]


def make(project: Project, pages: Sequence[Page], jobs: int, progress: Progress) -> None:
    """Make `pages`, and publish them if they are all, as far as they are not up to date.

    Raises
    ------
    InputError
        With the first thing that is wrong; the last good report is then untouched.
    """
    run(graph(project, pages), records(project), jobs, progress)


def records(project: Project) -> Path:
    """Return where the engine keeps what it knows of earlier runs."""
    return project.build / "tasks.json"


def processed(project: Project) -> Task:
    """Raw tables and decisions -> processed tables."""
    return task(
        "processed tables",
        project.processed.build,
        inputs=[*project.processed.inputs, *project.design],
        outputs=project.processed.outputs,
    )


def _notebook(project: Project, page: Page) -> Task:
    """Notebook, its tables, the design and the code -> executed notebook and its exhibits."""
    folder = project.folder(page)

    def execute() -> list[Path]:
        from bsup_analysis.pipeline.execute import execute

        return execute(project, page, folder, project.build / "scratch")

    return task(
        f"notebook {page.key}",
        execute,
        inputs=[*project.inputs(page.run), *page.run.code, *EXECUTING],
        outputs=[folder / "run.json", folder / "notebook.ipynb"],
        settings=page.parameters,
    )


def _name(project: Project, stage: Path, name: str) -> str:
    """Name a task; what a selection gives is made beside the whole, and known apart from it."""
    return f"draft of {name}" if stage == project.draft else name


def _contents(
    project: Project, pages: Sequence[Page], stage: Path, language: str, languages: list[str]
) -> Task:
    """Notebooks of one language -> list of its pages, and the page a report opens with."""
    chosen = [page for page in pages if page.language == language]
    path = contents_path(stage, language)

    def write() -> list[Path]:
        from bsup_analysis.pipeline.render import render_contents

        entries = [describe(project, page) for page in chosen]
        return write_contents(path, entries) + render_contents(language, path, languages)

    return task(
        _name(project, stage, f"contents {language}"),
        write,
        inputs=[*(project.folder(page) / "run.json" for page in chosen), *RENDERING],
        outputs=[path, path.with_name("index.html")],
        settings=languages,
    )


def _page(project: Project, page: Page, stage: Path, languages: list[str]) -> Task:
    """Notebook as executed, and the list of pages -> one self-contained page."""
    folder, contents = project.folder(page), contents_path(stage, page.language)
    target = page_path(stage, page)

    def render() -> list[Path]:
        from bsup_analysis.pipeline.render import render_page

        return render_page(page, folder, target, contents, languages)

    return task(
        _name(project, stage, f"page {page.key}"),
        render,
        inputs=[folder / "run.json", folder / "notebook.ipynb", contents, *RENDERING],
        outputs=[target],
        settings=languages,
    )


def _results(project: Project, pages: Sequence[Page], stage: Path, languages: list[str]) -> Task:
    """Pages and exhibits -> what they say together, as it will lie in `reports/`."""
    records = [project.folder(page) / "run.json" for page in pages]
    opening = [contents_path(stage, one).with_name("index.html") for one in languages]
    return task(
        _name(project, stage, "results"),
        partial(stage_results, project, pages, stage),
        # where tables come from is told too, and may change while no table that is read does
        inputs=[
            *(page_path(stage, page) for page in pages),
            *records,
            *opening,
            *project.processed.inputs,
            *PUBLISHING,
        ],
        outputs=[stage / MANIFEST, stage / NUMBERS],
    )


def _documents(project: Project, stage: Path, language: str) -> Task:
    """Results of a language -> its report."""
    return task(
        _name(project, stage, f"report {language}"),
        partial(project.documents.write, stage, language),
        inputs=[stage / MANIFEST, stage / NUMBERS, *project.documents.inputs],
        outputs=[stage / language / name for name in project.documents.names],
    )


def _publication(project: Project) -> Task:
    """Next report -> `reports/`, and what follows from it elsewhere."""
    stage, documents = project.next_reports, project.documents
    made = [stage / language / name for language in project.languages for name in documents.names]
    return task(
        "publish",
        partial(publish, project),
        inputs=[stage / MANIFEST, *made, *documents.inputs, *PUBLISHING],
        outputs=[project.reports / MANIFEST, project.reports / NUMBERS],
    )
