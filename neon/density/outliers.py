"""From a density, or a set of reference points, to what makes a point unusual."""

from dataclasses import dataclass

import numpy as np
import torch

from ..validation import as_points, like
from .soft_distance import SoftDistance


@dataclass(frozen=True, repr=False)
class Outliers:
    """Why each point has its outlier score, with its own proof: the residual.

    Attributes:
        relevance: (n, D) share of each feature in the score; of an outlier score never negative.
        score: (n,) soft squared distance to the reference points; large is unusual.
        constant: (n,) share that belongs to no feature: the entropy of the neighbours.
    """

    relevance: torch.Tensor | np.ndarray
    score: torch.Tensor | np.ndarray
    constant: torch.Tensor | np.ndarray

    @property
    def residual(self):
        """(n,) sum of the relevances and the constant, minus the score: 0 up to rounding."""
        return self.relevance.sum(-1) + self.constant - self.score

    def __repr__(self):
        n, D = self.relevance.shape
        return f"Outliers(n={n}, D={D})"


def explain_outliers(model, X=None, *, leave_out=None):
    """Explain the outlier score of every point: relevances >= 0 that sum, with a constant, to it.

    Time is O(n m D) for m reference points, memory beyond the result a few megabytes.

    Args:
        model: a `SoftDistance`, a fitted scikit-learn `KernelDensity` with the gaussian kernel,
            or reference points (m, D), for which γ is 1 / median squared distance.
        X: (n, D) points; None for the reference points themselves, each of which is then left out
            of its own neighbours. float32 and float64 keep their type.
        leave_out: (n,) row of the reference set that each point is, and that is left out; −1 for
            none. A point that is its own neighbour explains itself.

    Returns:
        `Outliers`, numpy arrays if X is one (or a table, or None), tensors if X is a tensor.

    Raises:
        TypeError, ValueError: X does not fit the model or is not finite, or nothing is left.

    Example:
        >>> result = explain_outliers([[0.0, 0.0], [0.0, 2.0]], [[3.0, 1.0]])
        >>> result.relevance, result.score, result.constant
        (array([[9., 1.]]), array([10.]), array([0.]))
    """
    model = as_soft_distance(model)
    points, leave_out = points_of(model, X, leave_out)
    return Outliers(*(like(X, part) for part in model.propagate(points, leave_out)))


def neighbours(model, X=None, n=10, *, leave_out=None):
    """Which reference points hold a point: the n with the largest weights q.

    Args:
        model: as for `explain_outliers`.
        X: likewise.
        n: how many to return, at most.
        leave_out: as for `explain_outliers`.

    Returns:
        rows (points, n) of the reference set, and their weights q, largest first; all weights of a
        point sum to 1. The relevance of neighbour j, Σ_i q_j (x_i − x_ij)², is q_j ‖x − x_j‖².

    Example:
        >>> rows, weights = neighbours(SoftDistance([[0.0], [1.0], [9.0]], gamma=1), [[0.5]], 2)
        >>> rows, weights
        (array([[0, 1]]), array([[0.5, 0.5]]))
    """
    model = as_soft_distance(model)
    points, leave_out = points_of(model, X, leave_out)
    if n < 1:
        raise ValueError(f"`n` must be at least 1; got {n}.")
    return tuple(like(X, part) for part in model.neighbours(points, n, leave_out))


def contrast_densities(model, against, X):
    """Share out what makes points likelier under one density than another, in nats.

    log p(x) − log p'(x) = Σ_i (γ' R'_i − γ R_i) + constant, which holds the entropies and the
    bandwidths. Relevances may have either sign; positive ones speak for `model`.

    Args:
        model: the density to speak for, as for `explain_outliers`.
        against: the density to speak against.
        X: (n, D) points.

    Returns:
        `Outliers` whose `score` is the log ratio of the densities.

    Raises:
        ValueError: unlike numbers of features, or a score that is not that of a density.

    Example:
        >>> one, other = SoftDistance([[0.0, 0.0]], gamma=1), SoftDistance([[2.0, 0.0]], gamma=1)
        >>> contrast_densities(one, other, [[0.5, 7.0]]).relevance
        array([[2., 0.]])
    """
    model, against = as_soft_distance(model), as_soft_distance(against)
    if model.n_features != against.n_features:
        raise ValueError(
            f"`against` must have the {model.n_features} features of `model`; "
            f"got {against.n_features}."
        )
    points = as_points(X, model.n_features).detach()
    ratio = model.log_density(points) - against.log_density(points)
    ours, theirs = model.propagate(points), against.propagate(points)
    relevance = against.gamma * theirs.relevance - model.gamma * ours.relevance
    norm = model.n_features / 2 * np.log(model.gamma / against.gamma)
    constant = against.gamma * theirs.constant - model.gamma * ours.constant + norm
    return Outliers(*(like(X, part) for part in (relevance, ratio, constant)))


def as_soft_distance(model):
    """Return a soft distance as it is, take over a density, or build one on reference points."""
    if isinstance(model, SoftDistance):
        return model
    if hasattr(model, "score_samples") and hasattr(model, "bandwidth"):
        return SoftDistance.from_sklearn(model)
    if hasattr(model, "fit"):
        raise TypeError(
            "`model` must be a SoftDistance, a KernelDensity or reference points; "
            f"got {type(model).__name__}. For a pipeline use OutlierExplainer."
        )
    return SoftDistance(model)


def points_of(model, X, leave_out):
    """Points to explain and the rows to leave out: without X, the reference points themselves."""
    if X is not None:
        return as_points(X, model.n_features).detach(), leave_out
    if leave_out is not None:
        raise ValueError("`leave_out` must be None without `X`: each point leaves out itself.")
    return model.reference, torch.arange(len(model.reference))
