"""What a table holds, as its own metadata say: nothing about codes is assumed.

Version 2 describes a table as json-stat2 without cells, version 1 in a format of its own; both
become a `Table` here.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from bsup_analysis.ssb.faults import NotUnderstood
from bsup_analysis.ssb.jsonstat import Dimension, parse, read_cube

CONTENTS, TIME = "ContentsCode", "Tid"  # their names where the metadata give no roles
MUNICIPALITY = re.compile(r"\d{4}")
NO_MUNICIPALITY = re.compile(r"uoppgitt|unspecified|unknown", re.IGNORECASE)


class Changed(Exception):  # noqa: N818 - the word the messages use
    """The table is no longer as it must be; the message is a sentence for the reader."""


@dataclass(frozen=True)
class Table:
    """The metadata of a table.

    Parameters
    ----------
    table_id, label
        Number and title.
    updated
        When SSB last changed it (its vintage); None where the metadata do not say, as in version 1.
    dimensions
        All variables.
    time, contents
        The variables of the year and of what is counted.
    """

    table_id: str
    label: str
    updated: str | None
    dimensions: tuple[Dimension, ...]
    time: Dimension
    contents: Dimension

    def region(self, prefixes: Iterable[str]) -> tuple[Dimension, tuple[str, ...]]:
        """Find the variable with municipality codes, and the region's codes in it.

        Parameters
        ----------
        prefixes
            First two digits of the counties' codes.

        Returns
        -------
        Dimension, tuple of str
            Codes of any year, without the codes for an unknown municipality.

        Raises
        ------
        Changed
            No variable, or more than one, holds such codes.
        """
        wanted = tuple(prefixes)
        found = {}
        for one in self.dimensions:
            if one.code in (self.time.code, self.contents.code):
                continue
            codes = tuple(
                code
                for code, label in zip(one.codes, one.labels, strict=True)
                if MUNICIPALITY.fullmatch(code)
                and code.startswith(wanted)
                and not NO_MUNICIPALITY.search(label)
            )
            if codes:
                found[one.code] = one, codes
        if len(found) != 1:
            which = "no variable holds" if not found else f"{' and '.join(found)} both hold"
            raise Changed(
                f"{which} codes of municipalities beginning with {', '.join(wanted)};"
                f" its variables are {', '.join(d.code for d in self.dimensions)}"
            )
        return next(iter(found.values()))


def read_v2(table_id: str, content: bytes) -> Table:
    """Read the metadata that version 2 gives."""
    cube = read_cube(content, with_values=False)
    roles = cube.roles
    return _table(
        table_id,
        cube.label,
        cube.updated,
        cube.dimensions,
        (roles.get("time") or (TIME,))[0],
        (roles.get("metric") or (CONTENTS,))[0],
    )


def read_v1(table_id: str, content: bytes) -> Table:
    """Read the metadata that version 1 gives."""
    document = parse(content)
    try:
        variables = document["variables"]
        dimensions = tuple(
            Dimension(
                code=str(v["code"]),
                label=str(v["text"]),
                codes=tuple(str(code) for code in v["values"]),
                labels=tuple(str(text) for text in v["valueTexts"]),
                decimals={},
                eliminable=v.get("elimination") is True,
            )
            for v in variables
        )
        if any(len(d.codes) != len(d.labels) or not d.codes for d in dimensions):
            raise NotUnderstood("the metadata have codes without labels")
        times = [str(v["code"]) for v in variables if v.get("time") is True]
        title = str(document["title"])
    except (KeyError, TypeError, AttributeError) as error:
        raise NotUnderstood(f"the answer is not metadata of version 1 ({error})") from None
    return _table(table_id, title, None, dimensions, (times or [TIME])[0], CONTENTS)


def _table(
    table_id: str,
    label: str,
    updated: str | None,
    dimensions: tuple[Dimension, ...],
    time: str,
    contents: str,
) -> Table:
    named = {d.code: d for d in dimensions}
    for code, what in ((time, "year"), (contents, "contents")):
        if code not in named:
            raise Changed(
                f"it no longer says which variable is the {what} ({code} is expected);"
                f" its variables are {', '.join(named)}"
            )
    return Table(table_id, label, updated, dimensions, named[time], named[contents])
