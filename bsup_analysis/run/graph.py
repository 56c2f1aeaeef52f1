"""The order of work: raw -> processed -> notebooks -> pages -> results -> report -> published.

Each task names what it reads and what it makes.  The engine orders them by that, runs what is
independent side by side, and skips what is unchanged by content.

All pages together are put together in `build/next/` and published as a whole.  A selection of them
(one language, one notebook) is put together in `build/draft/` in the same way, and not published.
"""

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from doit.task import Task

from bsup_analysis.errors import InputError
from bsup_analysis.published.manifest import MANIFEST, NUMBERS
from bsup_analysis.run import publish
from bsup_analysis.run.engine import Progress, run, task
from bsup_analysis.run.notebooks import check, translated
from bsup_analysis.run.project import Page, Project

HERE = Path(__file__).parent
TEMPLATES = [path for path in sorted((HERE / "templates").rglob("*")) if path.is_file()]
EXECUTING = [HERE / f"{name}.py" for name in ("execute", "notebooks", "warm_kernels")]
RENDERING = [HERE / "pages.py", HERE / "notebooks.py", *TEMPLATES]
PUBLISHING = [
    HERE / "publish.py",
    HERE.parent / "published" / "manifest.py",
    HERE.parent / "files.py",
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
    staged = _Staged(project, pages)
    complete = project.complete(pages)
    return [
        processed(project),
        *(_notebook(project, page) for page in pages),
        *map(staged.contents, staged.languages),
        *map(staged.page, pages),
        staged.results(),
        *(staged.report(language) for language in complete if project.documents.names),
        *([_publication(project)] if staged.whole else []),
    ]


def make(project: Project, pages: Sequence[Page], jobs: int, progress: Progress) -> None:
    """Make `pages`, and publish them if they are all, as far as they are not up to date.

    Raises
    ------
    InputError
        With the first thing that is wrong; the last good report is then untouched.
    """
    reports = project.reports
    there = reports.exists() or reports.is_symlink()  # a link may lead to a disk that is not there
    sound = reports.is_dir() and os.access(reports, os.W_OK)
    if project.complete(pages) == project.languages and there and not sound:
        raise InputError(
            f"{reports} cannot be written to; nothing was run. Make the folder writable (chmod -R"
            " u+w), mount its disk, or make a draft in build/ with bsup report --language en."
        )
    run(graph(project, pages), project.records, jobs, progress)


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
        from bsup_analysis.run.execute import execute

        return execute(project, page, folder, project.build / "scratch")

    return task(
        f"notebook {page.key}",
        execute,
        inputs=[*project.inputs(page.run), *page.run.code, *EXECUTING],
        outputs=[folder / "run.json", folder / "notebook.ipynb"],
        settings=page.parameters,
    )


class _Staged:
    """The tasks that put pages together: all of them, or a draft, which is known apart from it."""

    def __init__(self, project: Project, pages: Sequence[Page]) -> None:
        self.project, self.pages = project, pages
        complete = project.complete(pages)
        self.whole = complete == project.languages
        self.reported = complete if project.documents.names else ()
        self.folder = project.next_reports if self.whole else project.draft
        there = {page.language for page in pages}
        self.languages = [language for language in project.languages if language in there]

    def _task(self, name: str, *arguments: Any, **options: Any) -> Task:
        return task(name if self.whole else f"draft of {name}", *arguments, **options)

    def contents(self, language: str) -> Task:
        """Notebooks of one language -> list of its pages, and the page a report opens with."""
        chosen = [page for page in self.pages if page.language == language]
        path = publish.contents_path(self.folder, language)

        def write() -> list[Path]:
            from bsup_analysis.run.pages import render_contents

            publish.write_contents(path, [publish.describe(self.project, page) for page in chosen])
            reported = language in self.reported
            return [path, *render_contents(language, path, self.languages, reported)]

        return self._task(
            f"contents {language}",
            write,
            inputs=[*(self.project.folder(page) / "run.json" for page in chosen), *RENDERING],
            outputs=[path, path.with_name("index.html")],
            settings=(self.languages, self.reported),
        )

    def page(self, page: Page) -> Task:
        """Notebook as executed, and the list of pages -> one self-contained page."""
        folder, contents = (
            self.project.folder(page),
            publish.contents_path(self.folder, page.language),
        )
        target = publish.page_path(self.folder, page)

        def render() -> list[Path]:
            from bsup_analysis.run.pages import render_page

            reported = page.language in self.reported
            return render_page(page, folder, target, contents, self.languages, reported)

        return self._task(
            f"page {page.key}",
            render,
            inputs=[folder / "run.json", folder / "notebook.ipynb", contents, *RENDERING],
            outputs=[target],
            settings=(self.languages, self.reported),
        )

    def results(self) -> Task:
        """Pages and exhibits -> what they say together, as it will lie in `reports/`."""
        opening = [publish.contents_path(self.folder, one) for one in self.languages]
        return self._task(
            "results",
            partial(publish.stage_results, self.project, self.pages, self.folder),
            # where tables come from is told too, and may change while no table that is read does
            inputs=[
                *(publish.page_path(self.folder, page) for page in self.pages),
                *(self.project.folder(page) / "run.json" for page in self.pages),
                *(path.with_name("index.html") for path in opening),
                *self.project.processed.inputs,
                *PUBLISHING,
            ],
            outputs=[self.folder / MANIFEST, self.folder / NUMBERS],
        )

    def report(self, language: str) -> Task:
        """Results of a language -> its report."""
        documents = self.project.documents
        return self._task(
            f"report {language}",
            partial(documents.write, self.folder, language),
            inputs=[self.folder / MANIFEST, self.folder / NUMBERS, *documents.inputs],
            outputs=[self.folder / language / name for name in documents.names],
        )


def _publication(project: Project) -> Task:
    """Next report -> `reports/`, and what follows from it elsewhere."""
    stage, documents = project.next_reports, project.documents
    return task(
        "publish",
        partial(publish.publish, project),
        inputs=[
            *(stage / name for name in (MANIFEST, *project.document_files(project.languages))),
            *(*documents.inputs, *PUBLISHING),
        ],
        outputs=[project.reports / MANIFEST, project.reports / NUMBERS],
    )
