"""Other ways to the same relevances, and other explanations of the same logit, to measure against.

Each peer is a function of points X (n, D), centroids mu (K, D) and the stiffness beta; the fast
ones write into memory R that is there already. `naive`, `textbook`, `one_point_loop` and
`neon_explain` compute NEON's relevances, the others attribute f_c by methods for any function.
"""

import numpy as np
import torch

from neon import NeuralizedKMeans, explain, layer_by_layer


def naive(X, mu, beta, R, batch=4096):
    """The closed form in plain torch, a new tensor for every step; R (n, D) is filled."""
    origin = mu.mean(0)
    M = mu - origin
    for i in range(0, len(X), batch):
        x = X[i : i + batch] - origin
        h = M.square().sum(1) - 2 * x @ M.T
        d_c, c = h.min(1, keepdim=True)
        h = (h - d_c).scatter(1, c, torch.inf)
        a = torch.softmax(-beta * h, 1) * (h.amin(1, keepdim=True) / h)
        a.scatter_(1, c, -a.sum(1, keepdim=True))
        R[i : i + batch] = -2 * x * (a @ M) + a @ M.square()


def textbook(X, mu, beta):
    """Layer by layer, with weights (K, K−1, D) and contributions (n, K−1, D)."""
    network = NeuralizedKMeans(mu)
    batch = max(1, 20_000_000 // mu.numel())
    return torch.cat([layer_by_layer(network, x, beta) for x in X.split(min(batch, 4096))])


def one_point_loop(X, mu, beta):
    """Both layers and both rules for one point at a time, as published implementations do.

    The weights (K, K−1, D) are built once; each point goes through the networks of all clusters.
    """
    network = NeuralizedKMeans(mu)
    W, b, mu = network.weight.to(X), network.bias.to(X), mu.to(X)
    R = torch.empty_like(X)
    for i in range(len(X)):
        x = X[[i]]
        h = torch.einsum("ckd,nd->nck", W, x) + b  # (1, K, K-1)
        f = h.amin(-1)
        c = int(f.argmax())
        R_k = torch.nn.functional.softmin(beta * h[:, c], dim=-1) * f[:, c]
        k = [k for k in range(len(mu)) if k != c]
        z = W[c] * (x - (mu[c] + mu[k]) / 2)  # (K-1, D)
        R[i] = (z / z.sum(-1, keepdim=True) * R_k.view(-1, 1)).sum(0)
    return R


def neon_explain(X, mu, beta, R):
    """The package; R (n, D) is filled."""
    explain(mu, X, beta=beta, out=R)


def neon_default(X, mu, beta, R):
    """The call that users make: β by the heuristic, numpy arrays, no memory given."""
    explain(mu.numpy(), X.numpy())


def neon_new_memory(X, mu, beta, R):
    """The package with β given, on numpy arrays, and no memory given."""
    explain(mu.numpy(), X.numpy(), beta=beta)


def three_products(X, mu, beta=None, R=None):
    """A limit: three matrix products of the closed form's shapes in torch, and nothing else."""
    for x in X.split(4096):
        g = x @ mu.T
        g @ mu
        g @ mu


def three_products_numpy(X, mu, beta=None, R=None):
    """The same limit with numpy's BLAS."""
    mu = mu.numpy()
    for x in X.split(4096):
        g = x.numpy() @ mu.T
        g @ mu
        g @ mu


def copy(X, mu, beta, R):
    """A limit: write as many numbers as the relevances have."""
    R.copy_(X)


class Logit(torch.nn.Module):
    """f_c(X) of one cluster c, as attribution packages want it, at the price of one product."""

    def __init__(self, mu, c):
        super().__init__()
        self.mu, self.c, self.others = mu, c, [k for k in range(len(mu)) if k != c]

    def forward(self, X):
        """Logit (n,) of the fixed cluster."""
        d = self.mu.square().sum(-1) - 2 * X @ self.mu.T
        return d[:, self.others].amin(-1) - d[:, self.c]


def by_cluster(attribute):
    """Attribute the points of each cluster together, c fixed."""

    def attributed(X, mu, beta=None):
        c = torch.cdist(X, mu).argmin(1)
        R = torch.empty_like(X)
        for k in c.unique().tolist():
            R[c == k] = attribute(Logit(mu, k), X[c == k], X)
        return R

    attributed.__doc__ = attribute.__doc__
    return attributed


@by_cluster
def integrated_gradients(logit, x, X):
    """captum.attr.IntegratedGradients, 50 steps from the mean of the points."""
    from captum.attr import IntegratedGradients

    return IntegratedGradients(logit).attribute(x, baselines=X.mean(0, keepdim=True))


@by_cluster
def feature_ablation(logit, x, X):
    """captum.attr.FeatureAblation towards the mean of the points."""
    from captum.attr import FeatureAblation

    return FeatureAblation(logit).attribute(x, baselines=X.mean(0, keepdim=True))


@by_cluster
def captum_kernel_shap(logit, x, X):
    """captum.attr.KernelShap with 2 D + 64 samples from the mean of the points."""
    from captum.attr import KernelShap

    method, base = KernelShap(logit), X.mean(0, keepdim=True)
    samples = 2 * X.shape[1] + 64
    rows = [method.attribute(row[None], baselines=base, n_samples=samples) for row in x]
    return torch.cat(rows).to(x.dtype)


def shap_values(explainer, logit, x, X):
    """Values of one of shap's explainers with 20 background points."""

    def f(values):
        return logit(torch.from_numpy(np.asarray(values, dtype=np.float64))).numpy()

    background = X[:: max(1, len(X) // 20)][:20].double().numpy()
    return torch.from_numpy(explainer(f, background, x.double().numpy())).to(x.dtype)


@by_cluster
def kernel_explainer(logit, x, X):
    """shap.KernelExplainer with 20 background points and 2 D + 64 samples."""
    import shap

    def explainer(f, background, values):
        samples = 2 * values.shape[1] + 64
        method = shap.KernelExplainer(f, background)
        return method.shap_values(values, nsamples=samples, silent=True)

    return shap_values(explainer, logit, x, X)


@by_cluster
def permutation_explainer(logit, x, X):
    """shap.PermutationExplainer with 20 background points and one permutation."""
    import shap

    def explainer(f, background, values):
        method = shap.PermutationExplainer(f, background, seed=0)
        return method(values, max_evals=2 * values.shape[1] + 1, silent=True).values

    return shap_values(explainer, logit, x, X)
