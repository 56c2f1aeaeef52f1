"""Cells of an estimate in a shown table, the same in every table of the municipal level."""

from collections.abc import Mapping, Sequence

from bsup_analysis.effects.municipal.estimate import Estimate
from bsup_analysis.exhibits.municipal.phrases import ends_text, p_text
from bsup_analysis.exhibits.ratios import range_text
from bsup_analysis.language import Words


def estimate_cells(
    estimate: Estimate | None, heads: Sequence[str], words: Words, more: Mapping[str, str]
) -> dict[str, str]:
    """Write an estimate under the heads asked for.

    Parameters
    ----------
    estimate
        None: it could not be made, and the cells say so.
    heads
        Names below `municipal.head`, the first of them the estimate's own.
    words
        The language.
    more
        Cells that are not the estimate's own, by head.
    """
    names = [words(f"municipal.head.{name}") for name in heads]
    if estimate is None:
        none = [words("municipal.no_estimate"), *[words.decimal(None)] * (len(heads) - 1)]
        return dict(zip(names, none, strict=True))
    wild = estimate.wild
    ends = ends_text(wild.low, wild.high, words)
    cells = {
        "ratio": words.decimal(estimate.ratio),
        "interval": range_text(estimate.interval.low, estimate.interval.high, words),
        "p": p_text(estimate.p_value, words),
        "wild": f"{p_text(wild.p_value, words, wild.draws)} ({ends})",
        "sandwich": range_text(estimate.sandwich.low, estimate.sandwich.high, words),
        "n": words(
            "municipal.priority_of_all",
            priority=words.count(estimate.priority),
            all=words.count(estimate.municipalities),
        ),
        **more,
    }
    return {name: cells[head] for name, head in zip(names, heads, strict=True)}
