"""What the study computes from its tables and its design, by the name others ask for it.

Each function is named after what it gives, and its arguments after what it needs.
"""

from collections.abc import Callable
from typing import Any

RESULTS: dict[str, Callable[..., Any]] = {}
