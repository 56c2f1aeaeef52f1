"""Write the report of a language beside the published results, and say what it reads and writes."""

from collections.abc import Callable, Mapping
from pathlib import Path

from bsup_analysis.errors import InputError
from bsup_analysis.files import write_aside
from bsup_analysis.language import Words
from bsup_analysis.report.content import Report, compose
from bsup_analysis.report.published import Published, read_published

CODE = Path(__file__).parent
LANGUAGE_CODE = CODE.parent / "language"


def make_report(root: Path, language: str) -> list[Path]:
    """Write `report.html`, `report.pdf` and `report.docx` of a language.

    All are made before the first is put in place, so that a report that cannot be made leaves the
    last one as it is.

    Parameters
    ----------
    root
        The checkout, the folder above `reports/`.
    language
        `nb` or `en`.

    Returns
    -------
    list of Path
        The files, whether or not they changed.

    Raises
    ------
    InputError
        The language is not known, nothing complete is published, or a file cannot be written.
    """
    Words(language)
    published = read_published(root, language)
    report = compose(published)
    folder = root / "reports" / language
    contents = {folder / name: make(report) for name, make in formats(root, published).items()}
    for path, content in contents.items():
        try:
            write_aside(path, content)
        except OSError as error:
            name = path.relative_to(root).as_posix()
            raise InputError(
                f"{name} cannot be written: {error.strerror or error}; the last one is kept."
            ) from None
    return list(contents)


def formats(root: Path, published: Published) -> Mapping[str, Callable[[Report], bytes | str]]:
    """Give the files of a report with the function that makes each."""
    from bsup_analysis.report.docx import to_docx
    from bsup_analysis.report.html import to_html
    from bsup_analysis.report.pdf import to_pdf

    return {
        "report.pdf": to_pdf,
        "report.docx": to_docx,
        "report.html": lambda report: to_html(
            report,
            {
                "other_language": "../%s/report.html"
                % ("en" if published.language == "nb" else "nb")
            },
        ),
    }


def report_inputs(root: Path, language: str) -> list[Path]:
    """Give what the report of a language is made from: results, figures and its own code."""
    reports = root / "reports"
    return [reports / "numbers.json", reports / "manifest.json", *report_code()]


def report_code() -> list[Path]:
    """Give the files of this package the report follows from, sorted."""
    found = [path for room in (CODE, LANGUAGE_CODE) for path in sorted(room.rglob("*"))]
    return [path for path in found if path.is_file() and "__pycache__" not in path.parts]


def report_outputs(root: Path, language: str) -> list[Path]:
    """Give the files `make_report` writes."""
    return [root / "reports" / language / f"report.{form}" for form in ("html", "pdf", "docx")]
