"""The order of work: raw -> processed -> notebooks -> contents -> pages -> published, as tasks.

Each task names what it reads and what it makes.  The engine orders them by that, runs what is
independent side by side, and skips what is unchanged by content.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from doit.task import Task

from bsup_analysis.pipeline.contents import as_entry, contents_path, write_contents
from bsup_analysis.pipeline.engine import run, task
from bsup_analysis.pipeline.manifest import MANIFEST, Entries, read_manifest
from bsup_analysis.pipeline.parameters import check
from bsup_analysis.pipeline.progress import Progress
from bsup_analysis.pipeline.project import Page, Project, Step
from bsup_analysis.pipeline.publish import NUMBERS, kept_pages, publish
from bsup_analysis.pipeline.sealing import restore, results_digest, results_path, seal
from bsup_analysis.pipeline.text import translated

HERE = Path(__file__).parent
TEMPLATES = [path for path in sorted((HERE / "templates").rglob("*")) if path.is_file()]
EXECUTING = [HERE / f"{name}.py" for name in ("execute", "text", "kernel", "warm")]
RENDERING = [HERE / f"{name}.py" for name in ("render", "mathematics", "contents")] + TEMPLATES
PUBLISHING = [HERE / f"{name}.py" for name in ("publish", "merge", "manifest", "sealing")]


def graph(project: Project, pages: Sequence[Page]) -> list[Task]:
    """Return the tasks that make and publish `pages`, in the order they are to be read.

    Raises
    ------
    InputError
        If a run asks for a parameter its notebook does not have or a value it cannot take, or
        a notebook's text in a language does not fit it.
    """
    for page in pages:
        check(page.run.notebook, page.parameters, project.allowed)
        translated(page.run.notebook, project.texts(page.run.notebook.stem, page.language))
    kept = kept_pages(project, pages)
    published = [page for page in project.pages() if page in pages or page.key in kept]
    languages = [one for one in project.languages if any(p.language == one for p in published)]
    return [
        processed(project),
        *(_notebook(project, page) for page in pages),
        *(_contents(project, pages, kept, language, languages) for language in languages),
        *(_page(project, p, [o.language for o in published if o.run == p.run]) for p in pages),
        _publication(project, pages, kept, languages),
        *_after(project, pages),
    ]


def whole(project: Project, pages: Sequence[Page], language: str | None = None) -> bool:
    """Tell whether `pages` are all there are, of a language or altogether."""
    return all(page in pages for page in project.pages(None if language is None else [language]))


def _after(project: Project, pages: Sequence[Page]) -> list[Task]:
    """Make tasks of what follows from all results, and enter what was made into the manifest."""

    def build(step: Step) -> list[Path]:
        restore(project)
        return list(step.build())

    published = [project.reports / NUMBERS, results_path(project)]
    after = {n: step for n, step in project.after.items() if whole(project, pages, step.language)}
    tasks = [
        task(name, partial(build, step), inputs=[*published, *step.inputs], outputs=step.outputs)
        for name, step in after.items()
    ]
    made = [path for step in after.values() for path in step.outputs]
    return [*tasks, _manifest(project, [p for p in made if p.is_relative_to(project.reports)])]


def _manifest(project: Project, made: list[Path]) -> Task:
    """Manifest of the results, and files made of them -> reports/manifest.json."""

    def write() -> list[Path]:
        restore(project)
        if made:
            results = results_digest(read_manifest(project.reports))
            seal(project, "report", made, results)
        return [project.reports / MANIFEST]

    return task(
        "manifest",
        write,
        inputs=[results_path(project), *made, *PUBLISHING],
        outputs=[project.reports / MANIFEST],
    )


def make(project: Project, pages: Sequence[Page], jobs: int, progress: Progress) -> None:
    """Make and publish `pages`, as far as they are not up to date.

    Raises
    ------
    InputError
        With the first thing that is wrong; the last good report is then untouched.
    """
    tasks = graph(project, pages)
    if len(pages) < len(project.pages()):
        # whether a page that is kept is outdated shows only in the new processed tables
        run(tasks[:1], records(project), jobs, progress)
        tasks = graph(project, pages)
    run(tasks, records(project), jobs, progress)


def records(project: Project) -> Path:
    """Return where the engine keeps what it knows of earlier runs."""
    return project.build / "tasks.json"


def processed(project: Project) -> Task:
    """Raw tables and decisions -> processed tables."""
    return task(
        "processed tables",
        project.processed.build,
        inputs=[*project.processed.inputs, *project.design, *project.code],
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
        inputs=[*project.inputs(page.run), *project.code, *EXECUTING],
        outputs=[folder / "run.json", folder / "notebook.ipynb"],
        settings=page.parameters,
    )


def _contents(
    project: Project, pages: Sequence[Page], kept: Entries, language: str, languages: list[str]
) -> Task:
    """Notebooks of one language -> list of its pages, and the page a report opens with."""
    chosen = [page for page in pages if page.language == language]
    stay = [
        as_entry({**entry["contents"], "outdated": entry["outdated"]})
        for entry in kept.values()
        if entry["language"] == language
    ]
    path = contents_path(project, language)

    def write() -> list[Path]:
        from bsup_analysis.pipeline.render import render_contents

        return write_contents(project, language, chosen, stay) + render_contents(
            language, path, languages
        )

    return task(
        f"contents {language}",
        write,
        inputs=[*(project.folder(page) / "run.json" for page in chosen), *RENDERING],
        outputs=[path, path.with_name("index.html")],
        settings=(stay, languages),
    )


def _page(project: Project, page: Page, languages: list[str]) -> Task:
    """Notebook as executed, and the list of pages -> one self-contained page."""
    folder, contents = project.folder(page), contents_path(project, page.language)

    def render() -> list[Path]:
        from bsup_analysis.pipeline.render import render_page

        return render_page(page, folder, contents, languages)

    return task(
        f"page {page.key}",
        render,
        inputs=[folder / "run.json", folder / "notebook.ipynb", contents, *RENDERING],
        outputs=[folder / "page.html"],
        settings=languages,
    )


def _publication(
    project: Project, pages: Sequence[Page], kept: Entries, languages: list[str]
) -> Task:
    """Pages and exhibits -> reports/."""
    built = [project.folder(page) / name for page in pages for name in ("run.json", "page.html")]
    opening = [contents_path(project, one).with_name("index.html") for one in languages]
    return task(
        "publish",
        partial(publish, project, pages, kept),
        # where tables come from is told too, and may change while no table that is read does
        inputs=[*built, *opening, *project.processed.inputs, *PUBLISHING],
        outputs=[project.reports / NUMBERS, results_path(project)],
        settings=sorted((key, entry["outdated"]) for key, entry in kept.items()),
    )
