"""The report as one page that needs nothing but itself."""

import base64
import io
import json
import re
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from fontTools.ttLib import TTFont
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from bsup_analysis.files import only_own_script
from bsup_analysis.fonts import face
from bsup_analysis.published.reader import read_rows
from bsup_analysis.report.content import Report, imprint, released
from bsup_analysis.report.markdown import Heading

# columns of the figure's data: assumed dispersion, ratio, interval, smallest detectable ratios
BAND = (
    *("dispersion_other", "ratio", "low", "high"),
    *("minimum_detectable_above", "minimum_detectable_below"),
)


def to_html(
    report: Report, others: Iterable[tuple[str, str, str]], profiles: Collection[str] = ()
) -> str:
    """Write a document as a page.

    Parameters
    ----------
    report
        What is to be written.
    others
        What lies beside the page: its name, its address relative to the page, and the language of
        another report, else nothing.
    profiles
        The municipalities, by code, that have a page beside the report.
    """
    environment = Environment(
        loader=PackageLoader("bsup_analysis.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["kind"] = lambda block: type(block).__name__
    environment.filters["embedded"] = _embedded
    drawings = _Drawings()
    page = environment.get_template("report.html.j2").render(
        report=report,
        text=report.text,
        exhibits=report.published.exhibits,
        headings=[block for block in report.blocks if isinstance(block, Heading)],
        address=lambda target: _address(report, target),
        drawing=drawings.inline,
        explorer=lambda kind: explorer(report, kind, profiles),
        others=others,
        profiles=_profiles(report, profiles),
        imprint=imprint(report),
        released=released().isoformat(),
        fonts=_FONTS,
    )
    return only_own_script(page.replace(_FONTS, drawings.fonts(), 1))


# where the fonts of the drawings go, known when all have been drawn
_FONTS = "/* fonts */"
_FACE = re.compile(r"@font-face\{[^}]*font-weight:(\w+);src:url\(data:font/woff;base64,([^)]*)\)\}")
_OWN = re.compile(r'\b(id="|href="#|url\(#)')


class _Drawings:
    """Puts drawings into a page, where they share one font and follow its colours.

    A drawing brings the letters it uses; the page brings those of all drawings, once.
    """

    def __init__(self) -> None:
        self._letters: dict[str, set[int]] = {}
        self._count = 0

    def inline(self, path: Path, alternative_text: str) -> Markup:
        """Give a drawing as an element, what it names inside kept apart from other drawings."""
        self._count += 1
        name = f"drawing{self._count}"
        svg = path.read_text(encoding="utf-8")
        for weight, data in _FACE.findall(svg):
            font = TTFont(io.BytesIO(base64.b64decode(data)))
            self._letters.setdefault(weight, set()).update(font.getBestCmap())
        svg = _OWN.sub(rf"\g<1>{name}-", _FACE.sub("", svg[svg.index("<svg") :]))
        opening, style, rest = re.split(r"<style>|</style>", svg, maxsplit=2)
        label = Markup.escape(alternative_text)
        opening = re.sub(r' (width|height)="[^"]*"', "", opening).replace(
            "<svg", f'<svg role="img" aria-label="{label}"', 1
        )
        return Markup(f'<div id="{name}"><style>#{name}{{{style}}}</style>{opening}{rest}</div>')  # noqa: S704

    def fonts(self) -> str:
        """Give the rules that bring the letters of all drawings."""
        used = sorted(self._letters.items())
        return "".join(face(weight, "".join(map(chr, sorted(codes)))) for weight, codes in used)


def _profiles(report: Report, profiles: Collection[str]) -> dict[str, str]:
    """Give the addresses of profiles by the name of their municipality."""
    rows = read_rows(report.published.exhibits["municipality_map"].data)
    codes = {row["municipality_name"]: row["municipality_code"] for row in rows}
    return {name: f"profiles/{code}.html" for name, code in codes.items() if code in profiles}


def _address(report: Report, target: str) -> str:
    if target.startswith("https://"):
        return target
    elsewhere = report.elsewhere(target)
    return f"{elsewhere}.html#{target}" if elsewhere else f"#{target}"


def _embedded(content: Any) -> Markup:
    """Give data as JSON that cannot end the element it stands in, nor open another."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c"))  # noqa: S704 - has no mark that HTML knows


# --- what the page's interactive parts are drawn from: published tables, already in words ---


def explorer(report: Report, kind: str, profiles: Collection[str]) -> dict[str, Any]:
    """Give the data of an interactive part: `municipalities` or `dispersion`."""
    return municipalities(report, profiles) if kind == "municipalities" else dispersion(report)


def municipalities(report: Report, profiles: Collection[str]) -> dict[str, Any]:
    """Give each municipality's place, group and loans, by name.

    Parameters
    ----------
    profiles
        The municipalities, by code, that have a profile beside the report.

    Returns
    -------
    dict
        `years`; `groups` (loans per 1 000 inhabitants by year); `municipalities`, each with
        `name`, `x`, `y` (in cell widths and heights, y downwards), `priority`, `rate` (as the
        groups', empty where no loans are published), two `lines` of text, and the address of its
        `profile` with the words that lead there, if it has one.
    """
    words, exhibits, numbers = report.words, report.published.exhibits, report.published.numbers
    years = ("2009", "2010")
    lent = {row["municipality_code"]: row for row in read_rows(exhibits["start_loan_table"].data)}
    people: dict[str, dict[str, float]] = {}
    for row in read_rows(exhibits["population_growth"].data):
        people.setdefault(row["area"], {})[row["year"]] = float(row["population"])

    def rate(code: str) -> list[float]:
        known = lent.get(code)
        return [round(float(known[f"loans_per_1000_{year}"]), 2) for year in years] if known else []

    def lines(code: str) -> list[str]:
        before, after = people[code][min(people[code])], people[code][max(people[code])]
        population = report.text(
            "explore.population_line",
            before=words.count(before),
            after=words.count(after),
            change=words.change(after / before - 1),
        )
        if code not in lent:
            return [report.text("explore.no_loans"), population]
        known = [words.count(float(lent[code][f"loans_{year}"])) for year in years]
        loans = report.text("explore.loans_line", before=known[0], after=known[1])
        return [loans, population]

    def profile(code: str, name: str) -> dict[str, str]:
        address = f"profiles/{code}.html"
        return {"href": address, "text": report.text("profile", name=name)}

    rows = read_rows(exhibits["municipality_map"].data)
    top = max(float(row["y"]) for row in rows)
    return {
        "years": years,
        "groups": {
            group: [round(numbers[f"loans_per_1000_{group}_{year}"].value, 2) for year in years]
            for group in ("priority", "other")
        },
        "municipalities": [
            {
                "name": row["municipality_name"],
                "x": float(row["x"]),
                "y": round(top - float(row["y"]), 3),
                "priority": row["group"] == "priority",
                "rate": rate(row["municipality_code"]),
                "lines": lines(row["municipality_code"]),
                "profile": profile(row["municipality_code"], row["municipality_name"])
                if row["municipality_code"] in profiles
                else None,
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
