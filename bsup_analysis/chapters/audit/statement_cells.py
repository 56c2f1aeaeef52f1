"""How values, dates and findings of the document audit read in each language."""

import datetime as dt
import json
import re

import pandas as pd
from babel.dates import format_date, format_skeleton
from babel.lists import format_list

from bsup_analysis.language import UNKNOWN, Words

DATE_UNITS = {"date", "month", "year", "years"}
YEAR_DIGITS = len("2010")
MONTH_CHARACTERS = len("2010-08")


def grouped(text: str, words: Words) -> str:
    """Write the numbers of a sentence (680 000) with the language's thousands mark."""
    mark = words.count(1000).strip("0")[1:]
    return re.sub(r"(?<=\d) (?=\d{3}(?!\d))", mark, text)


def iso_date(text: str, words: Words) -> str:
    """Write an ISO date of any precision: 2010, August 2010, 19 January 2010."""
    if len(text) == YEAR_DIGITS:
        return text
    if len(text) == MONTH_CHARACTERS:
        first = dt.date.fromisoformat(f"{text}-01")
        return format_skeleton("yMMMM", first, locale=words.locale)
    return format_date(dt.date.fromisoformat(text), "long", words.locale)


def _one(text: str, unit: str, words: Words) -> str:
    if text in ("up", "down"):
        return words(f"audit.direction.{text}")
    if unit in DATE_UNITS and len(text) >= YEAR_DIGITS:
        return iso_date(text, words)
    number = float(text)
    decimals = 0 if text.isdecimal() else 1
    if unit == "percent":
        return words.percent(number / 100, decimals)
    return words.decimal(number, decimals)


def value(text: str, unit: str, words: Words) -> str:
    """Write a value of the audit: a number or date, an interval, or several that differ."""
    if not text:
        return UNKNOWN
    several = [
        "–".join(_one(end, unit, words) for end in either.split("/")) for either in text.split(";")
    ]
    return format_list(several, style="or", locale=words.locale)


def _text(cell: str | None) -> str:
    return "" if pd.isna(cell) else str(cell)


def printed(row: pd.Series, words: Words) -> str:
    """Write the printed value the way it is meant: more than, at most, about."""
    shown = value(_text(row["printed_value"]), _text(row["unit"]), words)
    known = shown != UNKNOWN
    return words(f"audit.comparison.{row['comparison']}", value=shown) if known else shown


def recomputed(row: pd.Series, words: Words) -> str:
    """Write the recomputed value in the statement's unit."""
    return value(row["recomputed_value"], _text(row["unit"]), words)


def _pages(pages: list[str], words: Words) -> str:
    return words(f"audit.pages.{'one' if len(pages) == 1 else 'many'}", pages=words.listed(pages))


def _places(values: dict, words: Words) -> dict[str, str]:
    """Write each value by the unit its name ends in, and what comes in pairs or lists as one."""
    told: dict[str, str] = {}
    listing = []
    for name, content in values.items():
        unit = name.rpartition("_")[2]
        if unit == "pages":
            told[name] = _pages(content, words)
        elif unit in ("years", "names"):
            told[name] = words.listed(content)
        elif unit == "date":
            told[name] = iso_date(content, words)
        elif unit == "year":
            told[name] = str(content)
        elif unit == "share":
            told[name] = words.percent(content)
        elif unit in ("rank", "change"):
            amount = words.count(content) if unit == "rank" else words.change(content)
            listing.append(words(f"audit.{unit}.{name.removesuffix(f'_{unit}')}", value=amount))
        else:
            told[name] = words.count(content)
    for unit in ("count", "share"):
        if f"low_{unit}" in told:
            ends = [told[f"low_{unit}"], told[f"high_{unit}"]]
            told["range"] = "–".join(dict.fromkeys(ends))
    return told | {"listing": words.listed(listing)}


def note(row: pd.Series, words: Words) -> str:
    """Tell why a statement has its status, and what the reader should know beside it."""
    places = _places(json.loads(row["reason_values"]), words)
    reason = words(f"audit.reason.{row['reason']}", **places)
    own = row["note_nb" if words.language == "nb" else "note"]
    return reason if pd.isna(own) else f"{reason} {own}"


def inputs(row: pd.Series, words: Words) -> str:
    """Name the tables a statement was recomputed from."""
    names = [words(f"audit.input.{name}") for name in row["inputs"].split("; ") if name]
    return "; ".join(names) if names else UNKNOWN
