"""Every word that is shown, in each language, looked up by key.

The words lie beside the exhibits that use them, in `chapters/<chapter>/words/`, and those of
several rooms here; in each the folders `nb/` and `en/` with one TOML file a family of exhibits: the
key `shares.population.title` is `title` in table `[population]` of `shares.toml`.  Callers give raw
values; how each is written stands in its place, such as `{ratio:.3}` (`Words.written`).  No
template holds a result.

A table that is shown has its columns in the order of `[<stem>.columns]`, each with its head and
its cell: `growth = ["Growth", "{growth:change}"]`.
"""

import string
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from bsup_analysis.errors import InputError
from bsup_analysis.language.numbers import UNKNOWN, Numbers

HERE = Path(__file__).parent
CHAPTERS = HERE.parent / "chapters"
LANGUAGES = tuple(sorted(path.parent.name for path in HERE.glob("*/language.toml")))
NAMED = 5


@cache
def templates(language: str) -> Mapping[str, str]:
    """Read all templates of a language, by dotted key."""
    found: dict[str, str] = {}

    def collect(prefix: str, content: Mapping[str, object]) -> None:
        for key, value in content.items():
            if isinstance(value, dict):
                collect(f"{prefix}.{key}", value)
            elif isinstance(value, list):
                collect(f"{prefix}.{key}", dict(zip(("head", "cell"), value, strict=True)))
            else:
                found[f"{prefix}.{key}"] = str(value).strip()

    for family, path in _families(language).items():
        collect(family, tomllib.loads(path.read_text(encoding="utf-8")))
    return found


def _families(language: str) -> Mapping[str, Path]:
    """Find the files of a language's words: those of several rooms, then each chapter's."""
    folders = HERE / language, *sorted(CHAPTERS.glob(f"*/words/{language}"))
    return {path.stem: path for folder in folders for path in sorted(folder.glob("*.toml"))}


def _file(family: str, language: str) -> str:
    """Name the file of a family; where the language has none, beside the English one."""
    like = _families(language).get(family) or _families("en").get(family) or HERE / "en" / family
    path = like.parent.parent / language / f"{family}.toml"
    return path.relative_to(HERE.parents[1]).as_posix()


@cache
def gaps(language: str) -> tuple[str, ...]:
    """Say what a language lacks beside English or has too much, a sentence a file.

    A text has to have the places of the English one, since the caller fills those.
    """
    if language not in LANGUAGES:
        return (
            f"bsup_analysis/language/{language}/language.toml is missing; copy the folders en there"
            " and in bsup_analysis/chapters/*/words",
        )
    whole, own = templates("en"), templates(language)
    found: dict[str, list[str]] = {}
    for key in sorted({*whole, *own}):
        family, _, name = key.partition(".")
        if key not in own:
            problem = "lacks"
        elif key not in whole:
            problem = "has what English has not:"
        elif _places(own[key]) != _places(whole[key]):
            problem = "has other places in braces than English in"
        else:
            continue
        found.setdefault(f"{_file(family, language)} {problem}", []).append(name)
    files = [f"{start} {_several(names)}" for start, names in found.items()]
    return (*files[:NAMED], *([f"{len(files) - NAMED} more files"] if files[NAMED:] else []))


def _several(names: list[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def _unknown(value: object) -> bool:
    if isinstance(value, tuple):
        return any(_unknown(one) for one in value)
    return value is None or (pd.api.types.is_scalar(value) and bool(pd.isna(value)))


def notebook_texts(notebook: str, language: str) -> Path | None:
    """Return the file with the text of a notebook's cells; None for English, which it is in.

    It lies among the words of the notebook's chapter; where it is missing, the pattern of its path
    is returned, which is no file.
    """
    if language == "en":
        return None
    place = f"*/words/{language}/notebooks/{notebook}.toml"
    return next(CHAPTERS.glob(place), CHAPTERS / place)


class Words(Numbers):
    """The words and number formats of one language.

    Parameters
    ----------
    language
        Such as `nb` (Norwegian bokmål) or `en` (English): a folder of words beside this file.

    Raises
    ------
    InputError
        There is no such language.
    """

    def __init__(self, language: str) -> None:
        if language not in LANGUAGES:
            raise InputError(f"language {language!r} is not known; it is {' or '.join(LANGUAGES)}.")
        super().__init__(language)

    def __call__(self, key: str, /, **values: object) -> str:
        """Give the text of a key with values in its named places.

        Raises
        ------
        InputError
            No such key in the language, or a place is left without a value.
        """
        family, _, name = key.partition(".")
        if key not in self:
            raise InputError(f"{_file(family, self.language)} has no {name}; write it.")
        try:
            return _Filler(self).vformat(templates(self.language)[key], (), values)
        except KeyError as place:
            where = _file(family, self.language)
            raise InputError(f"{where}: {name} shows {place}, which it is not given.") from None

    def __contains__(self, key: str) -> bool:
        """Tell whether the language has a text of this key."""
        return key in templates(self.language)

    def written(self, value: Any, form: str) -> str:
        """Write a value as the `form` behind the colon of its place says.

        Parameters
        ----------
        value
            Raw: a number, a date, a list, the last part of a key, a text; an interval as
            `(ratio, low, high)` or what has these as attributes, a range as `(low, high)` too.
        form
            Empty: as it is (text, a year). `.3`: with so many decimals. `count`, `signed`,
            `percent`, `change`, `million`, `thousand`, `ratio`, `p`, `date`, `listed`, `years`,
            `quoted`: as the method of `Numbers` writes it, with decimals behind a full stop
            (`percent.0`); `moved`: a change as a verb with its size, such as rose by 36.7%;
            `capital`: a text with a capital at its beginning.
            `interval`: as 0.88 (0.67 to 1.16), or as 0.88 where nothing is left open and as a dash
            where there is none; `range`: as 0.67–1.16; `between.2`,
            `between.percent`: the least and the largest of several values, or the one they
            share, each in the form behind the full stop. Anything else is a table of words, such
            as `groups`: the word of that name.

        Raises
        ------
        TypeError
            A fraction without a form, which would be written with all its digits.
        """
        if not form:
            if isinstance(value, float):
                raise TypeError(f"{value} is to be shown without a form such as .2 or percent")
            return str(value)
        name, _, decimals = form.partition(".")
        if name == "between":
            each = f".{decimals}" if decimals.isdigit() else decimals
            low, high = self.written(min(value), each), self.written(max(value), each)
            return low if low == high else self("ratios.between", low=low, high=high)
        writers = {
            "": self.decimal,
            "change": self.change,
            "count": self.count,
            "date": self.date,
            "listed": self.listed,
            "million": self.million,
            "p": self.p,
            "percent": self.percent,
            "quoted": self.quoted,
            "ratio": self.ratio,
            "signed": self.signed,
            "thousand": self.thousand,
            "years": self.years,
        }
        if name == "moved":
            return self(f"ratios.moved.{self.direction(value)}", by=abs(value))
        if name in writers and (not decimals or decimals.isdigit()):
            return writers[name](value, *([int(decimals)] if decimals else []))  # type: ignore[operator]
        if form == "capital":
            return str(value)[:1].upper() + str(value)[1:]
        if form in ("interval", "range"):
            if value is None:
                return UNKNOWN
            if hasattr(value, "low"):
                value = (value.ratio, value.low, value.high)
            if form == "interval" and value[1] == value[2]:
                return self.decimal(value[0])
            return self(f"ratios.{form}", ratio=value[0], low=value[-2], high=value[-1])
        return self(f"{form}.{value}")

    def own(self, rows: pd.DataFrame | pd.Series, name: str) -> Any:
        """Give a column of rows, or a cell of one, in the language where it is there in it.

        `name` is in English; that in another language is called `name_nb`.
        """
        own = f"{name}_{self.language}"
        return rows[own if own in rows else name]

    def table(
        self, stem: str, rows: pd.DataFrame | Iterable[Mapping[str, Any]], /, **values: object
    ) -> pd.DataFrame:
        """Write rows under the columns that stand in `[<stem>.columns]`.

        A cell with an unknown value in it is a dash.

        Parameters
        ----------
        stem
            Where the words of the table are.
        rows
            Raw values by name.
        values
            Others, the same in every row; heads may show them too.
        """
        start = f"{stem}.columns."
        columns = [
            key.removeprefix(start).removesuffix(".head")
            for key in templates(self.language)
            if key.startswith(start) and key.endswith(".head")
        ]
        found = rows.to_dict("records") if isinstance(rows, pd.DataFrame) else list(rows)
        return pd.DataFrame(
            {
                self(f"{start}{column}.head", **values): [
                    self._cell(f"{start}{column}.cell", {**values, **row}) for row in found
                ]
                for column in columns
            }
        )

    def _cell(self, key: str, values: Mapping[str, Any]) -> str:
        shown = _places(templates(self.language)[key]) & set(values)
        return UNKNOWN if any(_unknown(values[name]) for name in shown) else self(key, **values)


class _Filler(string.Formatter):
    """Fills places with values as `Words.written` writes them."""

    def __init__(self, words: Words) -> None:
        self._words = words

    def format_field(self, value: Any, form: str) -> str:
        return self._words.written(value, form)
