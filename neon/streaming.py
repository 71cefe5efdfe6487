"""Explanations of data that arrive in batches, and their sums: nothing is held but one batch."""

from dataclasses import dataclass

import numpy as np
import torch

from .additive.recognition import neuralized
from .explanation import Explanation, explain
from .validation import (
    SparseRows,
    as_beta,
    as_count,
    as_labels,
    as_tensor,
    is_sparse,
    on_cpu,
)

ROWS = 65_536  # rows of a large array that are read at a time
BLOCK = 2**16  # numbers summed at once: their float64 copy stays in the cache


def explain_stream(model, batches, *, beta, progress=None):
    """Yield one Explanation a batch, in order.

    Args:
        model: as for `explain`.
        batches: an iterable of points (n, D), such as a generator or a
            `torch.utils.data.DataLoader` (of tuples the first element is taken); or one large
            array (N, D), such as a `numpy.memmap`, which is read by rows.
        beta: stiffness, a number in [0, inf]. A stream is seen once, so the heuristic needs a
            sample of its own: `beta_heuristic(model, sample)`.
        progress: show a progress bar. By default it appears by itself, in a terminal and when
            the work takes more than a few seconds.

    Yields:
        `Explanation` of each batch, of the same kind as the batch.

    Raises:
        TypeError, ValueError: as `explain`; the message starts with the number of the batch.

    Example:
        >>> import torch
        >>> batches = (torch.tensor([[0.0, t]]) for t in (0.5, 1.0))
        >>> [e.logit.tolist() for e in explain_stream([[0.0, 0.0], [2.0, 2.0]], batches, beta=1)]
        [[6.0], [4.0]]
    """
    from tqdm import tqdm

    model, beta = neuralized(model), as_beta(beta)
    if not hasattr(batches, "shape") and not hasattr(batches, "__iter__"):
        raise TypeError(
            "`batches` must be an iterable of points (n, D), or one large array; got a "
            f"{type(batches).__name__}. For one batch pass [X]."
        )
    total = batches.shape[0] if is_array(batches) else None
    # disable=None hides the bar where nobody can watch it: in files, pipes and notebook kernels
    look = {"disable": None, "delay": 3} if progress is None else {"disable": not progress}
    with tqdm(total=total, unit=" points", unit_scale=True, **look) as bar:
        for number, batch in enumerate(rows_of(batches) if is_array(batches) else batches):
            X = batch[0] if isinstance(batch, tuple | list) and is_array(batch[0]) else batch
            try:
                explanation = explain(model, X, beta=beta)
            except (TypeError, ValueError, OverflowError) as error:
                raise type(error)(f"batch {number}: {error}") from None
            bar.update(len(explanation.logit))
            yield explanation


def is_array(values):
    """Tell a table of points from an iterable of them."""
    return len(getattr(values, "shape", ())) == 2


def rows_of(array):
    """Cut an array (N, D) into batches of rows, without reading ahead."""
    if torch.is_tensor(array) and is_sparse(array):
        array = SparseRows(array, lambda rows: rows.to_dense())
    elif is_sparse(array):
        array = array.tocsr()
    N = array.shape[0]
    array = getattr(array, "iloc", array)  # by position, whatever the rows are called
    return (array[start : start + ROWS] for start in range(0, N, ROWS))


@dataclass(frozen=True, eq=False)
class Aggregate:
    """Sums over explained points, cluster by cluster; two of them can be added.

    Attributes:
        count: (K,) points of each cluster.
        logit: (K,) sum of their logits.
        relevance: (K, D) sum of their relevances.
        absolute: (K, D) sum of their absolute relevances.

    Example:
        >>> from neon import explain
        >>> mu = [[0.0, 0.0], [2.0, 2.0]]
        >>> parts = [[[0.0, 0.5]], [[0.0, 1.0], [2.0, 2.0]]]
        >>> total = sum(Aggregate.of(explain(mu, part, beta=1), 2) for part in parts)
        >>> total.count, total.mean_relevance
        (array([2, 1]), array([[4., 1.],
               [4., 4.]]))
    """

    count: np.ndarray
    logit: np.ndarray
    relevance: np.ndarray
    absolute: np.ndarray

    @classmethod
    def of(cls, explanation, n_clusters):
        """Sum the explained points of one `Explanation`, in float64.

        Args:
            explanation: numpy arrays or tensors.
            n_clusters: K, so that clusters without a point keep their place.

        Raises:
            TypeError, ValueError: no explanation in memory, or a cluster beyond K.
        """
        if not isinstance(explanation, Explanation):
            raise TypeError(
                f"`explanation` must be an Explanation; got a {type(explanation).__name__}. "
                "Pass what `explain` returns."
            )
        K = as_count(n_clusters, "n_clusters")
        if hasattr(explanation.relevance, "dask"):
            raise TypeError(
                "`explanation` must be in memory; got one of Dask. Call dask.compute on its "
                "fields, or neon.distributed.aggregate."
            )
        R, f = (on_cpu(as_tensor(getattr(explanation, n), n)) for n in ("relevance", "logit"))
        cluster = on_cpu(as_labels(explanation.cluster, len(R), K, "explanation.cluster"))
        relevance, absolute = np.zeros((K, R.shape[1])), np.zeros((K, R.shape[1]))
        rows = max(1, BLOCK // max(1, R.shape[1]))
        for part in (slice(start, start + rows) for start in range(0, len(R), rows)):
            order = cluster[part].argsort(kind="stable")
            present, first = np.unique(cluster[part][order], return_index=True)
            r = R[part][order].astype(float)
            relevance[present] += np.add.reduceat(r, first)
            absolute[present] += np.add.reduceat(np.abs(r, out=r), first)
        count = np.bincount(cluster, minlength=K)
        return cls(count, np.bincount(cluster, f, K), relevance, absolute)

    def __add__(self, other):
        if isinstance(other, int) and other == 0:  # sum() starts at 0
            return self
        if not isinstance(other, Aggregate):
            raise TypeError(
                f"An Aggregate must be added to another; got a {type(other).__name__}. "
                "Make one with Aggregate.of(explanation, n_clusters)."
            )
        if self.relevance.shape != other.relevance.shape:
            raise ValueError(
                "An Aggregate must be added to one of as many clusters and features, "
                f"{self.relevance.shape}; got {other.relevance.shape}. "
                "Sum explanations by one model."
            )
        return Aggregate(
            self.count + other.count,
            self.logit + other.logit,
            self.relevance + other.relevance,
            self.absolute + other.absolute,
        )

    __radd__ = __add__

    @property
    def mean_relevance(self):
        """(K, D) mean relevance of each cluster; its rows sum to `mean_logit`. NaN if empty."""
        return self.relevance / self.points[:, None]

    @property
    def mean_absolute(self):
        """(K, D) mean absolute relevance of each cluster. NaN if empty."""
        return self.absolute / self.points[:, None]

    @property
    def mean_logit(self):
        """(K,) mean logit of each cluster. NaN if empty."""
        return self.logit / self.points

    @property
    def overall(self):
        """The same over all points, as an `Aggregate` with one cluster."""
        sums = (self.count, self.logit, self.relevance, self.absolute)
        return Aggregate(*(values.sum(0, keepdims=True) for values in sums))

    @property
    def points(self):
        """(K,) counts as divisors: a cluster without a point has no mean, which is NaN."""
        return np.where(self.count == 0, np.nan, self.count)
