"""What may be said of municipalities against the median: only what their intervals carry.

This is the one place that words where a municipality lies.  It takes intervals and not verdicts,
so that no caller can put a municipality on a side which its intervals do not.
"""

from collections.abc import Sequence

from bsup_analysis.effects.empirical_bayes import Evidence
from bsup_analysis.language import Words

SIDES = ("above", "below", "undecided")


def standing_sentences(names: Sequence[str], evidence: Evidence, words: Words) -> str:
    """Say who lies above the median, who below, and how many cannot be told from it.

    Parameters
    ----------
    names
        Municipalities, in the order of the evidence.
    evidence
        Their intervals.
    """
    found, said = evidence.standings, []
    for side in ("above", "below"):
        on_side = [name for name, standing in zip(names, found, strict=True) if standing == side]
        key = f"phasing.standing.{side}" if on_side else f"phasing.standing.none_{side}"
        said.append(words(key, which=words.listed(on_side)))
    left, key = found.count("undecided"), "phasing.standing.undecided"
    if left in (0, 1):
        key = f"{key}_none" if left == 0 else f"{key}_one"
    said.append(words(key, count=words.count(left)))
    return " ".join(said)


def standing_cells(evidence: Evidence, words: Words) -> list[str]:
    """Give the word for each municipality's side of the median, for the cell of a table."""
    return [words(f"phasing.standing.cell_{side}") for side in evidence.standings]
