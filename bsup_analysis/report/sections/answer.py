"""The answer in three sentences, and the key figures."""

from bsup_analysis.report.blocks import Block, Table
from bsup_analysis.report.inline import Inlines, Number, Text
from bsup_analysis.report.sections.municipal import municipal_answer
from bsup_analysis.report.sections.verdicts import interval, verdict
from bsup_analysis.report.teller import Teller, inverse

GROUPS = ("priority", "other", "region")


def answer(tell: Teller) -> list[Block]:
    """Answer in three sentences with the range; their words follow the verdict."""
    key = verdict(tell, "loans")
    low, high = interval(tell, "rate_ratio_loans_2009_2010")
    detectable = low.id.replace("rate_ratio_loans_2009_2010_ci_low", "minimum_detectable_ratio")
    return [
        tell.heading("answer", numbered=False),
        tell.say(
            f"answer.{key}",
            "answer.contrast",
            f"answer.because_{key}",
            lead=True,
            **tell.groups_moved("growth_number_{}_2009_2010"),
            ratio=tell.decimal("rate_ratio_loans_2009_2010"),
            level=tell.percent("confidence_level", 0),
            low=low,
            high=high,
            power=tell.percent("power", 0),
            above=tell.decimal(detectable),
            below=tell.decimal(detectable, change=inverse),
        ),
        *municipal_answer(tell),
        key_figures(tell),
        tell.say("answer.reading"),
    ]


def key_figures(tell: Teller) -> Table:
    """Put loans, NOK, averages and population of both groups and the region side by side."""

    def cells(make: object, stem: str, year: int) -> tuple[Inlines, ...]:
        return tuple((make(f"{stem}_{group}_{year}"),) for group in GROUPS)  # type: ignore[operator]

    unknown: Inlines = (Text("–"),)
    rows: dict[str, tuple[Inlines, ...]] = {
        "loans_2009": cells(tell.count, "loans", 2009),
        "loans_2010": cells(tell.count, "loans", 2010),
        "loans_change": (
            (tell.change("growth_number_priority_2009_2010"),),
            (tell.change("growth_number_other_2009_2010"),),
            (_growth(tell, "loans_region"),),
        ),
        "amount_2009": (*_amounts(tell, 2009), (_sum(tell, 2009),)),
        "amount_2010": (*_amounts(tell, 2010), (_sum(tell, 2010),)),
        "amount_change": (
            (tell.change("growth_amount_priority_2009_2010"),),
            (tell.change("growth_amount_other_2009_2010"),),
            unknown,
        ),
        "average_2009": cells(tell.count, "average_loan_nok", 2009),
        "average_2010": cells(tell.count, "average_loan_nok", 2010),
        "population_2009": (
            (tell.count("population_priority_2009"),),
            (_rest(tell, "population", 2009),),
            (tell.count("population_region_2009"),),
        ),
    }
    return Table(
        id="key_figures",
        title=tell.text("key_figures.title"),
        head=tuple(tell.text(f"key_figures.{name}") for name in ("measure", *GROUPS)),
        rows=tuple(((Text(tell.text(f"key_figures.{key}")),), *row) for key, row in rows.items()),
        note=tell.text("key_figures.note"),
        numeric=frozenset({1, 2, 3}),
    )


def _amounts(tell: Teller, year: int) -> tuple[Inlines, ...]:
    return tuple((tell.million(f"amount_nok_{group}_{year}"),) for group in ("priority", "other"))


def _sum(tell: Teller, year: int) -> Number:
    """Give the region's NOK, the sum of its parts."""
    name = f"amount_nok_priority_{year}"
    nok = tell.value(name) + tell.value(f"amount_nok_other_{year}")
    return tell.mark(tell.words.million(nok), name)


def _growth(tell: Teller, stem: str) -> Number:
    name = f"{stem}_2010"
    return tell.mark(tell.words.change(tell.value(name) / tell.value(f"{stem}_2009") - 1), name)


def _rest(tell: Teller, stem: str, year: int) -> Number:
    name = f"{stem}_region_{year}"
    return tell.count(name, lambda value: value - tell.value(f"{stem}_priority_{year}"))
