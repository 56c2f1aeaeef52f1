"""The entries: fetch the population, or the start loans, of the region's municipalities."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from bsup_analysis import paths
from bsup_analysis.errors import InputError
from bsup_analysis.ssb.conversation import Conversation
from bsup_analysis.ssb.limits import Limits
from bsup_analysis.ssb.obtain import Progress, Way
from bsup_analysis.ssb.population import population
from bsup_analysis.ssb.startlaan import startlaan
from bsup_analysis.ssb.statbank import Addresses, Statbank
from bsup_analysis.ssb.store import Answer

LIMITS, ADDRESSES = Limits(), Addresses()


@dataclass(frozen=True)
class Fetched:
    """What a fetch brought.

    Parameters
    ----------
    table
        In the codes of each year, sorted by code and year. Population: `municipality_code`,
        `year`, `population` (1 January), `sign`, `note`. Start loans: `startlaan.COLUMNS`.
    set_aside
        `municipality_code`, `year`, `sign`, `reason`: with `table`, every cell of the answers.
    answers
        The records of all answers used: file, question, date, vintage, sha256.
    reports
        What was out of the ordinary, one sentence each: a version that did not answer, a damaged
        answer asked for anew, a table updated meanwhile.
    notes
        What the reader of the table must know, one sentence each.
    asked
        Questions sent, tries included; 0 where everything was kept.
    """

    table: pd.DataFrame
    set_aside: pd.DataFrame
    answers: tuple[Answer, ...]
    reports: tuple[str, ...]
    notes: tuple[str, ...]
    asked: int


def _nobody(progress: Progress) -> None:
    """Tell nobody."""


def fetch_population(
    years: Iterable[int],
    *,
    contents: str | None = None,
    fresh: bool = False,
    progress: Callable[[Progress], None] = _nobody,
    folder: Path | None = None,
    limits: Limits = LIMITS,
    addresses: Addresses = ADDRESSES,
) -> Fetched:
    """Fetch the population of the region's municipalities on 1 January, SSB table 07459.

    Parameters
    ----------
    years
        1 January of these.
    contents
        Another contents code than ``Personer1``.
    fresh
        Ask again for what is kept.
    progress
        Called with how far the fetch has come and what it waits for.
    folder
        Where answers are kept; ``data/municipal/ssb`` unless given.
    limits, addresses
        Other limits or addresses than SSB's.

    Raises
    ------
    InputError
        Nothing usable came; the sentence says why and what to do. What has arrived is kept.
    """
    way, conversation, reports = _way(fresh, progress, folder, limits, addresses)
    found = population(way, years, contents)
    return _fetched(
        found.table,
        found.set_aside,
        found.obtained.answers,
        reports,
        ("Population on 1 January, in the municipal borders of each year.",),
        conversation,
    )


def fetch_startlaan(
    years: Iterable[int],
    *,
    contents: str | None = None,
    population_contents: str | None = None,
    fresh: bool = False,
    progress: Callable[[Progress], None] = _nobody,
    folder: Path | None = None,
    limits: Limits = LIMITS,
    addresses: Addresses = ADDRESSES,
) -> Fetched:
    """Fetch dwellings approved for start loans, SSB table 06493, turned from rates into counts.

    Parameters
    ----------
    years
        Calendar years.
    contents, population_contents
        Other contents codes than ``KOSfainansstartp0000`` and ``Personer1``.
    fresh, progress, folder, limits, addresses
        As in `fetch_population`.

    Raises
    ------
    InputError
        Nothing usable came; the sentence says why and what to do. What has arrived is kept.
    """
    way, conversation, reports = _way(fresh, progress, folder, limits, addresses)
    found = startlaan(way, years, contents, population_contents)
    notes = (
        "Dwellings approved by the municipality for financing with start loans; not loans paid"
        " out.",
        f"Counts are SSB's rates per 1 000 inhabitants, printed to {found.decimals} decimals, times"
        " the population; low and high are what the rounding leaves.",
        "The population on 31 December is that on 1 January of the next year (table 07459).",
    )
    answers = found.obtained.answers + found.denominators.obtained.answers
    return _fetched(found.table, found.set_aside, answers, reports, notes, conversation)


def _way(
    fresh: bool,
    progress: Callable[[Progress], None],
    folder: Path | None,
    limits: Limits,
    addresses: Addresses,
) -> tuple[Way, Conversation, list[str]]:
    reports: list[str] = []

    def say(text: str) -> None:
        progress(Progress(0, 0, text))

    def report(text: str) -> None:
        reports.append(text)
        say(text)

    conversation = Conversation(limits, say)
    place = folder or paths.root() / "data" / "municipal" / "ssb"
    statbank = Statbank(conversation, addresses, place, report)
    return Way(statbank, limits, progress, report, fresh), conversation, reports


def _fetched(
    table: pd.DataFrame,
    set_aside: pd.DataFrame,
    answers: tuple[Answer, ...],
    reports: list[str],
    notes: tuple[str, ...],
    conversation: Conversation,
) -> Fetched:
    if table.empty:
        raise InputError(
            "SSB has no figure for any municipality of the region in these years;"
            " ask for other years."
        )
    return Fetched(table, set_aside, answers, tuple(reports), notes, conversation.asked)
