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
    contrast,
    groups,
    inside,
    phasing,
    readings,
    specifications,
)

RESULTS: dict[str, Callable[..., Any]] = {
    "statement_audit": statement_audit,
    "table_arithmetic": table_arithmetic,
} | {
    name: function
    for module in (groups, amounts, inside, readings, contrast, specifications, phasing)
    for name, function in inspect.getmembers(module, inspect.isfunction)
    if function.__module__ == module.__name__ and not name.startswith("_") and name != "years"
}
