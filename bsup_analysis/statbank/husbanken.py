"""Start loans of the region's municipalities, from Husbanken's statistics bank.

The bank is a Qlik Sense app.  Its address, fields and limits are as two public programs state them
that read housing allowance there in 2026 (terchris/atlas, Torcode/bostotte-oslo).  It was never
reached from where this was written, and what it calls start loans is not known: the measures are
looked up, and asked for where they are not clear.
"""

import hashlib
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any
from unicodedata import normalize

import pandas as pd

from bsup_analysis.errors import InputError
from bsup_analysis.statbank.fetch import PREFIXES
from bsup_analysis.statbank.patience import FetchError, Refused, printable
from bsup_analysis.statbank.qlik import Engine, TooLarge

ADDRESS, APP = "wss://qlik.husbanken.no/public", "ee185fe5-e94d-463e-bff8-cd1c5f2f566f"
FIELDS, COLUMNS = ("KommuneNr", "År"), ("loans", "amount_nok")
PAGE_ROWS, MOST_ROWS = 1_000, 100_000  # 883 codes in 20 years are 17 660 rows
PRODUCER = "Husbanken (the Norwegian State Housing Bank)"
LICENCE = "not stated by the bank; the table is kept out of git"
LEAST_SHOWN = 4  # the bank's page hides smaller counts (its variable vGrenseverdiPrikking)
HIDDEN = re.compile(r"\*|:|\.{1,3}|<\s?\d+")
CODE = re.compile(r"(-|\d{3,4})(?: \D+)?")  # with the municipality's name behind it, as may be
YEAR = re.compile(r"(-|\d{4})")
NUMBER = re.compile(r"(?:kr\.? ?)?\d[\d .,\xa0\u202fE+]*(?:kr|nok|mill\.?|mrd\.?|tusen|k|m)?", re.I)
MOST = 10**16
DIGITS = re.compile(r"\d+|\d{1,3}(?:[ \xa0\u202f]\d{3})+")
START_LOANS = re.compile(r"startl[åa]n|(?<![a-zæøå])sts", re.IGNORECASE)
PAID = re.compile(r"utbetal|paid", re.IGNORECASE)
KINDS = {
    "count": re.compile(r"antall|number", re.IGNORECASE),
    "amount": re.compile(r"beløp|belop|kroner|\bkr\b|\bnok\b", re.IGNORECASE),
}
DERIVED = re.compile(r"andel|snitt|median|prosent|%|\bpe?r\b|endring|vekst|mill|tusen|1 ?000", re.I)


@dataclass(frozen=True)
class Measure:
    """A measure of the app: its title, and the expression the bank computes."""

    title: str
    expression: str

    def __str__(self) -> str:
        return printable(f"{self.title!r} = {self.expression}")


@dataclass(frozen=True)
class Contents:
    """What the app holds: title, time of its last reload, fields by table, and measures."""

    title: str
    reloaded: str
    tables: Mapping[str, tuple[str, ...]]
    measures: tuple[Measure, ...]

    def lines(self, word: str) -> Iterator[str]:
        """Tell tables, fields and measures that have a word in them; all, for an empty word."""
        yield f"app      {self.title}, reloaded {self.reloaded}"
        for table, names in self.tables.items():
            fields = [name for name in names if word.casefold() in f"{table} {name}".casefold()]
            yield from [f"table    {table}: {', '.join(fields)}"] if fields else []
        found = [m for m in self.measures if word.casefold() in str(m).casefold()]
        yield from (f"measure  {one}" for one in found)


def contents(engine: Engine) -> Contents:
    """Look up what the app holds; raises `InputError` where it cannot be read."""
    where = {"title": "/qMetaDef/title", "expression": "/qMeasure/qDef"}
    listing = {"qInfo": {"qType": "MeasureList"}} | {
        "qMeasureListDef": {"qType": "measure", "qData": where}
    }

    def tables(result: Any) -> dict[str, tuple[str, ...]]:
        named = {t["qName"]: [f["qName"] for f in t["qFields"]] for t in result["qtr"]}
        return {printable(name): tuple(map(printable, fields)) for name, fields in named.items()}

    def measures(result: Any) -> tuple[Measure, ...]:
        items = [item["qData"] for item in result["qLayout"]["qMeasureList"]["qItems"]]
        found = [Measure(str(one["title"]), str(one.get("expression", ""))) for one in items]
        return tuple(one for one in found if one.expression)

    size = {"qcx": 0, "qcy": 0}
    try:
        state = _state(engine)
        found = engine.ask("GetTablesAndKeys", [size, size, 0, False, False], tables)[1]
        return Contents(*state, found, engine.ask("GetLayout", [], measures, of=listing)[1])
    except FetchError as failure:
        raise _unread(failure) from None


def _state(engine: Engine) -> tuple[str, str]:
    """Give the app's title and the time of its last reload."""

    def read(result: Any) -> tuple[str, str]:
        layout = result["qLayout"]
        return printable(layout["qTitle"]), printable(layout["qLastReloadTime"])

    return engine.ask("GetAppLayout", [], read)[1]


def _unread(why: object) -> InputError:
    return InputError(
        f"Husbanken's statistics bank could not be read: {why} (COMMANDS.md says what to try, and"
        " what to send)."
    )


def choose(found: Contents, kind: str, named: str | None) -> Measure:
    """Find the measure of start loans paid out, or the one the reader names.

    Parameters
    ----------
    found
        What the app holds.
    kind
        `count` or `amount`.
    named
        A title, or an expression of the reader's own, which has a parenthesis. None: one title
        alone must name start loans, that they are paid out, and their number or amount.

    Raises
    ------
    InputError
        There is no such title, or not one alone that fits; the sentence shows the candidates.
    """
    for one in found.measures:
        if named == one.title:
            return one
    if named is not None and "(" in named:
        return Measure(named, named)
    if named is not None:
        near = get_close_matches(named, [one.title for one in found.measures], 5, 0.3)
        raise InputError(
            f"the bank has no measure {named!r} (near: {', '.join(near) or 'none'}); bsup fetch"
            " husbanken --list shows all."
        )
    ours = [one for one in found.measures if START_LOANS.search(str(one))]
    apart = [pattern for other, pattern in KINDS.items() if other != kind] + [DERIVED]
    clear = [
        one
        for one in ours
        if all(pattern.search(one.title) for pattern in (START_LOANS, PAID, KINDS[kind]))
        and not any(pattern.search(one.title) for pattern in apart)
    ]
    if len(clear) == 1:
        return clear[0]
    listed = "; ".join(map(str, ours[:12])) or "none names start loans"
    raise InputError(
        f"which measure is the {kind} of start loans paid out is not clear; {len(ours)} of"
        f" {len(found.measures)} measures may be meant: {listed}; name one with --{kind} MEASURE,"
        " or an expression of your own (bsup fetch husbanken --list WORD shows more)."
    )


@dataclass(frozen=True)
class Brought:
    """Start loans as the bank gave them.

    Parameters
    ----------
    table
        `municipality_code`, `year`, `loans`, `amount_nok`: cells as text, in codes of any era;
        empty where the bank has nothing, `:` where it hides a number, `..` in years without any.
    notes
        What the reader must know, one sentence each.
    answer
        The answers as they came, a line each.
    document, url, method
        For the record: app, reload, measures and the answer's sha256; the address; and the
        question, as JSON.
    producer, licence, least_shown
        Whose it is; and the least count that the owner shows: of smaller ones no more is kept.
    """

    table: pd.DataFrame
    notes: tuple[str, ...]
    answer: bytes
    document: str
    url: str
    method: str
    producer: str = PRODUCER
    licence: str = LICENCE
    least_shown: int = LEAST_SHOWN


def fetch_husbanken(
    years: Iterable[int], engine: Engine, count: str | None = None, amount: str | None = None
) -> Brought:
    """Fetch the region's start loans, number and NOK, by municipality and year.

    Parameters
    ----------
    years
        Calendar years.
    engine
        Asks.
    count, amount
        Measures (`choose`), where they are not clear.

    Raises
    ------
    InputError
        Nothing usable came, or it is not clear what to ask for; the sentence says what to do.
    """
    found = contents(engine)
    fields = [_field(found, name) for name in FIELDS]
    measures = choose(found, "count", count), choose(found, "amount", amount)
    sort = {"qSortCriterias": [{"qSortByAscii": 1}]}  # a second asking keeps the order
    labelled = zip(COLUMNS, measures, strict=True)
    cube = {
        "qDimensions": [{"qDef": {"qFieldDefs": [field], **sort}} for field in fields],
        "qMeasures": [{"qDef": {"qDef": one.expression, "qLabel": n}} for n, one in labelled],
        "qInterColumnSortOrder": [0, 1, 2, 3],
    }
    definition = {"qInfo": {"qType": "table"}, "qHyperCubeDef": cube}
    state, columns = (found.title, found.reloaded), [*fields, *COLUMNS]
    try:
        rows, answer = _rows(engine, definition, columns)
        if (now := _state(engine)) != state:  # a row of each night would be no table
            state = now
            rows, answer = _rows(engine, definition, columns)
            if _state(engine) != state:
                raise FetchError("it was reloaded while it was being read, twice")
    except FetchError as failure:
        raise _unread(failure) from None
    table, notes = _region(rows, set(years))
    named = f"Number: {measures[0]}. NOK: {measures[1]}."
    document = (
        f"Husbanken's statistics bank, app {state[0]} ({engine.app}), reloaded {state[1]}. {named}"
        f" Answer (sha256): {hashlib.sha256(answer).hexdigest()}."
    )
    query = json.dumps(cube, ensure_ascii=False)
    method = f"bsup fetch husbanken. {' '.join([named, *notes])} Query: {query}."
    return Brought(table, (named, *notes), answer, document, engine.url, method)


def _field(found: Contents, wanted: str) -> str:
    """Find a field by its name, in whatever case."""
    fields = sorted({name for names in found.tables.values() for name in names})
    alike = [one for one in fields if normalize("NFC", one).casefold() == wanted.casefold()]
    if wanted in alike or len(alike) == 1:
        return wanted if wanted in alike else alike[0]
    near = ", ".join(get_close_matches(wanted, fields, 5, 0.4)) or "none"
    raise _unread(f"it has no field {wanted} (near: {near})")


Row = tuple[str, str, str, str]


def _rows(
    engine: Engine, definition: Mapping[str, Any], columns: list[str]
) -> tuple[list[Row], bytes]:
    """Read all rows of the question, page by page, each code and year once.

    The bank's own total, where it gives one, must be that of the rows, but for what it hides.
    """

    def size(result: Any) -> tuple[int, list[str]]:
        cube = result["qLayout"]["qHyperCube"]
        infos = [*cube["qDimensionInfo"], *cube["qMeasureInfo"]]
        if any(one.get("qError") for one in (cube, *infos)):
            raise Refused("it cannot compute the measures")
        titles = [one["qFallbackTitle"] for one in infos]
        if titles != columns or cube.get("qMode", "S") != "S":
            raise ValueError(f"it has the columns {', '.join(map(str, titles))}")
        return int(cube["qSize"]["qcy"]), [*map(_total, cube.get("qGrandTotalRow", ()))]

    text, (total, sums) = engine.ask("GetLayout", [], size, of=definition)
    if not 0 <= total <= MOST_ROWS:
        told = total if 0 <= total < 10**9 else "no such number of"
        raise FetchError(f"the answer has {told} rows; {MOST_ROWS} are more than can be")
    rows: list[Row] = []
    texts, height = [text], PAGE_ROWS
    while len(rows) < total:
        top, many = len(rows), min(height, total - len(rows))
        area = {"qTop": top, "qLeft": 0, "qWidth": 4, "qHeight": many}

        def page(result: Any, area: Mapping[str, int] = area) -> list[Row]:
            (one,) = result["qDataPages"]
            matrix, given = one["qMatrix"], one.get("qArea", area)
            at, high = given["qTop"], given.get("qHeight", area["qHeight"])
            if at != area["qTop"] or len(matrix) != high or not 0 < high <= area["qHeight"]:
                asked = f"{area['qHeight']} from {area['qTop']} were asked"
                raise ValueError(f"{len(matrix)} rows from row {at}, where {asked}")
            return [_row(cells) for cells in matrix]

        try:
            params = ["/qHyperCubeDef", [area]]
            text, more = engine.ask("GetHyperCubeData", params, page, of=definition)
        except TooLarge:
            if many == 1:
                raise
            height = many // 2
            continue
        rows += more
        texts.append(text)
    if len({row[:2] for row in rows}) < len(rows):
        raise FetchError("a municipality and year stands in its answer twice")
    for place, (column, theirs) in enumerate(zip(COLUMNS, sums, strict=False), start=2):
        _require_total(column, theirs, [row[place] for row in rows])
    return rows, "\n".join(texts).encode()


def _require_total(column: str, theirs: str, ours: list[str]) -> None:
    """Hold the bank's own total against its rows: they may lack what is hidden, and no more."""
    known = [int(one) for one in ours if one.isdigit()]
    if not theirs.isdigit():
        return
    unknown = len(ours) - len(known)
    # hidden are counts below the least that is shown; amounts are rounded, each row by itself
    low, high = 0.0, unknown * (LEAST_SHOWN - 1.0)
    if column != "loans":
        low, high = -len(ours), math.inf if unknown else len(ours)
    if not low <= int(theirs) - sum(known) <= high:
        raise FetchError(
            f"its own total of {column} is {theirs} and its rows add up to {sum(known)}; name a"
            " measure whose rows add up, or an expression"
        )


def _total(cell: Mapping[str, Any]) -> str:
    try:
        return _number(cell)
    except ValueError:  # a total is held against the rows where there is one
        return ""


def _row(cells: list[Mapping[str, Any]]) -> Row:
    names = []
    for cell, form in zip(cells, (CODE, YEAR), strict=False):
        text = str(cell["qText"]).strip()
        if not (name := form.fullmatch(text)):
            raise ValueError(f"a municipality or year is called {printable(text)!r}")
        names.append(name[1].zfill(4) if name[1] != "-" else "-")
    code, year = names
    loans, amount = cells[2:]
    number = loans.get("qNum")
    if isinstance(number, float) and math.isfinite(number) and abs(number % 1 - 0.5) < 0.499:
        raise ValueError(f"a number of loans is {printable(str(loans['qText']))!r}")
    return code, year, _number(loans), _number(amount)


def _number(cell: Mapping[str, Any]) -> str:
    """Read a cell to the whole: its number, unless its text says that there is none, or hides it.

    A text that says something else than the number does is refused, and so is less than zero.
    """
    number, text = cell.get("qNum"), str(cell["qText"]).strip()
    if text.casefold() in ("", "-", "nan", "null"):
        return ""
    if HIDDEN.fullmatch(text):
        return ":"
    told = int(re.sub(r"\D", "", text)) if DIGITS.fullmatch(text) else None
    if isinstance(number, int | float) and not isinstance(number, bool) and math.isfinite(number):
        agrees = NUMBER.fullmatch(text) if told is None else abs(told - number) <= 1
        if agrees and 0 <= number < MOST:
            return str(round(number))
    elif told is not None and told < MOST:
        return str(told)
    raise ValueError(f"a cell holds {printable(text)!r}")


def _region(rows: list[Row], wanted: set[int]) -> tuple[pd.DataFrame, list[str]]:
    """Keep the region's rows of the years wanted; tell by name what is set aside."""
    table = pd.DataFrame(rows, columns=["municipality_code", "year", *COLUMNS], dtype=object)
    numbers = table[list(COLUMNS)].apply(pd.to_numeric, errors="coerce")
    why = pd.Series([_aside(code, year, wanted) for code, year, *_ in rows], dtype=object)
    groups = numbers["loans"].groupby(why[why != ""]).agg(["size", "sum"])
    told = [f"{int(n)} {name} ({loans:.0f} loans)" for name, n, loans in groups.itertuples()]
    notes = [f"Rows set aside: {', '.join(told)}."] if told else []
    table, numbers = table[why == ""].copy(), numbers[why == ""]
    if not (numbers["loans"] > 0).any():
        raise _unread("the measure has no loan of the region in these years; name another")
    for year, both in numbers[(numbers > 0).all(axis=1)].groupby(table["year"]):
        if not 1e4 <= (mean := both["amount_nok"].sum() / both["loans"].sum()) <= 1e7:
            raise _unread(
                f"{mean:.3g} NOK a loan in {year}; name other measures, or an expression in NOK,"
                " as --amount '1000*Sum(FIELD)'"
            )
    places = pd.MultiIndex.from_frame(table[["municipality_code", "year"]])
    for column in COLUMNS:
        _refuse_repeated(column, numbers[column].set_axis(places).unstack("year"))
    missing = sorted(wanted - set(table["year"].astype(int)))
    if missing:
        notes.append(f"Unknown, not zero: there is no row of {', '.join(map(str, missing))}.")
    for column in COLUMNS:
        most = numbers[column].groupby(table["year"]).max()
        years = sorted(most.index[~(most > 0)])
        table.loc[table["year"].isin(years), column] = ".."
        if years:
            none = f"{column} is zero or empty for every municipality in {', '.join(years)}"
            notes.append(f"Unknown, not zero: {none}.")
    return table.sort_values(["municipality_code", "year"], ignore_index=True), notes


def _refuse_repeated(column: str, numbers: pd.DataFrame) -> None:
    """Refuse a measure that is alike everywhere or in every year: it is of something larger."""
    known = numbers[(numbers > 0).any(axis=1)]
    years = known.loc[:, (known > 0).sum() > 9]
    for year, one in years.items():
        if one.min() == one.max():
            raise _unread(f"{column} is the same in every municipality in {year}; name another")
    if len(years.columns) > 1 and years.T.duplicated().any():
        raise _unread(f"{column} is the same in every municipality in two years; name another")


def _aside(code: str, year: str, wanted: set[int]) -> str:
    """Name the reason why a row is not used; empty where it is."""
    if code == "-" or year == "-":
        return "without a municipality (-)" if code == "-" else "without a year (-)"
    if code.startswith("21"):
        return "of Svalbard"
    if "0311" <= code <= "0326":
        return "of Oslo's districts"
    if not code.startswith(PREFIXES):
        return "of other counties"
    return "" if int(year) in wanted else "of other years"
