"""The questions to k-means on the CPU: plans, blocks of rows, and the range of the results.

numpy and numba alone: after PyTorch's own threads a forked process would hang.
"""

from functools import cache
from importlib import import_module

import numpy as np
import torch

from ..boundary.forking import IMPORTS

BLOCK = 64  # tiles that a thread takes at a time, at most
SHARE = 2**17  # numbers in the temporaries of a call for which a thread is worth its start
CHUNK = 256  # rows that a thread does again at a time
TOLERANCE = {np.dtype("float64"): 5e-14, np.dtype("float32"): 5e-9}


@cache
def loops():
    """Import numba when it is needed: that takes half a second."""
    with IMPORTS:
        return tuple(import_module(f".{n}", __package__) for n in ("tiles", "exact", "compiled"))


class Plan:
    """What the blocks of one call share: tables and constants for points X (n, D), an array."""

    def __init__(self, X, centroids, beta=0.0):
        self.tiles, self.exact, self.compiled = loops()
        self.X, M, limits = X, centroids.detach().cpu().numpy().astype(float), np.finfo(X.dtype)
        D, exponent = M.shape[1], int(np.frexp(np.abs(M).max())[1])
        # squares of scaled numbers neither overflow nor vanish, unless X is 1e240 times larger
        self.scale = 2.0 ** min(100 - exponent, 1000)
        self.mu = M * self.scale
        self.mu_T, self.beta = (
            np.ascontiguousarray(self.mu.T),
            float(beta) / self.scale / self.scale,
        )

        scale = 2.0 ** min(max(-exponent, -500), 500)  # so that 1 / scale² is a number
        with np.errstate(all="ignore"):
            origin, centred = M.mean(0), M * scale
            norms = np.vecdot(centred, centred)
            if 4 * np.vecdot(origin, origin) * scale * scale < norms.max():  # loses no digits
                origin = np.zeros(D)
            else:
                centred = (M - origin) * scale
                norms = np.vecdot(centred, centred)
        # the order of the first table is that for which BLAS is faster
        self.tables = origin, np.asfortranarray(-2 * centred), centred * centred, norms
        self.constants = self.tiles.Constants(
            scale=scale,
            unscale=1 / scale / scale,
            beta=float(beta) / scale / scale,
            radius=float(np.sqrt(norms.max())),
            # measured: h is wrong by at most that times (2‖x‖ + ‖μ‖) ‖μ‖
            eps_h=(0.5 + 4 / D) * 2.0**-52,
            tolerance=TOLERANCE[X.dtype],
            smallest=float(limits.tiny),
            largest=float(limits.max),
        )

    def run(self, cluster, R, *, in_range=True):
        """Cluster (n,) and logit (n,), tensors; fills R (n, D), or nothing if it is (0, D)."""
        n, K, given = len(self.X), len(self.mu), cluster is not None
        c = np.array(cluster.numpy()) if given else np.empty(n, np.int64)
        f = np.empty(n, self.X.dtype)

        def fast(rows):
            x, unsure = (
                np.ascontiguousarray(self.X[rows]),
                np.empty(rows.stop - rows.start, np.int64),
            )
            r = R[rows] if R.flags.c_contiguous else np.empty(R[rows].shape, R.dtype)
            found, beyond = self.tiles.explain_tiles(
                x, given, c[rows], f[rows], r, unsure, self.tables, self.constants
            )
            if len(R) and not R.flags.c_contiguous:
                R[rows] = r
            return rows.start + unsure[:found], beyond

        def again(rows):
            x = np.ascontiguousarray(self.X[rows])
            labels, logits, r = (
                c[rows],
                np.empty(len(rows)),
                np.empty((len(rows) * bool(len(R)), x.shape[1])),
            )
            self.exact.explain_rows(
                x, self.mu, self.mu_T, self.scale, self.beta, given, labels, logits, r
            )
            for i in np.flatnonzero(np.isnan(logits)):
                point = x[i].astype(float) * self.scale
                labels[i], logits[i] = self.exact.decide(
                    point, self.mu, self.mu_T, self.beta, given, labels[i], r[i : i + 1]
                )
            c[rows], f[rows] = labels, self.unscaled(logits)
            if len(R):
                R[rows] = self.unscaled(r)
            if in_range:
                self.check(
                    np.abs(np.column_stack([r, logits]) if len(R) else logits[:, None]).max(1)
                )

        workers = max(1, min(torch.get_num_threads(), n * (K + self.X.shape[1]) // SHARE))
        tile = self.tiles.TILE
        step = tile * min(BLOCK, -(-n // (4 * workers * tile)) if workers > 1 else BLOCK)
        blocks = [slice(i, min(i + step, n)) for i in range(0, n, step)]
        with np.errstate(all="ignore"):
            # what is not finite is not certain, and is done again
            found = self.compiled.share(fast, blocks, workers)
            if in_range and any(beyond for _, beyond in found):
                self.refuse()
            unsure = np.concatenate([rows for rows, _ in found]) if n else []
            parts = [unsure[i : i + CHUNK] for i in range(0, len(unsure), CHUNK)]
            self.compiled.share(again, parts, workers)
        return torch.from_numpy(c), torch.from_numpy(f)

    def unscaled(self, values):
        """Results in the units of the data; in two steps, because 1 / scale² may be no number."""
        return values / self.scale / self.scale

    def check(self, size):
        """Raise if results of a size (n,), scaled, are beyond the range of the dtype."""
        real, k = self.unscaled(size), self.constants
        if not ((size == 0) | ((k.smallest <= real) & (real <= k.largest))).all():
            self.refuse()

    def refuse(self):
        """Raise: results are beyond the range of the dtype."""
        raise OverflowError(
            f"`X` must keep squared distances within the range of torch.{self.X.dtype}; got larger "
            "ones, or some that vanish. Rescale the data."
        )


def relevance(X, centroids, beta, *, cluster=None, out=None):
    """Relevance (n, D), cluster (n,) and logit (n,) of points, all in memory of the CPU."""
    x = X.detach().numpy()
    R = np.empty(x.shape, x.dtype) if out is None else out.detach().numpy()
    c, f = Plan(x, centroids, beta).run(cluster, R)
    return torch.from_numpy(R) if out is None else out, c, f


def logits(X, centroids, cluster=None):
    """Logit (n,) of points."""
    x = X.detach().numpy()
    return Plan(x, centroids).run(cluster, x[:0])[1]


def decision(X, centroids):
    """Cluster (n,) of points."""
    x = X.detach().numpy()
    return Plan(x, centroids).run(None, x[:0], in_range=False)[0]


def contrast(X, centroids, cluster, against):
    """Shares (n, D) of d_against − d_cluster, each to its last digits."""
    x = np.ascontiguousarray(X.detach().numpy())
    plan, R, size = Plan(x, centroids), np.empty(x.shape, x.dtype), np.empty(len(x))
    with np.errstate(all="ignore"):
        c, other = (np.ascontiguousarray(labels) for labels in (cluster, against))
        plan.exact.against(x, plan.mu, plan.scale, c, other, R, size)
        plan.check(size)
    return torch.from_numpy(R)


def counterfactual(X, centroids, against=None):
    """Nearest point (n, D) on the boundary of each point's cluster, or on that to `against`."""
    x = np.ascontiguousarray(X.detach().numpy())
    plan, moved = Plan(x, centroids), np.empty(x.shape, x.dtype)
    c, _ = plan.run(None, x[:0], in_range=False)
    k = np.full(len(x), -1) if against is None else np.ascontiguousarray(against)
    with np.errstate(all="ignore"):
        plan.exact.move(x, plan.mu, plan.mu_T, plan.scale, c.numpy(), k, moved)
    if not np.isfinite(moved).all():
        plan.refuse()
    return torch.from_numpy(moved)
