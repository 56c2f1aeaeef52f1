"""A regression as a reader meets it: its coefficients, its variances and its interval."""

import re

import pandas as pd

from bsup_analysis.effects.regression import Fit
from bsup_analysis.exhibit.charts import forest, ratio_text, side_of_one
from bsup_analysis.exhibit.exhibit import Exhibit, Number, traced
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


@traced
def regression(fit: Fit, words: Words) -> Exhibit:
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
        words("regression.label", term=row.term, variance=words(f"regression.{row.variance}"))
        for row in data.itertuples()
    ]
    shown = pd.DataFrame(
        {
            words("regression.term"): labels,
            words("regression.estimate"): [words.decimal(value, 4) for value in data["estimate"]],
            words("regression.se"): [words.decimal(value, 4) for value in data["se"]],
            words("regression.df"): [
                words("regression.normal") if pd.isna(df) else words.count(df) for df in data["df"]
            ],
            words("regression.interval"): [
                ratio_text(row.ratio, row.low, row.high, words)
                if fit.is_ratio
                else ratio_text(row.estimate, row.low, row.high, words)
                for row in data.itertuples()
            ],
        }
    )
    values = {
        "formula": fit.formula,
        "rows": words.count(fit.nobs),
        "dispersion": words.decimal(fit.dispersion, 2 if fit.dispersion < 100 else 0),
        "level": words.percent(fit.level, 0),
        "interval": shown.iloc[0, -1],
    }
    side = side_of_one(main["low"], main["high"]) if fit.is_ratio else "linear"
    rows = data.assign(label=labels)
    return Exhibit(
        id=f"regression_{identifier}",
        title=words(f"regression.title_{fit.model.family}", **values),
        caption=words("regression.caption", reading=words(f"regression.{side}"), **values),
        source=words("regression.source"),
        alternative_text=words("regression.alternative_text", **values),
        data=data,
        draw=(lambda: forest(rows, words("regression.axis"), words)) if fit.is_ratio else None,
        shown=shown,
        numbers={
            f"regression_{identifier}_{name}": Number(float(value), unit)
            for name, value, unit in (
                ("coefficient", main["estimate"], "log ratio" if fit.is_ratio else "coefficient"),
                ("standard_error", main["se"], "log ratio" if fit.is_ratio else "coefficient"),
                ("dispersion", fit.dispersion, "variance divided by mean"),
            )
        },
    )
