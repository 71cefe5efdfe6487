"""NEON one point at a time, written from the formulas: slow, and nothing shared with the package.

All arithmetic but the exponential is exact, in fractions, so that no digit is lost at any offset
or on any boundary.
"""

import math
from fractions import Fraction


def explain_one(x, mu, beta):
    """Relevances (list), cluster and logit of one point; x and the rows of mu are lists."""
    x = [Fraction(v) for v in x]
    mu = [[Fraction(v) for v in row] for row in mu]
    d = [sum((a - b) ** 2 for a, b in zip(x, row, strict=True)) for row in mu]
    c = min(range(len(mu)), key=lambda k: d[k])
    others = [k for k in range(len(mu)) if k != c]
    h = {k: d[k] - d[c] for k in others}
    f = min(h.values())
    e = {k: softness(h[k] - f, beta) for k in others}
    a = {k: e[k] / sum(e.values()) * (f / h[k] if h[k] else 1) for k in others}
    terms = {k: contributions(x, mu[c], mu[k]) for k in others}
    R = [float(sum(a[k] * terms[k][i] for k in others)) for i in range(len(x))]
    return R, c, float(f)


def softness(above, beta):
    """exp(−β · above) as a fraction; at β = ∞, 1 for the nearest competitors and 0 for others."""
    if beta == math.inf:
        return Fraction(above == 0)
    return Fraction(math.exp(-min(Fraction(beta) * above, 10**6)))


def contributions(x, mu_c, mu_k):
    """(x_i − m_i) w_i, which sum to h_k."""
    return [(v - (p + q) / 2) * 2 * (p - q) for v, p, q in zip(x, mu_c, mu_k, strict=True)]
