"""HTTP requests to Statistics Norway (SSB): within its rate, within a time limit, with retries.

Own code around `requests`, because neither urllib3's nor tenacity's retries know the time that is
left, or an answer that arrives whole and is wrong.
"""

import datetime as dt
import json
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests

T = TypeVar("T")
AGENT = "bsup_analysis (research software; a few queries a year)"
CLOSED = ("RemoteDisconnected", "ConnectionReset", "BrokenPipe")


class FetchError(Exception):
    """A request without a usable answer; the message is half a sentence."""


class Refused(FetchError):  # noqa: N818 - what the server did
    """The server understood the request and said no."""


class Transient(FetchError):  # noqa: N818 - what the failure is
    """A failure that may be gone at the next try.

    Parameters
    ----------
    reason
        What happened.
    pause_seconds
        How long to wait before the next try; None where the server does not say.
    """

    def __init__(self, reason: str, pause_seconds: float | None = None) -> None:
        super().__init__(reason)
        self.pause_seconds = pause_seconds


class Malformed(Transient):
    """The answer is not what was asked for: no JSON, no json-stat2, or about something else."""


@dataclass(frozen=True)
class Limits:
    """Limits of SSB's API, and how patient the client is.

    The first three are SSB's (PxWebApi user guide, "Limits": 800 000 cells an answer, 30 queries
    per 60 s and address).  In August 2026 the host announced 40 in its `x-ratelimit` headers and
    0 in `/config`; 30 keeps to either.  The others are ours and may be changed freely.

    Parameters
    ----------
    cells
        Most cells in one answer.
    queries
        Most queries within any `window_seconds`.
    window_seconds
        Length of that window, seconds.
    tries
        Times a request is sent before it is given up.
    first_pause_seconds
        Pause after the first failed try; doubled after each further one.
    longest_pause_seconds
        The doubling stops here.  A pause the server asks for is never shortened.
    answer_seconds
        Longest time for one answer, from the first byte sent to the last received.
    total_seconds
        Longest time for everything, pauses included.
    """

    cells: int = 800_000
    queries: int = 30
    window_seconds: float = 60.0
    tries: int = 5
    first_pause_seconds: float = 1.0
    longest_pause_seconds: float = 30.0
    answer_seconds: float = 60.0
    total_seconds: float = 900.0


@dataclass(frozen=True)
class Request:
    """One HTTP request: a GET, or a POST where there is a body."""

    url: str
    parameters: Mapping[str, str]
    body: Mapping[str, Any] | None


class Http:
    """All requests of one fetch, under one set of limits.

    Parameters
    ----------
    limits
        How much, how often, how long.
    say
        Called with the reason for each pause.
    """

    def __init__(self, limits: Limits, say: Callable[[str], None]) -> None:
        self.sent = 0
        self._limits = limits
        self._say = say
        self._deadline = time.monotonic() + limits.total_seconds
        self._recent: deque[float] = deque(maxlen=limits.queries)

    def get(self, request: Request, read: Callable[[bytes], T]) -> tuple[bytes, T]:
        """Send a request until its answer can be read.

        Parameters
        ----------
        request
            What to send.
        read
            Reads the body, or raises `Malformed`.

        Returns
        -------
        bytes, T
            The body as it came, and what was read from it.

        Raises
        ------
        FetchError
            The server refused, every try failed, or time ran out.
        """
        pause = self._limits.first_pause_seconds
        for attempt in range(1, self._limits.tries + 1):
            self._keep_to_the_rate()
            try:
                content = self._send(request)
                return content, read(content)
            except Transient as failure:
                if attempt == self._limits.tries:
                    raise FetchError(f"{failure}, {attempt} times") from None
                asked = failure.pause_seconds
                self._wait(pause if asked is None else asked, str(failure))
                pause = min(2 * pause, self._limits.longest_pause_seconds)
        raise FetchError("no try is allowed")

    def _keep_to_the_rate(self) -> None:
        if len(self._recent) == self._limits.queries:
            wait = self._recent[0] + self._limits.window_seconds - time.monotonic()
            if wait > 0:
                limit = f"{self._limits.queries} queries in {self._limits.window_seconds:g} s"
                self._wait(wait, f"SSB allows {limit}")

    def _wait(self, seconds: float, reason: str) -> None:
        if time.monotonic() + seconds >= self._deadline:
            raise FetchError(
                f"{reason}; the next try is due in {seconds:.0f} s, which is past the time limit of"
                f" {self._limits.total_seconds:g} s"
            )
        self._say(f"{reason}; waiting {seconds:.0f} s")
        time.sleep(seconds)

    def _send(self, request: Request) -> bytes:
        """Send once, and return the body of an answer with status 200, whole."""
        limits, left = self._limits, self._deadline - time.monotonic()
        seconds = min(limits.answer_seconds, left)
        outcome: Future[requests.Response] = Future()
        self.sent += 1
        # a thread, as a socket's time-out starts anew with each byte
        threading.Thread(target=_send, args=(request, seconds, outcome), daemon=True).start()
        try:
            response = outcome.result(timeout=seconds)
        except TimeoutError:
            if left > limits.answer_seconds:
                raise Transient(f"no whole answer within {limits.answer_seconds:g} s") from None
            raise FetchError(f"the time limit of {limits.total_seconds:g} s has passed") from None
        except (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError):
            raise Transient("the answer was cut off") from None
        except requests.ConnectionError as error:
            if any(sign in repr(error) for sign in CLOSED):
                raise Transient("the connection was closed before the answer") from None
            raise Transient(f"no connection to {urlsplit(request.url).hostname}") from None
        except requests.RequestException as error:
            raise FetchError(f"the request could not be sent ({type(error).__name__})") from None
        finally:
            self._recent.append(time.monotonic())  # no earlier than the server counted it
        return self._body(response)

    def _body(self, response: requests.Response) -> bytes:
        if response.status_code == 200:
            return response.content
        status, said = response.status_code, _said(response)
        if status == 429:
            # without Retry-After: requests leave the server's window only with time
            pause = _retry_after(response)
            pause = self._limits.window_seconds if pause is None else pause
            raise Transient(f"SSB asks for fewer queries ({status})", pause)
        if status >= 500 or status == 408:
            raise Transient(f"{said} ({status})", _retry_after(response))
        if 300 <= status < 400:
            said = f"the address has moved to {response.headers.get('Location', 'nowhere')[:200]}"
        raise Refused(f"refused: {said} ({status})")


def _send(request: Request, seconds: float, outcome: Future[requests.Response]) -> None:
    try:
        answer = requests.request(
            "GET" if request.body is None else "POST",
            request.url,
            params=request.parameters,
            json=request.body,
            headers={"User-Agent": AGENT},
            timeout=max(seconds, 0) + 1,  # `outcome` has the limit; this ends a thread left behind
            allow_redirects=False,  # a redirected POST becomes a GET, answered with other data
        )
        outcome.set_result(answer)
    except BaseException as error:  # noqa: BLE001 - handed to the caller
        outcome.set_exception(error)


def _said(response: requests.Response) -> str:
    """Return the title and detail of an error, printable and short."""
    try:
        body = json.loads(response.content)
        words = [str(body[k]) for k in ("title", "detail") if body.get(k)]
    except (ValueError, AttributeError, TypeError, RecursionError):
        words = []
    said = ": ".join(dict.fromkeys(words)) or response.reason or "no reason given"
    return "".join(c for c in " ".join(said.split()) if c.isprintable())[:200]


def _retry_after(response: requests.Response) -> float | None:
    """Read Retry-After, seconds or a date (RFC 9110, section 10.2.3); None where unreadable."""
    given = response.headers.get("Retry-After", "").strip()
    if given.isascii() and given.isdigit():
        return float(given)
    try:
        until = parsedate_to_datetime(given)
    except ValueError:
        return None
    until = until.replace(tzinfo=until.tzinfo or dt.UTC)
    return max(0.0, (until - dt.datetime.now(dt.UTC)).total_seconds())
