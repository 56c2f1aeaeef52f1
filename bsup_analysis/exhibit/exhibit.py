"""A figure or a table with everything a reader needs of it, shown or written as files."""

import copy
import html
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial, wraps
from inspect import signature
from pathlib import Path
from typing import Any, Literal, ParamSpec

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bsup_analysis.errors import InputError
from bsup_analysis.exhibit.style import (
    FORMS,
    HouseFigure,
    across,
    house_style,
    picture_html,
    rendered,
)
from bsup_analysis.files import write_aside
from bsup_analysis.language import Words

P = ParamSpec("P")


@dataclass(frozen=True)
class Number:
    """A number that prose and other programs may use: its value and unit."""

    value: float
    unit: str


@dataclass(frozen=True)
class Exhibit:
    """A figure or a table.

    Parameters
    ----------
    id
        Stable name, the same in every language; also the name of its files.
    title, caption, source, alternative_text
        In the reader's language, every number in them computed.
    data
        What is drawn or tabulated, the same in every language; written as CSV.
    draw
        Makes the figure; None for a table.
    draw_narrow
        Makes the same figure for a narrow screen, `PHONE_IN` wide; None where it has none.
    shown
        The table as the reader sees it: text cells in the reader's language, the first column
        naming the row; None for a figure alone.
    numbers
        Headline numbers by stable id.
    banner
        What a reader must see first: SYNTHETIC data, or an exhibit of the reader's own.
    made_by, given
        The function that made it and what it was given, set by `exhibit`; the study knows by
        them what the exhibit rests on.
    """

    id: str
    title: str
    caption: str
    source: str
    alternative_text: str
    data: pd.DataFrame
    draw: Callable[[], Figure] | None = None
    draw_narrow: Callable[[], Figure] | None = None
    shown: pd.DataFrame | None = None
    numbers: Mapping[str, Number] = field(default_factory=dict)
    banner: str = ""
    made_by: str = ""
    given: tuple[Any, ...] = field(default=(), repr=False, compare=False)

    @property
    def kind(self) -> Literal["figure", "table"]:
        """Whether the exhibit is a figure or a table."""
        return "figure" if self.draw else "table"

    @cached_property
    def figure(self) -> Figure:
        """The figure, in the house style; as the last expression of a cell it displays itself.

        What is drawn on it is seen in it and saved by `save`. What is published is drawn for
        itself, so that no change enters it.
        """
        figure = self._drawn(self.draw)
        if isinstance(figure, HouseFigure):
            figure.alternative_text = self.alternative_text
        return figure

    @property
    def axes(self) -> list[Axes]:
        """The figure's panels, to be drawn on, as `matplotlib.figure.Figure.axes`."""
        return self.figure.axes

    def save(self, path: str | Path) -> None:
        """Write `figure` as it is now, in the house style: the same figure, the same bytes.

        Parameters
        ----------
        path
            A file that ends in .svg, .png or .pdf, in a folder that is there.

        Raises
        ------
        InputError
            Another ending, no such folder, or a table.
        """
        file = Path(path)
        form = file.suffix.lower().removeprefix(".")
        if self.draw is None:
            raise InputError(f"{self.id} is a table and has no picture; its rows are in `data`.")
        if form not in FORMS:
            raise InputError(f"{file} must end in one of {', '.join(f'.{f}' for f in FORMS)}.")
        if not file.parent.is_dir():
            raise InputError(f"there is no folder {file.parent}; make it first.")
        write_aside(file, rendered(copy.deepcopy(self.figure), form))

    def svg(self) -> bytes:
        """Draw the figure as SVG: letters as text, no date, the same bytes each time."""
        return self._svg

    def narrow_svg(self) -> bytes | None:
        """Draw the figure as SVG for a narrow screen; None where the wide one has to do."""
        return rendered(self._drawn(self.draw_narrow), "svg") if self.draw_narrow else None

    @cached_property
    def _svg(self) -> bytes:
        # a notebook both writes and shows it, and drawing is most of a notebook's time
        return rendered(self._drawn(self.draw), "svg")

    def _drawn(self, draw: Callable[[], Figure] | None) -> Figure:
        if draw is None:
            raise TypeError(f"{self.id} is a table; it has no picture")
        with house_style():
            figure = draw()
            if self.banner:
                across(figure, self.banner)
        return figure

    def shown_cells(self) -> dict[str, list[Any]] | None:
        """Give the shown table as plain lists: `head`, `rows` and `numeric`, None without one.

        `numeric` are the columns (from 0, never the first) of numbers, ranges or unknowns.
        """
        if self.shown is None:
            return None
        numeric = [i for i in range(1, self.shown.shape[1]) if _is_numeric(self.shown.iloc[:, i])]
        rows = [[str(cell) for cell in row] for row in self.shown.itertuples(index=False)]
        return {
            "head": [str(name) for name in self.shown.columns],
            "rows": rows,
            "numeric": numeric,
        }

    def table_html(self) -> str:
        """Give the shown table as HTML: scoped heads for rows and columns, numbers set right.

        Ours, because pandas' Styler sets the row heads' own head on a line by itself and gives
        no scope, which screen readers go by.
        """
        if self.shown is None:
            return ""
        names = [str(name) for name in self.shown.columns]
        right = [' style="text-align: right"' if _is_numeric(self.shown[n]) else "" for n in names]
        head = "".join(
            f'<th scope="col"{style}>{html.escape(name)}</th>'
            for name, style in zip(names, right, strict=True)
        )
        rows = []
        for first, *rest in self.shown.itertuples(index=False, name=None):
            cells = "".join(
                f"<td{style}>{html.escape(str(cell))}</td>"
                for cell, style in zip(rest, right[1:], strict=True)
            )
            name = html.escape(str(first))
            named = f'<th scope="row">{name}</th>' if name.strip() else "<td></td>"
            rows.append(f"<tr>{named}{cells}</tr>")
        body = "\n".join(rows)
        return (
            f'<table class="exhibit"><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table>'
        )

    def _repr_html_(self) -> str:
        parts = [f'<figure id="{self.id}" class="exhibit">']
        if self.banner:
            parts.append(f'<p class="banner"><strong>{html.escape(self.banner)}</strong></p>')
        parts.append(f"<figcaption><h2>{html.escape(self.title)}</h2></figcaption>")
        if self.draw is not None:
            parts.append(picture_html(self.svg(), self.alternative_text))
        if self.shown is not None:
            parts.append(f'<div class="table">{self.table_html()}</div>')
        parts.append(f"<p>{html.escape(self.caption)}</p>" if self.caption else "")
        parts.append(f"<p><small>{html.escape(self.source)}</small></p></figure>")
        return "\n".join(part for part in parts if part)

    def __repr__(self) -> str:
        """Name the exhibit; the picture and table are shown as HTML."""
        return f"{self.id}: {self.title}"


@dataclass(frozen=True)
class Content:
    """What a function under `exhibit` makes: all of an exhibit but its id and its words.

    Parameters
    ----------
    data
        As of the exhibit.
    values
        Raw values of the places in its words.
    draw, narrow
        Makes the figure; if `narrow`, for a narrow screen too: it is given which by that name.
    table
        Raw rows of the table that is shown, whose columns lie under the exhibit's stem
        (`Words.table`); what a row has not is taken from `values`. Ready-made where `shown` is.
    shown
        As of the exhibit, where its rows are no rows of `table`.
    numbers
        Value and unit by id, a whole number as it is; what is unknown or infinite has no place
        in numbers.json.
    title, caption, source, alternative_text
        Where it is not the text of that name under the stem.
    id, stem
        Where they are not those that `exhibit` is given.
    named
        What the id of the exhibit and those of its numbers become.
    """

    data: pd.DataFrame
    values: Mapping[str, object] = field(default_factory=dict)
    draw: Callable[..., Figure] | None = None
    narrow: bool = False
    table: pd.DataFrame | Iterable[Mapping[str, Any]] | None = None
    shown: pd.DataFrame | None = None
    numbers: Mapping[str, tuple[Any, str]] = field(default_factory=dict)
    title: str | None = None
    caption: str | None = None
    source: str | None = None
    alternative_text: str | None = None
    id: str = ""
    stem: str = ""
    named: Callable[[str], str] = str


def exhibit(identifier: str, stem: str) -> Callable[[Callable[P, Content]], Callable[P, Exhibit]]:
    """Make an exhibit of what a function gives, which has an argument `words`.

    The exhibit remembers the function and its arguments.

    Parameters
    ----------
    identifier, stem
        The exhibit's id, and where its `title`, `caption`, `source` and `alternative_text` are in
        the words; both may name arguments of the function, as in `regression_{outcome}`. A source
        that several exhibits share may lie further up; without an alternative text the caption is
        it.

    Raises
    ------
    InputError
        A text or a value of one is missing.
    """

    def decorate(make: Callable[P, Content]) -> Callable[P, Exhibit]:
        arguments = signature(make)

        @wraps(make)
        def making(*given: P.args, **named: P.kwargs) -> Exhibit:
            content, by_name = make(*given, **named), arguments.bind(*given, **named).arguments
            return replace(
                _worded(
                    content.id or identifier.format(**by_name),
                    content.stem or stem.format(**by_name),
                    content,
                    by_name["words"],
                ),
                made_by=f"{make.__module__}.{make.__qualname__}",
                given=(*given, *named.values()),
            )

        return making

    return decorate


def _worded(identifier: str, stem: str, content: Content, words: Words) -> Exhibit:
    """Put id and words to what an exhibit shows."""

    def text(name: str) -> str:
        if (own := getattr(content, name)) is not None:
            return str(own)
        if name == "alternative_text" and f"{stem}.{name}" not in words:
            return text("caption")
        place = stem
        while name == "source" and f"{place}.{name}" not in words and "." in place:
            place = place.rpartition(".")[0]
        return words(f"{place}.{name}", **content.values)

    draw, narrow, shown = content.draw, None, content.shown
    if draw and content.narrow:
        draw, narrow = partial(draw, narrow=False), partial(draw, narrow=True)
    if content.table is not None:
        shown = words.table(stem, content.table, **content.values)
    return Exhibit(
        content.named(identifier),
        text("title"),
        text("caption"),
        text("source"),
        text("alternative_text"),
        content.data,
        draw,
        narrow,
        shown,
        {
            content.named(name): Number(value, unit)
            for name, (value, unit) in content.numbers.items()
            if pd.notna(value) and math.isfinite(value)
        },
    )


def marked(exhibit: Exhibit, words: Words) -> Exhibit:
    """Put the banner into a figure or table, its words and its rows.

    The picture carries the banner above the drawing and across it, so that a cutting of it says
    what it is; each row of the file has `synthetic` = true.
    """
    banner = words("synthetic.banner")
    return replace(
        exhibit,
        title=words("synthetic.title", title=exhibit.title),
        caption=words("synthetic.text", banner=banner, text=exhibit.caption).strip(),
        source=words("synthetic.source", source=exhibit.source),
        alternative_text=words("synthetic.text", banner=banner, text=exhibit.alternative_text),
        data=exhibit.data.assign(synthetic=True),
        banner=banner,
    )


def of_all(exhibit: Exhibit, start_loans: pd.DataFrame, words: Words) -> Exhibit:
    """Give an exhibit the id, title and source of the municipal level, and say what is counted.

    It rests on the table `start_loans` as well then.
    """
    counted = words(f"data_level.definition.{start_loans['definition'].iloc[0]}")
    said = words("data_level.counted", counted=counted)
    return replace(
        exhibit,
        id=f"{exhibit.id}_municipal",
        title=words("data_level.title", title=exhibit.title),
        caption=f"{exhibit.caption} {said}",
        source=words("data_level.source"),
        numbers={f"{name}_municipal": number for name, number in exhibit.numbers.items()},
        given=(*exhibit.given, start_loans),
    )


def _is_numeric(column: pd.Series) -> bool:
    """Tell whether every cell reads as a number, a range of numbers or unknown."""
    marks = set("0123456789 ,.–-+%\N{MINUS SIGN}\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}[]()")
    return all(set(str(cell)) <= marks for cell in column)
