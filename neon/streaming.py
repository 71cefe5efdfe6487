"""Explanations of data that arrive in batches, and their sums: nothing is held but one batch."""

from dataclasses import dataclass

import numpy as np
import torch

from .explanation import explain, neuralized
from .validation import as_beta

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
    total = len(batches) if is_array(batches) else None
    # disable=None hides the bar where nobody can watch it: in files, pipes and notebook kernels
    look = {"disable": None, "delay": 3} if progress is None else {"disable": not progress}
    with tqdm(total=total, unit=" points", unit_scale=True, **look) as bar:
        for number, batch in enumerate(rows_of(batches) if is_array(batches) else batches):
            X = batch[0] if isinstance(batch, tuple | list) and is_array(batch[0]) else batch
            try:
                explanation = explain(model, X, beta=beta)
            except (TypeError, ValueError) as error:
                raise type(error)(f"batch {number}: {error}") from None
            bar.update(len(explanation.logit))
            yield explanation


def is_array(values):
    """Tell a table of points from an iterable of them."""
    return len(getattr(values, "shape", ())) == 2


def rows_of(array):
    """Cut an array (N, D) into batches of rows, without reading ahead."""
    return (array[start : start + ROWS] for start in range(0, len(array), ROWS))


@dataclass(frozen=True)
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
        """
        R, f = torch.as_tensor(explanation.relevance), torch.as_tensor(explanation.logit)
        cluster = torch.as_tensor(explanation.cluster).to(R.device)
        relevance = R.new_zeros(n_clusters, R.shape[1], dtype=torch.float64)
        logit, absolute = relevance.new_zeros(n_clusters), torch.zeros_like(relevance)
        logit.index_add_(0, cluster, f.double())
        rows = max(1, BLOCK // R.shape[1])
        for r, c in zip(R.split(rows), cluster.split(rows), strict=True):
            r = r.double()
            relevance.index_add_(0, c, r)
            absolute.index_add_(0, c, r.abs())
        count = cluster.bincount(minlength=n_clusters)
        return cls(*(sums.cpu().numpy() for sums in (count, logit, relevance, absolute)))

    def __add__(self, other):
        return Aggregate(
            self.count + other.count,
            self.logit + other.logit,
            self.relevance + other.relevance,
            self.absolute + other.absolute,
        )

    def __radd__(self, zero):
        # sum() starts at 0
        return self if zero == 0 else NotImplemented

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
