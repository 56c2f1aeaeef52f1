"""How much may be asked at once, how often, and for how long."""

from dataclasses import dataclass


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
        Times a question is asked before it is given up.
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

    def pause_seconds(self, attempt: int) -> float:
        """Return the pause after failed try number `attempt`, counted from 1."""
        return float(min(self.first_pause_seconds * 2 ** (attempt - 1), self.longest_pause_seconds))
