"""What the study computes from its tables and its design, by the name others ask for it.

Each function is named after what it gives, and its arguments after what it needs; see
`bsup_analysis.study`.  Here the estimators meet the data, and nothing is estimated by hand.
"""

import inspect
from collections.abc import Callable
from typing import Any

from bsup_analysis.audit import statement_audit, table_arithmetic
from bsup_analysis.results import (
    amounts,
    at_hand,
    contrast,
    groups,
    inside,
    municipal_data,
    municipal_gate,
    phasing,
    readings,
    specifications,
)
from bsup_analysis.results.municipal import change, dynamics, estimates, panels

RESULTS: dict[str, Callable[..., Any]] = {
    "statement_audit": statement_audit,
    "table_arithmetic": table_arithmetic,
}
for _module in (
    groups,
    amounts,
    at_hand,
    inside,
    readings,
    contrast,
    specifications,
    phasing,
    municipal_data,
    municipal_gate,
    panels,
    estimates,
    dynamics,
    change,
):
    for _name, _function in inspect.getmembers(_module, inspect.isfunction):
        if _function.__module__ == _module.__name__ and not _name.startswith("_"):
            RESULTS[_name] = _function
# in place of a result, where a notebook looks at every municipality's loans
MUNICIPAL: dict[str, Callable[..., Any]] = {
    "loans_at_hand": RESULTS.pop("all_loans"),
    "loans_twice": RESULTS.pop("all_twice"),
}
# and where it is given a SYNTHETIC panel
DEMONSTRATED: dict[str, Callable[..., Any]] = {
    "municipal_data": RESULTS.pop("demonstration_data"),
    "municipal_gate": RESULTS.pop("demonstration_gate"),
}
