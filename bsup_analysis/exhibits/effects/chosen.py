"""One specification by itself, so that runs of the notebook with each of them can be compared."""

from collections.abc import Sequence

import pandas as pd

from bsup_analysis.effects.specifications import SpecificationRow
from bsup_analysis.exhibits.effects.robustness import side
from bsup_analysis.exhibits.exhibit import Exhibit, Number, traced
from bsup_analysis.language import Words

MEASURES = ("ratio", "low", "high", "minimum_detectable_above", "minimum_detectable_below")


@traced
def chosen_specification(
    specification_table: Sequence[SpecificationRow], specification: str, words: Words
) -> Exhibit:
    """Tabulate the ratio of the chosen specification, its interval and what it would detect."""
    row = next(one for one in specification_table if one.name == specification)
    values = (row.ratio.value, row.low, row.high, row.detectable_above, row.detectable_below)
    data = pd.DataFrame({"specification": specification, "measure": MEASURES, "value": values})
    name = words(f"robustness.specification_{specification}")
    shown = pd.DataFrame(
        {
            words("contrast.measure"): [words(f"robustness.measure_{one}") for one in MEASURES],
            name: [words.decimal(value) for value in values],
        }
    )
    return Exhibit(
        id="chosen_specification",
        title=words("robustness.chosen_title", name=name),
        caption=words(f"robustness.chosen_{side(row)}", name=name),
        source=words("robustness.specifications_source"),
        alternative_text=words("robustness.chosen_title", name=name),
        data=data,
        shown=shown,
        numbers={
            f"chosen_specification_{one}": Number(value, "ratio")
            for one, value in zip(MEASURES, values, strict=True)
        },
    )
