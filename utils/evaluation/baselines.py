"""NEON's rivals: what else could be asked why a point is in its cluster.

Each takes a `Problem` and returns relevances (n, D). Where a well-kept library has the method,
the library computes it: captum and shap, from the extra `compare`.
"""

from dataclasses import dataclass
from math import comb

import numpy as np
import torch

from neon import beta_heuristic, explain

MAX_FEATURES = 13  # 2^13 subsets a point; each feature more doubles them


@dataclass(frozen=True)
class Problem:
    """Points to explain, and all that a method may know.

    Attributes:
        centroids: (K, D).
        X: (n, D) points to explain.
        train: (m, D) points that k-means was fitted to, in random order: the source of
            references.
        seed: for methods that sample.
    """

    centroids: torch.Tensor
    X: torch.Tensor
    train: torch.Tensor
    seed: int = 0

    def logit(self, X, c):
        """Logit (n,) of clusters c (n,) at points X (n, D); of any sign, since c is given."""
        origin = self.train.mean(0)
        mu = self.centroids - origin
        d = mu.square().sum(-1) - 2 * (X - origin) @ mu.T  # (n, K): d_k − ‖x‖²
        others = d.scatter(1, c[:, None], torch.inf)
        return others.amin(-1) - d.gather(1, c[:, None])[:, 0]

    @property
    def cluster(self):
        """(n,) cluster of each point, which every method explains."""
        return torch.cdist(self.X, self.centroids).argmin(-1)

    @property
    def mean(self):
        """(1, D) mean of the training points."""
        return self.train.mean(0, keepdim=True)

    def background(self, size):
        """(size, D) training rows, the first; they are a sample because the order is random."""
        return self.train[:size]


def neon_at(stiffness):
    """NEON at β = `stiffness`; None for 1 / mean logit of the training points."""

    def attribute(problem):
        mu = problem.centroids
        beta = beta_heuristic(mu, problem.train) if stiffness is None else stiffness
        return explain(mu, problem.X, beta=beta).relevance

    return attribute


def random_order(problem):
    """No idea at all: the floor."""
    generator = torch.Generator().manual_seed(problem.seed)
    return torch.rand(problem.X.shape, generator=generator, dtype=problem.X.dtype)


def distance_to_centroid(problem):
    """|x − μ_c|: far from the centroid taken for important."""
    return (problem.X - problem.centroids[problem.cluster]).abs()


def gradient(problem):
    """∂f_c / ∂x."""
    X = problem.X.clone().requires_grad_()
    return torch.autograd.grad(problem.logit(X, problem.cluster).sum(), X)[0]


def sensitivity(problem):
    """|∂f_c / ∂x|."""
    return gradient(problem).abs()


def gradient_times_input(problem):
    """Gradient ⊙ x: the reference is the origin."""
    return problem.X * gradient(problem)


def gradient_times_deviation(problem):
    """Gradient ⊙ (x − mean): the reference is the training mean."""
    return (problem.X - problem.mean) * gradient(problem)


def integrated_gradients(problem):
    """Gradients averaged along the path from the training mean: captum."""
    from captum.attr import IntegratedGradients

    return IntegratedGradients(problem.logit).attribute(
        problem.X, problem.mean, additional_forward_args=problem.cluster
    )


def occlusion(problem):
    """What the logit loses when one feature becomes its training mean: captum."""
    from captum.attr import Occlusion

    return Occlusion(problem.logit).attribute(
        problem.X, (1,), baselines=problem.mean, additional_forward_args=problem.cluster
    )


def shap_kernel(problem):
    """SHAP by weighted regression over sampled subsets, 20 rows: shap.KernelExplainer."""
    from shap import KernelExplainer

    # shap draws from numpy's global stream, and offers no seed here
    np.random.seed(problem.seed)  # noqa: NPY002
    rows = problem.background(20).numpy()
    return by_cluster(
        problem, lambda f, X: KernelExplainer(f, rows).shap_values(X, l1_reg=0, silent=True)
    )


def shap_permutation(background, permutations):
    """SHAP by permutations of the features, forwards and backwards: shap.PermutationExplainer."""

    def attribute(problem):
        from shap import PermutationExplainer
        from shap.maskers import Independent

        masker = Independent(problem.background(background).numpy(), max_samples=background)
        # its `shap_values` would run fewer permutations than it is asked for
        evaluations = permutations * (2 * problem.X.shape[1] + 1)
        return by_cluster(
            problem,
            lambda f, X: (
                PermutationExplainer(f, masker, seed=problem.seed)(
                    X, max_evals=evaluations, silent=True
                ).values
            ),
        )

    return attribute


def tree_surrogate(problem):
    """A decision tree that imitates the clusters, explained by TreeSHAP: scikit-learn and shap."""
    from shap import TreeExplainer
    from sklearn.tree import DecisionTreeClassifier

    labels = torch.cdist(problem.train, problem.centroids).argmin(-1)
    tree = DecisionTreeClassifier(random_state=problem.seed).fit(problem.train, labels)
    values = TreeExplainer(tree).shap_values(problem.X.numpy())  # (n, D, K)
    return torch.from_numpy(values[np.arange(len(values)), :, problem.cluster])


def exact_shapley(background=None):
    """Shapley values by all 2^D subsets; absent features from the mean, or from training rows."""

    def attribute(problem):
        rows = problem.mean if background is None else problem.background(background)
        return torch.stack(
            [
                shapley(lambda points, c=c: problem.logit(points, c.expand(len(points))), x, rows)
                for x, c in zip(problem.X, problem.cluster, strict=True)
            ]
        )

    return attribute


def shapley(f, x, rows):
    """Exact Shapley values of f at one point: the ground truth, at the price of 2^D evaluations.

    The value of a set of features is the mean of f with the others taken from the rows.

    Args:
        f: callable (m, D) -> (m,).
        x: (D,) point.
        rows: (B, D) rows that absent features are taken from.

    Returns:
        (D,) values that sum to f(x) − mean f(rows).

    Raises:
        ValueError: more than 13 features.

    Example:
        >>> shapley(lambda X: X.prod(-1), torch.tensor([2.0, 3.0]), torch.tensor([[0.0, 1.0]]))
        tensor([4., 2.])
    """
    D = len(x)
    if D > MAX_FEATURES:
        raise ValueError(
            f"`x` must have at most {MAX_FEATURES} features; got {D}, with 2^{D} subsets. "
            "Use `shap_permutation`, which samples them."
        )
    # row s of `present` spells the number s in binary: (2^D, D)
    present = (torch.arange(2**D)[:, None] >> torch.arange(D - 1, -1, -1)) & 1 == 1
    value = sum(f(torch.where(present, x, row)) for row in rows) / len(rows)
    weight = torch.tensor([1 / (D * comb(D - 1, s)) for s in range(D)], dtype=x.dtype)
    values = []
    for i in range(D):
        with_i = present[:, i]
        gain = value[with_i] - value[~with_i]  # both in the order of the other features
        values.append((weight[present[~with_i].sum(-1)] * gain).sum())
    return torch.stack(values)


def by_cluster(problem, attribute):
    """Explain the points of each cluster by their own logit, as functions of numpy arrays."""
    result = torch.empty_like(problem.X)
    for c in problem.cluster.unique():
        here = problem.cluster == c

        def f(points, c=c):
            return problem.logit(torch.from_numpy(points), c.expand(len(points))).numpy()

        result[here] = torch.as_tensor(attribute(f, problem.X[here].numpy()))
    return result


METHODS = {
    "NEON β=0": neon_at(0.0),
    "NEON β=1": neon_at(1.0),
    "NEON β=1/E[f]": neon_at(None),
    "NEON β=∞": neon_at(float("inf")),
    "random": random_order,
    "|x−μ_c|": distance_to_centroid,
    "sensitivity": sensitivity,
    "gradient×input": gradient_times_input,
    "gradient×(x−mean)": gradient_times_deviation,
    "integrated gradients": integrated_gradients,
    "occlusion": occlusion,
    "SHAP Kernel": shap_kernel,
    "SHAP Permutation": shap_permutation(20, 10),
    "SHAP Permutation, large": shap_permutation(100, 5),
    "tree surrogate": tree_surrogate,
    "exact Shapley, mean": exact_shapley(),
    "exact Shapley, marginal": exact_shapley(100),
}
EXACT = [name for name in METHODS if name.startswith("exact")]
