"""The same bytes whatever the hash seed and the number of threads of the linear algebra library."""

import json

from elsewhere import printed_here_and_elsewhere

SCRIPT = """
import json, sys
from bsup_analysis.effects.agreement import agreement_contrast
from bsup_analysis.effects.intervals import average_change
from bsup_analysis.effects.intervals import chart_orders
from bsup_analysis.effects.agreement import county_comparison
from bsup_analysis.effects.paired import clustered_half, growth_dispersion
from bsup_analysis.effects.paired import heterogeneity
from bsup_analysis.effects.inference import leave_one_out
from bsup_analysis.effects.paired import Paired
from bsup_analysis.effects.randomisation import randomise_growth

given = json.load(sys.stdin)
loans, amounts = (Paired(*map(tuple, given[name])) for name in ("loans", "amounts"))
signed = tuple(given["signed"])
county = {code: code[:2] for code in loans.codes}
for rows in (loans, amounts):
    print(growth_dispersion(rows), clustered_half(rows), heterogeneity(rows))
    print(agreement_contrast(rows, signed), county_comparison(rows, signed, county))
    found = randomise_growth(rows, signed, [county[code] for code in rows.codes])
    print(found, found.log_ratios.tolist())
print(leave_one_out(loans, 309, 478), average_change(loans, amounts))
print(chart_orders((993, 931, 1047, 1487), (2007, 2008, 2009, 2010), {2009: 738, 2010: 1009}, {}))
"""


def test_same_bytes(loans, amounts, signed):
    given = json.dumps(
        {
            "loans": [loans.codes, loans.pre, loans.post],
            "amounts": [amounts.codes, amounts.pre, amounts.post],
            "signed": signed,
        }
    )
    here, elsewhere = printed_here_and_elsewhere(SCRIPT, given)
    assert len(here) > 10_000
    assert elsewhere == here
