"""Templates filled with published numbers, in the formats of the template's language."""

import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from babel.lists import format_list
from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError

from bsup_analysis.errors import InputError
from bsup_analysis.language import Words
from bsup_analysis.report.markdown import escape

TEMPLATES = Path(__file__).parent
VERDICTS = {-1: "worse", 0: "not_shown", 1: "improved"}


class Value(float):
    """A published number that keeps its id through arithmetic.

    Of two numbers the result has the id of the left one: `region - priority` is marked as the
    region's.
    """

    id: str

    def __new__(cls, value: float, name: str) -> "Value":
        """Make a number of this value and id."""
        made = super().__new__(cls, value)
        made.id = name
        return made

    def __add__(self, other: float) -> "Value":
        return Value(float(self) + float(other), self.id)

    __radd__ = __add__

    def __sub__(self, other: float) -> "Value":
        return Value(float(self) - float(other), self.id)

    def __rsub__(self, other: float) -> "Value":
        return Value(float(other) - float(self), self.id)

    def __truediv__(self, other: float) -> "Value":
        return Value(float(self) / float(other), self.id)

    def __rtruediv__(self, other: float) -> "Value":
        return Value(float(other) / float(self), self.id)

    def __abs__(self) -> "Value":
        return Value(abs(float(self)), self.id)


class Values(dict[str, Value]):
    """Published numbers by id; asking for one that is not published is refused.

    Raises
    ------
    InputError
        No number of that id is published.
    """

    def __init__(self, numbers: Iterable[tuple[str, float]]) -> None:
        super().__init__((name, Value(value, name)) for name, value in numbers)

    def __missing__(self, name: str) -> Value:
        raise InputError(
            f"the number {name} is not in reports/numbers.json; correct the name, or run "
            "`bsup report` for all notebooks."
        )

    def starting(self, start: str, but: str = "\0") -> list[Value]:
        """Return the numbers whose id starts so and does not end with `but`, by id."""
        found = sorted(name for name in self if name.startswith(start) and not name.endswith(but))
        return [self[name] for name in found]


def render(
    template: Path,
    words: Words,
    numbers: Values,
    mark: Callable[[str, Value], str] = lambda text, _: text,
    **content: Any,
) -> str:
    """Fill a template.

    Parameters
    ----------
    template
        The file, `report.en.md.j2` of `TEMPLATES` for one.
    words
        The language: how numbers are written.
    numbers
        What the template may show, as `numbers.id` with a format: `{{ numbers.power | percent }}`.
    mark
        Puts a written number into a link, or leaves it as it is.
    content
        What else the template may name.

    Raises
    ------
    InputError
        The template is not well formed, or names a number or an exhibit that is not published, or
        a number stands without a format. The sentence gives file and line.
    """
    environment = Environment(
        loader=FileSystemLoader(template.parent),
        autoescape=False,  # noqa: S701 - Markdown, whose reader lets no HTML through
        undefined=StrictUndefined,
        finalize=_formatted,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "count": _written(words.count, mark),
        "ratio": _written(words.decimal, mark),
        "percent": _written(words.percent, mark),
        "change": _written(words.change, mark),
        "signed": _written(words.signed, mark),
        "million": _written(words.million, mark),
        "date": words.date,
        "quoted": words.quoted,
        "listed": lambda items, style="standard": format_list(list(items), style, words.locale),
        "direction": lambda change: direction(change, words),
        "verdict": lambda value: "none" if value is None else VERDICTS[round(value)],
        "text": escape,
        "cells": lambda row: f"| {' | '.join(map(escape, row))} |",
    }
    try:
        return environment.get_template(template.name).render(numbers=numbers, **content)
    except (InputError, TemplateError, TypeError) as error:
        raise InputError(f"{template.name}, line {_line(error, template)}: {error}") from None


def direction(change: float, words: Words) -> str:
    """Say whether a relative change is shown as `up`, `down` or `still` where it rounds to none."""
    if not set(words.percent(abs(change))) & set("123456789"):
        return "still"
    return "up" if change > 0 else "down"


def _written(written: Callable[..., str], mark: Callable[[str, Value], str]) -> Callable[..., str]:
    def shown(value: float, *decimals: int) -> str:
        text = written(value, *decimals)
        return mark(text, value) if isinstance(value, Value) else text

    return shown


def _formatted(value: object) -> object:
    if isinstance(value, float):
        raise InputError("a number needs a format, as in {{ numbers.power | percent }}.")
    return value


def _line(error: Exception, template: Path) -> int:
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno or 0 for frame in frames if frame.filename == str(template)]
    return getattr(error, "lineno", None) or [0, *lines][-1]
