"""Refuse a page that is not whole in itself: a request to another host, an image without words."""

import re
from html.parser import HTMLParser

# what nbconvert writes where a notebook gave an image no alternative text
_PLACEHOLDER = "No description has been provided for this image"
_LOADING = {"src", "srcset", "poster", "data", "href", "xlink:href", "action", "background"}
_ELSEWHERE = re.compile(r"^\s*(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
_STYLE = re.compile(r"(?:@import|url\()\s*[\"']?\s*(?:[a-z]+:)?//", re.IGNORECASE)


class _Inspector(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.complaints: list[str] = []
        self._element = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._element = tag
        values = dict(attrs)
        if tag == "img" and values.get("alt") in (None, _PLACEHOLDER):
            self.complaints.append("an image has no alternative text")
        for name, value in attrs:
            # a link is followed by the reader, all else by the browser itself
            if tag != "a" and name in _LOADING and _ELSEWHERE.match(value or ""):
                self.complaints.append(f"<{tag}> loads {value}")
            if name == "style" and _STYLE.search(value or ""):
                self.complaints.append(f"the style of <{tag}> loads from another host")

    def handle_data(self, data: str) -> None:
        if self._element == "style" and _STYLE.search(data):
            self.complaints.append("<style> loads from another host")

    def handle_endtag(self, _tag: str) -> None:
        self._element = ""


def complaints(html: str) -> list[str]:
    """Return what keeps a page from standing alone, in the order of the page.

    Parameters
    ----------
    html
        The whole page.

    Returns
    -------
    list of str
        Empty for a page that loads nothing from elsewhere and describes all its images.
    """
    inspector = _Inspector()
    inspector.feed(html)
    inspector.close()
    return inspector.complaints
