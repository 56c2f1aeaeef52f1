"""A drawing as a small SVG file that looks alike everywhere: its letters are text.

matplotlib writes letters as outlines, which makes a page of one figure a quarter of a megabyte, or
as text in a font that the reader may not have. Here they are text, and the file brings the
outlines of the letters it uses, once. No library does both: scour and svgo leave fonts alone.

On a dark page it takes dark colours. They stand in a media query, which browsers follow in an
image too, and Typst and Word do not: paper has the colours of matplotlib.
"""

import math
import re
from collections.abc import Mapping

from bsup_analysis.fonts import face

# what stands behind the letters of a text with the id `halo`: the same text, wider and white
HALO = "fill: none; stroke: #ffffff; stroke-width: 2; stroke-linejoin: round"
_NOISE = re.compile(r"<!--.*?-->|<metadata>.*?</metadata>|<style\b.*?</style>", re.DOTALL)
_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_TURN = re.compile(r' transform="rotate\(-0 [^)]*\)"')
_TEXT = re.compile(r"<text style=\"([^\"]*)\"[^>]*>([^<]*)</text>")
_BLANK = re.compile(r"(?<=>) (?=<)|(?<=[\dz]) (?=\")", re.IGNORECASE)
_LINES = re.compile(r"(?: L -?[\d.]+ -?[\d.]+){2,}")
_OUTLINE = re.compile(r"M (-?[\d.]+ -?[\d.]+)((?: L -?[\d.]+ -?[\d.]+){4,})")
_RING = re.compile(r"M (-?[\d.]+ -?[\d.]+)((?: C(?: -?[\d.]+){6}){8}) ?z?")
_ROUND = re.compile(r'<path( id="\w+")? d="M (\S+) (\S+) a (\S+)( \S+){14} z"')
_NAMED = re.compile(r'(?<= id=")[mph]\w+(?=")')
_GROUP = re.compile(r"<g>((?:<(?:path|use|circle|text)\b[^>]*>(?:[^<]*</text>)?)?)</g>")
_HALO = re.compile(r'<g id="halo"> (<text style=")([^"]*)("[^>]*>[^<]*</text>) </g>')
_COLOUR = re.compile(r"\b(fill|stroke): (#[0-9a-f]{6})")
_FILLED = re.compile(r' fill="(#[0-9a-f]{6})"')
_STYLE = re.compile(r' style="([^"]*)"')
# of every line, as matplotlib says in the style that is taken out
_ENDS = "*{stroke-linejoin:round;stroke-linecap:butt}"


def small(svg: str, dark: Mapping[str, str]) -> str:
    """Return matplotlib's drawing, its letters text, without what nobody sees.

    Parameters
    ----------
    svg
        As matplotlib writes it with `svg.fonttype` none; ids of repeated shapes are kept.
    dark
        The colour that each colour, such as `#ffffff`, becomes on a dark page.
    """
    body = _TURN.sub("", re.sub(r"\s+", " ", _NOISE.sub("", svg)))
    # a hundredth of a point is less than a printer or a screen draws
    body = _NUMBER.sub(lambda found: f"{float(found[0]):.2f}".rstrip("0").rstrip("."), body)
    body = _HALO.sub(rf"\1\2; {HALO}\3 \1\2\3", body)
    letters: dict[str, set[str]] = {"normal": set(), "bold": set()}
    for style, text in _TEXT.findall(body):
        letters["bold" if "font-weight: 700" in style else "normal"].update(_plain(text))
    fonts = "".join(face(w, "".join(sorted(used))) for w, used in letters.items() if used)
    for number, name in enumerate(dict.fromkeys(_NAMED.findall(body))):
        body = re.sub(rf"\b{name}\b", f"n{number}", body)
    names: dict[str, str] = {}

    def named(found: re.Match[str]) -> str:
        return f' class="{names.setdefault(found[1], f"s{len(names)}")}"'

    body = _BLANK.sub("", _STYLE.sub(named, body[body.index("<svg") :])).replace(
        "xlink:href", "href"
    )
    # a long line is written as steps, and a line after a line needs no letter of its own
    body = _OUTLINE.sub(_stepwise, _ROUND.sub(_circle, _RING.sub(_arcs, body)))
    body = _LINES.sub(lambda found: " L" + found[0].replace(" L", ""), body)
    body = _GROUP.sub(r"\1", _GROUP.sub(r"\1", re.sub(r'<g id="[^"]*">', "<g>", body)))
    looks = "".join(f".{name}{{{style}}}" for style, name in names.items())
    opening, _, inside = body.partition(">")
    return f"{opening}><style>{_ENDS}{fonts}{looks}{_at_night(names, inside, dark)}</style>{inside}"


def _arcs(found: re.Match[str]) -> str:
    """Write as two arcs a circle that matplotlib draws of eight curves, from its lowest point."""
    ends = [tuple(map(float, one.split()[-2:])) for one in found[2].split(" C")[1:]]
    x, low = map(float, found[1].split())
    middle = (low + ends[3][1]) / 2
    size = low - middle
    if any(abs(math.hypot(east - x, north - middle) - abs(size)) > 0.03 for east, north in ends):
        return found[0]
    r, across = f"{abs(size):.4g}", f"{2 * size:.4g}"
    return f"M {found[1]} a {r} {r} 0 1 1 0 -{across} a {r} {r} 0 1 1 0 {across} z".replace(
        "--", ""
    )


def _circle(found: re.Match[str]) -> str:
    """Write a path that is a circle and nothing else as one."""
    named, x, low, radius, _ = found.groups()
    up = float(found[0].split(" a ")[1].split()[6])
    return f'<circle{named or ""} cx="{x}" cy="{float(low) + up / 2:.5g}" r="{radius}"'


def _stepwise(line: re.Match[str]) -> str:
    """Write a line of many corners as steps in tenths of a point, which add up without drift."""
    tenths = [round(10 * float(number)) for number in re.findall(r"-?[\d.]+", line[0])]
    before = tenths[:2]
    written = [f"M {line[1]} l"]
    for x, y in zip(tenths[2::2], tenths[3::2], strict=True):
        if [x, y] != before:
            written += [f"{(now - was) / 10:g}" for now, was in zip((x, y), before, strict=True)]
        before = [x, y]
    steps = " ".join(written[1:]).replace(" -", "-")
    return re.sub(r"(?<!\d)0\.", ".", f"{written[0]}{steps}")


def _at_night(names: Mapping[str, str], body: str, dark: Mapping[str, str]) -> str:
    """Give the rules of a dark page; what matplotlib leaves black has no colour of its own."""
    rules = {f".{name}": _COLOUR.findall(style) for style, name in names.items()}
    rules |= {f'[fill="{c}"]': [("fill", c)] for c in sorted(set(_FILLED.findall(body)))}
    rules = {"svg": [("fill", "#000000")], **rules}
    told = "".join(
        f"{what}{{{';'.join(f'{name}:{dark.get(colour, colour)}' for name, colour in found)}}}"
        for what, found in rules.items()
        if found
    )
    return f"@media (prefers-color-scheme:dark){{{told}}}"


def _plain(text: str) -> str:
    for mark, letter in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        text = text.replace(mark, letter)
    return text
