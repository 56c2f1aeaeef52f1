import pandas as pd
import pytest

from bsup_analysis.effects.paired import Paired, paired
from bsup_analysis.errors import InputError


def test_page_14_sums_are_reached(loans, amounts):
    """The sums printed under the table on p. 14."""
    assert (loans.pre_total, loans.post_total) == (738, 1009)
    assert (amounts.pre_total, amounts.post_total) == (395_266_363, 505_039_917)
    assert loans.codes == amounts.codes == tuple(sorted(loans.codes))


def test_order_of_rows_does_not_matter(municipality_year, loans):
    shuffled = municipality_year.sample(frac=1, random_state=3)
    assert paired(shuffled, "loans", 2009, 2010) == loans


def test_only_and_without_part_the_whole(loans, signed):
    inside, outside = loans.only(signed), loans.without(signed)
    assert sorted(inside.codes + outside.codes) == sorted(loans.codes)
    assert inside.pre_total + outside.pre_total == loans.pre_total
    assert (inside.pre_total, inside.post_total) == (520, 759)  # p. 14, the seven rows added up


@pytest.mark.parametrize(
    ("codes", "pre", "post", "says"),
    [
        (("1601",), (0,), (0,), "1601 has none in both years"),
        (("1601", "1502"), (0, 0), (3, 4), "none in one of the years"),
        (("1601", "1601"), (1, 2), (3, 4), "1601 stands twice"),
        (("1601",), (-1,), (2,), "zero or more"),
        (("1601",), (float("nan"),), (2,), "zero or more"),
        ((), (), (), "no municipality"),
        (("1601",), (1, 2), (3,), "differ in number"),
    ],
)
def test_refuses(codes, pre, post, says):
    with pytest.raises(InputError, match=says):
        Paired(codes, pre, post)


def test_refuses_a_window_of_one_year(municipality_year):
    with pytest.raises(InputError, match="single year 2010"):
        paired(municipality_year, "loans", 2010, 2010)


def test_refuses_a_municipality_without_one_of_the_years(municipality_year):
    with pytest.raises(InputError, match="1601 lacks both 2009 and 2010"):
        paired(municipality_year.drop(index=0), "loans", 2009, 2010)
    with pytest.raises(InputError, match="no municipality has both"):
        paired(municipality_year, "loans", 2004, 2005)
    twice = pd.concat([municipality_year, municipality_year.iloc[:1]])
    with pytest.raises(InputError, match="1601 stands twice in 2009"):
        paired(twice, "loans", 2009, 2010)


def test_refuses_an_unknown_code(loans):
    with pytest.raises(InputError, match="0301 is named but has no row"):
        loans.only(["0301"])


def test_one_without_loans_in_a_year_can_be_left_out():
    rows = Paired(("a", "b"), (0, 3), (4, 5))
    assert rows.without(["a"]) == Paired(("b",), (3,), (5,))
