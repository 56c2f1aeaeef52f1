"""Attributes that are computed once and remember what they were computed from.

`bsup trace` rests on it: while an attribute is computed, every other attribute that it reads is
noted behind it.  Nothing is found by name: types, editors and go-to-definition follow the calls.
"""

import difflib
from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, overload

import pandas as pd

T = TypeVar("T")
NEAR = 3


class Recording:
    """An object whose `result` attributes are computed once and remember what is behind them."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}
        self._behind: dict[str, frozenset[str]] = {}
        # what the attributes that are being computed have read so far, the innermost last
        self._reading: list[set[str]] = []
        # data frames as they were when the reader got them: a reader may change them in place
        self._as_given: dict[str, pd.DataFrame] = {}

    @classmethod
    def attributes(cls) -> list[str]:
        """Give the names of everything that can be computed or read, sorted."""
        return [name for name in sorted(dir(cls)) if isinstance(getattr(cls, name), result)]

    def __getattr__(self, name: str) -> Any:
        """Refuse an attribute that is not there, naming those that are."""
        known = self.attributes()
        near = difflib.get_close_matches(name, known, NEAR)
        hint = f"; near names: {', '.join(near)}" if near else ""
        raise AttributeError(
            f"{type(self).__name__} has no {name!r}{hint}. It has: {', '.join(known)}."
        )

    def behind(self, value: object) -> frozenset[str] | None:
        """Give the names of all that a value of this object rests on, its own among them.

        None for a value that is not one of its attributes, or that rests on a data frame which
        has been changed since it was given.
        """
        names = [name for name, own in self._values.items() if own is value]
        if not names:
            return None
        behind = frozenset().union(*(self._behind[name] for name in names))
        changed = (
            not self._values[n].equals(was) for n, was in self._as_given.items() if n in behind
        )
        return None if any(changed) else behind

    def _get(self, name: str, compute: Callable[[], T]) -> T:
        if name not in self._values:
            self._reading.append({name})
            try:
                value = compute()
            finally:
                read = self._reading.pop()
            self._values[name], self._behind[name] = value, frozenset(read)
        found = self._values[name]
        if self._reading:
            self._reading[-1] |= self._behind[name]
        elif isinstance(found, pd.DataFrame) and name not in self._as_given:
            self._as_given[name] = found.copy(deep=False)  # copied when either is written to
        return found


class result(Generic[T]):  # noqa: N801 - a decorator, like property
    """An attribute of a `Recording`: computed when it is first asked for, from other attributes.

    Parameters
    ----------
    compute
        A method without arguments; its return type is the attribute's.
    """

    def __init__(self, compute: Callable[[Any], T]) -> None:
        self.compute = compute
        self.__doc__ = compute.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        """Take the attribute's name."""
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...

    @overload
    def __get__(self, instance: Recording, owner: type) -> T: ...

    def __get__(self, instance: Recording | None, owner: type) -> Self | T:
        """Compute the value, or give it as it was computed."""
        if instance is None:
            return self
        try:
            return instance._get(self.name, lambda: self.compute(instance))
        except AttributeError as error:  # __getattr__ would take it for an unknown attribute
            raise RuntimeError(f"{self.name} could not be computed: {error}") from error
