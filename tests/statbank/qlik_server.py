"""A Qlik app on 127.0.0.1 that speaks the Engine API over a WebSocket, and fails on demand.

Handshake and frames are its own (RFC 6455), so that a frame can be cut, dripped or spoilt.  Shapes
of messages follow the recorded answer of housing allowance and Qlik's documentation.  What it holds
are figures put into it by a test.
"""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import socketserver
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

Value = int | float | str | None
APP = "app-1"


@dataclass
class Fault:
    """Something that goes wrong `times` times, when `method` is asked, after some are let by."""

    kind: str
    method: str = "GetHyperCubeData"
    times: int = 1
    after: int = 0
    detail: Any = None


@dataclass
class App:
    """What the app holds (rows of code, year, loans, amount), does wrong and was asked."""

    rows: list[tuple[str, str, Value, Value]]
    measures: dict[str, str]
    tables: dict[str, list[str]]
    faults: list[Fault] = field(default_factory=list)
    asked: list[tuple[str, Any]] = field(default_factory=list)
    connections: int = 0
    identities: set[str] = field(default_factory=set)
    most_cells: int = 10_000
    most_rows: int = 10**9  # of a page, however many are asked for
    totals: tuple[Value, ...] | None = None
    must_authenticate: bool = False
    session: str = "SESSION_CREATED"
    reloads: list[str] = field(default_factory=lambda: ["2026-11-28T05:31:07.000Z"])
    port: int = 0
    tls: bool = False
    on_open: Callable[[socket.socket], None] | None = None

    @property
    def address(self) -> str:
        return f"ws{'s' if self.tls else ''}://127.0.0.1:{self.port}/public"

    def fault(self, method: str) -> Fault | None:
        for one in self.faults:
            if one.method == method and one.times:
                if one.after:
                    one.after -= 1
                    continue
                one.times -= 1
                return one
        return None

    def count(self, method: str) -> int:
        return sum(name == method for name, _ in self.asked)


def cell(value: Value, number: int = 0) -> dict[str, Any]:
    """Write a cell as Qlik does: what is no number has "NaN" for one."""
    if value is None:
        return {"qText": "-", "qNum": "NaN", "qElemNumber": -2, "qState": "L", "qIsNull": True}
    text = isinstance(value, str)
    return {"qText": str(value), "qNum": "NaN" if text else value, "qElemNumber": number,
            "qState": "L"}  # fmt: skip


class Session:
    """One connection: its handles, and its frames."""

    def __init__(self, app: App, peer: socket.socket) -> None:
        self.app, self.peer = app, peer
        self.objects: dict[int, dict[str, Any]] = {}

    def run(self) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            piece = self.peer.recv(4096)
            if not piece:
                return
            head += piece
            if head[0] == 0x16:  # a client that speaks TLS
                self.peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                return
        fault = self.app.fault("connect")
        self.app.connections += 1
        if fault and fault.kind == "http":
            self.peer.sendall(f"HTTP/1.1 {fault.detail}\r\nContent-Length: 0\r\n\r\n".encode())
            return
        if fault and fault.kind == "not http":
            self.peer.sendall(b"220 smtp ready\r\n\r\n")
            return
        path = head.split()[1].decode()
        self.app.identities.add(path.partition("/identity/")[2])
        assert path.startswith("/public/app/")
        key = next(x.split(b": ")[1] for x in head.split(b"\r\n") if b"Sec-WebSocket-Key" in x)
        digest = hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()  # noqa: S324
        accept = base64.b64encode(digest).decode()
        self.peer.sendall(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {accept}\r\n\r\n".encode()
        )
        if self.app.on_open:
            self.app.on_open(self.peer)
        self.push("OnAuthenticationInformation", mustAuthenticate=self.app.must_authenticate)
        if self.app.must_authenticate:
            return
        self.push("OnConnected", qSessionState=self.app.session)
        while (text := self.receive()) is not None:
            message = json.loads(text)
            self.app.asked.append((message["method"], message["params"]))
            if not self.answer(message):
                return

    def receive(self) -> str | None:
        head = self._exactly(2)
        if head is None or head[0] & 15 == 8:
            return None
        length = head[1] & 127
        if length > 125:
            size = 2 if length == 126 else 8
            length = int.from_bytes(self._exactly(size) or b"", "big")
        mask = self._exactly(4) or b"    "
        data = self._exactly(length) or b""
        return bytes(b ^ mask[i % 4] for i, b in enumerate(data)).decode()

    def _exactly(self, count: int) -> bytes | None:
        data = b""
        while len(data) < count:
            piece = self.peer.recv(count - len(data))
            if not piece:
                return None
            data += piece
        return data

    @staticmethod
    def frame(data: bytes) -> bytes:
        if len(data) < 126:
            return bytes([0x81, len(data)]) + data
        if len(data) < 1 << 16:
            return bytes([0x81, 126]) + struct.pack(">H", len(data)) + data
        return bytes([0x81, 127]) + struct.pack(">Q", len(data)) + data

    def push(self, method: str, **params: Any) -> None:
        message = {"jsonrpc": "2.0", "method": method, "params": params}
        self.peer.sendall(self.frame(json.dumps(message).encode()))

    def answer(self, message: dict[str, Any]) -> bool:
        """Answer a question; False where the connection ends with it."""
        fault = self.app.fault(message["method"])
        kind = fault.kind if fault else ""
        reply: dict[str, Any] = {"jsonrpc": "2.0", "id": message["id"]}
        if kind == "error":
            reply["error"] = fault.detail
        elif kind == "closed":
            return False
        else:
            found = self.result(message)
            reply["error" if "code" in found else "result"] = found
        if kind == "push":
            self.push("OnDataChanged", qText="x" * 70_000)
        if kind == "notice":
            self.push(fault.detail)
        if fault and kind != "framed" and callable(fault.detail):
            fault.detail(reply)
        data = json.dumps(reply, ensure_ascii=False).encode()
        if kind == "raw":
            data = fault.detail
        frame = self.frame(data)
        if kind == "framed":
            frame = fault.detail(data)
        if kind == "close":  # RFC 6455, 7.4.1: a code, and why
            self.peer.sendall(b"\x88" + bytes([2 + len(fault.detail[1])])
                              + struct.pack(">H", fault.detail[0]) + fault.detail[1])  # fmt: skip
            return False
        if kind == "cut":
            self.peer.sendall(frame[: len(frame) // 2])
            return False
        if kind == "drip":
            for byte in frame:
                self.peer.sendall(bytes([byte]))
                time.sleep(0.05)
        if kind == "silent":
            time.sleep(fault.detail)
        self.peer.sendall(frame)
        return True

    def result(self, message: dict[str, Any]) -> dict[str, Any]:
        app, method, params = self.app, message["method"], message["params"]
        if method == "OpenDoc":
            if params != [APP]:
                return {"code": 1003, "parameter": params[0], "message": "App not found"}
            return {"qReturn": {"qType": "Doc", "qHandle": 1}}
        if method == "GetAppLayout":
            reloaded = app.reloads.pop(0) if len(app.reloads) > 1 else app.reloads[0]
            return {"qLayout": {"qTitle": "Statistikkbank", "qLastReloadTime": reloaded}}
        if method == "GetTablesAndKeys":
            return {"qtr": [{"qName": t, "qFields": [{"qName": f} for f in fields]}
                            for t, fields in app.tables.items()], "qk": []}  # fmt: skip
        if method == "CreateSessionObject":
            handle = len(self.objects) + 2
            self.objects[handle] = params[0]
            return {"qReturn": {"qType": "GenericObject", "qHandle": handle}}
        definition = self.objects[message["handle"]]
        if "qMeasureListDef" in definition:
            items = [
                {"qInfo": {"qId": f"m{n}"}, "qMeta": {"title": title},
                 "qData": {"title": title, "expression": expression}}
                for n, (title, expression) in enumerate(app.measures.items())
            ]  # fmt: skip
            return {"qLayout": {"qMeasureList": {"qItems": items}}}
        cube = definition["qHyperCubeDef"]
        if method == "GetLayout":
            dimensions = [d["qDef"]["qFieldDefs"][0] for d in cube["qDimensions"]]
            labels = [m["qDef"]["qLabel"] for m in cube["qMeasures"]]
            return {"qLayout": {"qHyperCube": {
                "qSize": {"qcx": 4, "qcy": len(app.rows)},
                "qDimensionInfo": [{"qFallbackTitle": name} for name in dimensions],
                "qMeasureInfo": [{"qFallbackTitle": name} for name in labels],
                **({} if app.totals is None else {"qGrandTotalRow": [*map(cell, app.totals)]}),
                "qDataPages": [],
            }}}  # fmt: skip
        (area,) = params[1]
        if area["qWidth"] * area["qHeight"] > app.most_cells:
            return {"code": 7009, "parameter": "", "message": "Calculation pages too large"}
        high = min(area["qHeight"], app.most_rows, len(app.rows) - area["qTop"])
        area = {**area, "qHeight": high}
        rows = app.rows[area["qTop"] : area["qTop"] + high]
        matrix = [
            [cell(code), cell(year), cell(loans), cell(amount)]
            for code, year, loans, amount in rows
        ]
        return {"qDataPages": [{"qMatrix": matrix, "qTails": [], "qArea": area}]}


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, *_: Any) -> None:
        """Clients that go away are part of the tests."""


@contextmanager
def serve(app: App, context: ssl.SSLContext | None = None) -> Iterator[App]:
    """Run the server while the context lasts."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            peer = self.request
            if context:
                peer = context.wrap_socket(peer, server_side=True)
            Session(app, peer).run()

    server = Server(("127.0.0.1", 0), Handler)
    app.port, app.tls = server.server_address[1], context is not None
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield app
    finally:
        server.shutdown()
        server.server_close()
