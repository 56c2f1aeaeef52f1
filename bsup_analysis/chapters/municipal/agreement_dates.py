"""Agreements signed in different years: what the rates did before and after them."""

import pandas as pd
from matplotlib.figure import Figure

from bsup_analysis.analysis.municipal_level import MunicipalData
from bsup_analysis.chapters.municipal.phrases import counted, finite, named, not_estimable, source
from bsup_analysis.effects.municipal.panel import NotEstimableError
from bsup_analysis.effects.municipal.rate_estimators import Staggered
from bsup_analysis.exhibit.exhibit import Exhibit, traced
from bsup_analysis.exhibit.style import OTHER, PRIORITY, REGION, new_figure
from bsup_analysis.language import Words


@traced
def agreements(
    municipal_agreements: Staggered | NotEstimableError,
    municipal_data: MunicipalData,
    reading: str,
    words: Words,
) -> Exhibit:
    """Show the effect of an agreement by years since it was signed."""
    found, data = municipal_agreements, municipal_data
    title = words("municipal_agreements.title", counted=counted(data, words))
    if isinstance(found, NotEstimableError):
        return not_estimable("municipal_agreements", title, found, data, words)
    rows = pd.DataFrame(found.by_years_since, columns=["years_since", "effect", "se"])

    def draw() -> Figure:
        figure, axes = new_figure(height_in=3.4)
        axes.axhline(0, color=REGION, lw=0.9)
        axes.axvline(-0.5, color=OTHER, lw=1.4, ls="--")
        after = rows["years_since"] >= 0
        axes.vlines(
            rows["years_since"],
            rows["effect"] - rows["se"],
            rows["effect"] + rows["se"],
            color=PRIORITY,
            lw=2,
        )
        for part, fill in ((rows[after], PRIORITY), (rows[~after], "white")):
            axes.plot(part["years_since"], part["effect"], "o", color=PRIORITY, mfc=fill, ms=7)
        axes.set_xticks(rows["years_since"], [words.signed(at) for at in rows["years_since"]])
        axes.yaxis.set_major_formatter(lambda value, _: words.decimal(value, 1))
        axes.set_xlabel(words("municipal_agreements.since"))
        axes.set_title(words("municipal_agreements.axis", counted=counted(data, words)))
        axes.grid(axis="y")
        return figure

    years = pd.Series(dict(data.agreement_year))
    whose = "synthetic" if data.synthetic else reading
    values = {
        "counted": counted(data, words),
        "reading": words(f"municipal_agreements.reading_{whose}"),
        "signed": words.listed(
            [
                words(
                    "municipal_agreements.in_year",
                    year=year,
                    number=words.count(int((years == year).sum())),
                )
                for year in sorted(set(years))
            ]
        ),
        "overall": words.decimal(found.overall),
        "se": words.decimal(found.overall_se),
        "left_out": (
            " " + words("municipal_agreements.left_out", names=named(found.left_out, data, words))
            if found.left_out
            else ""
        ),
    }
    return Exhibit(
        id="municipal_agreements",
        title=title,
        caption=words("municipal_agreements.caption", **values),
        source=source(data, words),
        alternative_text=words("municipal_agreements.alternative_text", **values),
        data=_rows(found),
        draw=draw,
        numbers=finite(
            {
                "municipal_agreement_effect": (found.overall, "per 1 000 inhabitants"),
                "municipal_agreement_effect_se": (found.overall_se, "per 1 000 inhabitants"),
            }
        ),
    )


def _rows(found: Staggered) -> pd.DataFrame:
    columns = ["first_year", "year", "effect", "se", "treated", "comparison"]
    groups = pd.DataFrame(
        [[getattr(item, name) for name in columns] for item in found.effects], columns=columns
    )
    since = pd.DataFrame(found.by_years_since, columns=["years_since", "effect", "se"])
    return pd.concat(
        [groups.assign(kind="group_time"), since.assign(kind="years_since")], ignore_index=True
    )
