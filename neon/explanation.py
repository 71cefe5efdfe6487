"""From a neuralized model and points to relevances that add up to the logit."""

import math
from dataclasses import dataclass

import numpy as np
import torch

from .additive.recognition import prepared
from .interface import Shares
from .validation import as_beta, as_count, as_labels, is_heuristic, like, refuse_same
from .validation.arrays import joined
from .validation.output import as_output, fill


@dataclass(frozen=True, repr=False, eq=False)
class Explanation:
    """Why each point is in its cluster, with its own proof: the residual.

    Attributes:
        relevance: (n, D) share of each feature in the logit, in units of squared distance (of
            mixtures, in nats); positive speaks for the assigned cluster, negative against it.
        cluster: (n,) assigned cluster c.
        logit: (n,) f_c, the squared distance to the nearest competitor minus that to c.
        beta: stiffness that was used.
        constant: share of the logit that belongs to no feature: (n,), or 0.0 where the model has
            none, as k-means.
    """

    relevance: torch.Tensor | np.ndarray
    cluster: torch.Tensor | np.ndarray
    logit: torch.Tensor | np.ndarray
    beta: float
    constant: torch.Tensor | np.ndarray | float = 0.0

    @property
    def residual(self):
        """(n,) sum of the relevances and the constant, minus the logit: 0 up to rounding."""
        return self.relevance.sum(-1) + self.constant - self.logit

    @property
    def probability(self):
        """(n,) 1/(1 + exp(−f_c)): the logit read as log-odds, 0.5 on a boundary."""
        exp = torch.exp if torch.is_tensor(self.logit) else np.exp
        return 1 / (1 + exp(-self.logit))

    def __repr__(self):
        n, D = self.relevance.shape
        return f"Explanation(n={n}, D={D}, beta={self.beta:.4g})"


def explain(model, X, *, beta="heuristic", cluster=None, out=None, batch_size=None):
    """Explain the assigned cluster of every point: relevances that sum to the logit.

    Args:
        model: a neuralized model, a fitted `KMeans`, centroids (K, D), or a fitted clusterer: one
            with `cluster_centers_`, or another of those in `neon.additive`, such as a Gaussian
            mixture.
        X: (n, D) points; float32 and float64 keep their type, float16 and bfloat16 become
            float32, integers float64. A sparse matrix is read by blocks of rows; what it gets
            is dense.
        beta: stiffness of the min-take-most rule, in units of 1/logit: a number in [0, inf], or
            "heuristic" for 1 / mean logit of these points. It decides how much the competitors
            other than the nearest contribute, and has no effect for K = 2.
        cluster: (n,) labels to explain instead of the model's own decision, where the caller has
            them. A label that is not the nearest centroid has a negative logit.
        out: (n, D) array or tensor of the kind and dtype of X, to write the relevances into; it
            saves the time to fetch memory for them. It may be X itself.
        batch_size: points to hand to the model at a time; the result does not depend on it.
            k-means needs none: it works in blocks of its own.

    Returns:
        `Explanation`, numpy arrays if X is one (or a table or a list), tensors if X is a tensor.

    Raises:
        TypeError, ValueError: X does not fit the model or is not finite, beta is not in [0, inf],
            the model is not fitted. The message says what was wanted.

    Source: Kauffmann et al., arXiv:1906.07633; the closed form is derived in `neon.engine`.

    Example:
        >>> explanation = explain([[0.0, 0.0], [2.0, 2.0]], [[0.0, 0.5]], beta=1)
        >>> explanation.relevance, explanation.logit
        (array([[4., 2.]]), array([6.]))
    """
    model, points = prepared(model, X, by_rows=True)
    beta = beta if is_heuristic(beta) else as_beta(beta)
    size = len(points)
    if batch_size is not None:
        size = as_count(batch_size, "batch_size", advice="None takes all points at once.")
    if cluster is not None:
        cluster = as_labels(cluster, len(points), model.n_clusters, "cluster")
    target = None if out is None else as_output(out, points, model)
    beta = heuristic(model, points) if is_heuristic(beta) else beta
    shares = in_batches(model, points, beta, cluster, target, size)
    if out is not None and shares.relevance is not target:
        fill(out, shares.relevance)
    relevance = like(X, shares.relevance) if out is None else out
    results = (like(X, part) for part in shares[1:3])
    return Explanation(relevance, *results, beta, like(X, shares.constant))


def neon(model, X, beta):
    """Relevance (n, D) of the assigned cluster of points X (n, D); `explain` says more.

    Example:
        >>> neon([[0.0, 0.0], [2.0, 2.0]], torch.tensor([[0.0, 0.5]]), beta=1)
        tensor([[4., 2.]])
    """
    return explain(model, X, beta=beta).relevance


def beta_heuristic(model, X):
    """β = 1 / mean logit of points X (n, D): the paper's choice of stiffness.

    Returns:
        float; inf if every point lies on a boundary, where all stiffnesses agree.

    Raises:
        OverflowError: the logits are beyond the range of the dtype.

    Example:
        >>> beta_heuristic([[0.0, 0.0], [2.0, 2.0]], [[0.0, 0.5], [0.0, 0.0]])
        0.14285714285714285
    """
    return heuristic(*prepared(model, X))


def heuristic(model, points):
    """β of checked points; their logits in float64, and in units of their own, to any range."""
    if model.stiffness is not None:
        return model.stiffness
    size = getattr(points, "step", model.batch)
    parts = (points[i : i + size] for i in range(0, len(points), size))
    logits = [model(part).cpu().numpy().astype(float) for part in parts]
    unit = max(part.max() for part in logits)
    if unit <= 0:
        return math.inf
    return 1 / (sum((part / unit).sum() for part in logits) / len(points) * unit).item()


def contrast(model, X, cluster, against):
    """Share out what speaks for one cluster rather than another: d_against − d_cluster.

    Exact for every pair and of either sign, so it answers "why not the true class?", for which
    the logit of an assigned cluster is no help.

    Args:
        model: as for `explain`.
        X: (n, D) points.
        cluster: the cluster to speak for: one, or one for each point (n,).
        against: the cluster to speak against, likewise.

    Returns:
        (n, D) relevances, of the same kind as X, that sum to d_against − d_cluster; of mixtures,
        to log r_cluster/r_against minus what belongs to no feature, `energy.constant` of the one
        against the other.

    Raises:
        ValueError: a cluster that does not exist, or a cluster against itself.

    Example:
        >>> contrast([[0.0, 0.0], [2.0, 2.0]], [[0.0, 0.5]], cluster=1, against=0)
        array([[-4., -2.]])
    """
    model, points = prepared(model, X)
    cluster = as_labels(cluster, len(points), model.n_clusters, "cluster")
    against = as_labels(against, len(points), model.n_clusters, "against")
    refuse_same(cluster, against)
    return like(X, model.contrast(points, cluster, against))


def counterfactual(model, X, against=None):
    """Move each point to the nearest place where its assignment is undecided.

    The boundary between clusters c and k is the plane h_k = 0, and x − h_k w_k / ‖w_k‖² its
    nearest point. Without `against` this is the nearest of all planes, argmin h_k / ‖w_k‖,
    which need not belong to the nearest centroid.

    Args:
        model: as for `explain`, with flat boundaries, as those of k-means are.
        X: (n, D) points.
        against: cluster to move towards: one, one for each point (n,), or None for the nearest
            boundary. With a given cluster the boundary may be met where a third is nearer still.

    Returns:
        (n, D) points on the boundary, of the same kind as X.

    Raises:
        ValueError: a cluster that does not exist, or that the point is already assigned to.
        NotImplementedError: boundaries are curved.

    Example:
        >>> counterfactual([[0.0, 0.0], [2.0, 2.0]], [[0.0, 0.5]])
        array([[0.75, 1.25]])
    """
    model, points = prepared(model, X)
    if against is not None:
        against = as_labels(against, len(points), model.n_clusters, "against")
        refuse_same(model.decision(points).cpu(), against.cpu())
    return like(X, model.counterfactual(points, against))


def in_batches(model, points, beta, cluster, out, size):
    """Propagate `size` points at a time, each with its part of what is given, and join them."""
    if torch.is_tensor(points) and size >= len(points):
        return model.propagate(points, beta, cluster=cluster, out=out)
    size = min(size, getattr(points, "step", size))
    parts = []
    for rows in (slice(i, i + size) for i in range(0, len(points), size)):
        own = (None if values is None else values[rows] for values in (cluster, out))
        parts.append(
            model.propagate(points[rows], beta, **dict(zip(("cluster", "out"), own, strict=True)))
        )
    *shares, constants = zip(*parts, strict=True)
    each = all(torch.is_tensor(constant) for constant in constants)
    return Shares(*map(joined, shares), joined(constants) if each else constants[0])
