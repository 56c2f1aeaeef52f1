"""The document audit: every statement recomputed, the readings chosen, the table's arithmetic."""

import datetime as dt
import json
import re
from typing import Any

import pandas as pd
from babel.dates import format_date, format_skeleton
from babel.lists import format_list
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend_handler import HandlerTuple
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MultipleLocator

from bsup_analysis.exhibit.exhibit import Exhibit, traced
from bsup_analysis.exhibit.style import ACCENT, OTHER, PALE, PRIORITY, REGION, new_figure
from bsup_analysis.language import UNKNOWN, Words

# from what holds to what cannot be told: colour and hatch of a bar; shape, edge and filling of a
# mark, which tell it apart without colour
LOOKS = {
    "reproduced": (PRIORITY, "", "o", PRIORITY, PRIORITY),
    "within_rounding": ("#8FC1E3", "..", "o", PRIORITY, "white"),
    "contradicted": (ACCENT, "xxxx", "X", ACCENT, ACCENT),
    "undefined": (OTHER, "////", "^", OTHER, "white"),
    "unrecoverable": (PALE, "", "s", REGION, "white"),
}
KINDS = ("figure", "date", "claim", "derived", "structure", "artefact")
SIDES = ("side_a", "side_b", "side_c")
DATE_UNITS = {"date", "month", "year", "years"}
YEAR_DIGITS = len("2010")
MONTH_CHARACTERS = len("2010-08")


def _mark(status: str) -> dict[str, Any]:
    _, _, marker, edge, face = LOOKS[status]
    look = {"marker": marker, "markerfacecolor": face, "markeredgecolor": edge}
    return {**look, "markersize": 6.5, "linestyle": "none"}


def _bars_by_kind(axes: Axes, audit: pd.DataFrame, words: Words) -> None:
    counts = pd.crosstab(audit["kind"], audit["status"])
    kinds = [kind for kind in KINDS if kind in counts.index]
    counts = counts.reindex(index=kinds, columns=list(LOOKS), fill_value=0)
    starts = counts.cumsum(axis=1) - counts
    box = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
    for status, (colour, hatch, *_) in LOOKS.items():
        start, width = starts[status], counts[status]
        look: Any = {"color": colour, "hatch": hatch, "edgecolor": "white", "linewidth": 0.8}
        axes.barh(range(len(kinds)), width, left=start, **look)
        for row, (first, number) in enumerate(zip(start, width, strict=True)):
            if number:
                at, text = (first + number / 2, row), words.count(number)
                axes.annotate(text, at, ha="center", va="center", fontsize="small", bbox=box)
    axes.set_yticks(range(len(kinds)), [words(f"audit.kind.{kind}") for kind in kinds])
    axes.tick_params(axis="y", length=0)
    axes.invert_yaxis()
    axes.set_xlabel(words("audit.summary.statements"))
    axes.set_title(words("audit.summary.by_kind"))


def _marks_by_page(axes: Axes, audit: pd.DataFrame, words: Words) -> None:
    ranked = audit.assign(order=audit["status"].map(list(LOOKS).index))
    ranked = ranked.sort_values(["page", "order"], kind="stable")
    ranked["height"] = ranked.groupby("page").cumcount() + 1
    for status, marks in ranked.groupby("status"):
        axes.plot(marks["page"], marks["height"], **_mark(str(status)))
    axes.set_xticks(range(int(audit["page"].min()), int(audit["page"].max()) + 1))
    axes.yaxis.set_major_locator(MultipleLocator(5))
    axes.set_ylim(0.3, ranked["height"].max() + 0.7)
    axes.set_xlabel(words("audit.summary.page"))
    axes.set_ylabel(words("audit.summary.statements"))
    axes.set_title(words("audit.summary.by_page"))


@traced
def audit_summary(statement_audit: pd.DataFrame, words: Words) -> Exhibit:
    """Count the document's statements by what became of them, by kind and by page."""
    kind, status = statement_audit["kind"], statement_audit["status"]
    totals = status.value_counts().reindex(list(LOOKS), fill_value=0)
    contents = int(((statement_audit["check"] == "toc_page") & (status == "contradicted")).sum())

    def draw() -> Figure:
        figure, (bars, marks) = new_figure(2, 1, 6.6, gridspec_kw={"height_ratios": [1, 1.5]})
        _bars_by_kind(bars, statement_audit, words)
        _marks_by_page(marks, statement_audit, words)
        # a bar and a mark together; matplotlib's types do not know pairs
        handles: Any = [
            (Patch(facecolor=colour, hatch=hatch, edgecolor="white"), Line2D([], [], **_mark(name)))
            for name, (colour, hatch, *_) in LOOKS.items()
        ]
        names = [f"{words(f'audit.status.{n}')} ({words.count(totals[n])})" for n in LOOKS]
        pairs = {"handler_map": {tuple: HandlerTuple(ndivide=None)}, "handlelength": 3.2}
        figure.legend(
            handles, names, loc="outside lower center", ncols=3, fontsize="small", **pairs
        )
        return figure

    return Exhibit.of(
        "audit_summary",
        "audit.summary",
        words,
        statement_audit.groupby(["page", "kind", "status"]).size().reset_index(name="statements"),
        {
            "total": totals.sum(),
            "contents": contents,
            "own": ((kind == "derived") & (status == "reproduced")).sum(),
            **totals,
        },
        draw=draw,
        numbers={
            "audit_statements_total": (int(totals.sum()), "statements"),
            **{f"audit_{name}": (int(n), "statements") for name, n in totals.items()},
            "audit_contradicted_contents": (contents, "statements"),
        },
    )


def grouped(text: str, words: Words) -> str:
    """Write the numbers of a sentence (680 000) with the language's thousands mark."""
    mark = words.count(1000).strip("0")[1:]
    return re.sub(r"(?<=\d) (?=\d{3}(?!\d))", mark, text)


def iso_date(text: str, words: Words) -> str:
    """Write an ISO date of any precision: 2010, August 2010, 19 January 2010."""
    if len(text) == YEAR_DIGITS:
        return text
    if len(text) == MONTH_CHARACTERS:
        first = dt.date.fromisoformat(f"{text}-01")
        return format_skeleton("yMMMM", first, locale=words.locale)
    return format_date(dt.date.fromisoformat(text), "long", words.locale)


def _one(text: str, unit: str, words: Words) -> str:
    if text in ("up", "down"):
        return words(f"audit.direction.{text}")
    if unit in DATE_UNITS and len(text) >= YEAR_DIGITS:
        return iso_date(text, words)
    decimals = 0 if text.isdecimal() else 1
    if unit == "percent":
        return words.percent(float(text) / 100, decimals)
    return words.decimal(float(text), decimals)


def value(text: str, unit: str, words: Words) -> str:
    """Write a value of the audit: a number or date, an interval, or several that differ."""
    if not text:
        return UNKNOWN
    several = [
        "–".join(_one(end, unit, words) for end in either.split("/")) for either in text.split(";")
    ]
    return format_list(several, style="or", locale=words.locale)


def note(row: pd.Series, words: Words) -> str:
    """Tell why a statement has its status, and what the reader should know beside it."""
    values = json.loads(row["reason_values"])
    told, listing = dict(values), []
    for name, content in values.items():
        what, _, unit = name.rpartition("_")
        if unit == "pages":
            number = "one" if len(content) == 1 else "many"
            told[name] = words(f"audit.pages.{number}", pages=content)
        elif unit == "date":
            told[name] = iso_date(content, words)
        elif unit in ("rank", "change"):
            listing.append(words(f"audit.{unit}.{what}", value=content))
        elif what == "low":
            form = "percent" if unit == "share" else "count"
            ends = (words.written(values[f"{end}_{unit}"], form) for end in ("low", "high"))
            told["range"] = "–".join(dict.fromkeys(ends))
    reason = words(f"audit.reason.{row['reason']}", **told, listing=listing)
    own = row["note_nb" if words.language == "nb" else "note"]
    return reason if pd.isna(own) else f"{reason} {own}"


def inputs(row: pd.Series, words: Words) -> str:
    """Name the tables a statement was recomputed from."""
    names = [words(f"audit.input.{name}") for name in row["inputs"].split("; ") if name]
    return "; ".join(names) if names else UNKNOWN


@traced
def audit_statements(statement_audit: pd.DataFrame, words: Words) -> Exhibit:
    """List every statement: printed and recomputed, what it was recomputed from, and why."""
    statement = "statement_nb" if words.language == "nb" else "statement"
    units, printed = (statement_audit[name].fillna("") for name in ("unit", "printed_value"))
    rows = [
        {
            **row,
            "statement": grouped(row[statement], words),
            # the way it is meant: more than, at most, about
            "printed": words(
                f"audit.comparison.{row['comparison']}", value=value(text, unit, words)
            )
            if text
            else UNKNOWN,
            "recomputed": value(row["recomputed_value"], unit, words),
            "note": note(row, words),
            "inputs": inputs(row, words),
        }
        for (_, row), unit, text in zip(statement_audit.iterrows(), units, printed, strict=True)
    ]
    return Exhibit.of(
        "audit_statements",
        "audit.statements",
        words,
        statement_audit,
        {"total": len(statement_audit)},
        shown=words.table("audit.statements", rows),
    )


@traced
def audit_readings(readings: pd.DataFrame, words: Words) -> Exhibit:
    """List every statement that can be read in more than one way, and the reading used."""
    ending = "_nb" if words.language == "nb" else ""
    text = {
        part: readings[f"{part}{ending}"].map(lambda cell: grouped(cell, words), na_action="ignore")
        for part in ("topic", *SIDES, "reason")
    }
    return Exhibit.of(
        "audit_readings",
        "audit.readings",
        words,
        readings.drop(columns="drives"),
        {"total": len(readings)},
        shown=words.table(
            "audit.readings", readings.assign(**text, pages=readings["page"].str.split(";"))
        ),
    )


@traced
def audit_arithmetic(table_arithmetic: pd.DataFrame, words: Words) -> Exhibit:
    """Count the row changes and sums of the table on p. 14, and how many of them are exact."""
    difference = (table_arithmetic["printed"] - table_arithmetic["recomputed"]).abs()
    checked = table_arithmetic.assign(exact=difference == 0, difference=difference)
    counts = checked.assign(test=checked["test"] + "_" + checked["quantity"]).groupby(
        "test", sort=False
    )
    counts = counts.agg(
        checked=("exact", "size"), exact=("exact", "sum"), largest=("difference", "max")
    )
    total, exact = len(checked), int(checked["exact"].sum())
    return Exhibit.of(
        "audit_arithmetic",
        "audit.arithmetic",
        words,
        table_arithmetic,
        {"total": total, "exact": exact},
        shown=words.table("audit.arithmetic", counts.reset_index()),
        numbers={
            "audit_table_checks_total": (total, "checks"),
            "audit_table_checks_exact": (exact, "checks"),
        },
    )
