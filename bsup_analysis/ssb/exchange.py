"""One HTTP exchange: a question sent, and a whole answer or a fault, within a limit of time."""

import datetime as dt
import json
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests

from bsup_analysis.ssb.faults import Busy, NoNetwork, Passing, Refused, Unanswered

T = TypeVar("T")
AGENT = "bsup_analysis (research software; a few queries a year)"


@dataclass(frozen=True)
class Question:
    """One HTTP request: a GET, or a POST where there is a body."""

    url: str
    parameters: Mapping[str, str]
    body: Mapping[str, Any] | None = None


def exchange(question: Question, seconds: float) -> bytes:
    """Ask once.

    Parameters
    ----------
    question
        What to ask.
    seconds
        Longest time, from the first byte sent to the last received.

    Returns
    -------
    bytes
        The body of an answer with status 200, whole.

    Raises
    ------
    TimeoutError
        There was no whole answer in time.
    Passing, Refused, Unanswered
        As `faults` describes them.
    """
    try:
        response = _within(seconds, lambda: _send(question, seconds))
    except requests.Timeout:
        raise TimeoutError from None
    except (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError):
        raise Passing("the answer was cut off", Unanswered) from None
    except requests.ConnectionError as error:
        raise _no_connection(error, question.url) from None
    except requests.RequestException as error:
        raise Unanswered(f"the question could not be sent ({type(error).__name__})") from None
    if response.status_code == 200:
        return response.content
    raise _fault(response)


def _send(question: Question, seconds: float) -> requests.Response:
    # redirects are not followed: a POST would be sent on as a GET, and answered with other data
    return requests.request(
        "GET" if question.body is None else "POST",
        question.url,
        params=question.parameters,
        data=None if question.body is None else json.dumps(question.body).encode(),
        headers={"User-Agent": AGENT, "Content-Type": "application/json"},
        timeout=seconds + 1,  # `_within` is the limit; this ends the thread it leaves behind
        allow_redirects=False,
    )


def _within(seconds: float, work: Callable[[], T]) -> T:
    """Do `work`, or raise TimeoutError: a socket's time-out starts anew with each byte."""
    outcome: Future[T] = Future()

    def run() -> None:
        try:
            outcome.set_result(work())
        except BaseException as error:  # noqa: BLE001 - handed to the caller
            outcome.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return outcome.result(timeout=seconds)


def _no_connection(error: requests.ConnectionError, url: str) -> Exception:
    inner = repr(error)
    if "timed out" in inner:
        return TimeoutError()
    if any(sign in inner for sign in ("RemoteDisconnected", "ConnectionReset", "BrokenPipe")):
        return Passing("the connection was closed before the answer", Unanswered)
    return Passing(f"no connection to {urlsplit(url).hostname}", NoNetwork)


def _fault(response: requests.Response) -> Passing | Refused:
    status, said = response.status_code, _said(response)
    if status == 429:
        return Passing(f"SSB asks for fewer queries ({status})", Busy, _asked_pause(response))
    if status >= 500 or status == 408:
        return Passing(f"{said} ({status})", Unanswered, _asked_pause(response))
    if 300 <= status < 400:
        said = f"the address has moved to {response.headers.get('Location', 'nowhere')[:200]}"
    return Refused(f"refused: {said} ({status})", status, "existent table" in said.lower())


def _said(response: requests.Response) -> str:
    """Return what the server says of an error: version 2's title, or version 1's error."""
    try:
        body = json.loads(response.content)
        words = [str(body[k]) for k in ("title", "detail", "error") if body.get(k)]
    except (ValueError, AttributeError, TypeError, RecursionError):
        words = []
    said = ": ".join(dict.fromkeys(words)) or response.reason or "no reason given"
    return "".join(c for c in " ".join(said.split()) if c.isprintable())[:200]


def _asked_pause(response: requests.Response) -> float | None:
    """Read Retry-After, seconds or a date (RFC 9110, section 10.2.3); None where unreadable."""
    given = response.headers.get("Retry-After", "").strip()
    if given.isascii() and given.isdigit():
        return float(given)
    try:
        until = parsedate_to_datetime(given)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=dt.UTC)
    return max(0.0, (until - dt.datetime.now(dt.UTC)).total_seconds())
