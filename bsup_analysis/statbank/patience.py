"""How a statistics bank is asked: patiently, within limits, and with a sentence where it fails."""

import errno
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import requests

from bsup_analysis.statbank.jsonstat import Malformed

T = TypeVar("T")
AGENT = "bsup_analysis (research software; a few queries a year)"
CLOSED = ("RemoteDisconnected", "ConnectionReset", "BrokenPipe")
NO_WAY = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL}
REFUSED_BY_PROXY = re.compile(r"(?:Tunnel connection failed|via proxy status): (\d{3})")


class FetchError(Exception):
    """A request without a usable answer; the message is half a sentence.

    `advice`, half a sentence too, says what to do.
    """

    def __init__(self, reason: str, advice: str = "") -> None:
        super().__init__(f"{reason}{f'; {advice}' if advice else ''}")
        self.reason, self.advice = reason, advice


class Refused(FetchError):  # noqa: N818 - what the server did
    """The server understood the request and said no."""


class Transient(FetchError):  # noqa: N818 - what the failure is
    """A failure that may be gone at the next try.

    Parameters
    ----------
    reason, advice
        What happened, and what to do.
    pause_seconds
        How long to wait before the next try; None where the server does not say.
    """

    def __init__(self, reason: str, advice: str = "", pause_seconds: float | None = None) -> None:
        super().__init__(reason, advice)
        self.pause_seconds = pause_seconds


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
    answer_bytes
        Longest answer, unpacked; 800 000 cells take some 10 MB.
    """

    cells: int = 800_000
    queries: int = 30
    window_seconds: float = 60.0
    tries: int = 5
    first_pause_seconds: float = 1.0
    longest_pause_seconds: float = 30.0
    answer_seconds: float = 60.0
    total_seconds: float = 900.0
    answer_bytes: int = 64_000_000


LIMITS = Limits()


class Patient:
    """Asks again until an answer can be read, under one set of limits.

    Parameters
    ----------
    limits
        How much, how often, how long.
    say
        Called with the reason for each pause.
    """

    def __init__(self, limits: Limits, say: Callable[[str], None]) -> None:
        self._limits = limits
        self._say = say
        self._deadline = time.monotonic() + limits.total_seconds

    def insist(self, once: Callable[[], T]) -> T:
        """Try until it works.

        Parameters
        ----------
        once
            Asks and reads, or raises `Transient` or `Malformed`.

        Raises
        ------
        FetchError
            The server refused, every try failed, or time ran out.
        """
        pause = self._limits.first_pause_seconds
        for attempt in range(1, self._limits.tries + 1):
            try:
                return once()
            except (Transient, Malformed) as failure:
                why, advice, asked = str(failure), "", None
                if isinstance(failure, Transient):
                    why, advice, asked = failure.reason, failure.advice, failure.pause_seconds
                if attempt == self._limits.tries:
                    raise FetchError(f"{why}, {attempt} times", advice) from None
                self._wait(pause if asked is None else asked, why)
                pause = min(2 * pause, self._limits.longest_pause_seconds)
        raise FetchError("no try is allowed")

    def within(self, call: Callable[[float], T]) -> T:
        """Return what a call returns that is told its seconds, or raise where they have passed."""
        limits, left = self._limits, self._deadline - time.monotonic()
        seconds = min(limits.answer_seconds, left)
        outcome: Future[T] = Future()
        # a thread, as a socket's time-out starts anew with each byte
        threading.Thread(target=_settle, args=(call, seconds, outcome), daemon=True).start()
        try:
            return outcome.result(timeout=seconds)
        except TimeoutError:
            if left > limits.answer_seconds:
                raise Transient(f"no whole answer within {limits.answer_seconds:g} s") from None
            raise FetchError(f"the time limit of {limits.total_seconds:g} s has passed") from None

    def _wait(self, seconds: float, reason: str) -> None:
        if time.monotonic() + seconds >= self._deadline:
            raise FetchError(
                f"{reason}; the next try is due in {seconds:.0f} s, which is past the time limit of"
                f" {self._limits.total_seconds:g} s"
            )
        self._say(f"{reason}; waiting {seconds:.0f} s")
        time.sleep(seconds)


def _settle(call: Callable[[float], T], seconds: float, outcome: Future[T]) -> None:
    try:
        outcome.set_result(call(seconds))
    except BaseException as error:  # noqa: BLE001 - handed to the caller
        outcome.set_exception(error)


def too_long(most_bytes: int) -> FetchError:
    """Make the error for an answer that is not read to its end."""
    return Refused(f"the answer is longer than {most_bytes / 1e6:.0f} MB")


def unreachable(error: BaseException, url: str, certificates: str) -> FetchError:
    """Say why no connection came about, and what to do.

    Parameters
    ----------
    error
        As requests or websocket-client raises it; the cause lies in it at some depth.
    url
        What was asked for.
    certificates
        The environment variable that names further certificates.
    """
    causes = list(_causes(error))
    told = " ".join(map(str, causes))
    parts = urlsplit(url)
    scheme, host = {"wss": "https", "ws": "http"}.get(parts.scheme, parts.scheme), parts.hostname
    proxy = getproxies().get(scheme) if host and not proxy_bypass(host) else None
    name = urlsplit(proxy if "://" in proxy else f"//{proxy}").hostname if proxy else None
    where = printable(f"the proxy {name}" if name else host or url)
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Refused(
                f"no secure connection to {host}: {printable(cause.verify_message)}",
                f"where your network opens TLS, name its certificates in {certificates}",
            )
        if isinstance(cause, ssl.SSLError):
            return Refused(f"no secure connection to {host}: {printable(str(cause.reason))}")
    if "407" in told and name:
        login = f"{scheme}_proxy=http://USER:PASSWORD@HOST:PORT"
        return Refused(f"{where} asks for a log-in (407)", f"write it as {login}")
    if name and (status := REFUSED_BY_PROXY.search(told)):
        return Refused(f"{where} lets nobody through to {host} ({status[1]})")
    if any(sign in told or sign in repr(causes) for sign in CLOSED):
        return Transient("the connection was closed before the answer")
    network = f"check the network, and name its proxy, where it has one, in {scheme}_proxy"
    for cause in causes:
        if isinstance(cause, socket.gaierror):
            return Transient(f"no connection to {where}: no machine has that name", network)
        if isinstance(cause, ConnectionRefusedError):
            return Transient(f"no connection to {where}: it refuses", network)
        if isinstance(cause, OSError) and cause.errno in NO_WAY:
            return Transient(f"no connection to {where}: there is no way to it", network)
    if any(isinstance(cause, TimeoutError | requests.Timeout) for cause in causes):
        return Transient(f"no connection to {where}: it does not answer", network)
    return Transient(f"no connection to {where}", network)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Go through an error and all that it was raised from or holds."""
    waiting, seen = [error], set()
    while waiting:
        one = waiting.pop(0)
        if id(one) not in seen:
            seen.add(id(one))
            yield one
            held = (one.__cause__, one.__context__, getattr(one, "reason", None), *one.args)
            waiting += [other for other in held if isinstance(other, BaseException)]


def printable(text: str) -> str:
    """Return a server's words as one short line that cannot play with the terminal."""
    return "".join(c for c in " ".join(text.split()) if c.isprintable())[:200]
