"""The closed form by differences: slower than matrix products, exact on every input.

Each term is (x − μ_k)² − (x − μ_c)² = δ (2x − σ) with δ = μ_c − μ_k and σ = μ_c + μ_k. All rounding
errors are kept, so that h_k has twice the usual digits, however near x is to a midpoint and however
far all of them are from the origin. Where even that leaves the sign of h_k, or the order of two
competitors, open, it is decided in rational numbers.

Source: Ogita, Rump, Oishi, Accurate sum and dot product, SIAM J. Sci. Comput. 26 (2005).
"""

from fractions import Fraction
from math import inf, nan, sqrt

import numpy as np

from .compiled import compiled
from .tiles import weigh

EPS = 2.0**-53


@compiled
def explain_rows(X, mu, mu_T, scale, beta, given, cluster, f, R):
    """Fill cluster (n,), f (n,) and, unless it is empty, R (n, D) of points X (n, D).

    Args:
        X: (n, D) points, to be multiplied by `scale`.
        mu: (K, D) scaled centroids.
        mu_T: (D, K) the same, turned.
        scale: a power of two.
        beta: stiffness for scaled data.
        given: whether cluster holds labels, to be kept, or guesses.
        cluster: (n,) result.
        f: (n,) result, scaled; NaN where only rational numbers decide (`decide`).
        R: (n, D) result, scaled, or (0, D).
    """
    D, K = mu.shape[1], len(mu)
    x, h = np.empty(D), np.empty((3, K))
    for row in range(len(X)):
        for i in range(D):
            x[i] = X[row, i] * scale
        c, best = cluster[row], -1
        for _ in range(3):
            evidence(x, mu_T, c, h)
            best = c if given else nearest(h, c)
            if best == c:
                break
            c = best
        cluster[row], f[row] = c, nan
        if best == c and not undecided(h, c, D):
            f[row] = finish(x, mu, c, h, beta, R[row:])


@compiled
def evidence(x, mu, c, h):
    """Fill h (3, K): evidence against each competitor, its rest, and the size of the rest."""
    D, K = mu.shape
    h[:] = 0
    high, low, lost = h
    for i in range(D):
        twice, m = 2 * x[i], mu[i, c]
        for k in range(K):
            product, rest = term(twice, m, mu[i, k])
            total, error = two_sum(high[k], product)
            high[k] = total
            low[k] += error + rest
            lost[k] += abs(error) + abs(rest)


@compiled
def term(twice, p, q):
    """(p − q) (2x − p − q), the contribution of a feature to h, and its rounding error."""
    delta, delta_low = two_sum(p, -q)
    sigma, sigma_low = two_sum(p, q)
    t, t_low = two_sum(twice, -sigma)
    t_low -= sigma_low
    product, rest = two_product(delta, t)
    return product, rest + (delta * t_low + delta_low * (t + t_low))


@compiled
def two_sum(a, b):
    """Rounded sum s and its rounding error e: a + b = s + e exactly."""
    s = a + b
    z = s - a
    return s, (a - (s - z)) + (b - z)


@compiled
def two_product(a, b):
    """Rounded product p and its rounding error e: a b = p + e exactly, from halves of 26 bits."""
    p = a * b
    big_a, big_b = 134217729.0 * a, 134217729.0 * b
    a1, b1 = big_a - (big_a - a), big_b - (big_b - b)
    a2, b2 = a - a1, b - b1
    return p, a2 * b2 - (((p - a1 * b1) - a2 * b1) - a1 * b2)


@compiled
def nearest(h, c):
    """Cluster with the smallest evidence, which is 0 for c itself; the lower index at a tie."""
    best = c
    for k in range(h.shape[1]):
        gap = (h[0, k] - h[0, best]) + (h[1, k] - h[1, best])
        if gap < 0 or (gap == 0 and k < best):
            best = k
    return best


@compiled
def competitor(h, c):
    """Competitor with the smallest evidence."""
    best = 1 if c == 0 else 0
    for k in range(h.shape[1]):
        if k != c and (h[0, k] - h[0, best]) + (h[1, k] - h[1, best]) < 0:
            best = k
    return best


@compiled
def is_open(h, n, k, D):
    """Is h_k not known to 13 digits, or may it be equal to the smallest, h_n, or not?"""
    unit = 4 * (D + 4) * EPS
    gap, lost = (h[0, k] - h[0, n]) + (h[1, k] - h[1, n]), unit * (h[2, k] + h[2, n])
    return abs(h[0, k] + h[1, k]) < 1e13 * unit * h[2, k] or (k != n and 0 < abs(gap) <= lost)


@compiled
def undecided(h, c, D):
    """Is f, or the order of the nearest competitors, open?"""
    n, found = competitor(h, c), False
    for k in range(h.shape[1]):
        found |= k != c and is_open(h, n, k, D)
    return found


@compiled
def finish(x, mu, c, h, beta, R):
    """Fill the first row of R, unless it is empty, and return the logit."""
    K, D = mu.shape
    n = competitor(h, c)
    f = h[0, n] + h[1, n]
    if len(R) == 0:
        return f
    above, a, one, index = np.empty((K, 1)), np.empty((K, 1)), np.empty(1), np.full(1, c)
    for k in range(K):
        above[k, 0] = inf if k == c else max((h[0, k] - h[0, n]) + (h[1, k] - h[1, n]), 0.0)
    weigh(above, np.full(1, f), index, np.full(1, min(beta, 1e300)), a, np.empty((2, 1)), one)
    R[0] = 0
    for k in range(K):
        for i in range(D):
            sigma, low = two_sum(mu[c, i], mu[k, i])
            t, t_low = two_sum(2 * x[i], -sigma)
            R[0, i] += a[k, 0] * ((mu[c, i] - mu[k, i]) * (t + (t_low - low)))
    if f < 0:  # what it lacks, along (μ_c − μ_k)², as if x were first moved to the boundary
        missing, length = f, 0.0
        for i in range(D):
            missing -= R[0, i]
            length += (mu[c, i] - mu[n, i]) ** 2
        for i in range(D):
            R[0, i] += missing * (mu[c, i] - mu[n, i]) ** 2 / length
    return f


def decide(x, mu, mu_T, beta, given, c, R):
    """Cluster and logit of one scaled point x (D,); what is open is found in rational numbers."""
    h, D = np.empty((3, len(mu))), len(x)
    while True:
        evidence(x, mu_T, c, h)
        n = competitor(h, c)
        for k in range(len(mu)):
            if k != c and is_open(h, n, k, D):
                exact = rational(x, mu[c], mu[k])
                h[0, k] = float(exact)
                h[1, k] = float(exact - Fraction(h[0, k]))
        best = c if given else nearest(h, c)
        if best == c:
            return c, finish(x, mu, c, h, beta, R)
        c = best


def rational(x, p, q):
    """Evidence of one point for a cluster at p against one at q, exactly; slow."""
    exact = (map(Fraction, values.tolist()) for values in (x, p, q))
    return sum((a - b) * (2 * v - a - b) for v, a, b in zip(*exact, strict=True))


@compiled
def move(X, mu, mu_T, scale, cluster, against, moved):
    """Fill moved (n, D) with points on the boundary to `against`, or the nearest one if < 0."""
    K, D = mu.shape
    x, h, square = np.empty(D), np.empty((3, K)), np.empty(K)
    for row in range(len(X)):
        for i in range(D):
            x[i] = X[row, i] * scale
        c, chosen, least = cluster[row], against[row], inf
        evidence(x, mu_T, c, h)
        for k in range(K):
            square[k] = 0
            for i in range(D):
                square[k] += (mu[c, i] - mu[k, i]) ** 2
            # twin centroids share every point: x itself lies on the boundary
            step = (h[0, k] + h[1, k]) / sqrt(square[k]) if square[k] > 0 else 0.0
            if against[row] < 0 and k != c and step < least:
                chosen, least = k, step
        step = (h[0, chosen] + h[1, chosen]) / (2 * square[chosen]) if square[chosen] > 0 else 0.0
        for i in range(D):
            moved[row, i] = X[row, i] - step * (mu[c, i] - mu[chosen, i]) / scale


@compiled
def against(X, mu, scale, cluster, other, R, size):
    """Fill R (n, D) with shares of d_other − d_cluster, and size (n,) with the largest, scaled."""
    size[:] = 0
    for row in range(len(X)):
        for i in range(mu.shape[1]):
            p, q = mu[cluster[row], i], mu[other[row], i]
            product, rest = term(2 * (X[row, i] * scale), p, q)
            R[row, i] = (product + rest) / scale / scale
            size[row] = max(size[row], abs(product + rest))
