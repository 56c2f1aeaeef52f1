"""What the local StatBank holds: SSB's own population, and start loans planted by the tests."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

from statbank_server import FakeTable, Variable

from bsup_analysis.statbank import Limits

CHECKOUT = Path(__file__).resolve().parents[2]
YEARS = range(2005, 2015)

# codes that table 07459 lists beside those in use (csdata's recorded request of 951 codes)
UNUSED = {"1501": "Ålesund (-2019)", "5001": "Trondheim - Tråante", "1506": "Molde"}
UNKNOWN = {"1599": "Uoppgitt komm. Møre og Romsdal", "1799": "Uoppgitt komm. N.-Trøndelag"}
STARTLAAN_LABEL = (
    "Antall boliger godkjent av kommunen for finansiering med startlån, per 1000 innbyggere"
)

# status, output and errors of a command
Said = tuple[int, str, str]
QUICK = Limits(
    tries=3,
    first_pause_seconds=0.01,
    longest_pause_seconds=0.02,
    window_seconds=0.3,
    queries=1000,
    answer_seconds=10.0,
    total_seconds=60.0,
)


def published_population() -> dict[tuple[str, int], int]:
    """Population on 1 January, SSB table 07459, as the project keeps it."""
    with (CHECKOUT / "data" / "raw" / "ssb_population.csv").open(encoding="utf-8") as stream:
        return {
            (row["municipality_code"], int(row["year"])): int(row["population"])
            for row in csv.DictReader(stream)
        }


def planted(code: str, year: int) -> int:
    """A made-up number of dwellings, the same in every run, 0 for some."""
    digest = hashlib.sha256(f"{code} {year}".encode()).digest()
    return int.from_bytes(digest[:2], "big") % 90 if digest[2] % 8 else 0


def population_table(people: Mapping[tuple[str, int], int]) -> FakeTable:
    names = dict.fromkeys(sorted({code for code, _ in people}), "kommune")
    ages = {f"{age:03d}": f"{age} år" for age in range(105)} | {"105+": "105 år eller eldre"}

    def cell(asked: Mapping[str, str]) -> tuple[int, None]:
        total = people.get((asked["Region"], int(asked["Tid"])), 0)
        if "Alder" not in asked:
            return total if "Kjonn" not in asked else _share(
                total, int(asked["Kjonn"]) - 1, 2
            ), None
        sexes = 1 if "Kjonn" not in asked else 2
        place = list(ages).index(asked["Alder"]) * sexes
        place += 0 if sexes == 1 else int(asked["Kjonn"]) - 1
        return _share(total, place, len(ages) * sexes), None

    return FakeTable(
        "07459",
        "07459: Befolkning, etter region, kjønn, alder, statistikkvariabel og år",
        "2026-02-24T07:00:00Z",
        [
            Variable(
                "Region",
                "region",
                {"0": "Hele landet", "15": "Møre og Romsdal", **names, **UNUSED, **UNKNOWN},
                eliminable=True,
                role="geo",
            ),
            Variable("Kjonn", "kjønn", {"2": "Kvinner", "1": "Menn"}, eliminable=True),
            Variable("Alder", "alder", ages, eliminable=True),
            Variable(
                "ContentsCode",
                "statistikkvariabel",
                {"Personer1": "Personer"},
                role="metric",
                units={"Personer1": 0},
            ),
            Variable("Tid", "år", {str(y): str(y) for y in YEARS}, role="time"),
        ],
        cell,
    )


def _share(total: int, place: int, parts: int) -> int:
    """Divide a total into whole parts that add up to it."""
    return total // parts + (place < total % parts)


def startlaan_table(people: Mapping[tuple[str, int], int], decimals: int = 1) -> FakeTable:
    names = dict.fromkeys(sorted({code for code, _ in people}), "kommune")

    def cell(asked: Mapping[str, str]) -> tuple[float | None, str | None]:
        code, year = asked["Region"], int(asked["Tid"])
        if (code, year) == ("1663", 2007):
            return None, ":"
        if (code, year) == ("1640", 2006):
            return None, ".."
        if (code, year) not in people:
            return None, "."
        return round(float(true_rate(people, code, year)), decimals), None

    other = {
        "KOSboligSper10000000": "Kommunalt disponerte boliger per 1000 innbyggere",
        "KOSnyesoknader0000": "Antall nye søknader om kommunal bolig per 1000 innbyggere",
    }
    contents = {**other, "KOSfainansstartp0000": STARTLAAN_LABEL}
    return FakeTable(
        "06493",
        "06493: N1. Konsern - Bolig - nøkkeltall (K) (avslutta serie) 2000-2016",
        "2018-03-24T07:00:00Z",
        [
            Variable("ContentsCode", "statistikkvariabel", contents, role="metric",
                     units=dict.fromkeys(contents, decimals)),
            Variable("Region", "region", {"EAK": "Landet", **names, **UNUSED}, role="geo"),
            Variable("Tid", "år", {str(y): str(y) for y in range(2005, 2013)}, role="time"),
        ],
        cell,
    )  # fmt: skip


def true_rate(people: Mapping[tuple[str, int], int], code: str, year: int) -> Fraction:
    """Planted dwellings per 1 000 on 31 December, of a merged municipality a year earlier, grown.

    The day of a merger has no published population of the parts; they are taken to have grown by
    half a per cent, which is within what the municipalities of the region did.
    """
    after = people.get((code, year + 1))
    denominator = Fraction(people[code, year]) * Fraction(201, 200) if after is None else after
    return Fraction(planted(code, year)) * 1000 / denominator
