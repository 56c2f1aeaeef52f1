"""One look for every figure: palette, type, and marks that do not depend on colour.

Colours are Okabe and Ito's, which stay apart for colour-blind readers and in grey print (Okabe
and Ito 2008, Color Universal Design).  The priority group is always dark and filled, the others
light and hatched or hollow; what the document printed is a grey diamond or dashed line.
"""

import copy
import html
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patheffects import withStroke

from bsup_analysis.exhibit.svg import small
from bsup_analysis.files import svg_address
from bsup_analysis.fonts import prefer_own

prefer_own()

PRIORITY = "#0072B2"
OTHER = "#E69F00"
REGION = "#404040"
PRINTED = "#6B6B6B"
ACCENT = "#CC3311"
PALE = "#D9D9D9"
# what they become on a dark page: as far from its ground as they are from white
DARK = {
    "#ffffff": "#15191e",
    "#000000": "#e4e7ea",
    "#262626": "#e4e7ea",
    REGION: "#c3cad1",
    PRINTED.lower(): "#a9b2bc",
    "#bbbbbb": "#5b656f",
    PALE.lower(): "#46505a",
    "#e3e3e3": "#2b323a",
    PRIORITY.lower(): "#5db8ee",
    "#5ba3d0": "#2b6f9e",
    "#8cc3e6": "#1d5a80",
    "#8fc1e3": "#1d5a80",
    OTHER.lower(): "#f0b040",
    "#8a5b00": "#f0b040",
    ACCENT.lower(): "#ff9a80",
    "#009e73": "#3ecf9f",
    "#d55e00": "#ff9650",
    "#a2528a": "#e08cc8",
    "#b35806": "#f0b27a",
    "#f1a340": "#8a5a1c",
    "#f7f7f7": "#2b323a",
    "#92c5de": "#2c5f7a",
    "#2166ac": "#8fc1ee",
}
GROUPS = ("priority", "other")
GROUP_COLOUR = {"priority": PRIORITY, "other": OTHER}
GROUP_FACE = {"priority": PRIORITY, "other": "white"}  # of a mark, which is filled or hollow
# the orange is too light for letters on white (WCAG 2.2 asks for 4.5 to 1)
GROUP_TEXT_COLOUR = {"priority": PRIORITY, "other": "#8A5B00"}
GROUP_HATCH = {"priority": "", "other": "////"}
GROUP_MARKER = {"priority": "o", "other": "s"}
GROUP_LINE = {"priority": "-", "other": "--"}

SMALL: Any = {"fontsize": "small", "va": "center"}
"""The look of text beside a mark."""

HALO: Any = {"gid": "halo"}
"""The look of letters on a map or over lines: white behind them, so that they can be read."""

WIDTH_IN = 7.2
PHONE_IN = 3.2
"""Width of a drawing for narrow screens, whose panels stand below each other."""

_RC: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.linewidth": 0.6,
    "grid.color": "#E3E3E3",
    "hatch.linewidth": 0.7,
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
    "savefig.dpi": 150,
    "svg.fonttype": "none",
    "pdf.fonttype": 42,  # letters stay letters, as journals ask
    # element ids are hashes of content and this salt: the same figure, the same bytes
    "svg.hashsalt": "bsup_analysis",
}


@contextmanager
def house_style() -> Iterator[None]:
    """Draw everything inside in the house style, and leave the caller's settings as they were."""
    with mpl.rc_context():
        mpl.rcdefaults()  # a matplotlibrc of the reader's changes nothing
        with sns.axes_style("ticks"):
            mpl.rcParams.update(_RC)
            yield


# what a file would say of the time it was made and of the software
_STAMPS: dict[str, dict[str, None]] = {
    "svg": {"Date": None, "Creator": None},
    "png": {"Software": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
FORMS = tuple(_STAMPS)


class HouseFigure(Figure):
    """A figure that displays itself in a notebook, without pyplot and without a magic line.

    `alternative_text` says in words what the figure shows.
    """

    alternative_text = ""

    def _repr_html_(self) -> str:
        return picture_html(rendered(copy.deepcopy(self), "svg"), self.alternative_text)


def rendered(figure: Figure, form: str) -> bytes:
    """Return a figure as a file in the house style: one of `FORMS`, without a stamp.

    SVG has its letters as text and brings their font, PDF as TrueType, PNG 150 dots an inch.
    Laying out moves the figure's panels a little, so that the next file would be another: draw
    anew or give a copy.
    """
    stream = io.BytesIO()
    with house_style():
        if form == "svg":
            # `savefig` draws twice, once for the layout, which drawing sees to by itself
            FigureCanvasSVG(figure).print_svg(stream, metadata=_STAMPS[form])
            return small(stream.getvalue().decode("utf-8"), DARK).encode("utf-8")
        for text in figure.findobj(lambda one: one.get_gid() == HALO["gid"]):
            text.set_path_effects([withStroke(linewidth=2, foreground="white")])
        figure.savefig(stream, format=form, metadata=_STAMPS[form])
    return stream.getvalue()


def picture_html(svg: bytes, alternative_text: str) -> str:
    """Return a drawing as an image of HTML that holds all of it."""
    return f'<img src="{svg_address(svg)}" alt="{html.escape(alternative_text, quote=True)}">'


def new_figure(
    rows: int = 1,
    columns: int = 1,
    height_in: float = 3.6,
    width_in: float = WIDTH_IN,
    **options: Any,
) -> tuple[HouseFigure, Any]:
    """Make a figure of the house's width and its axes (as `matplotlib.figure.Figure.subplots`).

    Made without pyplot, so that nothing is kept after the figure has been shown or saved.
    """
    figure = HouseFigure(figsize=(width_in, height_in), layout="constrained")
    return figure, figure.subplots(rows, columns, **options)


def across(figure: Figure, banner: str) -> None:
    """Write a banner above a figure and, pale, across it."""
    width, height = figure.get_size_inches()
    figure.set_size_inches(width, height + 0.35)
    if not isinstance(figure.get_layout_engine(), ConstrainedLayoutEngine):
        # what has its place already makes room for the banner
        kept = height / (height + 0.35)
        for axes in figure.axes:
            x, y, wide, high = axes.get_position().bounds
            axes.set_position((x, y * kept, wide, high * kept))
    figure.suptitle(banner, color=ACCENT, fontsize=10, fontweight="bold")
    look: Any = {
        "fontsize": 54,
        "fontweight": "bold",
        "rotation": 25,
        "ha": "center",
        "va": "center",
    }
    figure.text(0.5, 0.5, banner.split()[0], color=ACCENT, alpha=0.13, zorder=10, **look)


def beside(
    axes: Axes, text: str, point: tuple[float, float], away: tuple[float, float], **look: Any
) -> None:
    """Write beside a point, so many points on paper to the right and above (`away`)."""
    axes.annotate(text, point, away, textcoords="offset points", **look)


def group_bars(axes: Axes, group: str, *arguments: Any, **options: Any) -> Any:
    """Draw bars of a group in its colour and hatch."""
    return axes.bar(
        *arguments,
        color=GROUP_COLOUR[group],
        hatch=GROUP_HATCH[group],
        edgecolor="white",
        linewidth=0.8,
        **options,
    )


def group_line(axes: Axes, group: str, *arguments: Any, **options: Any) -> Any:
    """Draw a line of a group in its colour, dash and marker (filled or hollow)."""
    return axes.plot(
        *arguments,
        color=GROUP_COLOUR[group],
        linestyle=GROUP_LINE[group],
        marker=GROUP_MARKER[group],
        markerfacecolor=GROUP_FACE[group],
        **options,
    )
