"""The steps of `neon.steps`, compiled by numba: the same formulas, in fewer passes over the memory.

Loops run along the rows of a tile, so that the compiler can take eight of them at once. Nothing
in them depends on the other rows, and no sum that is part of a result is reordered.
"""

from math import inf, sqrt

import numpy as np
from numba import njit

from .tiles import TILE

compiled = njit(nogil=True, cache=True, error_model="numpy")
# for a sum in any order: of use where its last digits are not
reordered = njit(nogil=True, cache=True, error_model="numpy", fastmath={"reassoc"})


def compare(model, x, G, E, cluster, given):
    """Do as `neon.steps.compare`."""
    f, size = np.empty((2, len(G), TILE))
    constants = model.offset, model.radius, model.eps_h, model.beta, model.lowest
    compare_tiles(x, G, E, cluster, given, f, size, *constants)
    return f, size


@compiled
def compare_tiles(x, G, E, cluster, given, f, size, offset, radius, eps_h, beta, lowest):
    """Fill all arguments from G on but the constants, as `neon.steps.compare` says."""
    tiles, K, _ = G.shape
    d_c, d_k, slopes, norm = np.empty((4, TILE))
    c = np.zeros(TILE, np.int64)
    norm[:] = 0
    for t in range(tiles):
        g, e, first = G[t], E[t], t * TILE
        n = min(TILE, len(cluster) - first)
        d_k[:] = inf
        if given:
            for i in range(n):
                c[i] = cluster[first + i]
            for i in range(TILE):
                d_c[i] = g[c[i], i] + offset[c[i], 0]
        else:
            d_c[:] = inf
            for k in range(K):
                for i in range(TILE):
                    d = g[k, i] + offset[k, 0]
                    c[i] = k if d < d_c[i] else c[i]
                    d_c[i] = d if d < d_c[i] else d_c[i]
            for i in range(n):
                cluster[first + i] = c[i]
        for k in range(K):
            for i in range(TILE):
                d = inf if k == c[i] else g[k, i] + offset[k, 0]
                d_k[i] = d if d < d_k[i] else d_k[i]
                g[k, i] = d
        for i in range(n):
            norm[i] = sqrt(square(x, first + i))
        for i in range(TILE):
            f[t, i] = d_k[i] - d_c[i]
            size[t, i] = (2 * norm[i] + radius) * radius
            slope = 1 / 64 / (size[t, i] * eps_h)
            slopes[i] = -slope if slope < beta else -beta
        for k in range(K):
            for i in range(TILE):
                above = g[k, i] - d_k[i]
                power = above * slopes[i]
                e[k, i] = power if power > lowest else lowest
                g[k, i] = above + f[t, i]


def weigh(model, G, E, cluster, f, size):
    """Do as `neon.steps.weigh`."""
    sum_a, error = np.empty((2, len(G), TILE))
    weigh_tiles(G, E, cluster, f, size, sum_a, error, model.eps_h, model.beta, model.greatest)
    return sum_a, error


@compiled
def weigh_tiles(G, E, cluster, f, size, sum_a, error, eps_h, beta, greatest):
    """Fill E, sum_a and error."""
    tiles, K, _ = G.shape
    total, inverse, factor = np.empty(TILE), np.empty(TILE), np.empty(TILE)
    for t in range(tiles):
        h, e, first = G[t], E[t], t * TILE
        total[:] = 0
        inverse[:] = 0
        for k in range(K):
            for i in range(TILE):
                total[i] += e[k, i]
                e[k, i] /= h[k, i]
                inverse[i] += e[k, i]
        for i in range(TILE):
            factor[i] = f[t, i] / total[i]
            sum_a[t, i] = factor[i] * inverse[i]
            dh = size[t, i] * eps_h
            slope = min(1 / 64 / dh, beta)
            through_a = ((total[i] - 1) * slope + inverse[i] - 1 / f[t, i]) / total[i] * dh
            error[t, i] = inf if dh > greatest else through_a
        for k in range(K):
            for i in range(TILE):
                e[k, i] *= factor[i]
        for i in range(min(TILE, len(cluster) - first)):
            e[cluster[first + i], i] = -sum_a[t, i]


def add(model, x, P, Q, R, f, size, sum_a, error):
    """Do as `neon.steps.add`."""
    unsure = np.empty(len(x), np.int64)
    limits = model.eps, model.tolerance / 2
    return unsure[: add_tiles(x, P, Q, R, f, size, sum_a, error, unsure, *limits)]


@reordered
def add_tiles(x, P, Q, R, f, size, sum_a, error, unsure, eps, tolerance):
    """Fill R and the first places of unsure, and return how many."""
    n, D = x.shape
    found = 0
    for row in range(n):
        t, i = divmod(row, TILE)
        norm = 0.0
        for j in range(D):
            r = P[t, i, j] * x[row, j] + Q[t, i, j]
            R[row, j] = r
            norm += r * r
        products = 0.0
        if f[t, i] * 512 < size[t, i]:
            products = eps * sum_a[t, i] * size[t, i] / sqrt(norm)
        if f[t, i] < 2.0**-22 * size[t, i]:
            products = inf
        if not error[t, i] + products < tolerance:
            unsure[found] = row
            found += 1
    return found


@reordered
def square(x, i):
    """‖x_i‖² of x (n, D)."""
    total = 0.0
    for j in range(x.shape[1]):
        total += x[i, j] * x[i, j]
    return total
