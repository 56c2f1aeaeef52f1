"""What the document says, and what of it holds."""

from collections.abc import Sequence

from bsup_analysis.report.blocks import Block, Table
from bsup_analysis.report.inline import Text
from bsup_analysis.report.tables import read_rows
from bsup_analysis.report.teller import Teller

# columns of the list of statements
NUMBER, PAGE, STATEMENT, PRINTED, RECOMPUTED, NOTE = 0, 1, 2, 3, 4, 6


def document(tell: Teller) -> list[Block]:
    """Sum up the audit and recompute the programme's own figures."""
    exact, total = (tell.value(f"audit_table_checks_{name}") for name in ("exact", "total"))
    return [
        tell.heading("document"),
        tell.say(
            "document.count",
            total=tell.count("audit_statements_total"),
            reproduced=tell.count("audit_reproduced"),
            rounding=tell.count("audit_within_rounding"),
            contradicted=tell.count("audit_contradicted"),
            undefined=tell.count("audit_undefined"),
            unrecoverable=tell.count("audit_unrecoverable"),
            figure=tell.ref("audit_summary"),
        ),
        tell.exhibit("audit_summary"),
        *_contradictions(tell),
        tell.say(
            "document.table_exact" if exact == total else "document.table_inexact",
            exact=tell.count("audit_table_checks_exact"),
            total=tell.count("audit_table_checks_total"),
            check=tell.ref("audit_arithmetic"),
        ),
        tell.exhibit("start_loan_table"),
        tell.say(
            "document.population",
            share=tell.percent("population_share_priority_2009"),
            before=tell.percent("population_share_priority_2008"),
            after=tell.percent("population_share_priority_2010"),
            figure=tell.ref("population_share"),
        ),
        tell.exhibit("population_share"),
        tell.say(
            "document.loans",
            loan_share=tell.percent("loan_share_priority_2009"),
            amount_share=tell.percent("amount_share_priority_2009"),
            figure=tell.ref("loan_share"),
        ),
        tell.exhibit("loan_share"),
        tell.say(
            "document.counts",
            before=tell.count("loans_region_2009"),
            after=tell.count("loans_region_2010"),
            figure=tell.ref("region_loans"),
        ),
        tell.exhibit("region_loans"),
        tell.say(
            "document.average",
            region_before=tell.count("average_loan_nok_region_2009"),
            region_after=tell.count("average_loan_nok_region_2010"),
            **tell.groups_moved("growth_average_{}_2009_2010"),
            figure=tell.ref("average_loan"),
        ),
        tell.exhibit("average_loan"),
        tell.say(
            "document.malvik",
            *(["document.malvik_used"] if exact == total else []),
            table=tell.count("malvik_average_loan_nok_2009_table"),
            text=tell.count("malvik_average_loan_nok_2009_text"),
            figure=tell.ref("malvik"),
        ),
        tell.exhibit("malvik"),
    ]


def _contradictions(tell: Teller) -> list[Block]:
    """List what is contradicted but for page numbers of the contents list, which weigh little."""
    exhibit = tell.published.exhibits["audit_statements"]
    chosen = {
        row["statement_id"]
        for row in read_rows(exhibit.data)
        if row["status"] == "contradicted" and row["check"] != "toc_page"
    }
    listed = [row for row in exhibit.table.rows if row[0] in chosen] if exhibit.table else []
    if exhibit.table is None or not listed or not tell.has("audit_contradicted_contents"):
        return []
    contents = "audit_contradicted_contents"
    return [
        tell.say(
            tell.many("document.contents", contents),
            "document.contradictions",
            rest=tell.count("audit_contradicted", lambda value: value - tell.value(contents)),
            table=tell.ref("contradictions"),
            all=tell.ref("audit_statements"),
        ),
        Table(
            id="contradictions",
            title=tell.text("document.contradictions_title"),
            head=_contradiction(exhibit.table.head),
            rows=tuple(tuple((Text(cell),) for cell in _contradiction(row)) for row in listed),
            note=exhibit.source,
            numeric=frozenset({1}),
        ),
    ]


def _contradiction(row: Sequence[str]) -> tuple[str, ...]:
    """Give a statement's cells, or the heads above them, as they stand in a narrower table."""
    both = f"{row[PRINTED]} → {row[RECOMPUTED]}"
    return (row[NUMBER], row[PAGE], row[STATEMENT], both, row[NOTE])
