import math
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import permutation_test

from bsup_analysis.effects.paired import Paired
from bsup_analysis.effects.randomisation import (
    assignments,
    exact_test,
    randomise_growth,
    sign_flips,
)
from bsup_analysis.errors import InputError

# Darwin (1876), The Effects of Cross and Self Fertilisation, table of Zea mays: crossed less
# self-fertilised, eighths of an inch, as Fisher (1935), The Design of Experiments, gives them.
MAIZE = np.array([49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48])


def test_darwins_maize():
    """Fisher (1935), section 21: 863 of 32 768 sums are 314 or more."""
    sums = sign_flips(15) @ MAIZE
    test = exact_test(sums, np.ones_like(sums), (314, 1))
    assert MAIZE.sum() == 314
    assert (test.extreme, test.assignments) == (863, 32_768)
    reference = permutation_test(
        (MAIZE,),
        lambda sample, axis: sample.sum(axis=axis),
        permutation_type="samples",
        n_resamples=np.inf,
        alternative="greater",
        vectorized=True,
    )
    assert test.p_value == reference.pvalue


def test_every_assignment_of_the_17_against_scipy(loans, signed):
    """scipy.stats.permutation_test over all C(17, 7), two-sided on |log ratio|."""
    pre, post = np.array(loans.pre), np.array(loans.post)
    inside = np.array([code in signed for code in loans.codes])

    def statistic(one, other, axis):
        growths = [post[i].sum(axis) / pre[i].sum(axis) for i in (one, other)]
        return np.abs(np.log(growths[0] / growths[1]))

    units = np.arange(17)
    reference = permutation_test(
        (units[inside], units[~inside]),
        statistic,
        permutation_type="independent",
        n_resamples=np.inf,
        alternative="greater",
        vectorized=True,
    )
    found = randomise_growth(loans, signed)
    assert found.test.assignments == len(reference.null_distribution) == math.comb(17, 7)
    assert found.test.p_value == pytest.approx(reference.pvalue, abs=1e-12)
    assert np.sort(np.abs(found.log_ratios)) == pytest.approx(
        np.sort(reference.null_distribution), abs=1e-12
    )


@pytest.mark.parametrize(("treated", "expected"), [(7, 19_448), (8, 24_310), (9, 24_310)])
def test_under_a_second(loans, amounts, treated, expected):
    """17 over 7 and 17 over 8 assignments, about a second each, in loans and in NOK."""
    codes = loans.codes[:treated]
    start = time.perf_counter()
    for rows in (loans, amounts):
        assert randomise_growth(rows, codes).test.assignments == expected
    assert time.perf_counter() - start < 2


def test_strata_keep_their_numbers(loans, signed):
    """3 of 7, 1 of 5 and 3 of 5 in the three counties: 35 x 5 x 10 choices."""
    counties = [code[:2] for code in loans.codes]
    found = randomise_growth(loans, signed, counties)
    assert found.test.assignments == 35 * 5 * 10
    inside = [code in signed for code in loans.codes]
    for choice in assignments(inside, counties)[::97]:
        numbers = [sum(counties[n] == label for n in choice) for label in ("15", "16", "17")]
        assert numbers == [3, 1, 3]


def test_assignments_are_all_and_each_once():
    rows = {tuple(sorted(row)) for row in assignments([True, False, True, False, False])}
    assert len(rows) == math.comb(5, 2) == len(assignments([True, False, True, False, False]))


def test_ties_count_however_they_are_added_up():
    """Everyone grew by a third: every assignment ties with the observed one."""
    rows = Paired(tuple("abcdef"), (3, 6, 9, 12, 15, 21), (4, 8, 12, 16, 20, 28))
    assert randomise_growth(rows, ("a", "b")).test.p_value == 1


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9)), min_size=4, max_size=8),
    st.integers(0, 10**6),
)
@settings(max_examples=60)
def test_scale_and_labels_of_time_do_not_matter(pairs, factor):
    """NOK instead of loans (products beyond 64 bits), or time reversed: the same count."""
    codes = tuple(str(n) for n in range(len(pairs)))
    pre, post = zip(*pairs, strict=True)
    if pre[0] + pre[1] == 0 or sum(pre[2:]) == 0:
        return
    test = randomise_growth(Paired(codes, pre, post), codes[:2]).test
    scale = 10**8 + factor
    scaled = Paired(codes, tuple(scale * n for n in pre), tuple(scale * n for n in post))
    assert randomise_growth(scaled, codes[:2]).test == test
    assert randomise_growth(Paired(codes, post, pre), codes[:2]).test == test
    assert test.extreme >= 1


def test_products_beyond_64_bits_are_exact():
    """2^40 x 2^23 does not fit into 64 bits: neither wrapped round nor refused."""
    test = exact_test(np.array([2**40, 2**40 - 1]), np.array([2**40, 2**40]), (2**23, 2**23))
    assert (test.extreme, test.assignments) == (1, 2)


def test_zero_totals_are_the_most_extreme():
    """A choice with nothing in a year has an infinite log ratio and counts as extreme."""
    rows = Paired(tuple("abcd"), (0, 0, 5, 6), (4, 3, 5, 7))
    found = randomise_growth(rows, ("a", "c"))
    assert np.isinf(found.log_ratios).sum() == 2
    assert found.test.extreme >= 2


def test_refuses(loans):
    with pytest.raises(InputError, match="No municipality is treated"):
        randomise_growth(loans, ())
    with pytest.raises(InputError, match="no others"):
        randomise_growth(loans, loans.codes)
    with pytest.raises(InputError, match="whole numbers"):
        randomise_growth(Paired(("a", "b"), (1.5, 2), (2, 3)), ("a",))
    with pytest.raises(InputError, match="possible assignments"):
        assignments([n < 20 for n in range(40)])
    with pytest.raises(InputError, match="sign assignments"):
        sign_flips(40)
    with pytest.raises(InputError, match="strata"):
        assignments([True, False], ["a"])
