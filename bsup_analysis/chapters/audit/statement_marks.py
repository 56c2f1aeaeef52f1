"""The picture of the audit: statements by kind and by page, each status a mark of its own."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend_handler import HandlerTuple
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MultipleLocator

from bsup_analysis.exhibit.style import ACCENT, OTHER, PALE, PRIORITY, REGION, new_figure
from bsup_analysis.language import Words

# from what holds to what cannot be told
STATUS_COLOUR = {
    "reproduced": PRIORITY,
    "within_rounding": "#8FC1E3",
    "contradicted": ACCENT,
    "undefined": OTHER,
    "unrecoverable": PALE,
}
STATUS_HATCH = {
    "reproduced": "",
    "within_rounding": "..",
    "contradicted": "xxxx",
    "undefined": "////",
    "unrecoverable": "",
}
STATUS_MARKER = {
    "reproduced": "o",
    "within_rounding": "o",
    "contradicted": "X",
    "undefined": "^",
    "unrecoverable": "s",
}
HOLLOW = ("within_rounding", "undefined", "unrecoverable")
KINDS = ("figure", "date", "claim", "derived", "structure", "artefact")


def _mark(status: str) -> dict:
    """Give the mark of a status: shape and filling tell it apart without colour."""
    edge = REGION if status == "unrecoverable" else STATUS_COLOUR[status]
    edge = PRIORITY if status == "within_rounding" else edge
    return {
        "marker": STATUS_MARKER[status],
        "markerfacecolor": "white" if status in HOLLOW else edge,
        "markeredgecolor": edge,
        "markersize": 6.5,
        "linestyle": "none",
    }


def _bars_by_kind(axes: Axes, audit: pd.DataFrame, words: Words) -> None:
    counts = pd.crosstab(audit["kind"], audit["status"])
    kinds = [kind for kind in KINDS if kind in counts.index]
    counts = counts.reindex(index=kinds, columns=list(STATUS_COLOUR), fill_value=0)
    left = pd.Series(0, index=kinds)
    rows = range(len(kinds))
    for status in STATUS_COLOUR:
        width = counts[status]
        axes.barh(
            rows,
            width,
            left=left,
            color=STATUS_COLOUR[status],
            hatch=STATUS_HATCH[status],
            edgecolor="white",
            linewidth=0.8,
        )
        for row, (start, number) in enumerate(zip(left, width, strict=True)):
            if number:
                axes.annotate(
                    words.count(number),
                    (start + number / 2, row),
                    ha="center",
                    va="center",
                    fontsize="small",
                    bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8},
                )
        left = left + width
    axes.set_yticks(list(rows), [words(f"audit.kind.{kind}") for kind in kinds])
    axes.tick_params(axis="y", length=0)
    axes.invert_yaxis()
    axes.set_xlabel(words("audit.summary.statements"))
    axes.set_title(words("audit.summary.by_kind"))


def _marks_by_page(axes: Axes, audit: pd.DataFrame, words: Words) -> None:
    order = list(STATUS_COLOUR)
    ranked = audit.assign(order=audit["status"].map(order.index)).sort_values(
        ["page", "order"], kind="stable"
    )
    ranked["height"] = ranked.groupby("page").cumcount() + 1
    for status, marks in ranked.groupby("status"):
        axes.plot(marks["page"], marks["height"], **_mark(str(status)))
    axes.set_xticks(range(int(audit["page"].min()), int(audit["page"].max()) + 1))
    axes.yaxis.set_major_locator(MultipleLocator(5))
    axes.set_ylim(0.3, ranked["height"].max() + 0.7)
    axes.set_xlabel(words("audit.summary.page"))
    axes.set_ylabel(words("audit.summary.statements"))
    axes.set_title(words("audit.summary.by_page"))


def draw_summary(audit: pd.DataFrame, words: Words) -> Figure:
    """Draw the statements of the audit (`kind`, `page`, `status`) as bars and as marks."""
    figure, (bars, marks) = new_figure(2, 1, 6.6, gridspec_kw={"height_ratios": [1, 1.5]})
    _bars_by_kind(bars, audit, words)
    _marks_by_page(marks, audit, words)
    counts = audit["status"].value_counts()
    # a bar and a mark together; matplotlib's types do not know pairs
    handles: Any = [
        (
            Patch(facecolor=colour, hatch=STATUS_HATCH[status], edgecolor="white"),
            Line2D([], [], **_mark(status)),
        )
        for status, colour in STATUS_COLOUR.items()
    ]
    figure.legend(
        handles,
        [
            f"{words(f'audit.status.{status}')} ({words.count(counts.get(status, 0))})"
            for status in STATUS_COLOUR
        ],
        loc="outside lower center",
        ncols=3,
        fontsize="small",
        handler_map={tuple: HandlerTuple(ndivide=None)},
        handlelength=3.2,
    )
    return figure
