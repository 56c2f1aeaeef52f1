"""Answers kept as they came, each with a record beside it: what was asked, when, and its hash."""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bsup_analysis.files import sha256, write_aside

PRODUCER = "Statistics Norway (SSB)"
LICENCE = "CC BY 4.0, https://www.ssb.no/en/diverse/lisens"


@dataclass(frozen=True)
class Answer:
    """The record of one answer.

    Parameters
    ----------
    table_id, title
        SSB's number and title of the table.
    file
        The answer's file, beside the record.
    url, body
        What was asked: the address, and the POST body; None for metadata.
    version
        Version of the API that answered, 1 or 2.
    asked_at
        When, UTC, ISO 8601.
    updated
        The table's vintage: when SSB last changed it, as the answer says; None if it does not.
    sha256
        Of the file's bytes.
    """

    table_id: str
    title: str
    file: str
    url: str
    body: Mapping[str, Any] | None
    version: int
    asked_at: str
    updated: str | None
    sha256: str
    producer: str = PRODUCER
    licence: str = LICENCE


class Store:
    """The folder of one table's answers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, name: str) -> tuple[bytes, Answer] | str | None:
        """Return a kept answer, None where there is none, or what is wrong with it."""
        path, record = self._paths(name)
        if not path.is_file() and not record.is_file():
            return None
        if not path.is_file() or not record.is_file():
            return f"{path.name} and its record are not both there"
        try:
            answer = Answer(**json.loads(record.read_text(encoding="utf-8")))
        except (ValueError, TypeError):
            return f"{record.name} cannot be read"
        if answer.sha256 != sha256(path):
            return f"{path.name} is not the file its record describes"
        return path.read_bytes(), answer

    def write(
        self,
        name: str,
        content: bytes,
        *,
        table_id: str,
        title: str,
        url: str,
        body: Mapping[str, Any] | None,
        version: int,
        updated: str | None,
    ) -> Answer:
        """Keep an answer: the bytes first, then the record, so that a record never lies."""
        path, record = self._paths(name)
        write_aside(path, content)
        answer = Answer(
            table_id=table_id,
            title=title,
            file=path.name,
            url=url,
            body=body,
            version=version,
            asked_at=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            updated=updated,
            sha256=sha256(path),
        )
        write_aside(record, json.dumps(asdict(answer), indent=1, ensure_ascii=False) + "\n")
        return answer

    def _paths(self, name: str) -> tuple[Path, Path]:
        return self.folder / f"{name}.json", self.folder / f"{name}.record.json"
