"""A plain description of what is to be run; the pipeline knows nothing else of the study."""

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict

from bsup_analysis.errors import InputError
from bsup_analysis.files import digest
from bsup_analysis.run.notebooks import input_digest


@dataclass(frozen=True)
class Run:
    """One run of a notebook; `id` is also the page's file name, `code` what its cells import."""

    id: str
    notebook: Path
    tables: tuple[Path, ...]
    parameters: Mapping[str, str]
    code: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Page:
    """A run in one language: what is executed, rendered and published."""

    run: Run
    language: str

    @property
    def key(self) -> str:
        """Name of the page in the manifest and in messages, such as ``nb/04_effects``."""
        return f"{self.language}/{self.run.id}"

    @property
    def parameters(self) -> dict[str, str]:
        """Parameters the notebook is given, but for the folder it writes to."""
        return {**self.run.parameters, "language": self.language}

    @property
    def shown(self) -> dict[str, str]:
        """Parameters as others are told them: of a file its name, no folder of this machine."""
        given = self.parameters.items()
        return {key: Path(v).name if Path(v).is_absolute() else v for key, v in given}


@dataclass(frozen=True)
class Step:
    """A step beside the notebooks; `build` returns the files it wrote."""

    inputs: tuple[Path, ...]
    outputs: tuple[Path, ...]
    build: Callable[[], Iterable[Path]]


@dataclass(frozen=True)
class Documents:
    """What is written of the results, before they are published.

    Attributes
    ----------
    inputs
        What it depends on beside the results: words and code.
    names
        Files of a language, below its folder.
    write
        Writes them from the results of a language that lie in a folder; returns the files.
    beside
        Gives other files with their content, `README.md` for one, from the results in a folder.
    """

    inputs: tuple[Path, ...] = ()
    names: tuple[str, ...] = ()
    write: Callable[[Path, str], Iterable[Path]] = lambda _folder, _language: ()
    beside: Callable[[Path], Mapping[Path, bytes]] = lambda _folder: {}


class Fingerprint(TypedDict):
    """SHA-256 of what a run depends on: each input by name, and the code it imports as one."""

    inputs: dict[str, str]
    code: str


@dataclass(frozen=True)
class Project:
    """Everything the pipeline needs to know.

    Attributes
    ----------
    root
        The checkout.
    runs
        The runs of the report, in the order of its pages.
    allowed
        The values each notebook parameter may take, ``*`` standing for any text; ``language``
        must be among the names.
    processed
        How the processed tables are made.
    design
        Files that every notebook depends on, beside its tables: `study.toml`, the lock.
    documents
        What is written of the results: the report in each language, and the README.
    waiting
        Runs that are not there, by id, and what to do to have them.
    origins
        Describes where every table comes from, by path, for the manifest.
    texts
        Gives the file with the text of a notebook (by name) in a language; None where the
        notebook itself is in it.
    """

    root: Path
    runs: tuple[Run, ...]
    allowed: Mapping[str, tuple[str, ...]]
    processed: Step
    design: tuple[Path, ...]
    documents: Documents = Documents()
    waiting: Mapping[str, str] = field(default_factory=dict)
    origins: Callable[[], Mapping[str, object]] = dict
    texts: Callable[[str, str], Path | None] = lambda _notebook, _language: None

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages the report exists in."""
        return tuple(self.allowed["language"])

    @property
    def build(self) -> Path:
        """Folder of what is made on the way; git ignores it."""
        return self.root / "build"

    @property
    def reports(self) -> Path:
        """Folder of what is published."""
        return self.root / "reports"

    @property
    def next_reports(self) -> Path:
        """Folder in which the next report is put together, before it is published as a whole."""
        return self.build / "next"

    @property
    def draft(self) -> Path:
        """Folder of what a selection of pages gives, of which nothing is published."""
        return self.build / "draft"

    @property
    def records(self) -> Path:
        """File in which the engine keeps what it knows of earlier runs."""
        return self.build / "tasks.json"

    def folder(self, page: Page) -> Path:
        """Return the build folder of a page."""
        return self.build / "runs" / page.run.id / page.language

    def name(self, path: Path) -> str:
        """Return a path as the reader knows it: relative to the checkout, with slashes."""
        return (
            path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else path.name
        )

    def pages(self, languages: Iterable[str] | None = None, only: str | None = None) -> list[Page]:
        """Return the selected pages, in the order of the report.

        Parameters
        ----------
        languages
            Some of `Project.languages`; all if None.
        only
            Name of a notebook, or id of one of its runs; all if None.

        Raises
        ------
        InputError
            If there is no such language, notebook or run; the sentence names those there are.
        """
        chosen = self.languages if languages is None else tuple(languages)
        for language in chosen:
            if language not in self.languages:
                known = ", ".join(self.languages)
                raise InputError(
                    f"there is no language {language!r}; the report exists in {known}."
                )
        if only is not None and only in self.waiting:
            raise InputError(f"run {only} {self.waiting[only]}.")
        runs = [run for run in self.runs if only in (None, run.id, run.notebook.stem)]
        if not runs:
            known = ", ".join(dict.fromkeys(n for r in self.runs for n in (r.notebook.stem, r.id)))
            raise InputError(f"there is no notebook or run {only!r}; there are: {known}.")
        return [Page(run, language) for language in chosen for run in runs]

    def complete(self, pages: Collection[Page]) -> tuple[str, ...]:
        """Return the languages all of whose pages are among `pages`: all, of a whole report."""
        return tuple(
            one for one in self.languages if all(page in pages for page in self.pages([one]))
        )

    def document_files(self, languages: Iterable[str]) -> list[str]:
        """Return the names, below the folder of results, of the reports in some languages."""
        return [f"{one}/{name}" for one in languages for name in self.documents.names]

    def inputs(self, run: Run) -> tuple[Path, ...]:
        """Return every file a run depends on, beside the package's code.

        A raw table brings its provenance record, which notebooks show and which seals it.
        """
        records = (table.with_suffix(".provenance.toml") for table in run.tables)
        return (run.notebook, *run.tables, *filter(Path.is_file, records), *self.design)

    def fingerprint(self, run: Run) -> Fingerprint:
        """Return the SHA-256 of what a run depends on, as far as it is there."""
        code = hashlib.sha256()
        for path in sorted(run.code):
            code.update(f"{self.name(path)} {digest(path)}\n".encode())
        inputs = {self.name(p): input_digest(p) for p in self.inputs(run) if p.is_file()}
        return Fingerprint(inputs=dict(sorted(inputs.items())), code=code.hexdigest())
