"""The font that matplotlib brings, cut to the letters a drawing or a page of drawings uses.

It is taken from matplotlib's own files: a machine may have another edition of it, which matplotlib
finds first where its list of fonts, kept in the user's cache, is an old one.
"""

import base64
import io
from functools import cache
from pathlib import Path

from fontTools import subset
from matplotlib import font_manager, get_data_path

FONT = "DejaVu Sans"
FILES = {"normal": "DejaVuSans.ttf", "bold": "DejaVuSans-Bold.ttf"}
# the letters of Europe, dashes, arrows and signs of arithmetic
_COMMON = {*range(0x20, 0x180), *range(0x2010, 0x2040), *range(0x2190, 0x2270)}


@cache
def face(weight: str, letters: str) -> str:
    """Return a rule that brings the outlines of letters in a weight."""
    used = set(map(ord, letters))
    font = io.BytesIO(_common(weight)) if used <= _COMMON else _path(weight)
    data = base64.b64encode(_subset(font, used, "woff")).decode("ascii")
    return (
        f"@font-face{{font-family:'{FONT}';font-weight:{weight};"
        f"src:url(data:font/woff;base64,{data})}}"
    )


@cache
def _common(weight: str) -> bytes:
    """Return the font with the usual letters alone: subsets of it are the same, and made faster."""
    return _subset(_path(weight), _COMMON, None)


def _path(weight: str) -> str:
    return str(Path(get_data_path()) / "fonts" / "ttf" / FILES[weight])


def prefer_own() -> None:
    """Let matplotlib draw with its own edition of the font, whatever others it knows."""
    manager = font_manager.fontManager
    for weight in FILES:
        manager.addfont(_path(weight))  # as the last one; what was found before is forgotten
        manager.ttflist.insert(0, manager.ttflist.pop())


def _subset(font: str | io.BytesIO, letters: set[int], flavor: str | None) -> bytes:
    options = subset.Options(flavor=flavor, layout_features=["kern"], hinting=False, name_IDs=[])
    options.drop_tables += ["FFTM"]
    opened = subset.load_font(font, options)
    chosen = subset.Subsetter(options)
    chosen.populate(unicodes=letters)
    chosen.subset(opened)
    stream = io.BytesIO()
    subset.save_font(opened, stream, options)
    return stream.getvalue()
