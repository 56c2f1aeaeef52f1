"""The programme in time: what the document and other dated facts say of when."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bsup_analysis.design import Design
from bsup_analysis.exhibit import style
from bsup_analysis.exhibit.charts import name_rows
from bsup_analysis.exhibit.exhibit import Content, exhibit
from bsup_analysis.language import Words

# lanes from the top, each with its marks: table and row that the date is from, and how it looks
LANES: dict[str, Sequence[tuple[str, str, str]]] = {
    "period": [("statement", "S001", "bar")],
    "period_again": [("statement", "S101", "bar")],
    "chosen": [("statement", "S077", "bar")],
    "document": [("statement", "S108", "point"), ("statement", "S109", "point")],
    "agreements": [("statement", "S090", "latest"), ("statement", "S092", "open")],
    "competence": [("co_treatment", "competence_programme", "bar")],
    "renewal": [("co_treatment", "area_renewal", "bar")],
    "loans": [("statement", "S069", "bar")],
    "loss_sharing": [("co_treatment", "loss_sharing_trial", "bar")],
    "equity": [("external", "E15", "bar")],
    "nova": [("external", "E13", "bar")],
    "more": [("external", "E14", "bar")],
    "fafo": [("external", "E12", "bar")],
}
# the programme's own; the rest is what is known of loans, met it, or came after
OWN = ("period", "period_again", "chosen", "document", "agreements", "competence", "renewal")
_DATE = re.compile(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?")


def span(said: str) -> tuple[float, float]:
    """Read a year, month or day, or two of them with a slash between, as decimal years.

    Returns
    -------
    (float, float)
        The first moment and the one after the last: 2009 is (2009.0, 2010.0).
    """
    first, _, last = said.partition("/")
    return _moments(first)[0], _moments(last or first)[1]


def _moments(said: str) -> tuple[float, float]:
    found = _DATE.fullmatch(said)
    if found is None:
        raise ValueError(f"{said!r} is no year, month or day")
    year, month, day = int(found[1]), int(found[2] or 0), int(found[3] or 0)
    if not month:
        return float(year), float(year + 1)
    if not day:
        return year + (month - 1) / 12, year + month / 12
    length = date(year + 1, 1, 1).toordinal() - date(year, 1, 1).toordinal()
    passed = date(year, month, day).toordinal() - date(year, 1, 1).toordinal()
    return year + passed / length, year + (passed + 1) / length


def dated(
    programme_statements: pd.DataFrame, co_treatment: pd.DataFrame, external_facts: pd.DataFrame
) -> pd.DataFrame:
    """Collect the dated facts of every lane.

    Returns
    -------
    pandas.DataFrame
        A row a mark: `lane`, `table`, `row` and `look`; `said`, the date as the table has it;
        `start` and `end` in decimal years, no end where none is known; `source`: a page of the
        document, an external fact, or what the decision names.
    """
    statements = programme_statements.set_index("statement_id")
    external = external_facts.set_index("external_id")
    measures = co_treatment.groupby("what").first()
    rows: list[dict[str, Any]] = []
    for lane, marks in LANES.items():
        for table, row, look in marks:
            if table == "statement":
                said, source = statements.loc[row, "period"], statements.loc[row, "page"]
            elif table == "external":
                said, source = external.loc[row, "date"], row
            else:
                one = measures.loc[row]
                last = "" if pd.isna(one["to_date"]) else one["to_date"]
                said, source = f"{one['from_date']}/{last}", one["source"]
            start, end = span(said.removesuffix("/"))
            named = {"lane": lane, "table": table, "row": row, "look": look, "said": said}
            known = {"start": start, "end": None if said.endswith("/") else end}
            rows.append({**named, **known, "source": source})
    return pd.DataFrame(rows)


def _draw_mark(axes: Axes, at: float, mark: Any, last: float, words: Words) -> None:
    """Draw a mark and, where it has one, its text."""
    colour = style.PRIORITY if mark.lane in OWN else style.PRINTED
    end = last if pd.isna(mark.end) else mark.end
    middle = (mark.start + end) / 2
    if mark.look in ("bar", "open"):
        face = colour if mark.look == "bar" else "white"
        axes.barh(at, end - mark.start, 0.3, mark.start, color=face, edgecolor=colour, lw=1.2)
        if pd.isna(mark.end):
            axes.plot(end, at, ">", color=colour, ms=9, clip_on=False)
    else:
        marker = "o" if mark.look == "point" else "<"
        axes.plot(middle, at, marker, color=colour, ms=7)
    text = f"timeline.mark.{mark.row}"
    if text in words:
        # a latest date has its text before it, where what it is the latest of lies
        before = mark.look == "latest"
        edge = (middle, -7) if before else (middle, 7) if mark.look == "point" else (end, 4)
        look: Any = {"ha": "right" if before else "left", **style.SMALL}
        style.beside(axes, words(text), (edge[0], at), (edge[1], 0), **look)


@exhibit("timeline", "timeline")
def timeline(
    programme_statements: pd.DataFrame,
    co_treatment: pd.DataFrame,
    external_facts: pd.DataFrame,
    design: Design,
    words: Words,
) -> Content:
    """Draw the programme in time: its period, document, agreements, and what met it."""
    data = dated(programme_statements, co_treatment, external_facts)
    first, last = int(data["start"].min()), int(data["end"].max())
    statements = programme_statements.set_index("statement_id")
    chosen = span(statements.loc["S077", "period"])[0]
    told: dict[str, object] = {"chosen": int(statements.loc["S077", "printed_value"])}
    told |= {f"page_{row}": statements.loc[row, "page"] for row in ("S001", "S101")}
    names = [words(f"timeline.lane.{lane}", **told) for lane in LANES]

    def draw(narrow: bool) -> Figure:
        width, row_in = (style.PHONE_IN, 0.44) if narrow else (style.WIDTH_IN, 0.3)
        figure, axes = style.new_figure(height_in=0.6 + row_in * len(LANES), width_in=width)
        for year, name in zip(design.years, ("before", "after"), strict=True):
            axes.axvspan(year, year + 1, color=style.PALE, alpha=0.4, lw=0, zorder=0)
            look: Any = {"ha": "center", "va": "bottom", "fontsize": "small"}
            look["xycoords"] = "data", "axes fraction"
            style.beside(axes, words(f"timeline.{name}"), (year + 0.5, 1), (0, 3), **look)
        for at, lane in enumerate(LANES):
            for mark in data[data["lane"] == lane].itertuples():
                _draw_mark(axes, at + (0.2 if narrow else 0), mark, last, words)
        name_rows(axes, [""] * len(LANES) if narrow else names)
        if narrow:
            for at, name in enumerate(names):
                look = {"xycoords": ("axes fraction", "data"), "va": "bottom"}
                style.beside(axes, name, (0, at), (0, 2), fontsize="small", **look)
        axes.set_xlim(first, last)
        years = range(first, last, 2 if narrow else 1)
        axes.set_xticks([year + 0.5 for year in years], [str(year) for year in years])
        axes.tick_params(axis="x", length=0)
        axes.set_ylim(len(LANES) - 0.4, -0.8 if narrow else -0.5)
        return figure

    values = {"before": design.years[0], "after": design.years[-1]}
    title = words(f"timeline.title.{'same' if chosen == design.years[0] else 'other'}")
    return Content(data, values, title=title, draw=draw, narrow=True)
