"""The closed form of NEON by differences: slower than matrix products, exact on every input.

Each term is (x − μ_k)² − (x − μ_c)² = δ (2x − σ) with δ = μ_c − μ_k and σ = μ_c + μ_k. The
rounding errors of δ, σ and 2x − σ are kept (`two_sum`), so that each term is right to its last
digits, however near x is to a midpoint and however far all of them are from the origin. Where
their sum h_k cancels so much that f / h_k would lose digits, it is carried in twice the precision,
and where even that leaves its sign open, in rational numbers.

Source: Ogita, Rump, Oishi, Accurate sum and dot product, SIAM J. Sci. Comput. 26 (2005).
"""

from fractions import Fraction

import numpy as np

EPS = np.finfo(float).eps
SCRATCH = 2**15  # numbers in one temporary: the dozen of them stays in the cache


@np.errstate(
    all="ignore"
)  # 0/0, inf * 0 and exp(-inf) are dealt with where they arise; overflow raises
def by_differences(X, mu, beta, cluster, *, given, tolerance):
    """Relevance (n, D), cluster (n,) and logit (n,) of float64 points X (n, D).

    Args:
        X: (n, D) points.
        mu: (K, D) centroids.
        beta: stiffness in [0, inf].
        cluster: (n,) a guess of each point's cluster.
        given: the guesses are labels, to be kept, even where they make f negative.
        tolerance: error of R, relative to its largest entry, above which h is summed in twice
            the precision.

    Raises:
        OverflowError: squared distances are beyond float64.

    Example:
        >>> X, mu = np.array([[0.0, 0.5]]), np.array([[0.0, 0.0], [2.0, 2.0]])
        >>> by_differences(X, mu, 1.0, np.array([1]), given=False, tolerance=1e-13)
        (array([[4., 2.]]), array([0]), array([6.]))
    """
    scale = int(np.frexp(np.abs(mu).max())[1])  # squares neither overflow nor vanish
    X, mu, beta = np.ldexp(X, -scale), np.ldexp(mu, -scale), np.ldexp(float(beta), 2 * scale)
    R, cluster, f = np.empty_like(X), cluster.copy(), np.empty(len(X))
    todo, exact, step = np.arange(len(X)), False, max(1, SCRATCH // mu.size)
    while todo.size:
        again = []
        for c in np.unique(cluster[todo]):
            delta, sigma = two_sum(mu[c], -mu), two_sum(mu[c], mu)
            members = todo[cluster[todo] == c]
            for rows in np.split(members, range(step, len(members), step)):
                terms, h, rest = evidence(X[rows], delta, sigma, exact)
                if not np.isfinite(h).all():
                    raise OverflowError(
                        "`X` must keep squared distances within the range of float64; "
                        "got larger ones. Rescale the data."
                    )
                if not given:
                    cluster[rows] = h.argmin(
                        1
                    )  # h[:, c] = 0, hence the lower index wins an exact tie
                R[rows], f[rows], error = relevance(
                    terms, h, rest, c, beta, delta[0], X[rows] - mu[c]
                )
                again.append(rows[(cluster[rows] != c) | (not exact and ~(error < tolerance))])
        todo, exact = np.concatenate(again), True
    return np.ldexp(R, 2 * scale), cluster, np.ldexp(f, 2 * scale)


def evidence(x, delta, sigma, exact):
    """Terms (n, K, D) of points x (n, D), and their sums (n, K), plain or `exact`, as h + rest.

    δ and σ are each a rounded value and its rounding error, (K, D) both.
    """
    if not exact:
        terms = 2 * x[:, None] - sigma[0]
        terms -= sigma[1]
        terms *= delta[0]
        h = terms.sum(2)
        return terms, h, np.zeros_like(h)
    t, t_low = two_sum(2 * x[:, None], -sigma[0])
    t_low -= sigma[1]
    product, low = two_product(delta[0], t)
    h, rest, lost = exact_sum(product, low, delta[0] * t_low, delta[1] * (t + t_low))
    unsure = np.abs(h) <= 4 * (x.shape[1] + 4) * EPS * lost
    for i, k in np.argwhere(unsure & (lost > 0)):  # a tie, perhaps: it must be one for every c
        h[i, k], rest[i, k] = rational(x[i], delta[0][k], delta[1][k], sigma[0][k], sigma[1][k]), 0
    return delta[0] * (t + t_low), h, rest


def relevance(terms, h, rest, c, beta, delta, x):
    """R (n, D), f (n,) and the relative error of R (n,) if h is a plain sum; x is relative to μ_c.

    The rest of h, below its last digit, decides between competitors that are almost equally near.

    Where f < 0 (a label that is not the nearest) the ratio f / h_k has no bound. There the nearest
    competitor alone has a term, with its softmin share, which is continuous at f = 0; what is
    missing for the sum to be f is laid along (μ_c − μ_k)² of that competitor, as if x were first
    moved to the boundary.
    """
    row = np.arange(len(h))
    h[:, c] = np.inf
    nearest = np.where(h == h.min(1, keepdims=True), rest, np.inf).argmin(1)
    f = h[row, nearest][:, None]
    above = (h - f) + (rest - rest[row, nearest][:, None])
    p = np.where(above == 0, 1, np.exp(-beta * above))
    p[:, c] = 0
    p /= p.sum(1, keepdims=True)
    a = p * np.where(h == f, 1, np.where(f < 0, 0, f / h))
    R = (a[:, :, None] * terms).sum(1)

    outside = np.flatnonzero(f < 0)
    w2 = delta[nearest[outside]] ** 2
    R[outside] += (f[outside] - R[outside].sum(1, keepdims=True)) * w2 / w2.sum(1, keepdims=True)

    distance = np.sqrt((delta**2).sum(1))
    dh = 2 * EPS * distance * (2 * np.sqrt((x**2).sum(1, keepdims=True)) + distance)
    df = dh[row, nearest]
    dh = dh + df[:, None]
    most = np.exp(-beta * np.maximum(above - dh, 0))  # p if the errors make k as near as they can
    error = np.where(above < dh, 1, most) * (beta + 1 / h) * dh
    error[row, nearest] = 0
    return R, f[:, 0], np.where(f[:, 0] > 1e9 * df, error.sum(1), np.inf)  # f itself to 9 digits


def two_sum(a, b):
    """Rounded sum s and its rounding error e: a + b = s + e exactly."""
    s = a + b
    z = s - a
    return s, (a - (s - z)) + (b - z)


def two_product(a, b):
    """Rounded product p and its rounding error e: a b = p + e exactly, from halves of 26 bits."""
    p = a * b
    a1, a2 = halves(a)
    b1, b2 = halves(b)
    return p, a2 * b2 - (((p - a1 * b1) - a2 * b1) - a1 * b2)


def halves(a):
    """Split a into two numbers of half the digits."""
    big = (2.0**27 + 1) * a
    high = big - (big - a)
    return high, a - high


def exact_sum(a, *small):
    """Sum over the last axis, rounded, its rest, and the size of all that is not in a.

    The rounding errors of the sum of a are kept; those of the small ones are not.
    """
    low, lost = sum(part.sum(-1) for part in small), sum(np.abs(part).sum(-1) for part in small)
    while a.shape[-1] > 1:
        half, odd = divmod(a.shape[-1], 2)
        s, e = two_sum(a[..., :half], a[..., half : 2 * half])
        low += e.sum(-1)
        lost += np.abs(e).sum(-1)
        a = np.concatenate([s, a[..., 2 * half :]], -1) if odd else s
    return *two_sum(a[..., 0], low), lost


def rational(x, delta, delta_low, sigma, sigma_low):
    """Evidence of one point against one competitor, rounded once at the end; slow."""
    exact = (map(Fraction, a.tolist()) for a in (x, delta, delta_low, sigma, sigma_low))
    return float(sum((d + e) * (2 * p - s - t) for p, d, e, s, t in zip(*exact, strict=True)))
