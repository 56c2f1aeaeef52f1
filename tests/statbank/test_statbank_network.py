"""Why there is no connection, told apart and with what to do, for both statistics banks."""

from __future__ import annotations

import dataclasses
import errno
import http.server
import shutil
import socket
import ssl
import subprocess
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from qlik_server import APP, App
from qlik_server import serve as serve_qlik
from statbank_tables import QUICK

from bsup_analysis.errors import InputError
from bsup_analysis.statbank import Client, fetch_population
from bsup_analysis.statbank.husbanken import contents
from bsup_analysis.statbank.qlik import Engine, _Socket

VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


class Ssb:
    name, certificates = "SSB", "REQUESTS_CA_BUNDLE"

    @staticmethod
    def ask(host: str, folder: Path, tls: bool = True) -> None:
        address = f"http{'s' if tls else ''}://{host}/v2"
        fetch_population([2009], Client(address=address, folder=folder, limits=QUICK))


class Husbanken:
    name, certificates = "Husbanken", "SSL_CERT_FILE"

    @staticmethod
    def ask(host: str, _folder: Path, tls: bool = True) -> None:
        address = f"ws{'s' if tls else ''}://{host}/public"
        contents(Engine(address, APP, QUICK, lambda _: None))


Bank = type[Ssb] | type[Husbanken]
banks = pytest.mark.parametrize("bank", [Ssb, Husbanken], ids=lambda one: one.name)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def told(bank: Bank, folder: Path, host: str, tls: bool = True) -> str:
    with pytest.raises(InputError) as ended:
        bank.ask(host, folder, tls)
    sentence = str(ended.value)
    assert sentence.isprintable()
    assert "Traceback" not in sentence
    assert len(sentence) < 600
    return sentence


@contextmanager
def proxy(answer: bytes) -> Iterator[int]:
    """A proxy that gives every CONNECT one answer."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            self.wfile.write(answer)
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


PROXIES = {
    b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n":
        "the proxy 127.0.0.1 asks for a log-in (407); write it as"
        " https_proxy=http://USER:PASSWORD@HOST:PORT",
    b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n":
        "the proxy 127.0.0.1 lets nobody through to bank.example (403)",
}  # fmt: skip


@banks
@pytest.mark.parametrize("answer", PROXIES, ids=["407", "403"])
def test_a_proxy_that_lets_nobody_through(
    bank: Bank, answer: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with proxy(answer) as port:
        monkeypatch.setenv("https_proxy", f"http://mine:secret@127.0.0.1:{port}")
        sentence = told(bank, tmp_path, "bank.example")
    assert PROXIES[answer] in sentence
    assert "secret" not in sentence
    assert "times" not in sentence  # asking again does not help


@banks
def test_a_proxy_that_is_not_there(
    bank: Bank, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{taken.getsockname()[1]}")
        assert "no connection to the proxy 127.0.0.1: it refuses" in told(
            bank, tmp_path, "a.example"
        )


@banks
def test_nobody_listens(bank: Bank, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{taken.getsockname()[1]}"
        assert (
            "no connection to 127.0.0.1: it refuses, 3 times; check the network, and name its proxy"
        ) in told(bank, tmp_path, host, tls=False)


@banks
def test_a_name_that_no_machine_has(bank: Bank, tmp_path: Path) -> None:
    sentence = told(bank, tmp_path, "nowhere.invalid")
    assert "no connection to nowhere.invalid: no machine has that name, 3 times; check" in sentence


WAYS = {
    "no route": (OSError(errno.ENETUNREACH, "Network is unreachable"), "there is no way to it"),
    "no host": (OSError(errno.EHOSTUNREACH, "No route to host"), "there is no way to it"),
    "silent": (TimeoutError("timed out"), "it does not answer"),
}


@banks
@pytest.mark.parametrize("name", WAYS)
def test_no_way_there(
    bank: Bank, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    error, words = WAYS[name]

    def connect(*_: object) -> None:
        raise error

    monkeypatch.setattr(socket.socket, "connect", connect)
    assert f"no connection to 127.0.0.1: {words}, 3 times; check the network" in told(
        bank, tmp_path, "127.0.0.1:9", tls=False
    )


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[ssl.SSLContext, Path]:
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl to make a certificate")
    key, made = tmp_path / "key.pem", tmp_path / "cert.pem"
    new = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1"
    named = ["-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(
        [*new.split(), *named, "-keyout", key, "-out", made], check=True, capture_output=True
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made, key)
    return context, made


@banks
def test_a_certificate_that_is_not_trusted_and_what_to_do(
    bank: Bank,
    certificate: tuple[ssl.SSLContext, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    context, made = certificate
    monkeypatch.delenv(bank.certificates, raising=False)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    def serving() -> Iterator[str]:
        if bank is Husbanken:
            with serve_qlik(App([], {}, {}), context) as app:
                yield f"127.0.0.1:{app.port}"
        else:
            with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
                server.socket = context.wrap_socket(server.socket, server_side=True)
                threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
                yield f"127.0.0.1:{server.server_address[1]}"
                server.shutdown()

    with contextmanager(serving)() as host:
        sentence = told(bank, tmp_path, host)
        assert "no secure connection to 127.0.0.1: self-signed certificate; where" in sentence
        assert f"name its certificates in {bank.certificates}" in sentence
        monkeypatch.setenv(bank.certificates, str(made))  # the advice, typed
        if bank is Husbanken:
            bank.ask(host, tmp_path)
        else:
            assert "refused: Not Found (404)" in told(bank, tmp_path, host)


# --- answers without end ---


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
def test_an_answer_of_statistics_norway_is_not_read_without_end(
    tmp_path: Path, packed: bool
) -> None:
    piece, sent = b" " * 65536, []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            packer = zlib.compressobj(9, zlib.DEFLATED, 31)
            if packed:
                self.send_header("Content-Encoding", "gzip")
            self.end_headers()
            for _ in range(5_000):
                sent.append(0)
                self.wfile.write(packer.compress(piece) if packed else piece)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Server(http.server.ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """The client goes away."""

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}"
        limits = dataclasses.replace(QUICK, answer_bytes=1_000_000)
        with pytest.raises(InputError, match="the answer is longer than 1 MB; what has"):
            fetch_population([2009], Client(address=address, folder=tmp_path, limits=limits))
        server.shutdown()
    assert packed or len(sent) < 1000


@pytest.mark.parametrize("form", ["one frame", "many frames"])
def test_an_answer_of_husbanken_is_not_read_without_end(
    form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_Socket, "most", 1_000_000)
    head = {"one frame": b"\x81\x7f" + (1 << 40).to_bytes(8, "big"), "many frames": b"\x01\x00"}[
        form
    ]
    piece = b" " * 65536
    framed = b"\x00\x7f" + len(piece).to_bytes(8, "big") + piece
    app = App([], {}, {})

    def endless(peer: socket.socket) -> None:
        peer.sendall(head)
        for _ in range(5_000):
            peer.sendall(framed if form == "many frames" else piece)

    app.on_open = endless
    with serve_qlik(app):
        sentence = told(Husbanken, Path(), f"127.0.0.1:{app.port}", tls=False)
    assert "the answer is longer than 1 MB" in sentence
