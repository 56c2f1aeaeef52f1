"""Templates filled with published numbers, and the generated parts of the README.

Those stand between marker comments; all else in the README is written by hand and holds no result.
"""

import re
import traceback
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from babel.lists import format_list
from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
    TemplateSyntaxError,
)

from bsup_analysis import paths
from bsup_analysis.errors import InputError
from bsup_analysis.language import Words
from bsup_analysis.published.reader import Published, read_published
from bsup_analysis.report.markdown import escape

TEMPLATES = Path(__file__).parent
PICTURE = "main_contrast"
VERDICTS = {-1: "worse", 0: "not_shown", 1: "improved"}


class Value(float):
    """A published number that knows its id; what is computed from it is no published number."""

    id: str

    def __new__(cls, value: float, name: str) -> "Value":
        """Make a number of this value and id."""
        made = super().__new__(cls, value)
        made.id = name
        return made

    def __abs__(self) -> "Value":
        return Value(abs(float(self)), self.id)


class Values(dict[str, Value]):
    """Published numbers by id; asking for one that is not published is refused.

    Raises
    ------
    InputError
        No number of that id is published.
    """

    def __init__(self, numbers: Iterable[tuple[str, float]]) -> None:
        super().__init__((name, Value(value, name)) for name, value in numbers)

    def __missing__(self, name: str) -> Value:
        raise InputError(
            f"the number {name} is not in reports/numbers.json; correct the name, or run "
            "`bsup report` for all notebooks."
        )

    def starting(self, start: str, but: str = "\0") -> list[Value]:
        """Return the numbers whose id starts so and does not end with `but`, by id."""
        found = sorted(name for name in self if name.startswith(start) and not name.endswith(but))
        return [self[name] for name in found]


def render(
    template: Path,
    words: Words,
    numbers: Values,
    mark: Callable[[str, Value], str] = lambda text, _: text,
    **content: Any,
) -> str:
    """Fill a template.

    Parameters
    ----------
    template
        The file, `report.en.md.j2` of `TEMPLATES` for one.
    words
        The language: how numbers are written.
    numbers
        What the template may show, as `numbers.id` with a format: `{{ numbers.power | percent }}`.
    mark
        Puts a written number into a link, or leaves it as it is.
    content
        What else the template may name.

    Raises
    ------
    InputError
        The template is not well formed, or names a number or an exhibit that is not published, or
        a number stands without a format. The sentence gives file and line.
    """
    environment = Environment(
        loader=FileSystemLoader(template.parent),
        autoescape=False,  # noqa: S701 - Markdown, whose reader lets no HTML through
        undefined=StrictUndefined,
        finalize=_formatted,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "count": _written(words.count, mark),
        "ratio": _written(words.decimal, mark),
        "percent": _written(words.percent, mark),
        "per_cent": _written(words.per_cent, mark),
        "spelled": _written(words.spelled, mark),
        "rounded": _written(words.rounded, mark),
        "change": _written(words.change, mark),
        "signed": _written(words.signed, mark),
        "million": _written(words.million, mark),
        "date": words.date,
        "quoted": words.quoted,
        "listed": lambda items, style="standard": format_list(list(items), style, words.locale),
        "direction": words.direction,
        "verdict": lambda value: "none" if value is None else VERDICTS[round(value)],
        "text": escape,
        "capitalised": lambda text: text[:1].upper() + text[1:],
    }
    try:
        return environment.get_template(template.name).render(numbers=numbers, **content)
    except (InputError, TemplateError, TypeError) as error:
        raise InputError(f"{_place(error, template)}: {error}") from None


def _written(written: Callable[..., str], mark: Callable[[str, Value], str]) -> Callable[..., str]:
    def shown(value: float, *decimals: int) -> str:
        text = written(value, *decimals)
        return mark(text, value) if isinstance(value, Value) else text

    return shown


def _formatted(value: object) -> object:
    if isinstance(value, float):
        raise InputError("a number needs a format, as in {{ numbers.power | percent }}.")
    return value


def _place(error: Exception, template: Path) -> str:
    """Name file and line of a mistake, which may stand in what the template imports."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [(Path(one.filename), one.lineno) for one in frames]
    found = [(path.name, line) for path, line in places if path.parent == template.parent]
    name, line = [(template.name, 0), *[one for one in found if one[0].endswith(".j2")]][-1]
    if isinstance(error, TemplateSyntaxError):
        name, line = error.name or name, error.lineno
    return f"{name}, line {line}"


# --- README ---


def finding(numbers: Mapping[str, Mapping[str, Any]], words: Words) -> str:
    """Return the finding in a few sentences, by the template of the language.

    Parameters
    ----------
    numbers
        The content of `reports/numbers.json`.
    words
        The language.

    Raises
    ------
    InputError
        A number the finding needs is not there.
    """
    values = Values((name, number["value"]) for name, number in numbers.items())
    filled = render(TEMPLATES / f"readme.{words.language}.md.j2", words, values)
    return filled.rstrip("\n").replace("\n", " ")


def of_own_table(exhibit: Mapping[str, Any]) -> bool:
    """Tell whether an exhibit rests on the user's municipal table, which git never sees."""
    return any(name.startswith("data/municipal/") for name in exhibit["inputs"])


def exhibit_table(manifest: Mapping[str, Any]) -> str:
    """List the exhibits: notebook, function and file, as Markdown in `reports/`."""
    rows = [
        "# Every figure and table",
        "",
        "| exhibit | notebook | function | data drawn |",
        "|---|---|---|---|",
    ]
    kept = {n: e for n, e in manifest["exhibits"].items() if not of_own_table(e)}
    for name, exhibit in sorted(kept.items(), key=lambda item: (item[1]["notebook"], item[0])):
        notebook = Path(exhibit["notebook"])
        function = exhibit["function"].removeprefix("bsup_analysis.").removeprefix("chapters.")
        rows.append(
            f"| {name} | [{notebook.stem}](../{notebook.as_posix()}) | `{function}` |"
            f" [{name}.csv](tables/{name}.csv) |"
        )
    return "\n".join(rows) + "\n"


def with_block(text: str, name: str, content: str) -> str:
    """Put `content` between the markers of a block.

    Raises
    ------
    InputError
        The README has no such block.
    """
    pattern = re.compile(rf"(<!-- {name}: generated -->\n).*?(<!-- /{name} -->)", re.S)
    if not pattern.search(text):
        raise InputError(f"README.md has no block {name!r}; restore its marker comments.")
    return pattern.sub(lambda found: f"{found[1]}{content}\n{found[2]}", text)


def generated(text: str, published: Published) -> str:
    """Give the README's text with its generated blocks made anew from what is published."""
    for language in ("en", "nb"):
        text = with_block(text, f"finding-{language}", finding(published.numbers, Words(language)))
    return text


def readme_files(reports: Path) -> dict[Path, bytes]:
    """Give README, picture and list of exhibits, made anew from a folder's results, by path.

    Raises
    ------
    InputError
        The results lack what the README shows.
    """
    readme = paths.root() / "README.md"
    picture = reports / "en" / "figures" / f"{PICTURE}.svg"
    if not picture.is_file():
        raise InputError(f"there is no {picture.name} in {picture.parent}; run `make report`.")
    published = read_published(reports)
    return {
        readme: generated(readme.read_text(encoding="utf-8"), published).encode("utf-8"),
        paths.reports() / "picture.svg": picture.read_bytes(),
        paths.reports() / "exhibits.md": exhibit_table(published.manifest).encode("utf-8"),
    }
