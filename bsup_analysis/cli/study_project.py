"""The study as `bsup_analysis.run` needs to know it: notebooks, tables, design and code."""

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bsup_analysis import paths
from bsup_analysis.errors import InputError
from bsup_analysis.files import file_and_part
from bsup_analysis.run.notebooks import cells_of, code_of, faults
from bsup_analysis.run.project import Documents, Project, Run, Step


def study_project(boundaries: Path | None = None) -> Project:
    """Describe what the study runs.

    Parameters
    ----------
    boundaries
        A reader's own file of municipal borders, or FILE#LAYER, for the notebooks that draw maps.

    Raises
    ------
    InputError
        If `study.toml` is refused, allows a language that is not complete or names a table that
        does not exist, or there is no such file of borders.
    """
    from bsup_analysis.design import load_design
    from bsup_analysis.language import notebook_texts
    from bsup_analysis.report import FILES, make_report, report_inputs
    from bsup_analysis.report.render import readme_files
    from bsup_analysis.tables import INPUTS, OUTPUTS

    def build() -> list[Path]:
        from bsup_analysis.tables.codebook import write_codebook
        from bsup_analysis.tables.processed import write_processed

        return [*write_processed(*design.of_panel), write_codebook()]

    def origins() -> dict[str, dict[str, Any]]:
        from bsup_analysis.run.origins import origins
        from bsup_analysis.study import read_table

        return origins((table for run in project.runs for table in run.tables), read_table)

    package = Path(__file__).parent.parent
    borders, layer = file_and_part(str(boundaries)) if boundaries else (None, None)
    if borders is not None and not borders.is_file():
        raise InputError(f"there is no file {borders}; give a file of borders, or FILE#LAYER.")
    made = {name: paths.processed() / f"{name}.csv" for name in OUTPUTS}
    design = load_design(paths.study_file())
    for language in design.parameters["language"].allowed:
        unwritten = list(_unwritten(language, [one.name for one in design.notebooks], package))
        if unwritten:
            raise InputError(f"language {language} is not complete: {'; '.join(unwritten)}.")
    runs, waiting = [], {}
    for notebook in design.notebooks:
        path = paths.notebooks() / f"{notebook.name}.ipynb"
        cells = cells_of(path)
        code = code_of(cells, package)
        for one in notebook.runs:
            if one.needs and not (paths.municipal() / f"{one.needs}.csv").is_file():
                waiting[one.id] = (
                    f"needs data/municipal/{one.needs}.csv; bring it with bsup fetch husbanken,"
                    " bsup import FILE or bsup fetch startlaan"
                )
                continue
            names = (*notebook.tables, one.needs) if one.needs else notebook.tables
            tables = [made.get(name) or paths.table_path(name) for name in names]
            parameters = dict(one.parameters)
            if borders is not None and any("boundaries = " in cell for cell in cells):
                tables.append(borders.resolve())
                parameters["boundaries"] = "#".join(
                    [str(borders.resolve()), *filter(None, [layer])]
                )
            runs.append(Run(one.id, path, tuple(tables), parameters, code))
    raw = [paths.table_path(name) for name in INPUTS]
    records = sorted(paths.raw().glob("*.provenance.toml"))
    makers = ("import bsup_analysis.design", "from bsup_analysis.tables import codebook, processed")
    lock = paths.root() / "requirements.lock"
    project = Project(
        root=paths.root(),
        runs=tuple(runs),
        allowed={name: tuple(p.allowed) for name, p in design.parameters.items()},
        processed=Step(
            (*raw, *records, *code_of(makers, package)),
            (*made.values(), paths.raw().parent / "README.md"),
            build,
        ),
        design=(paths.study_file(), paths.decisions() / "readings.csv", lock),
        documents=Documents(tuple(report_inputs()), FILES, make_report, readme_files),
        origins=origins,
        waiting=waiting,
        texts=notebook_texts,
    )
    return project


def _unwritten(language: str, notebooks: list[str], package: Path) -> Iterator[str]:
    """Go through the texts that pages and report have to have in a language, beside its words."""
    from bsup_analysis.language import notebook_texts

    for name in notebooks:
        texts = notebook_texts(name, language)
        if texts is not None and not texts.is_file():
            content = json.loads((paths.notebooks() / f"{name}.ipynb").read_text(encoding="utf-8"))
            if any(faults(content, {})):
                yield f"{texts.relative_to(package.parent)} is missing"
    frame = package / "run" / "templates" / "words.toml"
    if language not in tomllib.loads(frame.read_text(encoding="utf-8")):
        yield f"[{language}] is missing in {frame.relative_to(package.parent)}"
    for one in ("shared", "report", "annex"):
        document = package / "report" / f"{one}.{language}.md.j2"
        if not document.is_file():
            yield f"{document.relative_to(package.parent)} is missing"
