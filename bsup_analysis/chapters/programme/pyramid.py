"""The programme pyramid: who was on which level, and when, as far as the document says."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Polygon

from bsup_analysis.exhibit.exhibit import Content, exhibit
from bsup_analysis.exhibit.style import PALE, PRIORITY, REGION, new_figure
from bsup_analysis.language import Words

# in the order of the dates the document gives
LEVELS = ("priority", "competence_programme", "agreement", "agreement_intended", "area_renewal")
# top to bottom as the labels stand on p. 9
PRINTED_LEVELS = ("agreement", "priority", "base")


def _pyramid(axes: Axes, words: Words, printed: pd.Series) -> None:
    shades = (PRIORITY, "#5BA3D0", PALE)
    for level, (name, shade) in enumerate(zip(PRINTED_LEVELS, shades, strict=True)):
        top, half = 3 - level, 0.5 * level
        corners = [(-half, top), (half, top), (half + 0.5, top - 1), (-half - 0.5, top - 1)]
        axes.add_patch(Polygon(corners, facecolor=shade, edgecolor="white", linewidth=2))
        axes.annotate(
            words(f"pyramid.level_{name}", printed=printed),
            (0, top - (0.66 if level == 0 else 0.5)),
            ha="center",
            va="center",
            fontsize="small",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1, "alpha": 0.85},
        )
    axes.set(xlim=(-1.6, 1.6), ylim=(-0.05, 3.05), aspect="equal", anchor="N")
    axes.axis("off")
    axes.set_title(words("shares.as_printed", page=9))


@exhibit("programme_pyramid", "pyramid")
def programme_pyramid(
    programme_levels: pd.DataFrame,
    programme_level_counts: pd.DataFrame,
    municipality: pd.DataFrame,
    words: Words,
) -> Content:
    """Show the pyramid as printed (p. 9) and the levels of each municipality by date."""
    data = programme_levels.merge(municipality[["municipality_code", "group"]], validate="m:1")
    data = data.assign(order=data["level"].map(LEVELS.index))
    data = data.sort_values(["order", "municipality_name"])
    printed = programme_level_counts.query("page == 9").set_index("level")["printed_count"]
    reach = data.groupby("municipality_name").agg(
        priority=("group", lambda g: (g == "priority").any()), levels=("level", "size")
    )
    names = list(reach.sort_values(["priority", "levels"], ascending=False, kind="stable").index)

    def draw() -> Figure:
        figure, (left, right) = new_figure(1, 2, 4.9, gridspec_kw={"width_ratios": [0.75, 1.4]})
        _pyramid(left, words, printed)
        for row in data.itertuples():
            firm = row.level != "agreement_intended"
            right.scatter(
                row.order,
                names.index(row.municipality_name),
                s=60,
                marker="o" if firm else "D",
                facecolor=PRIORITY if firm else "white",
                edgecolor=PRIORITY,
            )
        right.axhline(reach["priority"].sum() - 0.5, color=REGION, lw=0.8, ls=":")
        right.set_yticks(range(len(names)), names, fontsize="small")
        right.set_ylim(len(names) - 0.4, -0.6)
        right.set_xlim(-0.5, len(LEVELS) - 0.5)
        heads = [words(f"pyramid.head_{level}") for level in LEVELS]
        right.set_xticks(range(len(LEVELS)), heads, fontsize="small")
        right.xaxis.tick_top()
        right.spines[["left", "bottom", "top"]].set_visible(False)
        right.tick_params(length=0)
        right.grid(axis="y")
        return figure

    named = data.groupby("level")["municipality_code"].nunique()
    intended = data[(data["level"] == "agreement_intended") & (data["group"] == "priority")]
    columns = [
        *("level", "municipality_code", "municipality_name", "group", "joint_municipality"),
        *("known_from", "known_to", "date_certainty", "page"),
    ]
    kept = data[columns]
    values = {
        "printed": printed,
        "named": named,
        "intended_priority": intended["municipality_code"].nunique(),
    }
    numbers = {
        "municipalities_region": (len(municipality), "municipalities"),
        "municipalities_priority": (named["priority"], "municipalities"),
        "municipalities_other": (len(municipality) - named["priority"], "municipalities"),
        "municipalities_agreement_signed_2010": (named["agreement"], "municipalities"),
    }
    return Content(kept, values, draw=draw, numbers=numbers)
