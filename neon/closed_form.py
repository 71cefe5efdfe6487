"""NEON for k-means in closed form: as fast as its matrix products, and exact.

For a point x in cluster c, with evidence h_k = ‖x − μ_k‖² − ‖x − μ_c‖² against competitor k, the
two rules of `neon.rules` compose to

    f   = min_k h_k
    a_k = softmin_k(β h) f / h_k   for k ≠ c,   a_c = −Σ a_k
    R   = Σ_k a_k [(x − μ_k)² − (x − μ_c)²] = −2 x ⊙ (a μ) + a μ²      elementwise

The squares of x cancel in the bracket, so that two products with the (K, D) centroids are left.
`expanded` computes this for blocks of rows that stay in the cache, with the mean of the centroids
as the origin, and bounds the rounding error of each row. The few rows whose bound is too large,
near a boundary or where clusters lie far apart, are done again by `by_differences`.

One formulation, two libraries: the lines of `expanded` mean the same in numpy and in torch.
Tensors on the CPU are seen as numpy arrays, without a copy, whose products and exponentials of
these shapes are up to three times faster; tensors elsewhere stay where they are.
"""

from contextlib import nullcontext

import numpy as np
import torch

from .differences import by_differences
from .threads import OneBlasThread, share

TILE = 192  # rows of one matrix product: a multiple of the tiles of common BLAS kernels
CHUNK = 4096  # rows given to `by_differences` at once
F32, F64 = torch.float32, torch.float64
# largest error of R, relative to its largest entry, that a row may have: by dtype of the
# arithmetic, then of X
TOLERANCE = {F64: {F64: 1e-13, F32: 1e-8}, F32: {F32: 8e-6}}


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
    X, centroids, on_cpu = X.detach(), centroids.detach(), sees_numpy(X)
    given = cluster is not None
    relevance = out
    if out is None:
        relevance = torch.empty_like(X, memory_format=torch.contiguous_format)
    labels = torch.empty(len(X), dtype=torch.int64, device=X.device)
    if given:
        labels.copy_(cluster)
    logit = X.new_empty(len(X))
    arrays = [a.numpy() if on_cpu else a for a in (X, relevance, labels, logit)]
    model = Model(centroids, beta, X)
    workers = (threads or torch.get_num_threads()) if on_cpu else 1

    def fast(blocks):
        scratch = Scratch(model)
        with np.errstate(all="ignore"):  # what is not finite is not certain, and is done again
            return [expanded(model, scratch, rows, *arrays, given) for rows in blocks]

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

    with OneBlasThread() if on_cpu else nullcontext():
        blocks = [slice(i, min(i + model.rows, len(X))) for i in range(0, len(X), model.rows)]
        unsure = [torch.as_tensor(rows) for found in share(fast, blocks, workers) for rows in found]
        unsure = torch.cat([labels[:0], *unsure])
        unsure = unsure[labels[unsure].argsort(stable=True)]  # one cluster's rows together
        share(exact, unsure.split(CHUNK) if len(unsure) else [], workers)
    return relevance, labels, logit


def sees_numpy(X):
    """Tell whether the arithmetic on X is numpy's."""
    return X.device.type == "cpu"


class Model:
    """What all blocks share: centred centroids, the block size, constants of the error bound."""

    def __init__(self, centroids, beta, X):
        (K, D), on_cpu = centroids.shape, sees_numpy(X)
        work = F32 if X.device.type == "mps" else F64  # MPS has no float64
        self.xp = np if on_cpu else torch
        self.like = {
            "dtype": np.float64 if on_cpu else work,
            "device": "cpu" if on_cpu else X.device,
        }
        self.K, self.D, self.centroids = K, D, centroids.cpu().double().numpy()
        in_cache = max(1, (2**18 if on_cpu else 2**25) // (K + D) // TILE)
        self.tiles = min(in_cache, 64 if on_cpu else 1024, max(1, len(X) // (4 * TILE)))
        self.rows = self.tiles * TILE

        with np.errstate(all="ignore"):
            origin = self.centroids.mean(0)
            M = self.centroids - origin
            tables = {
                "origin": np.tile(origin, (self.rows, 1)),
                "twice": -2 * M,
                "squares": M * M,
                "offset": (M * M).sum(1, keepdims=True),
                "index": np.arange(float(K))[None],
                "ones_k": np.ones((1, K)),
                "ones_d": np.ones(D),
            }
        for name, values in tables.items():
            setattr(
                self, name, values if on_cpu else torch.from_numpy(values).to(work).to(X.device)
            )
        self.row = self.xp.arange(self.rows, device=self.like["device"])
        self.start = self.row + self.row // TILE * ((K - 1) * TILE)
        self.radius = float(np.sqrt(tables["offset"].max()))
        self.largest = float(np.abs(M).max())

        limits = torch.finfo(work)
        self.beta = max(float(beta), limits.tiny)  # exp(−tiny h) is 1, and tiny · inf is inf
        self.lowest = float(np.log(limits.tiny)) + 1  # exp is slow where its result underflows
        # the error of h was measured to reach (0.5 + 4/D) eps (2‖x‖ + ‖μ‖) ‖μ‖
        self.eps, self.eps_h = limits.eps, (0.5 + 4 / D) * limits.eps
        self.least = limits.tiny / limits.eps
        self.greatest = torch.finfo(X.dtype).max * limits.eps**2
        self.tolerance = TOLERANCE[work][X.dtype]


class Scratch:
    """The large temporaries of one worker."""

    def __init__(self, model):
        def new(*shape):
            return model.xp.empty(shape, **model.like)

        self.x, self.P, self.Q = (new(model.tiles, TILE, model.D) for _ in range(3))
        self.G, self.E = (new(model.tiles, model.K, TILE) for _ in range(2))


def expanded(model, scratch, rows, X, relevance, cluster, logit, given):
    """Fill `rows`, a slice, of relevance, cluster and logit; return the rows that are not certain.

    Tiles of TILE rows: x is (tiles, TILE, D), arrays of the competitors are (tiles, K, TILE), of
    the rows (tiles, 1, TILE). So steps run along many rows, and every product has one shape.
    """
    xp, n = model.xp, rows.stop - rows.start
    used = slice(0, -(-n // TILE))
    x, P, Q = scratch.x[used], scratch.P[used], scratch.Q[used]
    G, E = scratch.G[used], scratch.E[used]
    shape = len(x), 1, TILE
    flat_x, flat_P, flat_Q = (a.reshape(-1, model.D) for a in (x, P, Q))

    xp.subtract(X[rows], model.origin[:n], out=flat_x[:n])
    flat_x[n:] = 0  # the last tile is filled up with the origin
    xp.matmul(model.twice, x.mT, out=G)
    G += model.offset  # d_k − ‖x‖²
    if not given:
        E[:] = xp.amin(G, axis=1, keepdims=True) == G
        # wrong at a tie, but there f = 0 is not certain
        c = xp.clip(model.index @ E, 0, model.K - 1)
        cluster[rows] = c.reshape(-1)[:n]
    at = model.start[:n] + TILE * cluster[rows]  # places of (tile, c, row) in G and E, flattened
    g, e = G.reshape(-1), E.reshape(-1)
    d_c = xp.zeros_like(E[:, :1])
    d_c.reshape(-1)[:n] = g[at]
    g[at] = xp.inf
    d_k = xp.amin(G, axis=1, keepdims=True)
    f = d_k - d_c

    # the error of h; a β so large that it would magnify that error is cut: not certain then
    xp.multiply(x, x, out=P)
    reach = 2 * xp.sqrt(P @ model.ones_d).reshape(shape) + model.radius
    dh = reach * (model.radius * model.eps_h)
    beta = xp.clip(1 / (64 * dh), None, model.beta)

    G -= d_k  # h − f
    xp.multiply(G, -beta, out=E)
    xp.clip(E, model.lowest, None, out=E)
    xp.exp(E, out=E)  # exp(−β (h − f)): 1 at the nearest competitor
    total = model.ones_k @ E
    G += f  # h
    E /= G
    inverse = model.ones_k @ E  # Σ exp(−β (h − f)) / h
    factor = f / total
    E *= factor  # a
    e[at] = (-factor * inverse).reshape(-1)[:n]  # a_c

    xp.matmul(E.mT, model.twice, out=P)
    P *= x
    xp.matmul(E.mT, model.squares, out=Q)
    xp.add(flat_P[:n], flat_Q[:n], out=relevance[rows])
    logit[rows] = f.reshape(-1)[:n]

    # the error of R relative to its size: from dh through a; for a small R, of the products too
    error = 2 * dh * (beta * (total - 1) + inverse - 1 / f) / total
    size = model.radius * reach
    small = f * 512 < size
    if small.any():
        xp.multiply(relevance[rows], relevance[rows], out=flat_P[:n])
        norm = xp.sqrt(P @ model.ones_d).reshape(shape)
        error += small * (2 * model.eps * model.largest) * factor * inverse * reach / norm
    certain = (error < model.tolerance) & (f > 2.0**-22 * size)
    certain &= (model.least < dh) & (dh < model.greatest)
    return model.row[:n][~certain.reshape(-1)[:n]] + rows.start
