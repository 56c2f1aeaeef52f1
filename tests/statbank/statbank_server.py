"""A StatBank on 127.0.0.1 that speaks version 2 of SSB's API, and fails on demand.

Shapes of requests, answers and errors follow the recorded ones in `recorded/` and the PxWebApi 2
user guide.  What it holds are figures put into it by a test.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

NOT_FOUND = (
    '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN">\r\n<html><head>'
    "<title>404 - File or directory not found.</title></head><body></body></html>"
)


@dataclasses.dataclass
class Variable:
    code: str
    label: str
    values: dict[str, str]  # code -> label, in order
    eliminable: bool = False
    role: str = ""  # time | metric | geo
    units: dict[str, int] = dataclasses.field(default_factory=dict)  # contents code -> decimals


@dataclasses.dataclass
class FakeTable:
    """A table; `cell` gives (value, sign) for a mapping of variable to code, totals left out."""

    table_id: str
    title: str
    updated: str
    variables: list[Variable]
    cell: Callable[[Mapping[str, str]], tuple[float | int | None, str | None]]


@dataclasses.dataclass
class Fault:
    """Something that goes wrong `times` times, for one kind of question or for all."""

    kind: str
    times: int = 1
    about: str | None = None  # "metadata" | "data"
    after: int = 0  # questions of this kind let through first
    detail: Any = None


@dataclasses.dataclass
class Asked:
    about: str
    table_id: str
    body: Any
    at: float


class Statbank:
    """What the server holds, does wrong and was asked."""

    def __init__(self, tables: list[FakeTable]) -> None:
        self.tables = {t.table_id: t for t in tables}
        self.faults: list[Fault] = []
        self.asked: list[Asked] = []
        self.max_cells = 800_000
        self.pause_before_answer = 0.0
        self.rate: tuple[int, float] | None = None  # queries, seconds
        self.lock = threading.Lock()
        self.port = 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/pxwebapi/v2"

    def data_questions(self, table_id: str | None = None) -> list[Asked]:
        return [a for a in self.asked if a.about == "data" and table_id in (None, a.table_id)]

    def next_fault(self, about: str) -> Fault | None:
        for fault in self.faults:
            if fault.about in (None, about) and fault.times:
                if fault.after:
                    fault.after -= 1
                    continue
                fault.times -= 1
                return fault
        return None

    def metadata(self, table: FakeTable) -> dict[str, Any]:
        return {**self._cube(table, {v.code: list(v.values) for v in table.variables}), "value": []}

    def data(self, table: FakeTable, chosen: Mapping[str, list[str]]) -> dict[str, Any] | str:
        """The answer to a selection, or the title of the error."""
        names = {v.code: v for v in table.variables}
        for code, values in chosen.items():
            if code not in names:
                return "Non-existent variable"
            if not set(values) <= set(names[code].values):
                return "Non-existent value"
        if any(v.code not in chosen and not v.eliminable for v in table.variables):
            return "Missing selection for mandantory variable"
        if math.prod(map(len, chosen.values())) > self.max_cells:
            return "Too many cells selected"
        # PxWeb answers in the table's order, whatever the order of the question
        ordered = {c: [v for v in names[c].values if v in chosen[c]] for c in names if c in chosen}
        cube = self._cube(table, ordered)
        cells = [
            table.cell(dict(zip(ordered, codes, strict=True)))
            for codes in itertools.product(*ordered.values())
        ]
        cube["value"] = [value for value, _ in cells]
        signs = {str(i): sign for i, (_, sign) in enumerate(cells) if sign is not None}
        if signs:
            cube["status"] = signs
        return cube

    def _cube(self, table: FakeTable, chosen: Mapping[str, list[str]]) -> dict[str, Any]:
        names = {v.code: v for v in table.variables}
        dimension = {}
        for code, values in chosen.items():
            v = names[code]
            category: dict[str, Any] = {
                "index": {value: i for i, value in enumerate(values)},
                "label": {value: v.values[value] for value in values},
            }
            if v.units:
                category["unit"] = {
                    c: {"base": "antall", "decimals": v.units[c]} for c in values if c in v.units
                }
            dimension[code] = {
                "label": v.label,
                "category": category,
                "extension": {"elimination": v.eliminable, "show": "value"},
            }
        roles = {
            role: [v.code for v in table.variables if v.role == role and v.code in chosen]
            for role in ("time", "metric", "geo")
        }
        return {
            "version": "2.0",
            "class": "dataset",
            "label": table.title,
            "source": "Statistisk sentralbyrå",
            "updated": table.updated,
            "role": {role: codes for role, codes in roles.items() if codes},
            "id": list(chosen),
            "size": [len(v) for v in chosen.values()],
            "dimension": dimension,
            "extension": {"px": {"tableid": table.table_id, "decimals": 0}},
        }


class Handler(BaseHTTPRequestHandler):
    bank: Statbank
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._answer(None)

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        self._answer(json.loads(self.rfile.read(length)))

    def _answer(self, body: Any) -> None:
        bank, place = self.bank, urlsplit(self.path)
        parts = place.path.strip("/").split("/")
        known = parts[:4] == ["api", "pxwebapi", "v2", "tables"] and len(parts) == 6
        if not known or len(self.path) > 2100:
            return self._send(404, NOT_FOUND, "text/html")
        table_id, about = parts[4:]
        with bank.lock:
            now = time.monotonic()
            bank.asked.append(Asked(about, table_id, body, now))
            fault = bank.next_fault(about)
            if bank.rate and fault is None:
                queries, seconds = bank.rate
                if sum(now - a.at < seconds for a in bank.asked) > queries:
                    fault = Fault("429")
        time.sleep(bank.pause_before_answer)
        if fault is not None and not self._go_wrong(fault):
            return None
        table = bank.tables.get(table_id)
        if table is None:
            return self._refuse("Non-existent table", 404)
        if about == "metadata":
            return self._send(200, bank.metadata(table))
        if body is None:  # the default selection, not an error
            first = {v.code: [next(iter(v.values))] for v in table.variables}
            return self._send(200, bank.data(table, first))
        if parse_qs(place.query).get("outputFormat") != ["json-stat2"]:
            return self._refuse("Unsupported format", 400)
        chosen = {s["variableCode"]: s["valueCodes"] for s in body["selection"]}
        found = bank.data(table, chosen)
        if isinstance(found, str):
            return self._refuse(found, 400)
        if fault is not None:
            return self._spoil(fault, found)
        return self._send(200, found)

    def _refuse(self, title: str, status: int) -> None:
        # as recorded: HTTP 400 also where the body says 404
        self._send(400, {"type": "Parameter error", "title": title, "status": status})

    def _go_wrong(self, fault: Fault) -> bool:
        """Do what goes wrong; True where the answer itself is to be spoilt."""
        kind = fault.kind
        if kind == "400":
            self._refuse(fault.detail or "Non-existent value", 400)
        elif kind == "404":
            self._send(404, NOT_FOUND, "text/html")
        elif kind == "429":
            pause = fault.detail() if callable(fault.detail) else fault.detail
            headers = {} if pause is None else {"Retry-After": str(pause)}
            self._send(429, {"title": "Too many requests"}, headers=headers)
        elif kind == "503":
            headers = {} if fault.detail is None else {"Retry-After": str(fault.detail)}
            self._send(503, "Service Unavailable", "text/plain", headers=headers)
        elif kind == "302":
            self._send(302, "", "text/plain", headers={"Location": self.path})
        elif kind == "slow":
            time.sleep(fault.detail)
            self._send(200, {})
        elif kind == "drop":
            self.close_connection = True
            self.connection.close()
        elif kind == "html":
            self._send(200, "<html><body>Vedlikehold</body></html>", "text/html")
        else:
            return True
        return False

    def _spoil(self, fault: Fault, answer: dict[str, Any]) -> None:
        kind = fault.kind
        if kind == "other table":
            answer["extension"]["px"]["tableid"] = "99999"
        elif kind == "one value short":
            answer["value"] = answer["value"][:-1]
        elif kind == "another selection":
            for one in answer["dimension"].values():
                keys = list(one["category"]["index"])
                one["category"]["index"] = {f"{k}x": i for i, k in enumerate(keys)}
                one["category"]["label"] = {f"{k}x": k for k in keys}
        content = json.dumps(answer, ensure_ascii=False).encode()
        if kind == "cut off":
            self._head(200, len(content), "application/json")
            self.wfile.write(content[: len(content) // 2])
            self.close_connection = True
        elif kind == "drip":
            self._head(200, len(content), "application/json")
            for byte in content:
                try:
                    self.wfile.write(bytes([byte]))
                    self.wfile.flush()
                except OSError:
                    break
                time.sleep(fault.detail)
        elif kind == "not utf-8":
            self._send(200, content.decode(), "application/json", encoding="latin-1")
        else:
            self._send(200, content.decode(), "application/json")

    def _head(
        self, status: int, length: int, kind: str, headers: Mapping[str, str] | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()

    def _send(
        self,
        status: int,
        content: Any,
        kind: str = "application/json",
        headers: Mapping[str, str] | None = None,
        encoding: str = "utf-8",
    ) -> None:
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        data = text.encode(encoding)
        try:
            self._head(status, len(data), kind, headers)
            self.wfile.write(data)
        except OSError:
            self.close_connection = True  # the client gave up, as a time limit makes it do


class Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Clients that go away are part of the tests."""


@contextmanager
def serve(bank: Statbank) -> Iterator[Statbank]:
    """Run the server while the context lasts."""
    handler = type("Bound", (Handler,), {"bank": bank})
    server = Quiet(("127.0.0.1", 0), handler)
    bank.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield bank
    finally:
        server.shutdown()
        server.server_close()


def http_date(seconds_from_now: float) -> str:
    """A Retry-After date, as RFC 9110 writes it: GMT, whole seconds."""
    return formatdate(time.time() + seconds_from_now, usegmt=True)
