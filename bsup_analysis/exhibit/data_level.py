"""What an exhibit says of the data it is made from: SYNTHETIC, or a table of the user's own."""

from dataclasses import replace

import pandas as pd

from bsup_analysis.exhibit.exhibit import Exhibit
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


def of_all(exhibit: Exhibit, start_loans: pd.DataFrame, words: Words) -> Exhibit:
    """Give an exhibit the id, title and source of the municipal level, and say what is counted."""
    counted = words(f"data_level.definition.{start_loans['definition'].iloc[0]}")
    said = words("data_level.counted", counted=counted)
    return replace(
        exhibit,
        id=f"{exhibit.id}_municipal",
        title=words("data_level.title", title=exhibit.title),
        caption=f"{exhibit.caption} {said}",
        source=words("data_level.source"),
        numbers={f"{name}_municipal": number for name, number in exhibit.numbers.items()},
    )
