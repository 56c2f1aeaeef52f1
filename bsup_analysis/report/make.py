"""Write the report of a language beside the published results; say what it reads and writes."""

from collections.abc import Callable, Mapping
from pathlib import Path

from bsup_analysis.errors import InputError
from bsup_analysis.files import write_together
from bsup_analysis.language import LANGUAGES, Words
from bsup_analysis.report.content import Report, compose
from bsup_analysis.report.published import read_published

CODE = Path(__file__).parent
WORDS = CODE.parent / "language"


def make_report(root: Path, language: str) -> list[Path]:
    """Write `report.html`, `report.pdf` and `report.docx` of a language.

    All are made, and written aside, before the first is put in place, so that a report that cannot
    be made or written leaves the last one as it is.

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
    report = compose(read_published(root, language))
    contents = {
        path: form(report)
        for path, form in zip(report_outputs(root, language), forms().values(), strict=True)
    }
    try:
        write_together(contents)
    except OSError as error:
        raise InputError(
            f"the report in reports/{language} cannot be written: {error.strerror or error}; "
            "the last one is kept whole."
        ) from None
    return list(contents)


def forms() -> Mapping[str, Callable[[Report], bytes | str]]:
    """Give the forms of a report, by the ending of their file."""
    from bsup_analysis.report.docx import to_docx
    from bsup_analysis.report.html import to_html
    from bsup_analysis.report.pdf import to_pdf

    return {"html": lambda report: to_html(report, beside(report)), "pdf": to_pdf, "docx": to_docx}


def beside(report: Report) -> dict[str, str]:
    """Give what lies beside the page, by the key of its words: an address relative to it."""
    other = next(one for one in LANGUAGES if one != report.words.language)
    return {
        "other_language": f"../{other}/report.html",
        "as_pdf": "report.pdf",
        "as_word": "report.docx",
        "notebooks": "html/index.html",
    }


def report_inputs(language: str) -> list[Path]:
    """Give what the report of a language follows from, beside the results: words and code."""
    Words(language)
    code = [path for room in (CODE, WORDS) for path in sorted(room.rglob("*"))]
    return [path for path in code if path.is_file() and "__pycache__" not in path.parts]


def report_outputs(root: Path, language: str) -> list[Path]:
    """Give the files `make_report` writes."""
    return [root / "reports" / language / f"report.{form}" for form in ("html", "pdf", "docx")]
