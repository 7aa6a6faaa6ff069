"""References for the statistics, by SciPy, statsmodels and plain NumPy, on random inputs.

    pip install numpy scipy statsmodels
    python3 generate.py > goldens.json

Run by hand only; the tests read goldens.json and never write it. Formulas are written from their sources, not from the Swift
code: Dirichlet means by Imhof's real integral (Biometrika, 1961), intervals by root finding on it.
"""

import json
import sys

import numpy as np
import statsmodels.api as sm
from scipy import integrate, optimize, stats
from statsmodels.stats.multitest import multipletests

rng = np.random.default_rng(18)


def imhof_tail(values, masses, u):
    """P(sum D x > u) for D ~ Dirichlet(masses), as P(sum E (x - u) > 0) with gamma-distributed E."""
    gaps = np.asarray(values, float) - u
    masses = np.asarray(masses, float)
    scale = np.sqrt((masses * gaps**2).sum())
    gaps = gaps / scale

    def integrand(t):
        if t == 0:
            return (masses * gaps).sum()
        size = np.exp(-0.5 * (masses * np.log1p((gaps * t) ** 2)).sum())
        return np.sin((masses * np.arctan(gaps * t)).sum()) * size / t

    total, left = 0.0, 0.0
    for right in [1, 2, 4, 8, 16, 32, 64, 128, 512, 4096, 10**6]:
        total += integrate.quad(integrand, left, right, epsabs=1e-13, epsrel=1e-11, limit=2000)[0]
        left = right
    return 0.5 + total / np.pi


def gaffke_upper(means, weights, level):
    """The upper bound of a mean over clusters, with one more cluster at 1."""
    means, weights = np.asarray(means), np.asarray(weights) / np.sum(weights)
    if (weights * means).sum() > 1 - 1e-9:
        return 1.0
    kish, cubic = 1 / (weights**2).sum(), (weights**3).sum() ** -0.5

    def excess(u):
        n = min(kish, cubic * (1 + (np.sqrt(2) - 1) * min(1, 2 * (1 - u))))
        return imhof_tail(np.append(means, 1), np.append(weights * n, 1), u) - level

    start = (weights * means).sum()
    end = next(u for u in start + (1 - start) * np.array([0.1, 0.2, 0.4, 0.6, 0.8, 0.95, 0.999]) if excess(u) < 0)
    return optimize.brentq(excess, start, end, xtol=1e-13)


def gaffke(means, weights, level):
    means = np.asarray(means)
    return 1 - gaffke_upper(1 - means, weights, level), gaffke_upper(means, weights, level)


def cluster_case(difference):
    """Draws again where a bound is nearer to its end of the range than Imhof's integral can be trusted."""
    try:
        return drawn_clusters(difference)
    except StopIteration:
        return cluster_case(difference)


def drawn_clusters(difference):
    count = int(rng.integers(5, 25))
    sizes = np.maximum(1, np.round(np.exp(rng.normal(0, 1, count)) * 2)).astype(int)
    # All units of a cluster alike, on a grid that the library represents without rounding.
    means = rng.integers(-12 if difference else 0, 13, count) / 12 * (rng.random(count) < 0.6)
    clusters = np.asarray(means)
    cases = {"means": means.tolist(), "sizes": sizes.tolist()}
    for name, weights in [("attacks", sizes.astype(float)), ("clusters", np.ones(count))]:
        if difference:
            w = weights / weights.sum()
            worse, better = np.maximum(clusters, 0), np.maximum(-clusters, 0)
            a, b = (w * worse).sum(), (w * better).sum()
            (al, au), (bl, bu) = gaffke(worse, weights, 0.025), gaffke(better, weights, 0.025)
            r = np.sqrt(a * b / ((1 - a) * (1 - b)))

            def leg(x, y):
                return np.sqrt(x * x + y * y + 2 * r * x * y)

            cases[name] = [a - b, max(-1, a - b - leg(a - al, bu - b)), min(1, a - b + leg(au - a, b - bl))]
        else:
            lower, upper = gaffke(clusters, weights, 0.025)
            cases[name] = [float((weights * clusters).sum() / weights.sum()), lower, upper]
    return cases


def clopper_case():
    n = float(rng.integers(1, 500)) + (0.37 if rng.random() < 0.5 else 0)
    x = round(rng.random() * n, 2)
    c = float(rng.choice([0.8, 0.95, 0.999]))
    a = (1 - c) / 2
    return [x, n, c, float(stats.beta.ppf(a, x, n - x + 1)) if x > 0 else 0.0, float(stats.beta.ppf(1 - a, x + 1, n - x))]


def poisson_case():
    x = float(rng.integers(0, 80)) / float(rng.choice([1, 3]))
    p = float(rng.choice([0.025, 0.975, 0.5, 1e-6]))
    return [p, x + 1, float(stats.chi2.ppf(p, 2 * (x + 1)) / 2)]


def fisher_case():
    m, n = int(rng.integers(1, 40)), int(rng.integers(1, 40))
    a, b = int(rng.integers(0, m + 1)), int(rng.integers(0, n + 1))
    return [a, m, b, n, float(stats.fisher_exact([[a, m - a], [b, n - b]], alternative="greater")[1])]


def screened_case():
    """Second looks, with Holm's and Benjamini-Hochberg's adjusted p-values in the order of the looks."""
    size = 10
    looks = [[int(rng.binomial(size, rng.choice([0.2, 0.9]))), int(rng.binomial(size, 0.2))] for _ in range(8)]
    p = [stats.fisher_exact([[a, size - a], [b, size - b]], alternative="greater")[1] for a, b in looks]
    return {
        "size": size,
        "looks": looks,
        "holm": [float(x) for x in multipletests(p, method="holm")[1]],
        "bh": [float(x) for x in multipletests(p, method="fdr_bh")[1]],
    }


def power_case():
    """P(rejected by Fisher's test) by the whole table."""
    size, level = int(rng.integers(4, 16)), float(rng.choice([0.025, 0.005]))
    p, q = float(rng.random()), float(rng.random())
    total = 0.0
    for a in range(size + 1):
        for b in range(size + 1):
            if stats.hypergeom.sf(a - 1, 2 * size, a + b, size) <= level:
                total += stats.binom.pmf(a, size, p) * stats.binom.pmf(b, size, q)
    return [size, level, p, q, float(total)]


def count_case():
    restarts = int(rng.integers(2, 6))
    responses = [int(x) for x in rng.integers(500, 3000, restarts)]
    found = [int(x) for x in rng.negative_binomial(2, 0.2, restarts)]
    rate = sum(found) / sum(responses)
    if rate == 0:
        return count_case()
    expected = rate * np.array(responses)
    phi = max(1.0, float((((np.array(found) - expected) ** 2) / expected).sum() / (restarts - 1)))
    phi *= (stats.t.ppf(0.975, restarts - 1) / stats.norm.ppf(0.975)) ** 2
    x = sum(found) / phi
    bounds = [stats.chi2.ppf(0.025, 2 * x) / 2, stats.chi2.ppf(0.975, 2 * x + 2) / 2]
    return {"found": found, "responses": responses, "bounds": [1000 * float(b) * phi / sum(responses) for b in bounds]}


def slope_case():
    """P-value of clusters' means against ranks of their sizes, with statsmodels' HC3."""
    count = int(rng.integers(8, 40))
    sizes = [int(x) for x in rng.integers(1, 9, count)]
    means = [float(x) / 12 for x in rng.integers(0, 13, count)]
    ranks = stats.rankdata(sizes)
    fit = sm.OLS(means, sm.add_constant(ranks)).fit(cov_type="HC3", use_t=True)
    return {"sizes": sizes, "means": means, "p": float(fit.pvalues[1])}


def betting_case():
    """The smallest alphas at which bets refute theta: 1 over the most that the capital ever was."""
    clusters = [[float(x) for x in (rng.random() * m, m)] for m in rng.integers(1, 5, 30)]
    theta = float(rng.random() * 0.8 + 0.1)
    shares = 0.99 * 0.5 ** np.arange(8)
    weights = 1 / np.arange(1, 9)

    def alpha(clusters, theta):
        factors = [1 + shares / (theta * 4) * (s - theta * m) for s, m in clusters]
        capital = np.cumprod(factors, axis=0) @ (weights / weights.sum())
        return float(1 / max(1, capital.max()))

    return {
        "clusters": clusters,
        "theta": theta,
        "above": alpha(clusters, theta),
        "below": alpha([[m - s, m] for s, m in clusters], 1 - theta),
    }


def repeat_case():
    values = [float(x) for x in rng.normal(5, 2, int(rng.integers(2, 8)))]
    low, high = stats.t.interval(0.95, len(values) - 1, np.mean(values), stats.sem(values))
    return {"values": values, "bounds": [float(low), float(high)]}


def dirichlet_case():
    count = int(rng.integers(2, 9))
    values, masses = sorted(rng.random(count).round(3)), (rng.random(count) * 6 + 0.5).round(3)
    u = float(np.round(values[0] + (values[-1] - values[0]) * (0.2 + 0.6 * rng.random()), 4))
    return {"values": list(map(float, values)), "masses": list(map(float, masses)), "u": u,
            "tail": float(imhof_tail(values, masses, u))}


json.dump(
    {
        "clopper": [clopper_case() for _ in range(40)],
        "gamma": [poisson_case() for _ in range(40)],
        "fisher": [fisher_case() for _ in range(40)],
        "screened": [screened_case() for _ in range(10)],
        "power": [power_case() for _ in range(12)],
        "counts": [count_case() for _ in range(15)],
        "slopes": [slope_case() for _ in range(15)],
        "betting": [betting_case() for _ in range(15)],
        "repeats": [repeat_case() for _ in range(10)],
        "dirichlet": [dirichlet_case() for _ in range(25)],
        "rates": [cluster_case(False) for _ in range(15)],
        "differences": [cluster_case(True) for _ in range(15)],
    },
    sys.stdout,
    separators=(",", ":"),
)
