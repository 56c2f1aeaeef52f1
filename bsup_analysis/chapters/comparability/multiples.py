"""Small multiples: a panel a priority municipality, standing where it stands on the map."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from bsup_analysis.exhibit.exhibit import Content, exhibit
from bsup_analysis.exhibit.geography import hexagon_places, match
from bsup_analysis.exhibit.style import PRINTED, PRIORITY, REGION, WIDTH_IN, HouseFigure, beside
from bsup_analysis.language import Words

# panels as wide as a name in print, and a page of them
COLUMNS, ROWS = 6, 5
HEIGHT_IN = 4.9
# what the panel calls the table of p. 14; other sources give an earlier year here and there
TABLE = "document p. 14"
FORMS = {"loans": "count", "average_loan_nok": "thousand"}


def panel_places(municipality: pd.DataFrame) -> pd.DataFrame:
    """Place the priority municipalities in the rows and columns of a page.

    Their places on the hexagonal map are stretched to the page and matched with its panels as
    the municipalities were with the hexagons.

    Returns
    -------
    pandas.DataFrame
        `municipality_code`, `panel_row` from 0 at the top, `panel_column` from 0 at the left.
    """
    places = hexagon_places(municipality).merge(
        municipality[["municipality_code", "group"]], on="municipality_code", validate="1:1"
    )
    chosen = places[places["group"] == "priority"].reset_index(drop=True)
    across = chosen[["x", "y"]].to_numpy()
    extent = np.maximum(np.ptp(across, axis=0), 1e-9)
    stretched = (across - across.min(axis=0)) / extent * [COLUMNS - 1, ROWS - 1]
    panels = np.array([(column, row) for row in range(ROWS) for column in range(COLUMNS)])
    # thousandths of a panel, for `match` counts in whole numbers
    taken, _ = match(np.rint(stretched * 1000).astype(np.int64), panels * 1000)
    return pd.DataFrame(
        {
            "municipality_code": chosen["municipality_code"],
            "panel_row": ROWS - 1 - panels[taken, 1],
            "panel_column": panels[taken, 0],
        }
    )


def published(municipality: pd.DataFrame, municipality_year: pd.DataFrame) -> pd.DataFrame:
    """Collect what is printed for the priority municipalities, with their panels.

    Returns
    -------
    pandas.DataFrame
        A row a municipality and year that is printed: codes, names, panels, `loans`,
        `amount_nok`, `average_loan_nok`, `loans_source`.
    """
    rows = municipality_year.dropna(subset=["loans"]).merge(
        panel_places(municipality), on="municipality_code", validate="m:1"
    )
    rows = rows.assign(average_loan_nok=(rows["amount_nok"] / rows["loans"]).astype(float))
    columns = ["municipality_code", "municipality_name", "panel_row", "panel_column", "year"]
    return rows.sort_values(["panel_row", "panel_column", "year"], ignore_index=True)[
        [*columns, "loans", "amount_nok", "average_loan_nok", "loans_source"]
    ]


def _draw_panels(
    data: pd.DataFrame, quantity: str, ticks: tuple[float, ...], key: str, words: Words
) -> Figure:
    """Draw a panel a municipality, all on one logarithmic scale, so that slopes are growth."""
    years = sorted(data["year"].unique())
    low, high = data[quantity].min() / 1.9, data[quantity].max() * 1.9
    taken = set(zip(data["panel_row"], data["panel_column"], strict=True))
    figure = HouseFigure(figsize=(WIDTH_IN, HEIGHT_IN), layout="constrained")
    grid = figure.add_gridspec(ROWS, COLUMNS)
    for (row, column), rows in data.groupby(["panel_row", "panel_column"]):
        axes = figure.add_subplot(grid[row, column])
        axes.set(yscale="log", ylim=(low, high), xlim=(years[0] - 0.45, years[-1] + 0.45))
        _draw_panel(axes, rows, quantity, words)
        axes.yaxis.set_major_locator(FixedLocator(ticks))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(lambda y, _: words.written(y, FORMS[quantity]))
        axes.grid(axis="y")
        leftmost = (row, column - 1) not in taken
        lowest = (row + 1, column) not in taken
        axes.tick_params(labelsize=7.5, length=0, labelleft=leftmost, labelbottom=lowest, pad=2)
        # three years have no room below a panel
        axes.set_xticks(years, [str(year) if year != years[1] else "" for year in years])
        axes.spines[["left", "bottom"]].set_color("#BBBBBB")
    note = figure.add_subplot(grid[:2, :3])
    note.axis("off")
    note.text(0, 1, key, va="top", fontsize=8.5, linespacing=1.5, transform=note.transAxes)
    return figure


def _draw_panel(axes: Axes, rows: pd.DataFrame, quantity: str, words: Words) -> None:
    main = rows[rows["loans_source"] == TABLE]
    early = rows[rows["year"] <= main["year"].min()]
    axes.plot(early["year"], early[quantity], color=PRINTED, linestyle=":", linewidth=1.2)
    axes.plot(main["year"], main[quantity], color=PRIORITY, linewidth=2)
    for year, value, source in rows[["year", quantity, "loans_source"]].itertuples(index=False):
        firm = source == TABLE
        face, edge = (PRIORITY, PRIORITY) if firm else ("white", PRINTED)
        axes.plot(year, value, "o", color=edge, markersize=5, markerfacecolor=face)
        text, colour = words.written(value, FORMS[quantity]), "black" if firm else PRINTED
        beside(axes, text, (year, value), (0, 6), ha="center", fontsize=7.5, color=colour)
    axes.set_title(rows["municipality_name"].iloc[0], fontsize=8, pad=10)
    change = words.change(main[quantity].iloc[-1] / main[quantity].iloc[0] - 1, 0)
    beside(axes, change, (0, 1), (0, 2), xycoords="axes fraction", fontsize=7.5, color=REGION)


def _content(data: pd.DataFrame, quantity: str, ticks: tuple[float, ...], words: Words) -> Content:
    table = data[data["loans_source"] == TABLE]
    wide = table.pivot(index="municipality_name", columns="year", values=quantity)
    first, last = (wide.loc[table["municipality_name"].unique(), year] for year in wide)
    stem = f"multiples.{quantity}"
    values = {
        "first_year": first.name,
        "last_year": last.name,
        "all": len(wide),
        "up": (last > first).sum(),
        "down": (last < first).sum(),
        "same": (last == first).sum(),
        "early": data.loc[data["loans_source"] != TABLE, "municipality_name"],
        "each": [
            words(f"{stem}.from_to", name=name, first=first[name], last=last[name])
            for name in first.index
        ],
    }
    key = words(f"{stem}.key", **values)
    return Content(data, values, draw=lambda: _draw_panels(data, quantity, ticks, key, words))


@exhibit("loans_by_place", "multiples.loans")
def loans_by_place(
    municipality: pd.DataFrame, municipality_year: pd.DataFrame, words: Words
) -> Content:
    """Show the number of loans in each priority municipality, placed as on the map."""
    return _content(published(municipality, municipality_year), "loans", (10, 30, 100, 300), words)


@exhibit("average_loan_by_place", "multiples.average_loan_nok")
def average_loans_by_place(
    municipality: pd.DataFrame, municipality_year: pd.DataFrame, words: Words
) -> Content:
    """Show the average loan in each priority municipality, placed as on the map."""
    data = published(municipality, municipality_year)
    return _content(data, "average_loan_nok", (200_000, 400_000, 800_000), words)
