"""The document audit: every statement recomputed, the readings chosen, the table's arithmetic."""

import pandas as pd

from bsup_analysis.chapters.audit import statement_cells as audit_cells
from bsup_analysis.chapters.audit.statement_marks import STATUS_COLOUR, draw_summary
from bsup_analysis.exhibit.exhibit import Exhibit, Number, traced
from bsup_analysis.language import UNKNOWN, Words

STATUSES = tuple(STATUS_COLOUR)
SIDES = ("side_a", "side_b", "side_c")


@traced
def audit_summary(statement_audit: pd.DataFrame, words: Words) -> Exhibit:
    """Count the document's statements by what became of them, by kind and by page."""
    totals = statement_audit["status"].value_counts().reindex(STATUSES, fill_value=0)
    contents = (statement_audit["check"] == "toc_page") & (
        statement_audit["status"] == "contradicted"
    )
    own = (statement_audit["kind"] == "derived") & (statement_audit["status"] == "reproduced")
    values = {
        "total": words.count(totals.sum()),
        "contents": words.count(contents.sum()),
        "own": words.count(own.sum()),
        **{status: words.count(number) for status, number in totals.items()},
    }
    data = statement_audit.groupby(["page", "kind", "status"]).size().rename("statements")
    return Exhibit(
        id="audit_summary",
        title=words("audit.summary.title"),
        caption=words("audit.summary.caption", **values),
        source=words("audit.source"),
        alternative_text=words("audit.summary.alternative_text", **values),
        data=data.reset_index(),
        draw=lambda: draw_summary(statement_audit, words),
        numbers={
            "audit_statements_total": Number(int(totals.sum()), "statements"),
            **{f"audit_{name}": Number(int(n), "statements") for name, n in totals.items()},
            "audit_contradicted_contents": Number(int(contents.sum()), "statements"),
        },
    )


@traced
def audit_statements(statement_audit: pd.DataFrame, words: Words) -> Exhibit:
    """List every statement: printed and recomputed, what it was recomputed from, and why."""
    statement = "statement_nb" if words.language == "nb" else "statement"
    cells = {
        "id": lambda row: row["statement_id"],
        "page": lambda row: str(row["page"]),
        "statement": lambda row: audit_cells.grouped(row[statement], words),
        "printed": lambda row: audit_cells.printed(row, words),
        "recomputed": lambda row: audit_cells.recomputed(row, words),
        "status": lambda row: words(f"audit.status.{row['status']}"),
        "note": lambda row: audit_cells.note(row, words),
        "inputs": lambda row: audit_cells.inputs(row, words),
    }
    shown = pd.DataFrame(
        {
            words(f"audit.column.{name}"): [cell(row) for _, row in statement_audit.iterrows()]
            for name, cell in cells.items()
        }
    )
    return Exhibit(
        id="audit_statements",
        title=words("audit.statements.title"),
        caption=words("audit.statements.caption"),
        source=words("audit.source"),
        alternative_text=words(
            "audit.statements.alternative_text", total=words.count(len(statement_audit))
        ),
        data=statement_audit,
        shown=shown,
    )


@traced
def audit_readings(readings: pd.DataFrame, words: Words) -> Exhibit:
    """List every statement that can be read in more than one way, and the reading used."""
    ending = "_nb" if words.language == "nb" else ""
    text = {
        part: readings[f"{part}{ending}"].fillna(UNKNOWN) for part in ("topic", *SIDES, "reason")
    }
    page = readings["page"].map(
        lambda pages: UNKNOWN if pd.isna(pages) else words.listed(pages.split(";"))
    )
    shown = pd.DataFrame(
        {
            words("audit.column.id"): readings["reading_id"],
            words("audit.column.page"): page,
            **{
                words(f"audit.column.{part}"): text[part].map(
                    lambda cell: audit_cells.grouped(cell, words)
                )
                for part in ("topic", *SIDES)
            },
            words("audit.column.used"): readings["used"].map(lambda u: words(f"audit.used.{u}")),
            words("audit.column.reason"): text["reason"].map(
                lambda cell: audit_cells.grouped(cell, words)
            ),
        }
    )
    values = {"total": words.count(len(readings))}
    return Exhibit(
        id="audit_readings",
        title=words("audit.readings.title"),
        caption=words("audit.readings.caption", **values),
        source=words("audit.readings.source"),
        alternative_text=words("audit.readings.alternative_text", **values),
        data=readings.drop(columns="drives"),
        shown=shown,
    )


@traced
def audit_arithmetic(table_arithmetic: pd.DataFrame, words: Words) -> Exhibit:
    """Count the row changes and sums of the table on p. 14, and how many of them are exact."""
    checked = table_arithmetic.assign(
        exact=table_arithmetic["printed"] == table_arithmetic["recomputed"],
        difference=(table_arithmetic["printed"] - table_arithmetic["recomputed"]).abs(),
    )
    counts = checked.groupby(["test", "quantity"], sort=False).agg(
        checked=("exact", "size"), exact=("exact", "sum"), largest=("difference", "max")
    )
    shown = pd.DataFrame(
        {
            words("audit.column.test"): [
                words(f"audit.test.{test}_{quantity}") for test, quantity in counts.index
            ],
            words("audit.column.checked"): counts["checked"].map(words.count).to_list(),
            words("audit.column.exact"): counts["exact"].map(words.count).to_list(),
            words("audit.column.largest"): counts["largest"].map(words.count).to_list(),
        }
    )
    total, exact = len(checked), int(checked["exact"].sum())
    values = {"total": words.count(total), "exact": words.count(exact)}
    return Exhibit(
        id="audit_arithmetic",
        title=words("audit.arithmetic.title"),
        caption=words("audit.arithmetic.caption", **values),
        source=words("audit.arithmetic.source"),
        alternative_text=words("audit.arithmetic.alternative_text", **values),
        data=table_arithmetic,
        shown=shown,
        numbers={
            "audit_table_checks_total": Number(total, "checks"),
            "audit_table_checks_exact": Number(exact, "checks"),
        },
    )
