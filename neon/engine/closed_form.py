"""NEON for k-means in closed form: as fast as its matrix products, and exact.

For a point x in cluster c, with evidence h_k = ‖x − μ_k‖² − ‖x − μ_c‖² against competitor k, the
two rules of `neon.rules` compose to

    f   = min_k h_k
    a_k = softmin_k(β h) f / h_k   for k ≠ c,   a_c = −Σ a_k
    R   = Σ_k a_k [(x − μ_k)² − (x − μ_c)²] = −2 x ⊙ (a μ) + a μ²      elementwise

The squares of x cancel in the bracket, so that two products with the (K, D) centroids are left.
`expanded` computes this for blocks of rows that stay in the cache, with the mean of the centroids
as the origin if it is far from 0, and estimates the rounding error of each row. The few rows
whose estimate is too large, near a boundary or where clusters lie far apart, are done again by
`by_differences`.

The steps between the products are in `neon.steps`, for numpy and for torch, and once more in
`neon.compiled`, for numba where it is installed: the same formulas in fewer passes. Tensors on the
CPU are seen as numpy arrays, without a copy, whose products and exponentials of these shapes are
up to three times faster; tensors elsewhere stay where they are.
"""

from contextlib import nullcontext
from functools import cache

import numpy as np
import torch

from . import steps
from .differences import by_differences
from .threads import OneBlasThread, share
from .tiles import TILE, Model, Scratch

CHUNK = 4096  # rows given to `by_differences` at once


def closed_form(X, centroids, beta, *, cluster=None, out=None, threads=None):
    """Relevance, cluster and logit of points, without ever building the (K, K−1, D) weights.

    Args:
        X: (n, D) tensor of points, finite, float32 or float64, on any device. The arithmetic is
            in float64 (float32 on a device that has no other), the results are like X.
        centroids: (K, D) tensor, K >= 2; more digits than X has are made use of.
        beta: stiffness of the min-take-most rule, in [0, inf].
        cluster: (n,) labels to explain. By default the nearest centroid; at an exact tie the
            lower index. A label that is not the nearest has a logit below 0; the relevances
            still sum to it.
        out: (n, D) tensor like X, to write the relevances into.
        threads: cores that share the blocks of rows; `torch.get_num_threads()` by default.

    Returns:
        relevance (n, D), cluster (n,), logit (n,). On the CPU a row's result depends on that row
        alone, to the last bit: neither on `threads` nor on how the rows are split into calls,
        because every matrix product has the same shape.

    Raises:
        OverflowError: squared distances are beyond the range of the dtype.

    Source: Kauffmann et al., arXiv:1906.07633, for the rules; the closed form is derived above.

    Example:
        >>> X, mu = torch.tensor([[0.0, 0.5]]), torch.tensor([[0.0, 0.0], [2.0, 2.0]])
        >>> closed_form(X, mu, beta=1.0)
        (tensor([[4., 2.]]), tensor([0]), tensor([6.]))
    """
    X, given = X.detach(), cluster is not None
    model = Model(centroids.detach(), beta, X, threads or torch.get_num_threads())
    relevance = out
    if out is None:
        relevance = torch.empty_like(X, memory_format=torch.contiguous_format)
    labels = torch.empty(len(X), dtype=torch.int64, device=X.device)
    if given:
        labels.copy_(cluster)
    logit = X.new_empty(len(X))
    between = compiled_steps() if model.in_numpy else steps
    arrays = [a.numpy() if model.in_numpy else a for a in (X, relevance, labels, logit)]

    def fast(blocks):
        with Scratch(model) as scratch, np.errstate(all="ignore"):
            # what is not finite is not certain, and is done again
            return [expanded(between, model, scratch, rows, *arrays, given) for rows in blocks]

    def exact(parts):
        for rows in parts:
            x, c = X[rows].cpu().double().numpy(), labels[rows].cpu().numpy()
            found = by_differences(
                x, model.centroids, beta, c, given=given, tolerance=model.tolerance
            )
            for result, right in zip((relevance, labels, logit), found, strict=True):
                result[rows] = torch.from_numpy(right).to(result.dtype).to(X.device)
            if not (relevance[rows].isfinite().all() and logit[rows].isfinite().all()):
                raise OverflowError(
                    f"`X` must keep squared distances within the range of {X.dtype}; "
                    "got larger ones. Rescale the data."
                )

    with OneBlasThread() if model.in_numpy else nullcontext():
        blocks = [slice(i, min(i + model.rows, len(X))) for i in range(0, len(X), model.rows)]
        found = [rows for part in share(fast, blocks, model.workers) for rows in part if len(rows)]
        if found:
            unsure = torch.cat([torch.as_tensor(rows) for rows in found])
            unsure = unsure[labels[unsure].argsort(stable=True)]  # one cluster's rows together
            share(exact, unsure.split(CHUNK), model.workers)
    return relevance, labels, logit


@cache
def compiled_steps():
    """Return the steps in numba if it is installed and may compile, else those in numpy."""
    try:
        from numba import config

        from . import compiled
    except (ImportError, RuntimeError):  # RuntimeError: no folder to keep compiled code in
        return steps
    return steps if config.DISABLE_JIT else compiled


def expanded(steps, model, scratch, rows, X, relevance, cluster, logit, given):
    """Fill `rows`, a slice, of relevance, cluster and logit; return the rows that are not certain.

    Tiles of TILE rows: x is (tiles, TILE, D), arrays of the competitors are (tiles, K, TILE). So
    steps run along many rows, and every product has one shape.
    """
    xp, n = model.xp, rows.stop - rows.start
    tiles, full = -(-n // TILE), n // TILE
    P, Q, G, E = scratch.first(tiles)

    x = X[rows]
    if not model.in_place:
        x = xp.subtract(x, model.origin[:n], out=scratch.x[:n])
    xp.matmul(model.turned, x[: full * TILE].reshape(full, TILE, model.D).mT, out=G[:full])
    if full < tiles:
        scratch.rest[: n - full * TILE] = x[full * TILE :]
        xp.matmul(model.turned, scratch.rest.T, out=G[full])
    f, size = steps.compare(model, x, G, E, cluster[rows], given)
    xp.exp(E, out=E)
    sum_a, error = steps.weigh(model, G, E, cluster[rows], f, size)
    xp.matmul(E.mT, model.twice, out=P)
    xp.matmul(E.mT, model.squares, out=Q)
    logit[rows] = f.reshape(-1)[:n]
    return rows.start + steps.add(model, x, P, Q, relevance[rows], f, size, sum_a, error)
