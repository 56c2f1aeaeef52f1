"""What the municipal level rests on: where the numbers come from, and how much is known."""

import pandas as pd

from bsup_analysis.analysis.municipal_level import MunicipalData, MunicipalPanels
from bsup_analysis.chapters.municipal.phrases import counted, finite, named, sentence, source
from bsup_analysis.design import Design
from bsup_analysis.effects.municipal.panel import NotEstimableError
from bsup_analysis.exhibit.exhibit import Exhibit, traced
from bsup_analysis.language import Words


@traced
def data_used(
    municipal_data: MunicipalData, municipal_panels: MunicipalPanels, design: Design, words: Words
) -> Exhibit:
    """Tell what the table holds of the years and municipalities that the design asks for."""
    data, chosen = municipal_data, design.municipal
    rows = data.table[data.table["year"].isin(chosen.years.value)]
    units = rows.drop_duplicates("unit")
    loose = (rows["loans_low"] < rows["loans_high"]).fillna(False).astype(bool)
    counts = {
        "priority": int((units["group"] == "priority").sum()),
        "other": int((units["group"] == "other").sum()),
        "clusters": len({data.cluster[unit] for unit in units["unit"]}),
        "counts_known": int(rows["loans"].notna().sum()),
        "counts_unknown": int(rows["loans"].isna().sum()),
        "counts_within_limits": int(loose.sum()),
        "amounts_known": int(rows["amount_nok"].notna().sum()),
        "amounts_unknown": int(rows["amount_nok"].isna().sum()),
        "population_unknown": int(rows["population"].isna().sum()),
    }
    present = [year for year in chosen.years.value if year not in municipal_panels.absent_years]
    listed = {
        "counted": sentence(counted(data, words)),
        "years": ", ".join(str(year) for year in present) or words("municipal.none"),
        "absent": ", ".join(str(year) for year in municipal_panels.absent_years)
        or words("municipal.none"),
        "selection": str(chosen.selection_year.value),
        "largest": data.names[data.largest],
        "loss_sharing": named(data.loss_sharing, data, words),
        "partners": named(data.excluded, data, words),
    }
    order = ["counted", "years", "absent", "selection", "priority", "other", "clusters"]
    order += ["partners", "largest", "loss_sharing", "counts_known", "counts_unknown"]
    order += ["counts_within_limits", "amounts_known", "amounts_unknown", "population_unknown"]
    whole = not isinstance(municipal_panels.primary, NotEstimableError)
    caption = words(
        "municipal_data.caption" if whole else "municipal_data.caption_short",
        counted=counted(data, words),
        known=words.count(counts["counts_known"]),
        cells=words.count(len(rows)),
    )
    return Exhibit(
        id="municipal_data_used",
        title=words("municipal_data.title"),
        caption=caption,
        source=source(data, words),
        alternative_text=caption,
        data=_data(data, counts, present, order),
        shown=pd.DataFrame(
            {
                words("municipal_data.head_what"): [words(f"municipal_data.{k}") for k in order],
                words("municipal_data.head_value"): [
                    listed[k] if k in listed else words.count(counts[k]) for k in order
                ],
            }
        ),
        numbers=finite(
            {
                "municipal_counts_known": (counts["counts_known"], "municipality-years"),
                "municipal_counts_unknown": (counts["counts_unknown"], "municipality-years"),
                "municipal_amounts_unknown": (counts["amounts_unknown"], "municipality-years"),
            }
        ),
    )


def _data(
    data: MunicipalData, counts: dict[str, int], present: list[int], order: list[str]
) -> pd.DataFrame:
    """Write the same in keys and codes."""
    texts = {
        "counted": data.definition,
        "years": " ".join(map(str, present)),
        "largest": data.largest,
        "loss_sharing": " ".join(data.loss_sharing),
        "partners": " ".join(data.excluded),
    }
    shown = [key for key in order if key in texts or key in counts]
    return pd.DataFrame(
        {"what": shown, "value": [texts.get(key, str(counts.get(key, ""))) for key in shown]}
    )
