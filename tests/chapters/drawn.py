"""What a figure draws, as numbers: the marks of its panels with their points and colours."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import Collection, LineCollection, PathCollection
from matplotlib.colors import to_hex, to_rgba_array
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Wedge

TILE = 6  # corners of a hexagon of the map


@dataclass(frozen=True)
class Mark:
    """A line, bar, error bar, band, wedge or set of points of one colour.

    Parameters
    ----------
    points
        In the panel's data coordinates, shape (n, 2); a bar's is its middle and its length, a
        wedge's its share of the circle (nan, share), a tile's its middle.
    colours
        As `#rrggbb`; without white, which fills hollow marks.
    """

    artist: Artist
    points: np.ndarray
    colours: frozenset[str]


def colours(*values: Any) -> frozenset[str]:
    """Give the colours of lines and faces that can be seen, without white."""
    rgba = [row for value in values for row in to_rgba_array(value)]
    return frozenset(to_hex(row) for row in rgba if row[3] > 0) - {"#ffffff"}


def colours_of(artist: Artist) -> frozenset[str]:
    """Give an artist's colours: of its line where it has one, of its marker where it has one."""
    match artist:
        case Line2D():
            line = [artist.get_color()] if artist.get_linestyle() not in ("None", "none") else []
            marker = [artist.get_markerfacecolor(), artist.get_markeredgecolor()]
            has_marker = artist.get_marker() not in ("None", "none", "", None)
            return colours(*line, *(marker if has_marker else []))
        case Patch():
            return colours(artist.get_facecolor(), artist.get_edgecolor())
        case Collection():
            return colours(artist.get_facecolor(), artist.get_edgecolor())
    return frozenset()


def in_data(artist: Artist, axes: Axes) -> tuple[bool, bool]:
    """Tell for x and y whether an artist stands in the panel's data coordinates."""
    return artist.get_transform().contains_branch_seperately(axes.transData)


def marks(axes: Axes) -> Iterator[Mark]:
    """Give a panel's marks that stand in data coordinates; reference lines are not among them."""
    for bars in axes.containers:
        if isinstance(bars, BarContainer):
            for bar in bars.patches:
                middle = bar.get_x() + bar.get_width() / 2, bar.get_y() + bar.get_height() / 2
                point = (
                    (middle[0], bar.get_height())
                    if bars.orientation == "vertical"
                    else (bar.get_width(), middle[1])
                )
                yield Mark(bar, np.array([point]), colours_of(bar))
    for wedge in (patch for patch in axes.patches if isinstance(patch, Wedge)):
        share = (wedge.theta2 - wedge.theta1) / 360
        yield Mark(wedge, np.array([(np.nan, share)]), colours_of(wedge))
    for line in axes.lines:
        points = np.asarray(line.get_xydata(), dtype=float)
        if in_data(line, axes) == (True, True) and len(points):
            yield Mark(line, points, colours_of(line))
    for collection in axes.collections:
        if isinstance(collection, PathCollection):
            offsets = np.ma.filled(np.ma.asarray(collection.get_offsets(), float), np.nan)
            faces, edges = collection.get_facecolor(), collection.get_edgecolor()
            for number, point in enumerate(offsets):
                own = [c[number % len(c)] for c in (faces, edges) if len(c)]
                yield Mark(collection, point[None, :], colours(*own))
        elif isinstance(collection, LineCollection):
            for segment in collection.get_segments():
                yield Mark(collection, np.asarray(segment), colours_of(collection))
        else:
            for path in collection.get_paths():
                corners = path.vertices[:-1] if len(path.vertices) == TILE + 1 else path.vertices
                middle = corners.mean(axis=0)[None, :]
                points = middle if len(corners) == TILE else corners
                yield Mark(collection, points, colours_of(collection))


def legends(figure: Figure) -> Iterator[tuple[str, frozenset[str]]]:
    """Give each entry of a figure's legends: its text and the colours beside it."""
    own = [axes.get_legend() for axes in figure.axes]
    for legend in (*figure.legends, *(one for one in own if one)):
        for text, handle in zip(legend.get_texts(), legend.legend_handles, strict=True):
            yield text.get_text(), colours_of(handle)
