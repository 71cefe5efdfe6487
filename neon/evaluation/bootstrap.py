"""How sure is an explanation? Fit again, explain again, and see what moves."""

from dataclasses import dataclass

import torch

from ..explanation import Explanation, explain
from ..validation import as_beta, as_count, as_points, as_seed, is_heuristic


@dataclass(frozen=True, eq=False)
class Stability:
    """Explanations of the same points by models that were fitted again.

    Attributes:
        reference: `Explanation` by the model that is being judged.
        relevance: (repeats, n, D) relevances by the repeats.
        agrees: (repeats, n) whether a repeat puts the point into the same cluster, after its
            clusters were matched one to one with those of the reference.
    """

    reference: Explanation
    relevance: torch.Tensor
    agrees: torch.Tensor

    @property
    def agreement(self):
        """(n,) share of the repeats that put the point into the same cluster."""
        return self.agrees.double().mean(0)

    @property
    def cosine(self):
        """(n,) mean cosine to the reference over the repeats that agree; 0 if none does."""
        reference = torch.as_tensor(self.reference.relevance)
        cosine = torch.cosine_similarity(self.relevance, reference, dim=-1)
        return (cosine * self.agrees).sum(0) / self.agrees.sum(0).clamp(min=1)

    @property
    def std(self):
        """(n, D) standard deviation over the repeats that agree; inf if fewer than two do."""
        agrees = self.agrees[..., None]
        count = agrees.sum(0)
        mean = (self.relevance * agrees).sum(0) / count.clamp(min=1)
        square = ((self.relevance - mean).square() * agrees).sum(0)
        return torch.where(count > 1, (square / (count - 1).clamp(min=1)).sqrt(), torch.inf)


def stability(fit, X, *, repeats=30, bootstrap=True, beta="heuristic", seed=0):
    """Put error bars on the explanations of points: refit on resamples and explain them again.

    Relevance needs no matching of clusters, since a point brings its own along; only the question
    whether it is *still in the same cluster* does. Error bars are over the repeats that agree on
    that, and the share that does is the other half of the answer.

    Args:
        fit: callable (points (n, D), seed) -> model that `explain` takes.
        X: (n, D) points, to fit to and to explain.
        repeats: how often.
        bootstrap: fit each repeat to n points drawn with replacement, which asks what other data
            of the same kind would have said; if False to all points, with another seed, which
            asks what another start of the same algorithm would have said.
        beta: as for `explain`.
        seed: of the resamples; the reference is fitted with it, the repeats with seed+1, ...

    Returns:
        `Stability`.

    Raises:
        ValueError: fewer than 2 repeats.

    Example:
        >>> from neon import KMeans
        >>> def fit(X, seed):
        ...     return KMeans(2, n_init=3, random_state=seed).fit(X)
        >>> X = torch.tensor([[0.0], [1.0], [5.0], [6.0]])
        >>> judged = stability(fit, X, repeats=5, bootstrap=False)
        >>> judged.agreement.tolist(), judged.std.amax().item()
        ([1.0, 1.0, 1.0, 1.0], 0.0)
    """
    repeats, seed = as_count(repeats, "repeats", 2, "One has no spread."), as_seed(seed, "seed")
    if not callable(fit):
        raise TypeError(
            f"`fit` must be callable, (points, seed) -> model; got a {type(fit).__name__}. "
            "Pass lambda X, seed: KMeans(3, random_state=seed).fit(X)."
        )
    beta = beta if is_heuristic(beta) else as_beta(beta)
    points = as_points(X, None).detach()
    generator = torch.Generator().manual_seed(seed)
    reference = explain(fit(points, seed), points, beta=beta)
    relevance, agrees = [], []
    for repeat in range(1, repeats + 1):
        drawn = torch.arange(len(points))
        if bootstrap:
            drawn = torch.randint(len(points), (len(points),), generator=generator)
        again = explain(fit(points[drawn], seed + repeat), points, beta=beta)
        relevance.append(again.relevance)
        agrees.append(same(again.cluster, reference.cluster))
    return Stability(reference, torch.stack(relevance), torch.stack(agrees))


def same(cluster, reference):
    """Compare two clusterings (n,) point by point, their clusters matched by most overlap.

    Example:
        >>> same(torch.tensor([1, 1, 0, 0, 0]), torch.tensor([0, 0, 1, 1, 0]))
        tensor([ True,  True,  True,  True, False])
    """
    from scipy.optimize import linear_sum_assignment

    K = int(max(cluster.max(), reference.max())) + 1
    overlap = torch.bincount(K * cluster + reference, minlength=K * K).view(K, K)
    matched = torch.from_numpy(linear_sum_assignment(overlap, maximize=True)[1])
    return matched[cluster] == reference
