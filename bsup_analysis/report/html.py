"""The report as one page that needs nothing but itself.

Figures are drawn into it. Their letters are outlines, and the same outlines come back in every
figure: they are put into the page once, which takes half of its size.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from html import escape
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from bsup_analysis.published.reader import read_rows
from bsup_analysis.report.content import Report, edition
from bsup_analysis.report.markdown import Heading

_HEAD = re.compile(r"^.*?<svg\b[^>]*?viewBox=\"([^\"]+)\"[^>]*>", re.DOTALL)
_NOISE = re.compile(r"<!--.*?-->|<metadata>.*?</metadata>|<style\b.*?</style>", re.DOTALL)
_GLYPH = re.compile(r'<path id="([^"]+)" (d="[^"]*" transform="scale\([^"]*\)")/>')
_EMPTY = re.compile(r"<defs>\s*</defs>")
_ID = re.compile(r' id="([^"]+)"')
_USED = re.compile(r'(?:url\(#|href="#)([^")]+)')
_NUMBER = re.compile(r"-?\d+\.\d{3,}")

# columns of the figure's data: assumed dispersion, ratio, interval, smallest detectable ratios
BAND = (
    *("dispersion_other", "ratio", "low", "high"),
    *("minimum_detectable_above", "minimum_detectable_below"),
)


def to_html(report: Report, others: Iterable[tuple[str, str, str]]) -> str:
    """Write the report as a page.

    Parameters
    ----------
    report
        What is to be written.
    others
        What lies beside the page: its name, its address relative to the page, and the language of
        another report, else nothing.
    """
    glyphs = Glyphs()
    figures = {
        exhibit.id: Markup(  # noqa: S704 - our own drawing
            inline_svg(
                exhibit.svg.read_text(encoding="utf-8"),
                exhibit.id,
                exhibit.alternative_text,
                glyphs,
            )
        )
        for exhibit in report.published.exhibits.values()
        if exhibit.svg is not None
    }
    environment = Environment(
        loader=PackageLoader("bsup_analysis.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["kind"] = lambda block: type(block).__name__
    environment.filters["embedded"] = _embedded
    return environment.get_template("report.html.j2").render(
        report=report,
        text=report.text,
        figures=figures,
        glyphs=Markup(glyphs.definitions()),  # noqa: S704 - our own drawing
        exhibits=report.published.exhibits,
        headings=[block for block in report.blocks if isinstance(block, Heading)],
        explorer=lambda kind: explorer(report, kind),
        others=others,
        edition=edition(report),
    )


def _embedded(content: Any) -> Markup:
    """Give data as JSON that cannot end the element it stands in."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return Markup(text.replace("</", "<\\/"))  # noqa: S704 - cannot close the script element


@dataclass
class Glyphs:
    """Outlines seen so far, by their drawing, each with the name it has in the page."""

    names: dict[str, str] = field(default_factory=dict)

    def name(self, drawing: str) -> str:
        """Name an outline; the same drawing has the same name."""
        return self.names.setdefault(drawing, f"glyph{len(self.names)}")

    def definitions(self) -> str:
        """Give all outlines as one hidden drawing, to be put first in the page."""
        paths = "".join(f'<path id="{name}" {d}/>' for d, name in self.names.items())
        hidden = 'width="0" height="0" class="glyphs" aria-hidden="true"'
        return f"<svg {hidden}><defs>{paths}</defs></svg>"


def inline_svg(svg: str, name: str, label: str, glyphs: Glyphs) -> str:
    """Turn a figure's file into an element of the page.

    Parameters
    ----------
    svg
        The file as matplotlib writes it.
    name
        Put before the ids inside, which other figures have too.
    label
        The alternative text.
    glyphs
        Takes up the outlines of letters.
    """
    head = _HEAD.match(svg)
    if head is None:
        raise ValueError(f"{name} is no drawing with a viewBox")
    body = _NOISE.sub("", svg[head.end() :])
    body = re.sub(r"\s+", " ", body).replace("> <", "><").replace(' "', '"')
    renamed: dict[str, str] = {}

    def collect(found: re.Match[str]) -> str:
        renamed[found[1]] = glyphs.name(found[2])
        return ""

    body = _EMPTY.sub("", _GLYPH.sub(collect, body)).replace("xlink:href", "href")
    used = set(_USED.findall(body))
    renamed |= {one: f"{name}-{one}" for one in used if one not in renamed}
    body = _ID.sub(lambda f: f' id="{renamed[f[1]]}"' if f[1] in used else "", body)
    body = _USED.sub(lambda f: f[0].replace(f[1], renamed[f[1]]), body)
    body = _NUMBER.sub(lambda f: f"{float(f[0]):.2f}".rstrip("0").rstrip("."), body)
    return f'<svg class="drawn" viewBox="{head[1]}" role="img" aria-label="{escape(label)}">{body}'


# --- what the page's interactive parts are drawn from: published tables, already in words ---


def explorer(report: Report, kind: str) -> dict[str, Any]:
    """Give the data of an interactive part: `municipalities` or `dispersion`."""
    return municipalities(report) if kind == "municipalities" else dispersion(report)


def municipalities(report: Report) -> dict[str, Any]:
    """Give each municipality's place, group, population index and loans, by name.

    Returns
    -------
    dict
        `years`; `groups` (index by year); `municipalities`, each with `name`, `x`, `y` (in cell
        widths and heights, y downwards), `priority`, `index` and two `lines` of text.
    """
    words, exhibits = report.words, report.published.exhibits
    loans: dict[str, dict[str, str]] = {}
    for row in read_rows(exhibits["loans_by_place"].data):
        loans.setdefault(row["municipality_code"], {})[row["year"]] = row["loans"]
    series: dict[str, dict[str, dict[str, str]]] = {}
    for row in read_rows(exhibits["population_growth"].data):
        area = row["group"] if row["area"] == "all" else row["area"]
        series.setdefault(area, {})[row["year"]] = row
    years = sorted({year for rows in series.values() for year in rows})
    first, last = years[0], years[-1]

    def index(code: str) -> list[float]:
        return [round(float(series[code][year]["index"]), 2) for year in years]

    def lines(code: str) -> list[str]:
        before, after = (float(series[code][year]["population"]) for year in (first, last))
        population = report.text(
            "explore.population_line",
            before=words.count(before),
            after=words.count(after),
            change=words.change(after / before - 1),
        )
        if code not in loans:
            return [population, report.text("explore.no_loans")]
        known = {year: words.count(float(count)) for year, count in loans[code].items()}
        lent = report.text("explore.loans_line", before=known["2009"], after=known["2010"])
        return [population, lent]

    rows = read_rows(exhibits["municipality_map"].data)
    top = max(float(row["y"]) for row in rows)
    return {
        "years": years,
        "groups": {group: index(group) for group in ("priority", "other") if group in series},
        "municipalities": [
            {
                "name": row["municipality_name"],
                "short": row["short_name"],
                "x": float(row["x"]),
                "y": round(top - float(row["y"]), 3),
                "priority": row["group"] == "priority",
                "index": index(row["municipality_code"]),
                "lines": lines(row["municipality_code"]),
            }
            for row in sorted(rows, key=lambda row: row["municipality_name"])
        ],
    }


def dispersion(report: Report) -> dict[str, Any]:
    """Give the interval at each assumed dispersion, with the sentence that says it."""
    decimal = report.words.decimal
    rows = []
    for cells in read_rows(report.published.exhibits["dispersion_loans"].data):
        at, ratio, low, high, above, below = (float(cells[name]) for name in BAND)
        result = report.text(
            "explore.slider_result",
            ratio=decimal(ratio),
            low=decimal(low),
            high=decimal(high),
            holds=report.text("explore.holds" if low <= 1 <= high else "explore.clear"),
            above=decimal(above),
            below=decimal(below),
        )
        value = report.text("explore.slider_value", dispersion=decimal(at, 1))
        rows.append(
            {"at": at, "ratio": ratio, "low": low, "high": high, "value": value, "result": result}
        )
    own = report.published.numbers.get("dispersion_phi_17")
    return {"rows": rows, "own": own.value if own else None}
