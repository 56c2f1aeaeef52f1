import math

import numpy as np
import pytest
from scipy.stats import chi2, t
from statsmodels.stats.meta_analysis import combine_effects

from bsup_analysis.effects.paired import Paired, between_variance, heterogeneity
from bsup_analysis.errors import InputError

# BCG vaccine trials (Colditz et al. 1994, JAMA 271, 698-702; R: metafor dat.bcg):
# tuberculosis and not among the vaccinated, tuberculosis and not among the others.
BCG = [
    (4, 119, 11, 128),
    (6, 300, 29, 274),
    (3, 228, 11, 209),
    (62, 13536, 248, 12619),
    (33, 5036, 47, 5761),
    (180, 1361, 372, 1079),
    (8, 2537, 10, 619),
    (505, 87886, 499, 87892),
    (29, 7470, 45, 7232),
    (17, 1699, 65, 1600),
    (186, 50448, 141, 27197),
    (5, 2493, 3, 2338),
    (27, 16886, 29, 17825),
]


def test_paule_mandel_is_statsmodels_iterated(loans):
    """statsmodels combine_effects, method_re 'iterated' (Paule-Mandel); 1e-6."""
    effects = np.log(np.array(loans.post) / np.array(loans.pre))
    variances = 1 / np.array(loans.post) + 1 / np.array(loans.pre)
    reference = combine_effects(effects, variances, method_re="iterated", atol=1e-12)
    spread = heterogeneity(loans)
    assert spread.tau**2 == pytest.approx(reference.tau2, rel=1e-6)
    assert spread.q == pytest.approx(reference.q, rel=1e-12)
    assert spread.mean == pytest.approx(reference.mean_effect_re, rel=1e-6)
    assert spread.mean_se == pytest.approx(reference.sd_eff_w_re, rel=1e-6)
    assert spread.df == 16


def test_published_interval_of_the_bcg_trials():
    """Viechtbauer (2010, Journal of Statistical Software 36(3)), confint of the BCG example.

    Q-profile interval of tau^2: 0.1197 to 1.1115; Q = 152.2330 with 12 degrees of freedom.
    """
    cells = np.array(BCG, dtype=float)
    a, b, c, d = cells.T
    effects = np.log((a / (a + b)) / (c / (c + d)))
    variances = 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)
    low = between_variance(effects, variances, chi2.ppf(0.975, 12))
    high = between_variance(effects, variances, chi2.ppf(0.025, 12))
    assert (low, high) == pytest.approx((0.1197, 1.1115), abs=5e-5)
    weights = 1 / variances
    q = np.sum(weights * (effects - np.sum(weights * effects) / np.sum(weights)) ** 2)
    assert q == pytest.approx(152.2330, abs=5e-5)
    # Just above Q no variance between trials is needed.
    assert between_variance(effects, variances, q + 1e-6) == 0


def test_prediction_interval(loans):
    """Higgins, Thompson and Spiegelhalter (2009): mean +- t(k - 2) sqrt(tau^2 + se^2)."""
    spread = heterogeneity(loans)
    reach = t.ppf(0.975, 15) * math.hypot(spread.tau, spread.mean_se)
    assert spread.prediction_high == pytest.approx(math.exp(spread.mean + reach), rel=1e-12)
    assert spread.prediction_low < spread.growth_low < spread.growth_high < spread.prediction_high
    assert spread.tau_low < spread.tau < spread.tau_high
    # the growth that is seen: a municipality with the median's loans, split by the mean growth
    total = float(np.median(np.add(loans.pre, loans.post)))
    before = total / (1 + math.exp(spread.mean))
    noise = 1 / before + 1 / (total - before)
    reach = t.ppf(0.975, 15) * math.sqrt(spread.tau**2 + spread.mean_se**2 + noise)
    assert spread.typical == total == 51  # Melhus
    assert spread.observed_low == pytest.approx(math.exp(spread.mean - reach), rel=1e-12)
    assert spread.observed_high == pytest.approx(math.exp(spread.mean + reach), rel=1e-12)


def test_the_growth_that_is_seen_lies_where_it_is_said_to(loans):
    """800 draws with the sizes of the 17 and tau 0.3: 95 % within 3.5 Monte Carlo errors.

    The interval of true growth holds the growth seen far less often, and true growth itself less
    often than it says, since it takes tau as known.
    """
    rng = np.random.default_rng(3)
    total = np.add(loans.pre, loans.post)
    seen, seen_in_true, true = [], [], []
    while len(seen) < 800:
        growth = np.exp(rng.normal(0.3, 0.3, 18))
        pre = rng.poisson(np.append(total, 51) / (1 + growth))
        post = rng.poisson(np.append(total, 51) * growth / (1 + growth))
        if min(pre.min(), post.min()) == 0:
            continue
        spread = heterogeneity(Paired(loans.codes, tuple(pre[:17]), tuple(post[:17])))
        ratio = post[17] / pre[17]
        seen.append(spread.observed_low <= ratio <= spread.observed_high)
        seen_in_true.append(spread.prediction_low <= ratio <= spread.prediction_high)
        true.append(spread.prediction_low <= growth[17] <= spread.prediction_high)
    error = math.sqrt(0.95 * 0.05 / 800)
    assert abs(np.mean(seen) - 0.95) < 3.5 * error
    assert np.mean(seen_in_true) < 0.95 - 10 * error
    assert 0.85 < np.mean(true) < 0.95 - 3.5 * error


def test_limits_of_tau_are_where_the_statistic_is_a_chi_square_quantile(loans):
    """Q-profile (Viechtbauer 2007), the statistic written out here; 1e-9."""
    effects = np.log(np.array(loans.post) / np.array(loans.pre))
    variances = 1 / np.array(loans.post) + 1 / np.array(loans.pre)
    spread = heterogeneity(loans)
    for tau, quantile in ((spread.tau_low, 0.975), (spread.tau_high, 0.025)):
        weights = 1 / (variances + tau**2)
        mean = np.average(effects, weights=weights)
        statistic = np.sum(weights * (effects - mean) ** 2)
        assert statistic == pytest.approx(chi2.ppf(quantile, 16), rel=1e-9)


def test_planted_spread_is_recovered():
    """tau = 0.5 in 400 municipalities: within 3.5 standard errors of a standard deviation."""
    rng = np.random.default_rng(5)
    growth = np.exp(rng.normal(0.2, 0.5, 400))
    pre = rng.poisson(200, 400)
    post = rng.poisson(200 * growth)
    spread = heterogeneity(Paired(tuple(map(str, range(400))), tuple(pre), tuple(post)))
    assert spread.tau == pytest.approx(0.5, abs=3.5 * 0.5 / math.sqrt(2 * 400))


def test_no_more_spread_than_chance_is_zero():
    same = heterogeneity(Paired(("a", "b", "c"), (10, 20, 30), (20, 40, 60)))
    assert same.tau == 0
    assert same.mean == pytest.approx(math.log(2), rel=1e-12)


def test_refuses():
    with pytest.raises(InputError, match="b has none in one year"):
        heterogeneity(Paired(("a", "b", "c"), (1, 0, 3), (4, 5, 6)))
    with pytest.raises(InputError, match="three of them"):
        heterogeneity(Paired(("a", "b"), (1, 2), (4, 5)))
