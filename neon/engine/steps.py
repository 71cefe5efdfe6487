"""The steps of `expanded` between its matrix products, in numpy or torch.

Arrays of the competitors are (tiles, K, TILE), of the rows (tiles, 1, TILE); n rows are real, the
rest of the last tile is only there to fill it. `neon.compiled` has the same steps in fewer passes.
"""

from .tiles import TILE


def compare(model, x, G, E, cluster, given):
    """Find the assigned cluster and its evidence against the others.

    Args:
        model: `Model`, the constants.
        x: (n, D) points around the origin of the model.
        G: −2 x·μ_k; becomes h_k, and inf at k = c.
        E: becomes −β (h_k − f), the exponents of the softmin.
        cluster: (n,) labels; become the assigned cluster if they are not given.
        given: whether they are.

    Returns:
        f and (2‖x‖ + ‖μ‖) ‖μ‖, which bounds the size of what was added up.
    """
    xp, n, g = model.xp, len(x), G.reshape(-1)
    G += model.offset  # d_k − ‖x‖²
    if not given:
        d_c = model.amin(G, axis=1, keepdims=True)
        E[:] = d_c == G
        # wrong at a tie, but there f = 0 is not certain
        cluster[:] = xp.minimum(model.index @ E, model.last).reshape(-1)[:n]
    at = places(model, cluster)
    if given:
        d_c = xp.zeros_like(G[:, :1])
        d_c.reshape(-1)[:n] = g[at]
    g[at] = xp.inf
    d_k = model.amin(G, axis=1, keepdims=True)
    f = d_k - d_c

    size = xp.empty_like(f)
    model.vecdot(x, x, out=size.reshape(-1)[:n])
    xp.sqrt(size, out=size)
    size *= 2 * model.radius
    size += model.radius**2

    G -= d_k
    xp.multiply(G, -stiffness(model, size), out=E)
    xp.maximum(E, model.lowest, out=E)
    G += f
    return f, size


def weigh(model, G, E, cluster, f, size):
    """Turn exp(−β (h − f)), in E, into the coefficients a.

    Returns:
        Σ_k a_k over the competitors, and the error of R relative to its size that comes from the
        error of h through a.
    """
    total = model.ones @ E
    E /= G
    inverse = model.ones @ E  # Σ exp(−β (h − f)) / h
    factor = f / total
    E *= factor
    sum_a = factor * inverse
    E.reshape(-1)[places(model, cluster)] = -sum_a.reshape(-1)[: len(cluster)]  # a_c

    dh = size * model.eps_h
    error = total - 1
    error *= stiffness(model, size)
    error += inverse
    error -= 1 / f
    error /= total
    error *= dh
    if not dh.max() < model.greatest:
        error[dh > model.greatest] = model.xp.inf
    return sum_a, error


def add(model, x, P, Q, R, f, size, sum_a, error):
    """Fill R = x ⊙ P + Q and return the numbers of the rows that are not certain."""
    n, D = x.shape
    P, Q = (a.reshape(-1, D)[:n] for a in (P, Q))
    f, size, sum_a, error = (a.reshape(-1)[:n] for a in (f, size, sum_a, error))
    P *= x
    model.xp.add(P, Q, out=R)
    small = model.row[:n][f * 512 < size]
    if len(small):  # the errors of the products are no longer small beside R
        r, f, size, sum_a = P[small] + Q[small], f[small], size[small], sum_a[small]
        product = model.eps * sum_a * size / model.xp.sqrt(model.vecdot(r, r))
        product[f < 2.0**-22 * size] = model.xp.inf
        error[small] += product
    return model.row[:n][~(error < model.tolerance / 2)]


def stiffness(model, size):
    """β, cut where it is so large that it would magnify the error of h: not certain then."""
    return model.xp.minimum(1 / 64 / (size * model.eps_h), model.beta)


def places(model, cluster):
    """Return the places of (tile, c, row) in a flattened array of the competitors."""
    return cluster * TILE + model.start[: len(cluster)]
