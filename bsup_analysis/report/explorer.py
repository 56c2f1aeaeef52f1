"""What the page's interactive parts are drawn from: published tables, already in words."""

from typing import Any

from bsup_analysis.report.content import Report
from bsup_analysis.report.published import read_rows


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
        told = [
            report.text(
                "explore.population_line",
                before=words.count(before),
                after=words.count(after),
                change=words.change(after / before - 1),
            )
        ]
        known = loans.get(code)
        told.append(
            report.text(
                "explore.loans_line",
                before=words.count(float(known["2009"])),
                after=words.count(float(known["2010"])),
            )
            if known
            else report.text("explore.no_loans")
        )
        return told

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
    words = report.words
    rows = []
    for row in read_rows(report.published.exhibits["dispersion_loans"].data):
        low, high = float(row["low"]), float(row["high"])
        rows.append(
            {
                "at": float(row["dispersion_other"]),
                "ratio": float(row["ratio"]),
                "low": low,
                "high": high,
                "value": report.text(
                    "explore.slider_value",
                    dispersion=words.decimal(float(row["dispersion_other"]), 1),
                ),
                "result": report.text(
                    "explore.slider_result",
                    ratio=words.decimal(float(row["ratio"])),
                    low=words.decimal(low),
                    high=words.decimal(high),
                    holds=report.text("explore.holds" if low <= 1 <= high else "explore.clear"),
                    above=words.decimal(float(row["minimum_detectable_above"])),
                    below=words.decimal(float(row["minimum_detectable_below"])),
                ),
            }
        )
    own = report.published.numbers.get("dispersion_phi_17")
    return {"rows": rows, "own": own.value if own else None}
