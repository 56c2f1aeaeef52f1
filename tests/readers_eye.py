"""What a reader would notice of an exhibit: which sentence it says, and texts that clash."""

import re
from itertools import combinations

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from bsup_analysis.exhibit import Exhibit
from bsup_analysis.exhibit.style import house_style
from bsup_analysis.language import templates

PLACE = re.compile(r"\\\{\w.*?\\\}")


def says(text: str, key: str, language: str) -> bool:
    """Tell whether the sentence of a key stands in a text, whatever is put in its places."""
    sentence = PLACE.sub(".+", re.escape(templates(language)[key]))
    return re.search(sentence, text, flags=re.DOTALL) is not None


def clashes(exhibit: Exhibit, slack: float = 2.0) -> list[tuple[str, str]]:
    """List texts of the figure that overlap, or run off the page (then with an empty second).

    Boxes may share `slack` pixels: letters do not fill their box.
    """
    assert exhibit.draw is not None
    with house_style():
        figure = exhibit.draw()
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        hidden = _hidden(figure)
        shown = [
            (text.get_text(), text.get_window_extent(canvas.get_renderer()))
            for text in figure.findobj(Text)
            if text.get_visible() and text.get_text().strip() and id(text) not in hidden
        ]
    page = figure.bbox
    off = [
        (text, "")
        for text, box in shown
        if box.x0 < -slack
        or box.y0 < -slack
        or box.x1 > page.x1 + slack
        or box.y1 > page.y1 + slack
    ]
    over = [
        (one, other)
        for (one, a), (other, b) in combinations(shown, 2)
        if min(a.x1, b.x1) - max(a.x0, b.x0) > slack and min(a.y1, b.y1) - max(a.y0, b.y0) > slack
    ]
    return off + over


def _hidden(figure: Figure) -> set[int]:
    """Find the labels of ticks outside the axes' limits, which nobody draws."""
    hidden = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            drawn = axis._update_ticks()
            for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
                if tick not in drawn or not axes.axison:
                    hidden |= {id(tick.label1), id(tick.label2)}
    return hidden
