"""The document audited: each statement and each sum recomputed, with a status set by code.

Pure functions of tables; the words for what they find are chosen elsewhere.
"""

from bsup_analysis.analysis.audit.checks import CHECKS, audit_statements, table_arithmetic
from bsup_analysis.analysis.audit.statement import NO_CLAIM, STATUSES

__all__ = ["CHECKS", "NO_CLAIM", "STATUSES", "audit_statements", "table_arithmetic"]
