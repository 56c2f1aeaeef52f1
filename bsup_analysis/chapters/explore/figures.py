"""For looking around: one municipality beside a group, and the growth of every published row.

A choice is a value of a control, so that a program sets it as a reader does: no browser is needed.
"""

from collections.abc import Callable, Iterator, Mapping
from textwrap import fill

import ipywidgets as widgets
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullFormatter

from bsup_analysis.design import Design
from bsup_analysis.exhibit.charts import number_axis
from bsup_analysis.exhibit.exhibit import Content, Exhibit, exhibit
from bsup_analysis.exhibit.geography import COUNTIES, alphabet, known_municipality
from bsup_analysis.exhibit.style import ACCENT, PRINTED, PRIORITY, REGION, new_figure
from bsup_analysis.language import Words
from bsup_analysis.study import Study

BASE = 100
TICKS = (0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 4, 10)


def members(municipality: pd.DataFrame, group: str, reading: str, code: str) -> list[str]:
    """List the municipalities of a group.

    Parameters
    ----------
    municipality
        A row a municipality.
    group
        `priority`, `other`, `all`, `agreement`, `no_agreement` (of the priority municipalities,
        by the reading) or `county` (that of the municipality `code`).
    reading
        Who had an agreement.
    code
        The chosen municipality.

    Returns
    -------
    list of str
        Codes, sorted.
    """
    rows = municipality.set_index("municipality_code").sort_index()
    priority, agreed = rows["group"] == "priority", rows[f"agreement_{reading}"].astype(bool)
    chosen = {
        "priority": priority,
        "other": ~priority,
        "all": rows["group"].notna(),
        "agreement": agreed,
        "no_agreement": priority & ~agreed,
        "county": rows["county_code"] == rows.loc[code, "county_code"],
    }[group]
    return list(rows.index[chosen])


def group_totals(
    municipality_year: pd.DataFrame, group_year: pd.DataFrame, codes: list[str], group: str
) -> pd.DataFrame:
    """Add up a group's population, loans and NOK by year; what is not published stays unknown.

    The sum over all other municipalities is known without their rows, as the region less the
    priority municipalities.
    """
    columns = ["population", "loans", "amount_nok"]
    if group in ("other", "all"):
        kinds = ["other"] if group == "other" else ["priority", "other"]
        rows = group_year[group_year["group"].isin(kinds)]
    else:
        rows = municipality_year[municipality_year["municipality_code"].isin(codes)]
    whole = rows.groupby("year")[columns]
    # a sum with an unknown part is unknown
    return whole.sum().where(whole.count().eq(whole.size(), axis=0))


def against_group(
    municipality_year: pd.DataFrame, totals: pd.DataFrame, code: str, outcome: str, design: Design
) -> pd.DataFrame:
    """Give population and outcome of a municipality and a group on comparable scales.

    Returns
    -------
    pandas.DataFrame
        `who` (`municipality`, `group`), `quantity` (`population_index`, with the first year as
        100, or the outcome), `unit`, `year`, `value` (empty: not published).
    """
    own = municipality_year[municipality_year["municipality_code"] == code].set_index("year")
    measure = design.outcomes[outcome]
    over, under = measure.column, measure.per or "population"
    unit, factor = measure.each(under)

    def rows() -> Iterator[tuple[str, str, str, int, float]]:
        for who, table in (("municipality", own), ("group", totals)):
            numbers = table[["population", "loans", "amount_nok"]].astype("Float64")
            people = BASE * numbers["population"] / numbers["population"].iloc[0]
            for year, value in people.items():
                yield who, "population_index", "index", int(str(year)), value
            for year in design.window.published_years.value:
                rate = factor * numbers.loc[year, over] / numbers.loc[year, under]
                yield who, outcome, unit, year, rate

    return pd.DataFrame(rows(), columns=["who", "quantity", "unit", "year", "value"]).astype(
        {"value": "Float64"}
    )


def growth_rows(
    municipality: pd.DataFrame,
    municipality_year: pd.DataFrame,
    outcome: str,
    reading: str,
    design: Design,
) -> pd.DataFrame:
    """Give the growth of every municipality whose loans are published in both years.

    Returns
    -------
    pandas.DataFrame
        `municipality_code`, `municipality_name`, `agreement`, `loans_before`, `loans_after`,
        `growth` (a factor), sorted by growth.
    """
    before, after = (f"{year}" for year in design.window.published_years.value)
    rows = municipality_year.assign(year=municipality_year["year"].astype(str))
    measure = design.outcomes[outcome]
    over = rows[measure.per] if measure.per else 1
    rows["quantity"] = (rows[measure.column] / over).astype("Float64")
    wide = rows.pivot(index="municipality_code", columns="year", values=["loans", "quantity"])
    known = wide[wide["loans"][[before, after]].notna().all(axis=1)]
    own = municipality.set_index("municipality_code").loc[known.index]
    return (
        pd.DataFrame(
            {
                "municipality_name": own["municipality_name"],
                "agreement": own[f"agreement_{reading}"].astype(bool),
                "loans_before": known["loans"][before].astype(int),
                "loans_after": known["loans"][after].astype(int),
                "growth": (known["quantity"][after] / known["quantity"][before]).astype(float),
            }
        )
        .sort_values(["growth", "municipality_name"], kind="stable")
        .reset_index()
    )


def draw_against_group(data: pd.DataFrame, names: dict[str, str], words: Words) -> Figure:
    """Draw the outcome in the published years, and population over the years beside it.

    Parameters
    ----------
    data
        As from `against_group`.
    names
        What `municipality` and `group` are called, and the words for the `outcome`.
    """
    figure, (shown, people) = new_figure(1, 2, 3.4, width_ratios=(1, 1.5))
    by = dict(list(data.groupby("quantity")))
    outcome = next(name for name in by if name != "population_index")
    for axes, rows in ((people, by["population_index"]), (shown, by[outcome])):
        for who in ("group", "municipality"):
            _draw_line(axes, rows[rows["who"] == who], who, names[who])
        number_axis(axes.yaxis, words, ".0")
        axes.grid(axis="y")
    people.axhline(BASE, color="black", linewidth=0.6)
    people.set_title(words("explore.population", base=BASE))
    people.legend(loc="upper left", fontsize="small", handlelength=2.6)
    people.margins(y=0.25)
    people.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    shown.set_title(fill(names["outcome"], 24))
    years = sorted(by[outcome]["year"].unique())
    shown.set_xticks(years, [str(year) for year in years])
    shown.set_xlim(years[0] - 0.4, years[-1] + 0.4)
    shown.set_ylim(0, 1.15 * float(by[outcome]["value"].fillna(0).max()) or 1)
    if by[outcome]["unit"].iloc[0].startswith("loans"):
        number_axis(shown.yaxis, words, ".1")
    missing = [names[who] for who, rows in by[outcome].groupby("who") if rows["value"].isna().all()]
    if missing:
        shown.text(
            0.5, 0.06, words("explore.not_published", names=missing), ha="center",
            transform=shown.transAxes, fontsize="small", color=PRINTED, wrap=True,
        )  # fmt: skip
    return figure


def _draw_line(axes: Axes, rows: pd.DataFrame, who: str, name: str) -> None:
    own = who == "municipality"
    known = rows.dropna(subset=["value"])
    axes.plot(
        known["year"],
        known["value"].astype(float),
        color=ACCENT if own else REGION,
        linestyle="-" if own else "--",
        linewidth=2.2 if own else 1.6,
        marker="o" if own else "s",
        markersize=5,
        markerfacecolor=ACCENT if own else "white",
        label=name,
    )


def draw_growth(
    rows: pd.DataFrame, inside: set[str], code: str, common: float | None, words: Words, axis: str
) -> Figure:
    """Draw the growth of each published municipality, the group's dark, the chosen one accented.

    Parameters
    ----------
    rows
        As from `growth_rows`.
    inside
        Codes of the group's municipalities.
    code
        The chosen municipality.
    common
        Growth of the group as a whole; None where it is not published.
    words, axis
        The language, and the label of the axis.
    """
    figure, axes = new_figure(height_in=1.2 + 0.21 * len(rows))
    for place, row in enumerate(rows.itertuples()):
        chosen, known = row.municipality_code == code, row.municipality_code in inside
        colour = ACCENT if chosen else PRIORITY if known else "#B5B5B5"
        axes.plot(
            row.growth, place, marker="o", color=colour,
            # the area goes with the loans of both years: a small mark says little
            markersize=3 + 0.55 * (row.loans_before + row.loans_after) ** 0.5,
            markerfacecolor=colour if row.agreement else "white", markeredgewidth=1.4,
        )  # fmt: skip
    labels = axes.set_yticks(range(len(rows)), list(rows["municipality_name"]))
    for tick, own in zip(labels, rows["municipality_code"], strict=True):
        tick.label1.set_color(ACCENT if own == code else "black" if own in inside else PRINTED)
        tick.label1.set_fontweight("bold" if own == code else "normal")
    axes.axvline(1, color="black", linewidth=0.6)
    if common is not None:
        axes.axvline(common, color=REGION, linewidth=1.4, linestyle="--")
    axes.set_xscale("log")
    low, high = rows["growth"].min() / 1.25, rows["growth"].max() * 1.25
    axes.set_xlim(low, high)
    number_axis(axes.xaxis, words, ".2", [tick for tick in TICKS if low < tick < high])
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel(axis)
    axes.set_ylim(-0.8, len(rows) - 0.2)
    axes.grid(axis="x")
    return figure


def group_name(group: str, county_code: str, words: Words) -> str:
    """Name a group in the reader's language."""
    return words(f"explore.group_{group}", county=COUNTIES[county_code])


@exhibit("explore_against_group", "explore.against")
def municipality_against_group(
    municipality: pd.DataFrame,
    municipality_year: pd.DataFrame,
    group_year: pd.DataFrame,
    municipality_code: str,
    outcome: str,
    group: str,
    reading: str,
    design: Design,
    words: Words,
) -> Content:
    """Show a municipality's population and outcome beside those of a group."""
    row = known_municipality(municipality, municipality_code)
    codes = members(municipality, group, reading, municipality_code)
    totals = group_totals(municipality_year, group_year, codes, group)
    data = against_group(municipality_year, totals, municipality_code, outcome, design)
    names = {
        "municipality": str(row["municipality_name"]),
        "group": group_name(group, str(row["county_code"]), words),
        "outcome": words(f"outcomes.{outcome}.scale"),
    }
    people = data[data["quantity"] == "population_index"].dropna(subset=["value"])
    ends = people.groupby("who").agg(
        first=("year", "min"), last=("year", "max"), index=("value", "last")
    )
    shown = data[data["quantity"] == outcome].pivot(index="who", columns="year", values="value")
    unit = str(data.loc[data["quantity"] == outcome, "unit"].iloc[0])
    form = ".1" if unit.startswith("loans") else ".0"

    def told(who: str) -> str:
        known = shown.loc[who]
        before, after = (words.written(known.iloc[end], form) for end in (0, -1))
        case = "known" if known.notna().any() else "unknown"
        return words(f"explore.{case}", name=names[who], before=before, after=after)

    values = {
        **names,
        "count": len(codes),
        "before": shown.columns[0],
        "after": shown.columns[-1],
        "first": ends["first"].min(),
        "ends": ends["last"],
        "growth": ends["index"].astype(float) / BASE - 1,
        "told": words("explore.both", one=told("municipality"), other=told("group")),
    }
    numbers = {
        f"explore_{outcome}_{who}_{year}": (value, unit)
        for who in ("municipality", "group")
        for year, value in shown.astype(float).loc[who].items()
    }
    return Content(
        data, values, draw=lambda: draw_against_group(data, names, words), numbers=numbers
    )


@exhibit("explore_growth", "explore.growth")
def growth_of_rows(
    municipality: pd.DataFrame,
    municipality_year: pd.DataFrame,
    group_year: pd.DataFrame,
    municipality_code: str,
    outcome: str,
    group: str,
    reading: str,
    design: Design,
    words: Words,
) -> Content:
    """Show the growth of every municipality with published loans, those of a group dark."""
    row = known_municipality(municipality, municipality_code)
    codes = members(municipality, group, reading, municipality_code)
    data = growth_rows(municipality, municipality_year, outcome, reading, design)
    totals = group_totals(municipality_year, group_year, codes, group)
    before, after = design.window.published_years.value
    measure = design.outcomes[outcome]
    whole = totals[measure.column] / (totals[measure.per] if measure.per else 1)
    common = whole.loc[after] / whole.loc[before]
    own = data.loc[data["municipality_code"] == municipality_code, "growth"]
    inside = data["municipality_code"].isin(codes)
    years = {"before": before, "after": after}
    common, alone = float(common) if pd.notna(common) else None, own.item() if len(own) else None
    unknown = words("explore.no_growth")
    return Content(
        data.assign(in_group=inside),
        {
            **years,
            "municipality": row["municipality_name"],
            "group": group_name(group, str(row["county_code"]), words),
            "outcome": words(f"outcomes.{outcome}.choice"),
            "reading": reading,
            "all": len(data),
            "inside": inside.sum(),
            "count": len(codes),
            "own": unknown if alone is None else words.decimal(alone),
            "common": unknown if common is None else words.decimal(common),
        },
        draw=lambda: draw_growth(
            data,
            set(codes),
            municipality_code,
            common,
            words,
            words(f"outcomes.{outcome}.axis", **years),
        ),
        numbers={
            "explore_growth_group": (common, "ratio"),
            "explore_growth_municipality": (alone, "ratio"),
        },
    )


class Explorer(widgets.VBox):
    """A list for each choice above the figures that follow it.

    Parameters
    ----------
    language
        `nb` or `en`.
    output
        Folder the figures are written to at each choice; empty: shown only.
    last
        Makes the exhibit below the figures, from the study of each choice.
    chosen
        What is chosen first: `municipality_code`, `outcome`, `group`, `reading`.

    Attributes
    ----------
    controls
        The lists, by what they choose; setting `.value` of one draws the figures anew.
    exhibits
        The figures as they are shown now.
    study
        The study they come from, with the choices as its parameters.

    Raises
    ------
    InputError
        A value that `study.toml` does not allow, or a municipality that is not there.
    """

    def __init__(
        self, language: str, output: str, last: Callable[[Study], Exhibit], **chosen: str
    ) -> None:
        self._language, self._output, self._last = language, output, last
        self.study = Study(language, output, **chosen)
        self.exhibits: tuple[Exhibit, ...] = ()
        known_municipality(self.study.municipality, chosen["municipality_code"])
        self.controls: Mapping[str, widgets.Dropdown] = {
            name: widgets.Dropdown(
                options=self._options(name),
                value=value,
                description=self.study.words(f"explore.control_{name}"),
                style={"description_width": "7em"},
                layout={"width": "28em"},
            )
            for name, value in chosen.items()
        }
        self._figures = widgets.HTML()
        for control in self.controls.values():
            control.observe(lambda _: self._draw(), names="value")
        self._draw()
        super().__init__([*self.controls.values(), self._figures])

    def _options(self, name: str) -> list[tuple[str, str]]:
        """Give what may be chosen, as shown and as meant."""
        words = self.study.words
        if name == "municipality_code":
            rows = self.study.municipality
            pairs = zip(rows["municipality_name"], rows["municipality_code"], strict=True)
            return sorted(pairs, key=lambda pair: alphabet(pair[0]))
        allowed = self.study.design.parameters[name].allowed
        if name == "outcome":
            known = self.study.design.outcomes  # of the published level
            return [
                (words(f"outcomes.{value}.choice"), value) for value in allowed if value in known
            ]
        stem = "readings." if name == "reading" else f"explore.{name}_"
        county = words("explore.same_county")
        return [(words(f"{stem}{value}", county=county), value) for value in allowed]

    def _draw(self) -> None:
        chosen = {name: control.value for name, control in self.controls.items()}
        self.study = study = Study(self._language, self._output, **chosen)
        tables = study.municipality, study.municipality_year, study.group_year
        choices = study.municipality_code, study.outcome, study.group, study.reading
        figures = [
            make(*tables, *choices, study.design, study.words)
            for make in (municipality_against_group, growth_of_rows)
        ]
        figures.append(self._last(study))
        self.exhibits = tuple(study.show(exhibit) for exhibit in figures)
        self._figures.value = "\n".join(one._repr_html_() for one in self.exhibits)
