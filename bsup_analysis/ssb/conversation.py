"""Asking a server politely: never too often, never for ever, and again when a fault may pass.

Own code around `requests`, because urllib3's and tenacity's retries know neither the time left nor
an answer that arrives whole and is wrong. pxwebpy 0.6, tried against the tests' server, sends
without a time limit, tries again after 429 alone, fails on a Retry-After that is a date, follows a
redirected POST as a GET to other data, keeps no bytes, and takes its rate from `/config`, where SSB
has given 0 since August 2026; it knows version 2 alone.
"""

import time
from collections import deque
from collections.abc import Callable
from typing import TypeVar

from bsup_analysis.ssb.exchange import Question, exchange
from bsup_analysis.ssb.faults import Busy, Fault, NotUnderstood, OutOfTime, Passing, Unanswered
from bsup_analysis.ssb.limits import Limits

T = TypeVar("T")


class Conversation:
    """All questions of one fetch, under one set of limits.

    Parameters
    ----------
    limits
        How much, how often, how long.
    say
        Told in words why it waits.
    """

    def __init__(self, limits: Limits, say: Callable[[str], None]) -> None:
        self.asked = 0
        self._limits = limits
        self._say = say
        self._began = time.monotonic()
        self._sent: deque[float] = deque(maxlen=limits.queries)

    @property
    def seconds_left(self) -> float:
        """Seconds until the time limit of the whole fetch."""
        return self._began + self._limits.total_seconds - time.monotonic()

    def ask(self, question: Question, understand: Callable[[bytes], T]) -> tuple[bytes, T]:
        """Ask until there is an answer that is understood.

        Parameters
        ----------
        question
            What to ask.
        understand
            Turns the body into what is wanted, or raises `NotUnderstood`.

        Returns
        -------
        bytes, T
            The body as it came, and what it was understood as.

        Raises
        ------
        Refused, Unanswered, Busy, NoNetwork, OutOfTime
            As `faults` describes them.
        """
        for attempt in range(1, self._limits.tries + 1):
            self._keep_to_the_rate()
            try:
                content = self._once(question)
                try:
                    return content, understand(content)
                except NotUnderstood as fault:
                    raise Passing(str(fault), Unanswered) from None
            except Passing as fault:
                if attempt == self._limits.tries:
                    raise fault.final(f"{fault}, {attempt} times") from None
                self._wait(self._pause_after(fault, attempt), str(fault), fault.final)
        raise AssertionError("unreachable: the last try returns or raises")

    def _keep_to_the_rate(self) -> None:
        """Wait until one more question is within the limit of questions in a window of time."""
        if len(self._sent) == self._limits.queries:
            wait = self._sent[0] + self._limits.window_seconds - time.monotonic()
            if wait > 0:
                limit = f"{self._limits.queries} queries in {self._limits.window_seconds:g} s"
                self._wait(wait, f"SSB allows {limit}", OutOfTime)

    def _pause_after(self, fault: Passing, attempt: int) -> float:
        if fault.pause_seconds is not None:
            return fault.pause_seconds
        # too many questions pass out of the server's window only with time
        busy = fault.final is Busy
        return self._limits.window_seconds if busy else self._limits.pause_seconds(attempt)

    def _wait(self, seconds: float, reason: str, too_long: type[Fault]) -> None:
        if seconds >= self.seconds_left:
            raise too_long(
                f"{reason}; the next try is due in {seconds:.0f} s, which is past the time limit of"
                f" {self._limits.total_seconds:g} s"
            )
        self._say(f"{reason}; waiting {seconds:.0f} s")
        time.sleep(seconds)

    def _once(self, question: Question) -> bytes:
        limits, left = self._limits, self.seconds_left
        self.asked += 1
        allowed = min(limits.answer_seconds, left)
        try:
            if allowed > 0:
                return exchange(question, allowed)
        except TimeoutError:
            if left > limits.answer_seconds:
                wait = f"no whole answer within {limits.answer_seconds:g} s"
                raise Passing(wait, Unanswered) from None
        finally:
            self._sent.append(time.monotonic())  # no earlier than the server counted it
        raise OutOfTime(f"the time limit of {limits.total_seconds:g} s has passed")
