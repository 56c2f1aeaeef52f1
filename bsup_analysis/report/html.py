"""The report as one page that needs nothing but itself."""

import json
from collections.abc import Iterable
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from bsup_analysis.files import svg_address
from bsup_analysis.published.reader import read_rows
from bsup_analysis.report.content import Report, edition
from bsup_analysis.report.markdown import Heading

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
    environment = Environment(
        loader=PackageLoader("bsup_analysis.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["kind"] = lambda block: type(block).__name__
    environment.filters["address"] = lambda path: svg_address(path.read_bytes())
    environment.filters["embedded"] = _embedded
    return environment.get_template("report.html.j2").render(
        report=report,
        text=report.text,
        exhibits=report.published.exhibits,
        headings=[block for block in report.blocks if isinstance(block, Heading)],
        address=lambda target: _address(report, target),
        explorer=lambda kind: explorer(report, kind),
        others=others,
        edition=edition(report),
    )


def _address(report: Report, target: str) -> str:
    elsewhere = report.elsewhere(target)
    return f"{elsewhere}.html#{target}" if elsewhere else f"#{target}"


def _embedded(content: Any) -> Markup:
    """Give data as JSON that cannot end the element it stands in."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return Markup(text.replace("</", "<\\/"))  # noqa: S704 - cannot close the script element


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
