"""What is wrong with pages, from the boxes a PDF draws: empty ends, order, words over words."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pypdf import PdfReader, Transformation
from pypdf.generic import ContentStream

# margins of the text, as in report.typ
TOP_PT, FOOT_PT = 73.7, 68.0
EMPTY = 0.25


@dataclass(frozen=True)
class Box:
    """Where something is drawn, in points from the lower left; `text_pt` is the size of letters."""

    left: float
    low: float
    right: float
    high: float
    text_pt: float = 0.0


def boxes(page: Any, reader: PdfReader) -> Iterator[Box]:
    """Give the boxes of a page's words and drawings; a drawing is one box, whatever is in it."""
    fonts = page["/Resources"].get("/Font", {})
    widths = {name: _widths(font.get_object()) for name, font in fonts.items()}
    now, kept = Transformation(), []
    text, font, size = Transformation(), "", 0.0
    for operands, operator in ContentStream(page["/Contents"], reader).operations:
        match operator:
            case b"q":
                kept.append(now)
            case b"Q":
                now = kept.pop()
            case b"cm":
                now = Transformation(tuple(map(float, operands))).transform(now)
            case b"BT":
                text = Transformation()
            case b"Tf":
                font, size = operands[0], float(operands[1])
            case b"Tm":
                text = Transformation(tuple(map(float, operands)))
            case b"Td":
                text = Transformation().translate(*map(float, operands)).transform(text)
            case b"Tj" | b"TJ":
                parts = operands[0] if operator == b"TJ" else operands
                wide = sum(_advance(part, widths[font]) for part in parts) * size / 1000
                yield _box(text.transform(now), 0, -0.1 * size, wide, 0.65 * size, size)
            case b"Do":
                form = page["/Resources"]["/XObject"][operands[0]].get_object()
                matrix = Transformation(tuple(map(float, form.get("/Matrix", (1, 0, 0, 1, 0, 0)))))
                corners = map(float, form.get("/BBox", (0, 0, 1, 1)))
                yield _box(matrix.transform(now), *corners)
            case b"re":
                x, y, width, height = map(float, operands)
                yield _box(now, x, y, x + width, y + height)
            case b"m" | b"l":
                x, y = map(float, operands)
                yield _box(now, x, y, x, y)


def _box(at: Transformation, left: float, low: float, right: float, high: float,
         text_pt: float = 0.0) -> Box:  # fmt: skip
    (x, y), (u, v) = at.apply_on((left, low)), at.apply_on((right, high))
    return Box(min(x, u), min(y, v), max(x, u), max(y, v), text_pt)


def _widths(font: Any) -> dict[int, float]:
    """Read the advances of a font of two-byte codes."""
    listed = list(font["/DescendantFonts"][0].get_object().get("/W", ()))
    found: dict[int, float] = {}
    while listed:
        first, second = int(listed.pop(0)), listed.pop(0)
        if isinstance(second, list):
            found |= {first + i: float(width) for i, width in enumerate(second)}
        else:
            found |= dict.fromkeys(range(first, int(second) + 1), float(listed.pop(0)))
    return found


def _advance(part: Any, widths: dict[int, float]) -> float:
    if isinstance(part, (int, float)):
        return -float(part)
    data = part if isinstance(part, bytes) else part.original_bytes
    return sum(widths.get(int.from_bytes(data[i : i + 2]), 0.0) for i in range(0, len(data), 2))


def _captions(reader: PdfReader, labels: Sequence[str]) -> dict[str, tuple[int, float]]:
    """Find page and depth of what begins with a label and a full stop, in the type of captions."""
    found: dict[str, tuple[int, float]] = {}
    wanted = {f"{label}.".replace("\N{NO-BREAK SPACE}", " "): label for label in labels}
    for number, page in enumerate(reader.pages):

        def seen(
            text: str, page_at: Any, at: Any, font: Any, size: float, number: int = number
        ) -> None:
            if 8 < size < 9 and "Bold" in str((font or {}).get("/BaseFont")):
                line = text.strip().replace("\N{NO-BREAK SPACE}", " ")
                for start, label in wanted.items():
                    if line.startswith(start):
                        found.setdefault(label, (number, -(at[5] * page_at[3] + page_at[5])))

        page.extract_text(visitor_text=seen)
    return found


def faults(pdf: bytes, order: Sequence[tuple[str, bool]] = ()) -> list[str]:
    """Say what is wrong with the pages.

    Parameters
    ----------
    order
        Titles of chapters (true) and labels of figures and tables in the order they are to stand.
    """
    reader = PdfReader(io.BytesIO(pdf))
    chapters = [one for one in reader.outline if not isinstance(one, list)]
    opened = {}
    for one in chapters:
        opened.setdefault(reader.get_destination_page_number(one), float(one["/Top"]))
    found = []
    for number, page in enumerate(reader.pages):
        high = float(page.mediabox.height) - TOP_PT
        drawn = [box for box in boxes(page, reader) if box.high > FOOT_PT and box.low < high]
        # a letter with a ground of its own is drawn twice at one place
        said = list(dict.fromkeys(box for box in drawn if box.text_pt))
        for i, one in enumerate(said):
            over = [two for two in said[i + 1 :] if _over(one, two)]
            if over:
                found.append(f"page {number + 1}: words over words at {one}, {over[0]}")
        # contact and citation stand at the foot of the first page
        body = [box for box in drawn if number or (box.text_pt != 7.0 and box.high > box.low)]
        last = min((box.low for box in body), default=high)
        # a chapter ends here, as the answer does with the first page
        closes = number in (0, len(reader.pages) - 1) or opened.get(number + 1, 0) > high - 40
        share = (last - FOOT_PT) / (high - FOOT_PT)
        if share > EMPTY and not closes:
            found.append(f"page {number + 1}: {share:.0%} empty at its end")
    titles = {
        str(one["/Title"]): (reader.get_destination_page_number(one), -float(one["/Top"]))
        for one in chapters
    }
    captions = _captions(reader, [name for name, chapter in order if not chapter])
    before = (-1, 0.0)
    for name, chapter in order:
        place = (titles if chapter else captions).get(name)
        if place is None:
            found.append(f"{name} is not found")
        elif place < before:
            found.append(f"{name} stands before what it follows")
        else:
            before = place
    return found


def _over(one: Box, two: Box) -> bool:
    """Tell whether two words share more than a hair's breadth."""
    wide = min(one.right, two.right) - max(one.left, two.left)
    high = min(one.high, two.high) - max(one.low, two.low)
    return wide > 2 and high > 1
