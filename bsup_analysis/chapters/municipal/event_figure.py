"""Year by year: the ratio of the groups before and after, and what the earlier years can tell."""

from matplotlib.figure import Figure

from bsup_analysis.analysis.municipal_level import MunicipalData
from bsup_analysis.chapters.municipal.phrases import (
    counted,
    finite,
    not_estimable,
    p_text,
    source,
)
from bsup_analysis.design import Design
from bsup_analysis.effects.municipal.event_study import EventStudy
from bsup_analysis.effects.municipal.panel import NotEstimableError
from bsup_analysis.exhibit.charts import ratio_axis, ratio_text, side_of_one, ticks_between
from bsup_analysis.exhibit.exhibit import Exhibit, traced
from bsup_analysis.exhibit.style import OTHER, PALE, PRIORITY, new_figure
from bsup_analysis.language import Words


@traced
def event_study(
    municipal_event_study: EventStudy | NotEstimableError,
    municipal_data: MunicipalData,
    design: Design,
    words: Words,
) -> Exhibit:
    """Show the ratio of every year to the reference year, with the test of the years before."""
    study, data = municipal_event_study, municipal_data
    title = words("municipal_event.title", counted=counted(data, words))
    if isinstance(study, NotEstimableError):
        return not_estimable("municipal_event_study", title, study, data, words)
    rows = study.tidy()
    selection = design.municipal.selection_year.value

    def draw() -> Figure:
        figure, axes = new_figure(height_in=3.9)
        own = rows.dropna(subset=["low"])
        axes.axvspan(selection - 0.5, selection + 0.5, color=PALE, alpha=0.7, lw=0)
        axes.axvline(study.first_treated_year - 0.5, color=OTHER, lw=1.4, ls="--")
        axes.vlines(own["year"], own["low"], own["high"], color=PRIORITY, lw=2)
        after = own["year"] >= study.first_treated_year
        for part, fill in ((own[after], PRIORITY), (own[~after], "white")):
            axes.plot(part["year"], part["exp"], "o", color=PRIORITY, mfc=fill, ms=7)
        axes.plot(study.reference_year, 1, "D", color="black", mfc="white", ms=7)
        low, high = float(own["low"].min()), float(own["high"].max())
        ratio_axis(axes, low, high, words, ticks=ticks_between(low, high), along="y")
        top = axes.get_ylim()[1]
        for year, key in (
            (study.reference_year, "reference"),
            (selection, "selection"),
        ):
            axes.annotate(
                words(f"municipal_event.{key}"),
                (year, top),
                (0, -3),
                textcoords="offset points",
                ha="center",
                va="top",
                fontsize="x-small",
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
            )
        axes.set_xticks(rows["year"], [str(year) for year in rows["year"]])
        axes.set_title(words("municipal_event.axis", reference=study.reference_year))
        return figure

    values = {
        "counted": counted(data, words),
        "reference": study.reference_year,
        "first": study.first_treated_year,
        "selection": selection,
        "level": words.percent(design.inference.confidence_level.value, 0),
        "after": words.listed(
            [
                words(
                    "municipal_event.year_ratio",
                    year=year,
                    ratio=ratio_text(given.ratio, given.low, given.high, words),
                )
                for year, given in zip(study.years, study.intervals, strict=True)
                if year >= study.first_treated_year
            ]
        ),
        "apart": _apart(study, words),
        "test": _test(study, words),
    }
    lost = [item.name.rpartition("_")[2] for item in study.dropped if "coefficient" in item.kind]
    missing = " " + words("municipal_event.lost", years=words.listed(lost)) if lost else ""
    return Exhibit(
        id="municipal_event_study",
        title=title,
        caption=words("municipal_event.caption", **values) + missing,
        source=source(data, words),
        alternative_text=words("municipal_event.alternative_text", **values) + missing,
        data=rows,
        draw=draw,
        numbers=_numbers(study),
    )


def _apart(study: EventStudy, words: Words) -> str:
    """Name the years before whose interval excludes one."""
    years = [
        str(year)
        for year, given in zip(study.years, study.intervals, strict=True)
        if year < study.reference_year and side_of_one(given.low, given.high) != "holds_one"
    ]
    if not years:
        return words("municipal_event.none_apart")
    return words("municipal_event.some_apart", years=words.listed(years))


def _test(study: EventStudy, words: Words) -> str:
    joint = study.joint
    if joint is None:
        return words("municipal_event.no_test")
    return words(
        "municipal_event.test",
        p=p_text(joint.p_value, words),
        drift=words.percent(joint.drift, 0),
        power=words.percent(joint.power, 0),
        reading=words(
            "municipal_event.rejected"
            if joint.p_value < 1 - joint.level
            else "municipal_event.not_rejected"
        ),
    )


def _numbers(study: EventStudy) -> dict:
    numbers: dict[str, tuple[float | None, str]] = {
        f"municipal_event_{year}": (given.ratio, "ratio")
        for year, given in zip(study.years, study.intervals, strict=True)
    }
    if study.joint is not None:
        numbers |= {
            "municipal_pretrend_p_value": (study.joint.p_value, "p-value"),
            "municipal_pretrend_power": (study.joint.power, "share"),
        }
    return finite(numbers)
