"""NEON's rivals: what else could be asked why a point is in its cluster.

Each takes a `Problem` and returns relevances (n, D). Where a well-kept library has the method,
the library computes it: captum and shap, from the extra `compare`.
"""

from dataclasses import dataclass

import numpy as np
import torch

from neon import beta_heuristic, explain, kde_gamma
from neon.evaluation.ties import rounded
from utils.evaluation.shapley import conditional_shapley


@dataclass(frozen=True)
class Problem:
    """Points to explain, and all that a method may know.

    Attributes:
        centroids: (K, D).
        X: (n, D) points to explain.
        train: (m, D) points that k-means was fitted to, in random order: the source of
            references.
        seed: for methods that sample.
        stretch: factor of the bandwidth of conditional replacement.
    """

    centroids: torch.Tensor
    X: torch.Tensor
    train: torch.Tensor
    seed: int = 0
    stretch: float = 1.0

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

    @property
    def gamma(self):
        """Stiffness of the weights of conditional replacement, as the kde test has it."""
        return self.stretch * kde_gamma(self.train)

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


def exact_shapley(size=None, *, conditional=False, survival=False):
    """Shapley values by all 2^D subsets of features.

    Args:
        size: rows that absent features are taken from; None for the training mean alone.
        conditional: weigh the rows by how much they look like what is known of the point, with
            the kernel of the kde test, so that the game is the one that the test plays.
        survival: share out the probability to stay in the cluster instead of the logit.
    """

    def attribute(problem):
        rows = problem.mean if size is None else problem.background(size)
        gamma = problem.gamma if conditional else 0.0
        values = conditional_shapley(
            problem.centroids, problem.X, problem.cluster, rows, gamma=gamma, survival=survival
        )
        return torch.from_numpy(rounded(values))  # features that are worth the same tie

    return attribute


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
    "exact Shapley, kde logit": exact_shapley(200, conditional=True),
    "exact Shapley, kde survival": exact_shapley(200, conditional=True, survival=True),
}
EXACT = [name for name in METHODS if name.startswith("exact")]
