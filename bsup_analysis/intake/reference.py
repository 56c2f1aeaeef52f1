"""What an import is held against: the region's municipalities, and the published totals."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from bsup_analysis.intake.gate import published_totals
from bsup_analysis.intake.municipalities import Changes, Places, names_of


@dataclass(frozen=True)
class Reference:
    """What an import is held against: the municipalities, and the published totals.

    Parameters
    ----------
    places
        Municipalities of the region by code and name, in any year.
    units
        Codes of the municipalities of 2009.
    published
        From `published_totals`.
    """

    places: Places
    units: frozenset[str]
    published: pd.DataFrame


def reference(
    read: Callable[[str], pd.DataFrame],
    borders: Callable[[int, frozenset[str], pd.DataFrame], Changes],
) -> Reference:
    """Put the reference together from the study's tables.

    Parameters
    ----------
    read
        Gives a raw table by name.
    borders
        Makes the borders from year, codes and changes (`bsup_analysis.panel.borders.Borders`).
    """
    points, population = read("municipality_points_2009"), read("ssb_population")
    changes = pd.concat(
        [read("municipality_changes"), read("municipality_codes_later")], ignore_index=True
    )
    units = frozenset(points["municipality_code"])
    published = published_totals(
        {
            name: read(name)
            for name in (
                "programme_p14_start_loans",
                "programme_p11_region_loans",
                "programme_p06_malvik",
                "press_totals",
            )
        }
    )
    places = Places(borders(2009, units, changes), names_of(points, changes, population))
    return Reference(places, units, published)
