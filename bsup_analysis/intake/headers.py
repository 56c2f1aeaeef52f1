"""What the header of a column says: Norwegian and English words, years, units."""

import re

from bsup_analysis.intake.numbers import Cell, plain

# how many NOK one unit of each kind of amount column is
UNITS_NOK = {"amount_nok": 1, "amount_1000_nok": 1_000, "amount_million_nok": 1_000_000}
QUANTITIES = ("loans", *UNITS_NOK)

_YEAR = re.compile(r"(?<!\d)(?:19[89]\d|20[0-3]\d)(?!\d)")
_NUMBER_WORDS = r"(nr|nummer|kode|code|number|no|id)"
_ROLES = {
    "place_code": rf"(kommune|municipality|komm?|region)\s?{_NUMBER_WORDS}|knr|kode",
    "place_name": r"(kommune|municipality|region)\s?(navn|namn|name)|navn|namn|name",
    "place": r"kommuner?|kommunar|kommune ?(nr|nummer)? og navn|municipalit(y|ies)|region",
    "year": r"år|aar|year|tid|time|årstall?|årgang|kalenderår|calendar year|budsjettår",
    "quantity": r"statistikkvariabel|variabel|variable|contents|quantity|measure|måltall|størrelse",
    "value": r"value|verdi|tall|figure",
}
_ROLE = {name: re.compile(pattern) for name, pattern in _ROLES.items()}
# averages, shares and changes of what is asked for, and columns of our own tables
_OTHER = re.compile(
    r"gjennomsnitt|average|mean|snitt|\bper\b|\bpr\b|andel|prosent|percent|%|share|\brate"
    r"|endring|change|vekst|growth|innbygger|inhabitant|befolkning|population|folketal"
    r"|\blow\b|\bhigh\b|\brows?\b|\brad|kilde|source|definition|definisjon"
)
_AMOUNT = re.compile(r"beløp|belop|amount|\bkr\b|kroner|\bnok\b|\bmill|utbetalt|volum|\btkr\b|mnok")
_COUNT = re.compile(
    r"antall|antal\b|tal på|number of|^number$|\bcount\b|\bloans?\b|lån\b|dwelling|bolig"
)
_UNITS = {
    "amount_million_nok": re.compile(r"\bmill|\bmnok\b|1 ?000 ?000\b"),
    "amount_1000_nok": re.compile(r"1 ?000\b|tusen|thousand|\btkr\b|\bknok\b"),
    "amount_nok": re.compile(r"\bkr\b|kroner|\bnok\b"),
}


def simple(text: Cell) -> str:
    """Give a header without case, underscores and punctuation."""
    return " ".join(re.sub(r"[_:;,./()\[\]\-]+", " ", plain(text).casefold()).split())


def year_in(header: Cell) -> int | None:
    """Give the one year a header names."""
    years = set(_YEAR.findall(plain(header)))
    return int(years.pop()) if len(years) == 1 else None


def without_year(header: Cell) -> str:
    """Give a header, simplified, without the year in it."""
    return simple(_YEAR.sub(" ", plain(header)))


def quantity_of(text: Cell, context: str = "") -> str | None:
    """Tell what a header, or a cell that names a quantity, is about.

    Parameters
    ----------
    text
        The header.
    context
        Words around it (titles, sheet, file), which may name the unit.

    Returns
    -------
    str or None
        `loans`; an amount with its unit; `amount` where no unit is stated; None for anything
        else (an average, a share, a change).
    """
    words = simple(text)
    if _OTHER.search(words):
        return None
    if _AMOUNT.search(words):
        for place in (words, simple(context)):
            for unit, pattern in _UNITS.items():
                if pattern.search(place):
                    return unit
        return "amount"
    return "loans" if _COUNT.search(words) else None


def stated_by(titles: str) -> str | None:
    """Tell which one quantity titles name for columns that have only a year as header."""
    words = simple(titles)
    if _AMOUNT.search(words) and re.search(r"antall|antal\b|number|count", words):
        return None
    return quantity_of(titles, titles)


def role_of(header: Cell, context: str) -> str:
    """Tell a column's role from its header; `bare` is a year alone, empty is not recognised."""
    words = without_year(header) if year_in(header) else simple(header)
    if not words:
        return "bare" if year_in(header) else ""
    if not year_in(header):
        for role, pattern in _ROLE.items():
            if pattern.fullmatch(words):
                return role
    if len(set(_YEAR.findall(plain(header)))) > 1:
        return ""
    return quantity_of(words, context) or ""
