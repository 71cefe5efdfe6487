"""The LRP rules in textbook form: one for each layer of the neuralized network.

`layer_by_layer` runs them as they stand here, `explain` their composition in `neon.engine`: a
rule is changed in both, and the tests hold them equal.
"""

import torch

from .validation import as_beta, as_points


def min_take_most(h, relevance, beta, *, dim=-1):
    """Share the relevance of a minimum among its inputs: R_k = softmin(β h)_k R.

    Args:
        h: (..., K−1) inputs of the min-pooling, one for each competitor.
        relevance: (...,) relevance that arrives from above; for k-means the logit f_c.
        beta: stiffness in [0, inf], in units of 1/h. 0 shares equally; inf gives all to the
            smallest input, equal ones sharing.
        dim: axis of the competitors, if it is not the last.

    Returns:
        (..., K−1) relevances that sum to `relevance`.

    Raises:
        ValueError: beta is negative or NaN.

    Source: Kauffmann et al., arXiv:1906.07633.

    Example:
        >>> h = torch.tensor([1.0, 1.0, 9.0])
        >>> min_take_most(h, torch.tensor(1.0), float("inf"))
        tensor([0.5000, 0.5000, 0.0000])
    """
    beta = as_beta(beta)
    above = h - h.amin(dim, keepdim=True)  # >= 0, and 0 at the minimum: no overflow, no inf − inf
    # 0 · inf is NaN: where the distance to the minimum is 0 the exponent is 0 for every β
    exponent = torch.where(above == 0, 0.0, -beta * above)
    return exponent.softmax(dim) * relevance.unsqueeze(dim)


def midpoint(x, mu_c, mu_k):
    """Contribution of every feature to h_k: z_i = (x_i − m_i) w_i with the midpoint m as root.

    Args:
        x: (..., D) points.
        mu_c: (..., D) centroids of their own clusters.
        mu_k: (..., D) centroids of the competitors; all three broadcast.

    Returns:
        (..., D) contributions z, which sum to h_k = ‖x − μ_k‖² − ‖x − μ_c‖² exactly. Feature i
        receives the share z_i / Σ z of the relevance of competitor k.

    Source: Kauffmann et al., arXiv:1906.07633.

    Example:
        >>> midpoint(torch.tensor([0.0, 1.0]), torch.tensor([0.0, 0.0]), torch.tensor([2.0, 2.0]))
        tensor([4., -0.])
    """
    return (x - (mu_c + mu_k) / 2) * (2 * (mu_c - mu_k))


def layer_by_layer(network, X, beta):
    """Relevance of the assigned cluster, one layer and its rule after the other.

    The slow twin of `explain`, for reading and for tests. The children of the network are its
    layers, in order; each maps (inputs, outputs, relevance of the outputs, beta) to the relevance
    of its inputs by a method `relevance`. The last one gives the logits (n, K) of all clusters.

    Args:
        network: a `NeuralizedKMeans`, or another network of such layers.
        X: (n, D) points.
        beta: stiffness of the min-take-most rule, in [0, inf].

    Returns:
        (n, D) relevances.

    Raises:
        TypeError, ValueError: no such layers, X does not fit them, or beta is negative or NaN.

    Example:
        >>> from neon import NeuralizedKMeans
        >>> model = NeuralizedKMeans([[0.0, 0.0], [2.0, 2.0]])
        >>> layer_by_layer(model, torch.tensor([[0.0, 0.5]]), beta=1.0)
        tensor([[4., 2.]])
    """
    layers = list(network.children()) if isinstance(network, torch.nn.Module) else []
    if not layers or not all(hasattr(layer, "relevance") for layer in layers):
        got = f"got a {type(network).__name__}. Pass NeuralizedKMeans(model)."
        raise TypeError(f"`network` must have layers with a rule, a method `relevance`; {got}")
    return walk(network, as_points(X, network.n_features), beta)[0]


def walk(network, X, beta, cluster=None):
    """Relevance (n, D), cluster (n,) and logit (n,): forward through the layers, and back."""
    layers, values = list(network.children()), [X]
    for layer in layers:
        values.append(layer(values[-1]))
    logits = values[-1]  # (n, K)
    c = logits.argmax(-1) if cluster is None else cluster
    f = logits.gather(1, c[:, None])
    R = torch.zeros_like(logits).scatter(1, c[:, None], nudged(f))
    for layer, a, z in zip(layers[::-1], values[-2::-1], values[:0:-1], strict=True):
        R = layer.relevance(a, z, R, beta)
    return R, c, f[:, 0]


def nudged(values):
    """Values with 0 replaced by a number too small to be seen in any sum.

    On a boundary f and the nearest h are 0, and the ratio that the rules need is 0/0. Its limit
    is that of a point a hair's breadth away from the boundary.
    """
    limits = torch.finfo(values.dtype)
    return torch.where(values == 0, limits.tiny / limits.eps, values)
