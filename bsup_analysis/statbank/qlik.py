"""A Qlik Sense app over Qlik's Engine API: JSON-RPC 2.0 on a WebSocket (Qlik, "Engine JSON API").

Own code around `websocket-client`, as Qlik's own client is JavaScript.
"""

import json
import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

import websocket

from bsup_analysis.statbank import patience
from bsup_analysis.statbank.jsonstat import Malformed
from bsup_analysis.statbank.patience import FetchError, Limits, Refused, Transient, printable

T = TypeVar("T")
TOO_LARGE, ABORTED = 7009, (15, 16, 21)  # a page of too many cells; failures that may pass (Qlik)
NO_CONNECTION = (
    OSError,
    websocket.WebSocketAddressException,
    websocket.WebSocketProxyException,
    websocket.WebSocketTimeoutException,
)
BAD_NEWS = re.compile(r"denied|closed|timedout|exceeded|error|suspended", re.IGNORECASE)


class TooLarge(Refused):
    """A page of too many cells."""


class _Socket(websocket.WebSocket):
    """A WebSocket that reads no answer without end."""

    most = patience.LIMITS.answer_bytes

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.left = self.most
        super().__init__(*arguments, **options)

    def _recv(self, bufsize: int) -> bytes:
        data = super()._recv(bufsize)
        self.left -= len(data)
        if self.left < 0:
            raise patience.too_long(self.most)
        return data


class Link:
    """One connection to the app; the handles that the server gave end with it."""

    def __init__(self, url: str, app: str) -> None:
        self._url, self._app = url, app
        self._socket: Any = None
        self._handles: dict[str, int] = {}
        self._asked = 0

    def ask(self, method: str, params: list[Any], of: str, seconds: float) -> tuple[str, Any]:
        """Ask the app, or a session object given as JSON; return the answer and its result."""
        try:
            if self._socket is None:
                self._open(seconds)
            if of not in self._handles:
                self._handles[of] = self._handle("CreateSessionObject", self._handles[""], of)
            return self._exchange(self._handles[of], method, params)
        except websocket.WebSocketBadStatusException as error:
            kind = Transient if error.status_code >= 500 else Refused
            raise kind(f"{self._url} answers with HTTP status {error.status_code}") from None
        except websocket.WebSocketConnectionClosedException:
            raise Transient("the connection was closed before the answer") from None
        except websocket.WebSocketProtocolException as error:
            raise Transient(f"the connection broke ({printable(str(error))})") from None
        except NO_CONNECTION as error:
            raise patience.unreachable(error, self._url, "SSL_CERT_FILE") from None
        except (websocket.WebSocketException, ValueError) as error:
            # a redirect too: it leads to a log-in, or to other data
            said = printable(str(error))
            raise Refused(f"{self._url} is not open as a WebSocket ({said})") from None

    def close(self) -> None:
        """End the connection."""
        if self._socket is not None:
            self._socket.shutdown()

    def _open(self, seconds: float) -> None:
        # an identity of its own makes a new session: one that was lost would be joined half-way
        self._socket = websocket.create_connection(
            f"{self._url}/identity/{uuid.uuid4().hex}",
            timeout=max(seconds, 0) + 1,  # `within` has the limit; this ends a thread left behind
            suppress_origin=True,
            redirect_limit=0,
            class_=_Socket,
            header=[f"User-Agent: {patience.AGENT}"],
        )
        while self._receive()[1].get("method") != "OnConnected":
            pass
        self._handles = {"": self._handle("OpenDoc", -1, json.dumps(self._app))}

    def _handle(self, method: str, handle: int, param: str) -> int:
        _, result = self._exchange(handle, method, [json.loads(param)])
        return read_as(method, lambda: int(result["qReturn"]["qHandle"]))

    def _exchange(self, handle: int, method: str, params: list[Any]) -> tuple[str, Any]:
        self._asked += 1
        asked = {"jsonrpc": "2.0", "id": self._asked, "handle": handle}
        self._socket.left = self._socket.most
        self._socket.send(json.dumps({**asked, "method": method, "params": params}))
        text, answer = self._receive()
        while answer.get("id") != self._asked:  # what the server pushes between answers
            text, answer = self._receive()
        if "error" not in answer:
            return text, answer.get("result")
        error = answer["error"] if isinstance(answer["error"], dict) else {}
        code, words = error.get("code"), (error.get("message"), error.get("parameter"))
        said = ": ".join(str(word) for word in words if word) or "no reason given"
        what = f"OpenDoc of {self._app}" if method == "OpenDoc" else method
        kind = TooLarge if code == TOO_LARGE else Transient if code in ABORTED else Refused
        raise kind(printable(f"{what} refused: {said} ({code})"))

    def _receive(self) -> tuple[str, dict[str, Any]]:
        received = self._socket.recv()
        if not received:
            raise Transient("the connection was closed before the answer")
        text = received.decode("utf-8") if isinstance(received, bytes) else received
        try:
            message = json.loads(text)
        except (ValueError, RecursionError):
            raise Malformed(f"the answer is not JSON (it begins {text[:60]!r})") from None
        if not isinstance(message, dict):
            raise Malformed("the answer is JSON, but not an object")
        told = message.get("params")
        told = told if isinstance(told, dict) else {}
        if told.get("mustAuthenticate"):
            raise Refused("it asks for a log-in, and only an open app is read")
        state = f"{message.get('method', '')} {told.get('qSessionState', '')}"
        if BAD_NEWS.search(state):
            raise Refused(f"it gives no session ({printable(state)})")
        return text, message


class Engine(patience.Patient):
    """An app, asked again over a new connection where one is lost.

    Parameters
    ----------
    address, app
        Server with its virtual proxy, as ``wss://host/proxy``, and the app's id.
    limits
        How patient.
    say
        Called with the reason for each pause.
    """

    def __init__(self, address: str, app: str, limits: Limits, say: Callable[[str], None]) -> None:
        super().__init__(limits, say)
        self.url, self.app = f"{address.rstrip('/')}/app/{quote(app, safe='')}", app
        self._link: Link | None = None

    def ask(
        self,
        method: str,
        params: list[Any],
        read: Callable[[Any], T],
        of: Mapping[str, Any] | None = None,
    ) -> tuple[str, T]:
        """Ask the app, or a session object of this definition, until the answer can be read.

        Returns
        -------
        str, T
            The answer as it came, and what `read` made of its result.

        Raises
        ------
        FetchError
            Every try failed, or the server refused.
        """
        whom = json.dumps(of, ensure_ascii=False) if of else ""

        def once() -> tuple[str, T]:
            link = self._link = self._link or Link(self.url, self.app)
            try:
                text, result = self.within(lambda seconds: link.ask(method, params, whom, seconds))
                return text, read_as(method, lambda: read(result))
            except (FetchError, Malformed) as failure:
                if not isinstance(failure, TooLarge):
                    link.close()
                    self._link = None
                raise

        return self.insist(once)


def read_as(method: str, read: Callable[[], T]) -> T:
    """Read a result; what has another form than expected is `Malformed`."""
    try:
        return read()
    except (KeyError, TypeError, AttributeError, ValueError, IndexError, OverflowError) as error:
        detail = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
        raise Malformed(f"the answer to {method} is not as expected ({detail})") from None
