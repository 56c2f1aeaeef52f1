"""What can go wrong between a question to Statistics Norway (SSB) and an answer that is kept.

Each message is half a sentence; `fetch` completes it with what is kept and what to do.
"""


class Fault(Exception):  # noqa: N818 - the word the messages use
    """A question that was not answered."""


class NotUnderstood(Fault):
    """The answer is not what was asked for: no JSON, no json-stat2, or about something else."""


class Passing(Fault):
    """A fault that may be gone at the next try.

    Parameters
    ----------
    reason
        What happened.
    final
        What the fault becomes when the last try has failed.
    pause_seconds
        How long the server asks to wait, or None where it says nothing.
    """

    def __init__(self, reason: str, final: type[Fault], pause_seconds: float | None = None) -> None:
        super().__init__(reason)
        self.final = final
        self.pause_seconds = pause_seconds


class Unanswered(Fault):
    """Every try failed; another version of the API may still answer."""


class Busy(Fault):
    """The server asks for fewer questions; asking another version would only add to them."""


class NoNetwork(Fault):
    """No connection to the host, which both versions share."""


class OutOfTime(Fault):
    """The time limit of the whole fetch has passed, or would pass while waiting."""


class Refused(Fault):
    """The server understood the question and said no.

    Parameters
    ----------
    reason
        What the server said.
    status
        The HTTP status.
    about_table
        Whether the server says that it has no such table.
    """

    def __init__(self, reason: str, status: int, about_table: bool) -> None:
        super().__init__(reason)
        self.status = status
        self.about_table = about_table

    @property
    def elsewhere(self) -> bool:
        """Whether the other version may answer: it will not where the selection is at fault."""
        return self.about_table or self.status != 400
