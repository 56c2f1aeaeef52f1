"""Ranking units by small counts without believing the counts more than they deserve.

`counts` holds events with their exposure, `gamma_poisson` and `beta_binomial` pool them in part,
`hyperparameters` finds how much, `posteriors` and `ranks` say what is then known of each unit and
of its place, `funnel` what chance alone does, `standing` when a unit may be told from the median.
Any number of units from two up; a single unit has no rank and is refused.
"""
