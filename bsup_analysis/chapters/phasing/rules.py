"""The choice made explicit: what each rule would have chosen."""

import pandas as pd

from bsup_analysis.analysis.phasing import Rule
from bsup_analysis.design import Design
from bsup_analysis.effects.selection_rules import expected_jaccard
from bsup_analysis.exhibit.exhibit import Exhibit, Number, traced
from bsup_analysis.language import UNKNOWN, Words

# reasons the document gives for which no table has a value for every municipality
WITHOUT_DATA = ("need", "success")


def _names(codes: frozenset[str], names: pd.Series, words: Words) -> str:
    found = sorted((names[code] for code in codes), key=_alphabet)
    return words.listed(found) if found else words("phasing.rules.nobody")


def _alphabet(name: str) -> str:
    """Sort Norwegian letters as Norwegians do: æ, ø and å after z."""
    return name.lower().translate(str.maketrans("æøå", "{|}"))


def _range(low: float, high: float, shown: str, words: Words) -> str:
    ends = [words.count(v) if shown == "count" else words.decimal(v) for v in (low, high)]
    return ends[0] if low == high else words("phasing.ranking.from_to", low=ends[0], high=ends[1])


def _weights_text(rule: Rule, words: Words) -> str:
    total = sum(rule.weights.values())
    return words.listed(
        [
            words(
                "phasing.rules.weight",
                name=words(f"phasing.rules.short_{name}"),
                share=words.percent(weight / total, 0),
            )
            for name, weight in rule.weights.items()
            if weight > 0
        ]
    )


@traced
def candidate_rules(
    selection_rules: tuple[Rule, ...], municipality: pd.DataFrame, design: Design, words: Words
) -> Exhibit:
    """Show what each candidate rule would have chosen, beside the actual choice."""
    names = municipality.set_index("municipality_code")["municipality_name"]
    actual = frozenset(municipality.loc[municipality["group"] == "priority", "municipality_code"])
    rows, cells = [], []
    for rule in selection_rules:
        certain, tied = rule.choice.certain, rule.choice.tied
        rows.append(
            {
                "rule": rule.name,
                "both_low": rule.agreement.both_low,
                "both_high": rule.agreement.both_high,
                "jaccard_low": rule.agreement.jaccard_low,
                "jaccard_high": rule.agreement.jaccard_high,
                "tied": len(tied),
                "only_rule": ";".join(sorted(certain - actual)),
                "only_actual": ";".join(sorted(actual - certain - tied)),
            }
        )
        label = words(f"phasing.rules.{rule.name}", weights=_weights_text(rule, words))
        ties = words("phasing.rules.tied", count=words.count(len(tied)))
        cells.append(
            (
                label,
                _range(rule.agreement.both_low, rule.agreement.both_high, "count", words),
                _range(rule.agreement.jaccard_low, rule.agreement.jaccard_high, "", words),
                ties if tied else _names(certain - actual, names, words),
                _names(actual - certain - tied, names, words),
            )
        )
    for reason in WITHOUT_DATA:
        rows.append({"rule": reason})
        what = words(f"phasing.rules.lacks_{reason}")
        cells.append((words(f"phasing.rules.{reason}"), UNKNOWN, UNKNOWN, what, UNKNOWN))
    heads = ("rule", "both", "jaccard", "only_rule", "only_actual")
    shown = pd.DataFrame(cells, columns=[words(f"phasing.rules.head_{head}") for head in heads])
    places, units = design.groups.priority.value, len(municipality)
    lot = expected_jaccard(units, places, len(actual))
    best = max(selection_rules, key=lambda rule: rule.agreement.jaccard_low)
    values = {
        "places": words.count(places),
        "units": words.count(units),
        "lot": words.decimal(lot),
        "best": words(f"phasing.rules.short_{best.name}"),
        "best_both": words.count(best.agreement.both_low),
        "best_jaccard": words.decimal(best.agreement.jaccard_low),
    }
    counts = ("both_low", "both_high", "tied")
    return Exhibit(
        id="candidate_rules",
        title=words("phasing.rules.title", **values),
        caption=words("phasing.rules.caption", **values),
        source=words("phasing.rules.source"),
        alternative_text=words("phasing.rules.caption", **values),
        data=pd.DataFrame(rows).astype(dict.fromkeys(counts, "Int64")),
        shown=shown,
        numbers={
            **{
                f"jaccard_rule_{rule.name}": Number(rule.agreement.jaccard_low, "Jaccard index")
                for rule in selection_rules
            },
            "jaccard_by_lot": Number(lot, "Jaccard index"),
        },
    )
