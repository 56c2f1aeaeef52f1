"""What the document says, and what of it holds."""

from bsup_analysis.report.blocks import Block
from bsup_analysis.report.teller import Teller


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
            priority=tell.moved("growth_average_priority_2009_2010"),
            other=tell.moved("growth_average_other_2009_2010"),
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
