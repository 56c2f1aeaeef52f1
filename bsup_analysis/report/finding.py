"""What the README shows of the results: the finding, the picture, and the list of exhibits.

The finding stands between marker comments and follows from `reports/numbers.json`; all else in the
README is written by hand and holds no result. The list is a file of its own beside the tables.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bsup_analysis import paths
from bsup_analysis.errors import InputError
from bsup_analysis.language import Words
from bsup_analysis.published.reader import Published, read_published
from bsup_analysis.report.render import TEMPLATES, Values, render

PICTURE = "group_contrast_loans"


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
