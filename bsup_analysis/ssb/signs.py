"""What the signs in SSB's tables mean.

Source: SSB, "Standardtegn i tabeller" (ssb.no/diverse/standardtegn-i-tabeller): three signs since
2021, and those of older tables beside them.  A sign is never turned into a number but for ``-``,
which always meant nil.
"""

NOT_IN_USE = "."
NIL = "-"

MEANINGS = {
    ".": "no figure is possible: the category was not in use",
    "..": "figures are lacking: not received, or too uncertain to publish",
    "...": "figures are not yet available",
    ":": "not shown, so that nobody can be identified",
    "-": "nil",
    "*": "provisional figure",
}


def meaning(sign: str) -> str:
    """Say what a sign means; an empty cell without a sign has no meaning that SSB states."""
    if not sign:
        return "an empty cell, and SSB does not say why"
    return MEANINGS.get(sign, f"the sign {sign!r}, which is not among SSB's standard signs")


def number(value: float | int | None, sign: str | None) -> float | int | None:
    """Return the number a cell states: its value, or 0 for an empty cell with the sign of nil."""
    return 0 if value is None and sign == NIL else value
