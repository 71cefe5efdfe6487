"""Additive evidence one point at a time, in loops written from the definition; nothing is shared.

A model is a function of x that returns, for every competitor of every cluster, the features' parts
z (a list) and the constant b of the evidence h = Σ z + b: {cluster: [(z, b), ...]}.
"""

import math

import numpy as np


def explain_one(evidence, beta, soft=False):
    """Relevances, constant, cluster and logit, from {cluster: [(z, b), ...]}."""
    totals = {c: [math.fsum(z) + b for z, b in pairs] for c, pairs in evidence.items()}
    c = max(totals, key=lambda k: min(totals[k]))
    h, pairs = totals[c], evidence[c]
    nearest = min(h)
    weight = [math.exp(-beta * (k - nearest)) for k in h]
    p = [w / math.fsum(weight) for w in weight]
    if soft:
        f, a = nearest - math.log(math.fsum(math.exp(nearest - k) for k in h)), p
        rest = math.fsum(q * math.log(q) for q in p if q)
    else:
        f, rest = nearest, 0.0
        a = [q * f / k for q, k in zip(p, h, strict=True)]
    R = [
        math.fsum(w * z[i] for w, (z, _) in zip(a, pairs, strict=True))
        for i in range(len(pairs[0][0]))
    ]
    return R, math.fsum(w * b for w, (_, b) in zip(a, pairs, strict=True)) + rest, c, f


def squares(x, mu):
    return [(a - m) ** 2 for a, m in zip(x, mu, strict=True)]


def minus(one, other):
    return [a - b for a, b in zip(one, other, strict=True)]


def group(codewords, labels):
    """Nearest of a group: the competitors are the codewords of other clusters."""

    def evidence(x):
        e = [squares(x, mu) for mu in codewords]
        found = {}
        for c in sorted(set(labels)):
            own = min((m for m in range(len(e)) if labels[m] == c), key=lambda m: math.fsum(e[m]))
            others = (m for m in range(len(e)) if labels[m] != c)
            found[c] = [(minus(e[m], e[own]), 0.0) for m in others]
        return found

    return evidence


def tree(fitted):
    """The path of decisions of scikit-learn's `BisectingKMeans`."""

    def evidence(x):
        found, centred = {}, [a - m for a, m in zip(x, fitted._X_mean, strict=True)]

        def down(node, path):
            if node.left is None:
                found[node.label] = path
                return
            left, right = squares(centred, node.left.center), squares(centred, node.right.center)
            down(node.left, [*path, (minus(right, left), 0.0)])
            down(node.right, [*path, (minus(left, right), 0.0)])

        down(fitted._bisecting_tree, [])
        return found

    return evidence


def mixture(fitted):
    """−log of π N, from the covariances; per feature where these are diagonal."""
    K, D = fitted.means_.shape
    kind, covariances = fitted.covariance_type, fitted.covariances_

    def parts(x, k):
        delta = np.subtract(x, fitted.means_[k])
        prior = -math.log(fitted.weights_[k])
        if kind in ("diag", "spherical"):
            variance = np.broadcast_to(covariances[k], D)
            return [
                0.5 * d * d / v + 0.5 * math.log(v) for d, v in zip(delta, variance, strict=True)
            ], prior
        covariance = covariances if kind == "tied" else covariances[k]
        precision = np.linalg.inv(covariance)
        cross = [[0.5 * delta[i] * precision[i, j] * delta[j] for j in range(D)] for i in range(D)]
        return [math.fsum(row) for row in cross], prior + 0.5 * np.linalg.slogdet(covariance)[1]

    def evidence(x):
        e = [parts(x, k) for k in range(K)]
        return {
            c: [(minus(e[k][0], e[c][0]), e[k][1] - e[c][1]) for k in range(K) if k != c]
            for c in range(K)
        }

    return evidence


def prototypes(fitted, categorical):
    """k-prototypes: squares of numbers, and γ for categories that differ."""
    numeric, codes = fitted._enc_cluster_centroids

    def evidence(x):
        def energies(k):
            e, n, c = [], 0, 0
            for i, value in enumerate(x):
                if i in categorical:
                    e.append(fitted.gamma * (fitted._enc_map[c][value] != codes[k][c]))
                    c += 1
                else:
                    e.append((value - numeric[k][n]) ** 2)
                    n += 1
            return e

        e = [energies(k) for k in range(len(codes))]
        return {
            c: [(minus(o, e[c]), 0.0) for k, o in enumerate(e) if k != c] for c in range(len(e))
        }

    return evidence
