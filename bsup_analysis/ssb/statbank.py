"""SSB's StatBank: version 2 of its API, version 1 where that does not answer, and what is kept.

An answer is asked for once: what lies in the folder with an unbroken record is taken from there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from bsup_analysis.ssb.conversation import Conversation
from bsup_analysis.ssb.exchange import Question
from bsup_analysis.ssb.faults import Fault, NotUnderstood, Refused, Unanswered
from bsup_analysis.ssb.jsonstat import Cube, read_cube
from bsup_analysis.ssb.metadata import Table, read_v1, read_v2
from bsup_analysis.ssb.selection import Selection, body_v1, body_v2, key
from bsup_analysis.ssb.store import Answer, Store

T = TypeVar("T")


@dataclass(frozen=True)
class Addresses:
    """Where the two versions of the API are; other addresses are for tests."""

    v2: str = "https://data.ssb.no/api/pxwebapi/v2"
    v1: str = "https://data.ssb.no/api/v0"

    def question(self, version: int, table_id: str, selection: Selection | None) -> Question:
        """Write a question in a version's dialect: a selection, or metadata where it is None."""
        if version == 1:
            body = None if selection is None else body_v1(selection)
            return Question(f"{self.v1}/no/table/{table_id}", {}, body)
        what, parameters = "metadata", {"lang": "no"}
        if selection is not None:
            what, parameters = "data", {"lang": "no", "outputFormat": "json-stat2"}
        body = None if selection is None else body_v2(selection)
        return Question(f"{self.v2}/tables/{table_id}/{what}", parameters, body)


class Statbank:
    """One fetch from the StatBank.

    Parameters
    ----------
    conversation
        Asks, within the limits.
    addresses
        Of both versions.
    folder
        Where answers are kept, a folder a table.
    report
        Told what is out of the ordinary: a version that does not answer, a damaged answer.
    """

    def __init__(
        self,
        conversation: Conversation,
        addresses: Addresses,
        folder: Path,
        report: Callable[[str], None],
    ) -> None:
        self._conversation = conversation
        self._addresses = addresses
        self._folder = folder
        self._report = report
        self._version = 2

    def metadata(self, table_id: str, fresh: bool) -> tuple[Table, Answer, bool]:
        """Return a table's metadata, their record, and whether they were kept; `fresh` asks."""

        def understand(version: int, content: bytes) -> Table:
            return (read_v2 if version == 2 else read_v1)(table_id, content)

        def vintage(table: Table) -> tuple[str, str | None]:
            return table.label, table.updated

        return self._have(table_id, "metadata", None, understand, vintage, fresh)

    def cells(self, table_id: str, selection: Selection, fresh: bool) -> tuple[Cube, Answer, bool]:
        """Return the cells of a selection, their record, and whether they were kept."""

        def understand(version: int, content: bytes) -> Cube:
            cube = read_cube(content)
            _require_answer_to(selection, table_id, cube)
            return cube

        def vintage(cube: Cube) -> tuple[str, str | None]:
            return cube.label, cube.updated

        name = f"data_{key(selection)}"
        return self._have(table_id, name, selection, understand, vintage, fresh)

    def _have(
        self,
        table_id: str,
        name: str,
        selection: Selection | None,
        understand: Callable[[int, bytes], T],
        vintage: Callable[[T], tuple[str, str | None]],
        fresh: bool,
    ) -> tuple[T, Answer, bool]:
        store = Store(self._folder / table_id)
        kept = None if fresh else store.read(name)
        if isinstance(kept, tuple):
            content, answer = kept
            try:
                return understand(answer.version, content), answer, True
            except NotUnderstood as fault:
                kept = f"{answer.file}: {fault}"
        if kept is not None:
            self._report(f"a kept answer of table {table_id} is damaged ({kept}); it is asked anew")
        version, question, content, read = self._ask(table_id, selection, understand)
        title, updated = vintage(read)
        record = store.write(
            name,
            content,
            table_id=table_id,
            title=title,
            url=question.url,
            body=question.body,
            version=version,
            updated=updated,
        )
        return read, record, False

    def _ask(
        self,
        table_id: str,
        selection: Selection | None,
        understand: Callable[[int, bytes], T],
    ) -> tuple[int, Question, bytes, T]:
        """Ask version 2, and version 1 where version 2 fails for a reason of its own."""
        first: Fault | None = None
        for version in range(self._version, 0, -1):
            question = self._addresses.question(version, table_id, selection)
            try:
                content, read = self._conversation.ask(question, partial(understand, version))
            except (Unanswered, Refused) as fault:
                if isinstance(fault, Refused) and not fault.elsewhere:
                    raise
                if version == 1:
                    both = f"version 2: {first}; version 1: {fault}" if first else str(fault)
                    raise Unanswered(both) from None
                first = fault
                continue
            if version < self._version:
                self._report(f"version 2 of the API did not answer ({first}); version 1 did")
                self._version = version
            return version, question, content, read
        raise AssertionError("unreachable: version 1 returns or raises")


def _require_answer_to(selection: Selection, table_id: str, cube: Cube) -> None:
    """Refuse an answer to another question, which a redirect or a cache can bring about."""
    if cube.table_id not in ("", table_id):
        raise NotUnderstood(f"the answer is about table {cube.table_id}")
    for one in cube.dimensions:
        asked = selection.get(one.code)
        if asked is None and len(one.codes) > 1:
            raise NotUnderstood(f"the answer has all values of {one.code}, where a total was asked")
        if asked is not None and set(one.codes) != set(asked):
            raise NotUnderstood(f"the answer has other values of {one.code} than were asked")
    absent = set(selection) - {d.code for d in cube.dimensions}
    if absent:
        raise NotUnderstood(f"the answer lacks {', '.join(sorted(absent))}")
