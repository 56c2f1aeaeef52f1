"""Why something cannot be estimated from a table that is otherwise sound."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from bsup_analysis.errors import InputError

T = TypeVar("T")


class NotEstimableError(InputError):
    """An estimate that the data at hand do not allow; shown with its reason, never left out.

    Parameters
    ----------
    key
        Name of the reason, for a sentence in the reader's language.
    sentence
        The reason in English.
    values
        What the sentence names: years, municipality codes, counts.
    """

    def __init__(self, key: str, sentence: str, **values: Any) -> None:
        super().__init__(sentence)
        self.key = key
        self.about: Mapping[str, Any] = values


def attempt(make: Callable[[], T]) -> T | NotEstimableError:
    """Give what is made, or the reason why it cannot be estimated."""
    try:
        return make()
    except NotEstimableError as reason:
        return reason


def known(value: T | NotEstimableError) -> T:
    """Give the value, or go on refusing for the same reason."""
    if isinstance(value, NotEstimableError):
        raise value
    return value
