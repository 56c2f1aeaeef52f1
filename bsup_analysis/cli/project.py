"""The study as the pipeline needs to know it: notebooks, tables, design and code."""

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bsup_analysis import paths
from bsup_analysis.errors import InputError
from bsup_analysis.pipeline.imports import cells_of, code_of
from bsup_analysis.pipeline.project import Documents, Project, Run, Step


def study_project(boundaries: Path | None = None) -> Project:
    """Describe the study to the pipeline.

    Parameters
    ----------
    boundaries
        A reader's own file of municipal borders, for the notebooks that draw maps.

    Raises
    ------
    InputError
        If `study.toml` is refused, allows a language that is not complete or names a table that
        does not exist, or there is no such file of borders.
    """
    from bsup_analysis.design import load_design
    from bsup_analysis.language import notebook_texts
    from bsup_analysis.tables import INPUTS, OUTPUTS

    def build() -> list[Path]:
        from bsup_analysis.tables.codebook import write_codebook
        from bsup_analysis.tables.processed import write_processed

        return [*write_processed(*design.readings.of_panel), write_codebook()]

    def origins() -> dict[str, dict[str, Any]]:
        from bsup_analysis.published.origins import origins
        from bsup_analysis.study import read_table

        return origins((table for run in project.runs for table in run.tables), read_table)

    package = Path(__file__).parent.parent
    borders = None if boundaries is None else _readable(boundaries)
    made = {name: paths.processed() / f"{name}.csv" for name in OUTPUTS}
    design = load_design(paths.study_file())
    for language in design.parameters["language"].allowed:
        unwritten = list(_unwritten(language, [one.name for one in design.notebooks]))
        if unwritten:
            raise InputError(f"language {language} is not complete: {'; '.join(unwritten)}.")
    raw = [paths.table_path(name) for name in INPUTS]
    records = sorted(paths.raw().glob("*.provenance.toml"))
    codebook = paths.raw().parent / "README.md"
    makers = ("import bsup_analysis.design", "from bsup_analysis.tables import codebook, processed")
    waiting = {
        one.id: f"needs data/municipal/{one.needs}.csv; bring it with bsup import FILE or bsup"
        " fetch startlaan"
        for notebook in design.notebooks
        for one in notebook.runs
        if one.needs and not (paths.municipal() / f"{one.needs}.csv").is_file()
    }
    project = Project(
        root=paths.root(),
        runs=tuple(
            Run(
                id=one.id,
                notebook=paths.notebooks() / f"{notebook.name}.ipynb",
                tables=(
                    *(
                        made.get(table) or paths.table_path(table)
                        for table in (*notebook.tables, *([one.needs] if one.needs else []))
                    ),
                    *([borders] if borders and _draws_maps(notebook.name) else []),
                ),
                code=code_of(cells_of(paths.notebooks() / f"{notebook.name}.ipynb"), package),
                parameters=one.parameters
                if borders is None or not _draws_maps(notebook.name)
                else {**one.parameters, "boundaries": str(borders)},
            )
            for notebook in design.notebooks
            for one in notebook.runs
            if one.id not in waiting
        ),
        allowed={name: tuple(p.allowed) for name, p in design.parameters.items()},
        processed=Step(
            (*raw, *records, *code_of(makers, package)),
            (*made.values(), codebook),
            build,
        ),
        design=(
            paths.study_file(),
            paths.decisions() / "readings.csv",
            paths.root() / "requirements.lock",
        ),
        documents=_documents(),
        origins=origins,
        waiting=waiting,
        texts=notebook_texts,
    )
    return project


def _unwritten(language: str, notebooks: list[str]) -> Iterator[str]:
    """Go through the texts that pages and report have to have in a language, beside its words."""
    from bsup_analysis.language import notebook_texts
    from bsup_analysis.pipeline.text import faults

    package = Path(__file__).parent.parent
    for name in notebooks:
        texts = notebook_texts(name, language)
        if texts is not None and not texts.is_file():
            content = json.loads((paths.notebooks() / f"{name}.ipynb").read_text(encoding="utf-8"))
            if any(faults(content, {})):
                yield f"{texts.relative_to(package.parent)} is missing"
    frame = package / "pipeline" / "templates" / "words.toml"
    if language not in tomllib.loads(frame.read_text(encoding="utf-8")):
        yield f"[{language}] is missing in {frame.relative_to(package.parent)}"
    report = package / "report" / f"report.{language}.md.j2"
    if not report.is_file():
        yield f"{report.relative_to(package.parent)} is missing"


def _documents() -> Documents:
    """Describe what is written of the results: the report, and the README's generated parts."""
    from bsup_analysis.report import FILES, make_report, report_inputs
    from bsup_analysis.report.finding import readme_files

    return Documents(tuple(report_inputs()), FILES, make_report, readme_files)


def _draws_maps(notebook: str) -> bool:
    text = (paths.notebooks() / f"{notebook}.ipynb").read_text(encoding="utf-8")
    return "boundaries = " in text


def _readable(boundaries: Path) -> Path:
    if not boundaries.is_file():
        raise InputError(f"there is no file {boundaries}; give a GeoJSON or GeoPackage.")
    return boundaries.resolve()
