"""A regression as a reader meets it: its coefficients, its variances and its interval."""

import re

import pandas as pd

from bsup_analysis.effects.regression import Fit
from bsup_analysis.exhibit.charts import forest, side_of_one
from bsup_analysis.exhibit.exhibit import Content, exhibit
from bsup_analysis.language import Words


def _rows(fit: Fit) -> pd.DataFrame:
    """Lay out every term with the chosen variance, then the first with each other variance."""
    first = str(fit.params.index[0])
    others = [one for one in fit.variances() if one.vcov_type != fit.vcov_type]
    parts = []
    for one in (fit, *others):
        table = one.tidy().rename(columns={"exp": "ratio"}).assign(variance=one.vcov_type)
        if fit.is_ratio:
            found = [one.interval(str(term)) for term in table["term"]]
            table["detectable_below"] = [interval.detectable_below for interval in found]
            table["detectable_above"] = [interval.detectable_above for interval in found]
        parts.append(table if one is fit else table[table["term"] == first])
    rows = pd.concat(parts, ignore_index=True)
    return rows.assign(is_main=(rows["variance"] == fit.vcov_type) & (rows["term"] == first))


@exhibit("", "regression")
def regression(fit: Fit, words: Words) -> Content:
    """Tabulate a fitted regression and draw the interval of its ratio under each variance.

    Parameters
    ----------
    fit
        From `Study.fit`.
    words
        The language.
    """
    data = _rows(fit)
    main = data[data["is_main"]].iloc[0]
    outcome = fit.model.outcome
    identifier = re.sub(r"\W+", "_", f"{outcome} per {fit.exposure}" if fit.exposure else outcome)
    labels = [
        words("regression.label", term=row.term, variance=row.variance) for row in data.itertuples()
    ]
    values = "ratio" if fit.is_ratio else "estimate"
    intervals = list(zip(data[values], data["low"], data["high"], strict=True))
    df = [words("regression.normal") if pd.isna(n) else words.count(n) for n in data["df"]]
    drawn = data.assign(label=labels)
    unit = "log ratio" if fit.is_ratio else "coefficient"
    return Content(
        data,
        {
            "formula": fit.formula,
            "rows": fit.nobs,
            "dispersion": words.decimal(fit.dispersion, 2 if fit.dispersion < 100 else 0),
            "level": fit.level,
            "interval": intervals[0],
            "reading": side_of_one(main["low"], main["high"]) if fit.is_ratio else "linear",
        },
        title=words(f"regression.title_{fit.model.family}", formula=fit.formula),
        draw=(lambda: forest(drawn, words("regression.axis"), words)) if fit.is_ratio else None,
        table=drawn.assign(interval=intervals, df=df),
        numbers={
            f"regression_{identifier}_coefficient": (main["estimate"], unit),
            f"regression_{identifier}_standard_error": (main["se"], unit),
            f"regression_{identifier}_dispersion": (fit.dispersion, "variance divided by mean"),
        },
        id=f"regression_{identifier}",
    )
