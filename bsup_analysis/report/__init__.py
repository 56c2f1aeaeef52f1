"""Report and annex, to be read, printed and shared: one content, written as HTML, PDF and Word."""

from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath

from bsup_analysis import paths
from bsup_analysis.files import write_aside
from bsup_analysis.language import LANGUAGES, Words
from bsup_analysis.published.manifest import PROFILES
from bsup_analysis.published.reader import read_edition, read_profiles
from bsup_analysis.report.content import DOCUMENTS, Report, compose

CODE = Path(__file__).parent
WORDS = CODE.parent / "language"
FILES = tuple(f"{name}.{form}" for name in DOCUMENTS for form in ("html", "pdf", "docx"))


def make_report(reports: Path, language: str) -> list[Path]:
    """Write report and annex of a language, each as page, PDF and Word file.

    Parameters
    ----------
    reports
        The folder of the results, in which a next report is put together.
    language
        `nb` or `en`.

    Returns
    -------
    list of Path
        The files, whether or not they changed.

    Raises
    ------
    InputError
        The language is not known, or nothing complete lies in the folder.
    """
    Words(language)
    documents = compose(read_edition(reports, language))
    contents = {
        reports / language / f"{name}.{form}": to(report)
        for name, report in documents.items()
        for form, to in forms().items()
    }
    for path, content in contents.items():
        write_aside(path, content)
    return list(contents)


def forms() -> Mapping[str, Callable[[Report], bytes | str]]:
    """Give the forms of a document, by the ending of their file."""
    from bsup_analysis.report.html import to_html
    from bsup_analysis.report.pdf import to_pdf
    from bsup_analysis.report.word import to_docx

    return {
        "html": lambda report: to_html(report, beside(report), profiles(report.words.language)),
        "pdf": to_pdf,
        "docx": to_docx,
    }


def profiles(language: str) -> frozenset[str]:
    """Give the municipalities, by code, that have a published profile in a language."""
    names = read_profiles(paths.reports()).get("files", ())
    pages = (PurePosixPath(name) for name in names)
    return frozenset(page.stem for page in pages if page.parts[0] == language)


def beside(report: Report) -> list[tuple[str, str, str]]:
    """Give what lies beside the page: its name, its address, and if another than its language."""
    others = [one for one in LANGUAGES if one in report.published.languages]
    others.remove(report.words.language)
    return [
        *((report.text(name), f"{name}.html", "") for name in report.others),
        *(
            (Words(one)("page.this_language"), f"../{one}/{report.name}.html", one)
            for one in others
        ),
        (report.text("as_pdf"), f"{report.name}.pdf", ""),
        (report.text("as_word"), f"{report.name}.docx", ""),
        (report.text("notebooks"), "html/index.html", ""),
    ]


def report_inputs() -> list[Path]:
    """Give what a report follows from, beside the results: words, code, date, and profiles."""
    code = [path for room in (CODE, WORDS) for path in sorted(room.rglob("*"))]
    more = [paths.root() / "CITATION.cff", paths.reports() / PROFILES]
    return [path for path in (*code, *more) if path.is_file() and "__pycache__" not in path.parts]
