"""Is an explanation faithful? Remove features in its order and watch the logit fall."""

from dataclasses import dataclass

import torch

from ..validation import as_labels, as_points

CELLS = 2**22  # numbers at a time: replaced points of 32 megabytes


@dataclass(frozen=True, eq=False)
class Flipping:
    """What was left of each assignment as its features went, most relevant first.

    Attributes:
        logit: (..., n, D+1) expected logit of the cluster after 0, 1, ..., D replacements.
        survival: (..., n, D+1) probability that the point is still in its cluster.

    Leading dimensions are those of the `gamma` that was asked for.
    """

    logit: torch.Tensor
    survival: torch.Tensor

    @property
    def logit_curve(self):
        """(..., D+1) mean logit over the points, divided by its value before any replacement."""
        mean = self.logit.mean(-2)
        return mean / mean[..., :1]

    @property
    def survival_curve(self):
        """(..., D+1) share of the points that are still in their cluster."""
        return self.survival.mean(-2)

    @property
    def logit_area(self):
        """(...) area under the logit curve over the share of features replaced: lower is better."""
        return area(self.logit_curve)

    @property
    def survival_area(self):
        """(...) area under the survival curve, in [0, 1]: lower is better."""
        return area(self.survival_curve)


def flip(logit, X, cluster, relevance, rows, *, gamma=0.0):
    """Replace the features of each point one by one, in descending relevance.

    What replaces them is the question that the test asks. One row, such as the training mean or
    the competitor's centroid, replaces them by its values. Several rows replace them by their
    *distribution*: the logit and the survival are averages over the rows, exactly, with weights
    that fall with the distance to the features that the point still has,

        weight of row b ∝ exp(−γ ‖x_kept − b_kept‖²).

    γ = 0 weighs all rows equally (marginal removal); γ = `kde_gamma(training)` asks for rows
    that look like what is left of the point (conditional removal, a kernel density estimate).

    Args:
        logit: callable (points (m, D), cluster (m,)) -> (m,), positive while a point is in its
            cluster: a `NeuralizedKMeans` is one.
        X: (n, D) points, best held out from training.
        cluster: (n,) cluster of each point before anything is replaced; it stays fixed.
        relevance: (n, D) any attribution; only its order counts, the first of equals first.
        rows: (B, D) rows to replace from, or (n, B, D) if each point has its own.
        gamma: stiffness γ >= 0 of the weights, in units of 1/squared distance: a number, or a
            tensor (G,) of several, which share the evaluations of the logit.

    Returns:
        `Flipping`, tensors.

    Raises:
        ValueError: shapes that do not fit together, values that are not finite, a negative gamma.

    Source: pixel flipping, Bach et al., PLOS ONE 2015, and Samek et al., IEEE TNNLS 2017; the
    kernel weights make it the conditional expectation of Aas et al., Artificial Intelligence
    2021. The protocol is ours. A caveat: an attribution whose own reference is the replacement
    of the test has an advantage in that test.

    Example:
        >>> from neon import NeuralizedKMeans
        >>> network = NeuralizedKMeans([[0.0, 0.0], [2.0, 2.0]])
        >>> X, R = torch.tensor([[0.0, 0.5]]), torch.tensor([[4.0, 2.0]])
        >>> flipped = flip(network, X, [0], R, rows=torch.tensor([[2.0, 2.0]]))
        >>> flipped.logit
        tensor([[ 6., -2., -8.]])
        >>> flipped.survival_area
        tensor(0.2500)
    """
    X = as_points(X, None)
    n, D = X.shape
    cluster = as_labels(cluster, n, 2**31, "cluster")  # how many there are, `logit` knows
    relevance = as_points(relevance, D, "relevance").to(X.dtype)
    rows = torch.as_tensor(rows, dtype=X.dtype)
    if relevance.shape != X.shape:
        raise ValueError(
            f"`relevance` must have shape {tuple(X.shape)} like `X`; got {tuple(relevance.shape)}."
        )
    if rows.shape[-1:] != (D,) or not (rows.ndim == 2 or (rows.ndim == 3 and len(rows) == n)):
        raise ValueError(
            f"`rows` must have shape (B, {D}) or ({n}, B, {D}); got {tuple(rows.shape)}. "
            "One row for all points is row[None]."
        )
    as_points(rows.flatten(0, -2), D, "rows")
    gamma = torch.as_tensor(gamma, dtype=X.dtype)
    if not ((gamma >= 0) & gamma.isfinite()).all():
        raise ValueError(f"`gamma` must be in [0, inf); got {gamma}. 0 weighs all rows equally.")

    rows = rows.expand(n, -1, -1)
    rank = relevance.argsort(dim=-1, descending=True, stable=True).argsort(-1)  # (n, D)
    result = torch.empty(2, *gamma.shape, n, D + 1, dtype=X.dtype)  # logit, survival
    for batch in torch.arange(n).split(max(1, CELLS // rows[0].numel())):
        x, b, c = X[batch, None], rows[batch], cluster[batch]
        squares = (x - b).square()  # (m, B, D)
        for s in range(D + 1):
            kept = (rank[batch] >= s)[:, None]  # (m, 1, D)
            points = torch.where(kept, x, b)
            f = logit(points.flatten(0, 1), c.repeat_interleave(b.shape[1])).view(b.shape[:2])
            distance = (squares * kept).sum(-1)
            weight = (-gamma[..., None, None] * distance).softmax(-1)  # (..., m, B)
            result[0, ..., batch, s] = (weight * f).sum(-1)
            result[1, ..., batch, s] = (weight * (f > 0)).sum(-1)
    return Flipping(*result)


def kde_gamma(X):
    """Stiffness γ = 1 / (2 median squared distance to the nearest neighbour) of points X (n, D).

    Rows about as far from a point as its nearest neighbour then count.

    Raises:
        ValueError: most points have a twin, so that the median is 0.

    Example:
        >>> kde_gamma([[0.0], [1.0], [3.0]])
        0.5
    """
    X = as_points(X, None)
    squares = torch.cdist(X, X, compute_mode="donot_use_mm_for_euclid_dist").square()
    median = squares.fill_diagonal_(torch.inf).amin(-1).median().item()
    if median == 0:
        raise ValueError("`X` must have distinct points; got a twin for most of them. Drop twins.")
    return 1 / (2 * median)


def area(curve):
    """Area under a curve (..., D+1) over [0, 1], by trapezoids."""
    return torch.trapezoid(curve, dim=-1) / (curve.shape[-1] - 1)
