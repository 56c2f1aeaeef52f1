"""The generated parts of the README: the finding, the picture and the list of exhibits.

They stand between marker comments and follow from `reports/numbers.json` and
`reports/manifest.json`; all else in the README is written by hand and holds no result.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bsup_analysis import paths
from bsup_analysis.errors import InputError
from bsup_analysis.files import write_aside
from bsup_analysis.language import Words

PICTURE = "group_contrast_loans"
VERDICTS = {-1: "worse", 0: "not_shown", 1: "improved"}


def finding(numbers: Mapping[str, Mapping[str, Any]], words: Words) -> str:
    """Say the finding in a few sentences, every number taken from `numbers`.

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

    def value(identifier: str) -> float:
        if identifier not in numbers:
            raise InputError(
                f"reports/numbers.json has no {identifier}; run `make report` for all notebooks."
            )
        return float(numbers[identifier]["value"])

    ratio = "rate_ratio_loans_2009_2010"
    sentences = [
        words(f"readme.{VERDICTS[round(value('verdict_loans'))]}"),
        words(
            "readme.contrast",
            priority_growth=words.change(value("growth_number_priority_2009_2010") - 1),
            other_growth=words.change(value("growth_number_other_2009_2010") - 1),
            ratio=words.decimal(value(ratio)),
            low=words.decimal(value(f"{ratio}_ci_low_phi17_t")),
            high=words.decimal(value(f"{ratio}_ci_high_phi17_t")),
            detectable=words.decimal(value("minimum_detectable_ratio_phi17_t")),
            level=words.percent(value("confidence_level"), 0),
            power=words.percent(value("power"), 0),
        ),
        words(
            "readme.figures",
            population=words.percent(value("population_share_priority_2009")),
            loan_share=words.percent(value("loan_share_priority_2009")),
            amount_share=words.percent(value("amount_share_priority_2009")),
            region_average=words.count(value("average_loan_nok_region_2009")),
            statements=words.count(value("audit_statements_total")),
            contradicted=words.count(value("audit_contradicted")),
        ),
    ]
    # page numbers of a contents list are no findings about the programme
    contents = numbers.get("audit_contradicted_contents", {}).get("value", 0)
    if contents:
        sentences.append(words("readme.contents", contents=words.count(contents)))
    return " ".join(sentences)


def of_own_table(exhibit: Mapping[str, Any]) -> bool:
    """Tell whether an exhibit rests on the user's municipal table, which git never sees."""
    return exhibit["parameters"].get("level") == "municipal"


def exhibit_table(manifest: Mapping[str, Any]) -> str:
    """List the exhibits: figure or table, notebook, function and file, as Markdown."""
    rows = ["| exhibit | notebook | function | data drawn |", "|---|---|---|---|"]
    kept = {n: e for n, e in manifest["exhibits"].items() if not of_own_table(e)}
    for name, exhibit in sorted(kept.items(), key=lambda item: (item[1]["notebook"], item[0])):
        notebook = Path(exhibit["notebook"])
        function = exhibit["function"].removeprefix("bsup_analysis.exhibits.")
        table = f"reports/tables/{name}.csv"
        rows.append(
            f"| {name} | [{notebook.stem}]({notebook.as_posix()}) | `{function}` |"
            f" [{name}.csv]({table}) |"
        )
    return "\n".join(rows)


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


def generated(text: str) -> str:
    """Give the README's text with its generated blocks made anew from `reports/`."""
    reports = paths.reports()
    numbers = json.loads((reports / "numbers.json").read_text(encoding="utf-8"))
    manifest = json.loads((reports / "manifest.json").read_text(encoding="utf-8"))
    text = with_block(text, "finding-en", finding(numbers, Words("en")))
    text = with_block(text, "finding-nb", finding(numbers, Words("nb")))
    return with_block(text, "exhibits", exhibit_table(manifest))


def write_readme() -> list[Path]:
    """Renew the README's generated blocks and its picture; return the files written.

    Raises
    ------
    InputError
        The reports lack what the README shows.
    """
    readme = paths.root() / "README.md"
    picture = paths.reports() / "en" / "figures" / f"{PICTURE}.svg"
    if not picture.is_file():
        raise InputError(f"there is no {picture.name} in reports/en/figures; run `make report`.")
    write_aside(readme, generated(readme.read_text(encoding="utf-8")))
    write_aside(paths.reports() / "picture.svg", picture.read_bytes())
    return [readme, paths.reports() / "picture.svg"]
