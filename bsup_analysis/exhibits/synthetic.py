"""What is made from a SYNTHETIC panel says so wherever it goes: picture, table, file and words."""

from dataclasses import replace

from bsup_analysis.exhibits.exhibit import Exhibit
from bsup_analysis.language import Words


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
