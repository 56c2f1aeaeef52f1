"""The report that is read, printed and shared: one content, written as HTML, PDF and Word."""

from bsup_analysis.report.make import FILES, make_report, report_inputs

__all__ = ["FILES", "make_report", "report_inputs"]
