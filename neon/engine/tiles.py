"""The closed form by matrix products: tiles of rows that stay in the cache, as one compiled loop.

Arrays of the competitors are (K, TILE): loops run along the rows of a tile, so that the compiler
takes eight of them at once, and every matrix product has one shape. A row's result depends on that
row alone, to the last bit.
"""

from math import inf
from typing import NamedTuple

import numpy as np

from .compiled import compiled, contracted, reordered

TILE = 192  # rows of one matrix product: a multiple of the tiles of common BLAS kernels
LOWEST = -707.0  # exp of less is not a normal number
EPS = 2.0**-52
LOG2E, LN2_HIGH, LN2_LOW = (
    1.4426950408889634,
    6.93147180369123816490e-01,
    1.90821492927058770002e-10,
)
ROUND = 1.5 * 2.0**52  # adding it rounds to an integer, which is then in the lowest bits


class Constants(NamedTuple):
    """What the loops need to know beside the centroids."""

    scale: float  # of the points and centroids, a power of two
    unscale: float  # of the results, the inverse of its square
    beta: float  # for scaled data
    radius: float  # largest ‖μ‖ around the origin
    eps_h: float  # error of h relative to (2‖x‖ + ‖μ‖) ‖μ‖
    tolerance: float  # error of R, relative to its size, above which a row is not certain
    smallest: float  # normal number of the dtype of the results
    largest: float


@compiled
def explain_tiles(X, given, cluster, logit, R, unsure, tables, constants):
    """Fill cluster (n,), logit (n,) and, unless it is empty, R (n, D) of points X (n, D).

    Args:
        X: (n, D) points.
        given: whether cluster holds labels, to be kept.
        cluster: (n,) result.
        logit: (n,) result.
        R: (n, D) result, or (0, D).
        unsure: (n,) memory for the numbers of rows that are not certain, filled from the start.
        tables: origin (D,) and, around it and scaled, −2 μ (K, D), μ² (K, D), ‖μ‖² (K,).
        constants: `Constants`.

    Returns:
        how many rows are not certain, and how many others are beyond the range of the dtype.
    """
    origin, twice, squares, norms = tables
    K, D = twice.shape
    x, P, Q = np.zeros((TILE, D)), np.empty((TILE, D)), np.empty((TILE, D))
    G, a, sums = np.empty((K, TILE)), np.empty((K, TILE)), np.empty((2, TILE))
    f, size, slope, error = np.empty((4, TILE))
    c = np.zeros(TILE, np.int64)
    found = beyond = 0
    for first in range(0, len(X), TILE):
        rows = slice(first, min(first + TILE, len(X)))
        n = rows.stop - first
        center(X[rows], origin, constants, x, size)
        np.dot(twice, x.T, G)
        if given:
            c[:n] = cluster[rows]
        compare(G, norms, given, c, f)
        cluster[rows] = c[:n]
        error[:] = 0
        if len(R):
            for i in range(TILE):  # a β so large that it would magnify the error of h is cut
                cut = 1 / 64 / (size[i] * constants.eps_h)
                slope[i] = cut if cut < constants.beta else constants.beta
            weigh(G, f, c, slope, a, sums, error)
            np.dot(a.T, twice, P)
            np.dot(a.T, squares, Q)
            add(x.reshape(-1), P.reshape(-1), Q.reshape(-1), R[rows].reshape(-1), constants)
            for i in range(TILE):
                total, dh = sums[0, i], size[i] * constants.eps_h
                others = sums[1, i] * total - 1  # Σ a_k without the nearest, which is 1 / total
                error[i] = ((total - 1) * slope[i] + others / f[i]) / total * dh
        for i in range(n):
            low = high = f[i] * constants.unscale
            logit[first + i] = low
            if len(R):  # bounds of the largest relevance
                most = sums[1, i] * size[i]
                low, high = low / D, 2 * most * constants.unscale
                if f[i] * 512 < size[i] or low < constants.smallest or high > constants.largest:
                    norm = length(x, P, Q, i)
                    error[i] += EPS * most / norm  # of the products, no longer small beside R
                    low = high = max(norm, f[i]) * constants.unscale
            dh = size[i] * constants.eps_h
            if not (error[i] < constants.tolerance and dh < 10 * constants.tolerance * f[i]):
                unsure[found] = first + i
                found += 1
            elif low < constants.smallest or high > constants.largest:
                beyond += 1
    return found, beyond


@reordered
def center(X, origin, constants, x, size):
    """Fill a tile x with scaled points X around the origin, and size.

    What was added up for an h is at most its size, (2‖x‖ + ‖μ‖) ‖μ‖.
    """
    for i in range(len(X)):
        square = 0.0
        for j in range(len(origin)):
            value = (X[i, j] - origin[j]) * constants.scale
            x[i, j] = value
            square += value * value
        size[i] = square
    for i in range(TILE):
        size[i] = (2 * np.sqrt(size[i]) + constants.radius) * constants.radius


@contracted
def add(x, P, Q, R, constants):
    """Fill R = x ⊙ P + Q, all of them flat."""
    for i in range(len(R)):
        R[i] = (P[i] * x[i] + Q[i]) * constants.unscale


@compiled
def length(x, P, Q, i):
    """‖x ⊙ P + Q‖ of row i."""
    square = 0.0
    for j in range(x.shape[1]):
        square += (P[i, j] * x[i, j] + Q[i, j]) ** 2
    return np.sqrt(square)


@compiled
def compare(G, norms, given, c, f):
    """Turn −2 x·μ into h − f >= 0, inf for the own cluster; fill f and, unless given, c."""
    K = len(G)
    d_c, d_k = np.full(TILE, inf), np.full(TILE, inf)
    if given:
        for i in range(TILE):
            d_c[i] = G[c[i], i] + norms[c[i]]
    else:
        for k in range(K):
            for i in range(TILE):
                d = G[k, i] + norms[k]
                c[i] = k if d < d_c[i] else c[i]
                d_c[i] = d if d < d_c[i] else d_c[i]
    for k in range(K):
        for i in range(TILE):
            d = inf if k == c[i] else G[k, i] + norms[k]
            d_k[i] = d if d < d_k[i] else d_k[i]
            G[k, i] = d
    for i in range(TILE):
        f[i] = d_k[i] - d_c[i]
    for k in range(K):
        for i in range(TILE):
            G[k, i] -= d_k[i]


@compiled
def weigh(above, f, c, slope, a, sums, work):
    """Coefficients a_k = softmin_k(β h) f / h_k, and a_c = −Σ a_k, of rows side by side.

    Args:
        above: (K, n) h − f; inf for the own cluster.
        f: (n,) logits. Where f < 0 the ratio has no bound, and the nearest alone has its share.
        c: (n,) clusters.
        slope: (n,) β.
        a: (K, n), filled.
        sums: (2, n), filled with Σ exp(−β (h − f)) and Σ a_k.
        work: (n,) memory.
    """
    K, n = above.shape
    total, sum_a = sums
    total[:] = 0
    sum_a[:] = 0
    top = np.empty(n)
    for i in range(n):
        top[i] = f[i] if f[i] > 0 else 0.0
    for k in range(K):
        up, e = above[k], a[k]
        exponential(up, slope, e, work)
        # short loops: of more than a few arrays the compiler takes one number at a time
        for i in range(n):
            total[i] += e[i]
        for i in range(n):
            work[i] = top[i] / (up[i] + f[i])
        for i in range(n):
            work[i] = work[i] if up[i] > 0 else 1.0
        for i in range(n):
            e[i] *= work[i]
    for i in range(n):
        work[i] = 1 / total[i]
    for k in range(K):
        e = a[k]
        for i in range(n):
            e[i] *= work[i]
        for i in range(n):
            sum_a[i] += e[i]
    for i in range(n):
        a[c[i], i] = -sum_a[i]


@contracted
def exponential(above, slope, e, work):
    """Fill e (n,) with exp(−slope · above): e^r 2^m with |r| <= log(2) / 2, by Taylor's series."""
    bits = work.view(np.int64)
    for i in range(len(e)):
        power = above[i] * -slope[i]
        power = power if power > LOWEST else LOWEST
        work[i] = power * LOG2E + ROUND
        m = work[i] - ROUND
        r = power - m * LN2_HIGH - m * LN2_LOW
        r2 = r * r
        r4 = r2 * r2
        low = (1 + r) + (1 / 2 + r * (1 / 6)) * r2
        middle = (1 / 24 + r * (1 / 120)) + (1 / 720 + r * (1 / 5040)) * r2
        high = (1 / 40320 + r * (1 / 362880)) + (1 / 3628800 + r * (1 / 39916800)) * r2
        e[i] = low + (middle + (high + r4 * (1 / 479001600)) * r4) * r4
    for i in range(len(e)):
        bits[i] = (bits[i] + 1023) << 52  # the bits of 2^m
    for i in range(len(e)):
        e[i] *= work[i]
