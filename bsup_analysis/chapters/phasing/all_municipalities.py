"""Rankings with every municipality's loans, from the user's table.

The drawings are those of the published level; ids, title and source are their own, since the two
levels stand in one report and need not agree.
"""

from dataclasses import replace

import pandas as pd
from matplotlib.figure import Figure

from bsup_analysis.analysis.phasing import Places, Pooled
from bsup_analysis.chapters.phasing import funnel_figure, ranking
from bsup_analysis.design import Design
from bsup_analysis.effects.empirical_bayes import Counts
from bsup_analysis.effects.paired import Paired
from bsup_analysis.exhibit.exhibit import Exhibit, of_all, traced
from bsup_analysis.language import Words


def _told_apart(exhibit: Exhibit, municipality: pd.DataFrame, words: Words) -> Exhibit:
    """Set the names of priority municipalities in bold."""
    group = municipality.set_index("municipality_name")["group"]

    def draw() -> Figure:
        assert exhibit.draw is not None  # noqa: S101 - rankings are drawn
        figure = exhibit.draw()
        for label in figure.axes[0].get_yticklabels():
            if group[label.get_text()] == "priority":
                label.set_fontweight("bold")
        return figure

    caption = f"{exhibit.caption} {words('phasing.municipal.bold')}"
    return replace(exhibit, draw=draw, caption=caption)


@traced
def loan_rate_ranking(
    loan_rates: Pooled,
    loan_rate_places: Places,
    loan_counts: Counts,
    municipality: pd.DataFrame,
    start_loans: pd.DataFrame,
    design: Design,
    words: Words,
) -> Exhibit:
    """Rank all municipalities by loans for each inhabitant."""
    exhibit = ranking.loan_rate_ranking(
        loan_rates, loan_rate_places, loan_counts, municipality, design, words
    )
    return of_all(_told_apart(exhibit, municipality, words), start_loans, words)


@traced
def loan_growth_ranking(
    loan_growth: Pooled,
    loan_growth_places: Places,
    paired_loans: Paired,
    municipality: pd.DataFrame,
    start_loans: pd.DataFrame,
    design: Design,
    words: Words,
) -> Exhibit:
    """Rank all municipalities by growth in loans."""
    exhibit = ranking.loan_growth_ranking(
        loan_growth, loan_growth_places, paired_loans, municipality, design, words
    )
    return of_all(_told_apart(exhibit, municipality, words), start_loans, words)


@traced
def loan_funnel(
    loan_counts: Counts,
    loan_rates: Pooled,
    municipality: pd.DataFrame,
    start_loans: pd.DataFrame,
    design: Design,
    words: Words,
) -> Exhibit:
    """Show all municipalities' loans for each inhabitant against size."""
    exhibit = funnel_figure.loan_funnel(loan_counts, loan_rates, municipality, design, words)
    return of_all(exhibit, start_loans, words)
