"""Gaussian mixtures: log-odds of a component, shared among features, prior and ambiguity."""

import warnings

import numpy as np
import torch

from ..rules import min_take_most
from .codebook import NeuralizedCandidates
from .energies import Quadratics, Squares


class NeuralizedMixture(NeuralizedCandidates):
    """The most probable component of a Gaussian mixture, as a network; logits are in nats.

    The evidence for component c against k is h_k = log π_c N_c(x) / π_k N_k(x). Of a diagonal or
    spherical mixture each feature has log N(x_i; μ_ci, σ_ci²) / N(x_i; μ_ki, σ_ki²); of a full or
    tied one its Shapley value of the quadratic forms. What is left belongs to no feature: the
    prior log π_c/π_k, and, for full and tied covariances, ½ log det Λ_c/det Λ_k.

    Args:
        fitted: a fitted scikit-learn `GaussianMixture` or `BayesianGaussianMixture`, of any
            covariance type.
        logit: "hard" for f = min_k h_k, to share with any β; "soft" for the log-odds of the
            responsibility, log r_c/(1 − r_c) = Σ_k p_k h_k − H(p), p = softmin(h), whose β is 1.
            The ambiguity H(p) belongs to no feature. Soft logits of an assigned component are
            below 0 where its responsibility is below ½.

    Attributes:
        stiffness: 1.0 for the soft logit, which no other β fits; None for the hard one.
        energy.constant: (K,) b: h_k has b_k − b_c that belongs to no feature.
        prior: (K,) the part of it that the weights have, −log π.

    Raises:
        ValueError: not fitted, a single component, a component of weight 0, or a covariance that
            is not positive definite.

    Warns:
        UserWarning: EM did not converge. The explanation is exact for the mixture as it stands.

    Example:
        >>> from sklearn.mixture import GaussianMixture
        >>> X = np.array([[0.0], [1.0], [2.0], [7.0], [8.0], [9.0]])
        >>> fitted = GaussianMixture(2, means_init=[[1.0], [8.0]], covariance_type="tied").fit(X)
        >>> network = NeuralizedMixture(fitted, logit="soft")
        >>> r = fitted.predict_proba([[4.0]])[0]
        >>> bool(abs(network(torch.tensor([[4.0]])) - np.log(r[0] / r[1])) < 1e-6)
        True
    """

    has_constant = True

    def __init__(self, fitted, *, logit="hard"):
        if logit not in ("hard", "soft"):
            raise ValueError(f"`logit` must be 'hard' or 'soft'; got {logit!r}.")
        energy, prior = described(fitted)
        super().__init__(energy)
        self.logit, self.stiffness = logit, 1.0 if logit == "soft" else None
        self.register_buffer("prior", prior)

    def extra_repr(self):
        """Show the sizes and the kind of logit in `print(network)`."""
        return f"{super().extra_repr()}, logit={self.logit}"

    def pool(self, h):
        """Logit (n,) of evidence h (L, n): its minimum, or its soft minimum with β = 1."""
        return super().pool(h) if self.logit == "hard" else -(-h).logsumexp(0)

    def weights(self, h, f, beta):
        """As for all additive evidence; for the soft logit p, and −H(p) to no feature."""
        if self.logit == "hard":
            return super().weights(h, f, beta)
        if beta != 1:
            raise ValueError(
                f"`beta` must be 1 for the soft logit, whose stiffness is the posterior's; "
                f"got {beta}. Pass beta=1, or take NeuralizedMixture(fitted, logit='hard')."
            )
        p = min_take_most(h, torch.ones_like(f), 1, dim=0)
        return p, -entropy(p), torch.zeros_like(f)

    def ambiguity(self, X):
        """Entropy H(p) (n,) in nats of the posterior over the competitors of each point."""
        parts = []
        for rows in self.blocks(X):
            e = self.energy(self.seen(X[rows]))
            h, _ = self.compare(e, self.decide(e))
            parts.append(entropy(min_take_most(h, torch.ones_like(h[0]), 1, dim=0)))
        return torch.cat(parts).to(X.dtype)


def entropy(p):
    """Entropy (n,) in nats of distributions p (L, n)."""
    return torch.special.entr(p).sum(0)


def described(fitted):
    """The energy −log π_k N_k of a fitted mixture, up to what is the same for all k, and −log π."""
    name = type(fitted).__name__
    if not hasattr(fitted, "precisions_cholesky_"):
        raise ValueError(f"`{name}` must be fitted. Call .fit(X) first.")
    means, root = np.asarray(fitted.means_, float), np.asarray(fitted.precisions_cholesky_, float)
    K, D = means.shape
    if K < 2:
        raise ValueError(
            f"`{name}` must have at least 2 components; got {K}. "
            "A single component has no competitor, so there is nothing to explain."
        )
    kind = fitted.covariance_type
    diagonal = root if kind in ("spherical", "diag") else np.diagonal(root, axis1=-2, axis2=-1)
    if not (np.isfinite(root).all() and (diagonal > 0).all() and np.isfinite(means).all()):
        raise ValueError(
            f"`{name}` must have finite means and positive definite covariances; its "
            "`precisions_cholesky_` are not. Raise `reg_covar` and fit again."
        )
    with np.errstate(divide="ignore"):
        prior = -fitted._estimate_log_weights()
    if not np.isfinite(prior).all():
        empty = np.flatnonzero(~np.isfinite(prior)).tolist()
        raise ValueError(
            f"`{name}` must have positive weights; component(s) {empty} have weight 0 and can "
            "win no point. Fit with fewer components."
        )
    if not getattr(fitted, "converged_", True):
        warnings.warn(
            f"{name} did not converge in {fitted.n_iter_} iterations. Explained is the mixture as "
            "it stands; raise `max_iter` for one that another run would find again.",
            stacklevel=4,
        )
    constant = prior + spread_of_precision(fitted, D)
    means, root, constant, prior = map(torch.from_numpy, (means, root, constant, prior))
    if kind in ("spherical", "diag"):
        root = root[:, None].expand(K, D) if kind == "spherical" else root
        return Squares(means, root.square() / 2, -root.log(), constant), prior
    constant = constant - root.diagonal(dim1=-2, dim2=-1).log().sum(-1)
    return Quadratics(means, root @ root.mT / 2, constant), prior


def spread_of_precision(fitted, D):
    """What a Bayesian mixture adds to each −log N_k (K,), because it knows a precision by its law.

    The expected log determinant is less than that of the mean precision, and the mean has a width.
    """
    if not hasattr(fitted, "degrees_of_freedom_"):
        return 0.0
    from scipy.special import digamma

    nu, width = fitted.degrees_of_freedom_, D / fitted.mean_precision_
    log_det = D * np.log(2) + digamma((nu - np.arange(D)[:, None]) / 2).sum(0)
    return (D * np.log(nu) - log_det + width) / 2
