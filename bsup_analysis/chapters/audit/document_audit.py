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

from bsup_analysis.analysis.audit import NO_CLAIM
from bsup_analysis.exhibit.exhibit import Content, exhibit
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
KINDS = ("figure", "date", "claim", "structure", *NO_CLAIM)
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
    # what is no claim of the document stands a little below
    places = [row + 0.5 * (kind in NO_CLAIM) for row, kind in enumerate(kinds)]
    box = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
    for status, (colour, hatch, *_) in LOOKS.items():
        start, width = starts[status], counts[status]
        look: Any = {"color": colour, "hatch": hatch, "edgecolor": "white", "linewidth": 0.8}
        axes.barh(places, width, left=start, **look)
        for row, first, number in zip(places, start, width, strict=True):
            if number:
                at, text = (first + number / 2, row), words.count(number)
                axes.annotate(text, at, ha="center", va="center", fontsize="small", bbox=box)
    axes.set_yticks(places, [words(f"audit.kind.{kind}") for kind in kinds])
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


def _undecided(audit: pd.DataFrame) -> pd.Series:
    """Mark the statements that another page contradicts and nothing decides between."""
    return audit["reason"] == "pages_differ"


@exhibit("audit_summary", "audit.summary")
def audit_summary(statement_audit: pd.DataFrame, words: Words) -> Content:
    """Count the document's claims by what became of them, by kind and by page.

    Rows that are no claims of the document are drawn apart and enter no count but their own.
    """
    claims = statement_audit[~statement_audit["kind"].isin(NO_CLAIM)]
    totals = claims["status"].value_counts().reindex(list(LOOKS), fill_value=0)
    disputed = claims.dropna(subset=["issue"])
    counts = {
        "statements_total": len(statement_audit),
        "claims": len(claims),
        **totals,
        "undefined_contents": (claims["check"] == "toc_page").sum(),
        "issues": disputed["issue"].nunique(),
        "issues_between_pages": disputed.loc[_undecided(disputed), "issue"].nunique(),
    }
    counts |= {
        "holds": totals["reproduced"] + totals["within_rounding"],
        "unchecked": totals["undefined"] + totals["unrecoverable"],
        "issues_settled": counts["issues"] - counts["issues_between_pages"],
    }

    def draw() -> Figure:
        figure, (bars, marks) = new_figure(2, 1, 6.6, gridspec_kw={"height_ratios": [1, 1.5]})
        _bars_by_kind(bars, statement_audit, words)
        _marks_by_page(marks, claims, words)
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

    data = statement_audit.groupby(["page", "kind", "status"]).size().reset_index(name="statements")
    values = {**counts, "apart": len(statement_audit) - len(claims)}
    numbers = {
        f"audit_{name}": (int(n), "issues" if name.startswith("issues") else "statements")
        for name, n in counts.items()
    }
    return Content(data, values, draw=draw, numbers=numbers)


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
    said = [reason, words.own(row, "note")]
    if pd.notna(row["readings"]):
        seen = row["readings"].split(";")
        said.append(words(f"audit.see.{'one' if len(seen) == 1 else 'many'}", readings=seen))
    return " ".join(part for part in said if pd.notna(part))


def inputs(row: pd.Series, words: Words) -> str:
    """Name the tables a statement was recomputed from."""
    names = [words(f"audit.input.{name}") for name in row["inputs"].split("; ") if name]
    return "; ".join(names) if names else UNKNOWN


def _written(row: pd.Series, words: Words) -> dict[str, Any]:
    """Write a statement's row in the reader's language."""
    unit, printed = ("" if pd.isna(row[name]) else row[name] for name in ("unit", "printed_value"))
    # the way it is meant: more than, at most, about
    meant = f"audit.comparison.{row['comparison']}"
    return {
        **row,
        "statement": grouped(words.own(row, "statement"), words),
        "printed": words(meant, value=value(printed, unit, words)) if printed else UNKNOWN,
        "recomputed": value(row["recomputed_value"], unit, words),
        "note": note(row, words),
        "inputs": inputs(row, words),
    }


@exhibit("audit_statements", "audit.statements")
def audit_statements(statement_audit: pd.DataFrame, words: Words) -> Content:
    """List every statement: printed and recomputed, what it was recomputed from, and why."""
    rows = [_written(row, words) for _, row in statement_audit.iterrows()]
    values = {"total": len(statement_audit)}
    return Content(statement_audit, values, table=rows)


def _told(readings: pd.DataFrame, words: Words) -> pd.DataFrame:
    """Give the readings with their texts in the reader's language."""
    text = {
        part: words.own(readings, part).map(lambda cell: grouped(cell, words), na_action="ignore")
        for part in ("topic", *SIDES, "reason")
    }
    return readings.assign(**text, pages=readings["page"].str.split(";"))


@exhibit("audit_issues", "audit.issues")
def audit_issues(statement_audit: pd.DataFrame, readings: pd.DataFrame, words: Words) -> Content:
    """List what contradicted claims are about, those that are one disagreement in one row."""
    disputed = statement_audit.dropna(subset=["issue"])
    undecided = disputed.loc[_undecided(disputed), "issue"].unique()
    issues = disputed.astype({"page": str}).groupby("issue", sort=False)
    table = issues[["page", "statement_id"]].agg(lambda cells: ";".join(dict.fromkeys(cells)))
    table = table.assign(decided=table.index.map(lambda i: "no" if i in undecided else "yes"))
    known, rows = _told(readings, words).set_index("reading_id"), []
    for issue, (_, first) in zip(table.index, issues.head(1).iterrows(), strict=True):
        if issue in known.index:
            told = known.loc[issue].to_dict()
        else:
            own = _written(first, words)
            sides = {"side_a": own["printed"], "side_b": own["recomputed"]}
            told = {"topic": own["statement"], **sides, "used": "neither", "reason": own["note"]}
        said = [
            f"{words(f'audit.used.{side}')}: {told[side]}"
            for side in SIDES
            if pd.notna(told.get(side))
        ]
        listed = {name: table.loc[issue, name].split(";") for name in ("page", "statement_id")}
        rows.append({**told, **listed, "issue": issue, "said": "; ".join(said)})
    values = {"total": len(table), "statements": len(disputed)}
    return Content(
        table.reset_index(), values, table=pd.DataFrame(rows).assign(decided=table["decided"].array)
    )


@exhibit("audit_readings", "audit.readings")
def audit_readings(readings: pd.DataFrame, words: Words) -> Content:
    """List every statement that can be read in more than one way, and the reading used."""
    data = readings.drop(columns="drives")
    return Content(data, {"total": len(readings)}, table=_told(readings, words))


@exhibit("audit_arithmetic", "audit.arithmetic")
def audit_arithmetic(table_arithmetic: pd.DataFrame, words: Words) -> Content:
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
    values = {"total": total, "exact": exact}
    numbers = {
        "audit_table_checks_total": (total, "checks"),
        "audit_table_checks_exact": (exact, "checks"),
    }
    return Content(table_arithmetic, values, table=counts.reset_index(), numbers=numbers)
