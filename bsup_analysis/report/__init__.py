"""The report that is read, printed and shared: one content, written as HTML, PDF and Word."""

from bsup_analysis.report.make import make_report, report_inputs, report_outputs

__all__ = ["make_report", "report_inputs", "report_outputs"]
