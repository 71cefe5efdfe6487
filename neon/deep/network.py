"""k-means behind a deep encoder: NEON at the top, relevance propagation below."""

import copy

import torch
from torch import nn

from ..interface import NeuralizedModel, Shares
from ..lrp import LINEAR, backward, box, gamma
from ..network import NeuralizedKMeans
from ..validation import as_beta, as_points, centroids_of
from .fused import FusedKMeans
from .layers import check_encoder, flat, leaves, width
from .linear import NeuralizedLinearKMeans

STILL_AFFINE = (*LINEAR, nn.Flatten, nn.Unflatten, nn.Identity, nn.Dropout, nn.Dropout2d)


class NeuralizedDeepKMeans(NeuralizedModel):
    """k-means on the output of a torch encoder, explained at the encoder's input.

    NEON gives relevance at the embedding, and LRP takes it down with a composite chosen by layer
    position: `first` for the layer that reads the input, `hidden` for the others. The linear
    layers at the end of the encoder are fused with the first layer of NEON into one, which is
    treated as the hidden linear layer that it is; the midpoint rule at an embedding would hand
    relevance to units that are nearly 0. An encoder that is affine as a whole has no hidden
    layer: the fused layer reads the input, and keeps its midpoints.

    Args:
        encoder: `nn.Sequential` of Linear, convolutions, ReLU, pooling, Flatten, Unflatten,
            Dropout, BatchNorm after a linear layer, Sequential and `neon.lrp.Residual`. It takes
            flat points (n, D): one of images begins with `nn.Unflatten`. It is copied, in
            evaluation mode, and computes in its own dtype.
        centroids: (K, p) centroids in the embedding, or a fitted clusterer that has them.
        first: rule of `neon.lrp` for the first linear layer: z^B for pixels in [0, 1] by default.
        hidden: rule for the other linear layers.
        fuse: False keeps NEON at the embedding and propagates through all of the encoder.
        input_means: (K, D) pre-images of the centroids for an encoder that is affine as a whole,
            as for `NeuralizedLinearKMeans`; those of least norm by default.

    Raises:
        TypeError: a layer that has no rule; the message names it.
        ValueError: the centroids do not fit the embedding, or the width of the input is unclear.

    Source: Kauffmann et al., arXiv:1906.07633, for NEON; `neon.lrp` has the sources of the rules.

    Example:
        >>> from neon import explain
        >>> encoder = nn.Sequential(nn.Linear(2, 3, bias=False), nn.ReLU(), nn.Linear(3, 1))
        >>> for weights, values in zip(encoder.parameters(), ([[1.0, 0], [0, 1], [1, 1]],
        ...                            [[1.0, 1, 1]], [0.0]), strict=True):
        ...     _ = weights.data.copy_(torch.tensor(values))
        >>> model = NeuralizedDeepKMeans(encoder, [[0.0], [2.0]])
        >>> explain(model, torch.tensor([[0.25, 0.5]]))
        Explanation(n=1, D=2, beta=0.5)
    """

    def __init__(
        self,
        encoder,
        centroids,
        *,
        first=box,
        hidden=gamma,
        fuse=True,
        input_means=None,
    ):
        super().__init__()
        centroids = centroids_of(centroids)
        check_encoder(encoder)
        layers = flat(copy.deepcopy(encoder).eval().requires_grad_(False))
        self.n_features = width(layers, centroids)
        self.first, self.hidden = first, hidden
        reader = next((layer for layer in leaves(layers) if list(layer.parameters())), None)
        self.reader = (reader,)  # in a tuple: it is a layer already, and no second child

        ends = [isinstance(layer, STILL_AFFINE) for layer in layers]
        start = len(ends) - ends[::-1].index(False) if False in ends else 0
        if not fuse or not any(isinstance(layer, LINEAR) for layer in layers[start:]):
            start = len(layers)
        self.layers = nn.ModuleList(layers[:start])

        dtype = next((p.dtype for p in encoder.parameters()), centroids.dtype)
        a = self.encode(torch.zeros(1, self.n_features, dtype=dtype))[-1]
        z = nn.Sequential(*layers[start:])(a)
        if z.shape != (1, centroids.shape[1]):
            raise ValueError(
                f"`centroids` must have shape (K, {z[0].numel()}) like the embedding, which is "
                f"flat; got {tuple(centroids.shape)}. Fit k-means to encoder(X)."
            )
        if start == len(layers):
            self.top = NeuralizedKMeans(centroids)
            return

        def tail(a_flat):
            return nn.Sequential(*layers[start:])(a_flat.view(a.shape))[0]

        A, offset = torch.func.jacrev(tail)(0 * a[0].flatten()), tail(0 * a)
        if start:
            self.top = FusedKMeans(centroids, A, offset, hidden)
        else:
            means = torch.zeros(len(centroids), A.shape[1]) if input_means is None else input_means
            self.top = NeuralizedLinearKMeans(centroids, A, offset, input_means=means)

    @property
    def n_clusters(self):
        """K."""
        return self.top.n_clusters

    def rule(self, layer):
        """Rule of `neon.lrp` for a layer, by its position."""
        return self.first if layer is self.reader[0] else self.hidden

    def encode(self, X):
        """Activations [X, ..., a]: what each layer reads, and what the top reads."""
        dtype = next((p.dtype for p in self.layers.parameters()), X.dtype)
        activations = [X.to(dtype)]
        for layer in self.layers:
            activations.append(layer(activations[-1]))
        return activations

    def read(self, X):
        """What the top reads of points X (n, D): activations (n, ...), flat."""
        return self.encode(as_points(X, self.n_features))[-1].flatten(1)

    def h(self, X):
        """Evidence h (n, K, K−1) of points X (n, D), for every cluster against each other."""
        return self.top.h(self.read(X)).to(X.dtype)

    def forward(self, X, c=None):
        """Logit (n,) of the assigned cluster, or of cluster c: one cluster, or one a point (n,)."""
        return self.top(self.read(X), c).to(X.dtype)

    def decision(self, X):
        """Assigned cluster (n,): the nearest centroid in the embedding."""
        return self.top.decision(self.read(X))

    def propagate(self, X, beta, *, cluster=None, out=None):
        """`Shares` of checked points X (n, D): what `explain` needs."""
        activations = self.encode(X)
        R, c, f, _ = self.top.propagate(activations[-1].flatten(1), beta, cluster=cluster)
        *_, (_, R) = self.descend(activations, R)
        return Shares(R.to(X.dtype), c, f.to(X.dtype))

    def contrast(self, X, cluster, against):
        """Relevance (n, D) of d_against − d_cluster: what speaks for one cluster, not another."""
        activations = self.encode(X)
        R = self.top.contrast(activations[-1].flatten(1), cluster, against)
        *_, (_, R) = self.descend(activations, R)
        return R.to(X.dtype)

    def counterfactual(self, X, against=None):
        """Nearest point on a boundary (n, D), for an encoder that is affine as a whole.

        Raises:
            NotImplementedError: the encoder bends the boundaries.
        """
        return (
            super().counterfactual(X, against)
            if self.layers
            else self.top.counterfactual(X, against)
        )

    def relevances(self, X, beta):
        """Relevance at every layer, from what the top reads down to the input.

        Args:
            X: (n, D) points.
            beta: stiffness of the min-take-most rule, in [0, inf].

        Returns:
            dict: name of the layer, or "input" → (n, ...) relevance of its output. Compare their
            sums with the logit to see which layer keeps how much.

        Example:
            >>> encoder = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 2))
            >>> model = NeuralizedDeepKMeans(encoder, [[0.0, 0.0], [0.0, 1.0]])
            >>> [(name, tuple(R.shape)) for name, R in model.relevances([[0.1, 0.2]], 1).items()]
            [('1 ReLU', (1, 4)), ('0 Linear', (1, 4)), ('input', (1, 2))]
        """
        activations = self.encode(as_points(X, self.n_features).detach())
        R, *_ = self.top.propagate(activations[-1].flatten(1), as_beta(beta))
        return dict(self.descend(activations, R))

    def descend(self, activations, R):
        """Yield (name, relevance) from what the top reads down to the input."""
        R = R.view(activations[-1].shape).to(activations[-1].dtype)
        for i in reversed(range(len(self.layers))):
            yield f"{i} {type(self.layers[i]).__name__}", R
            R = backward(self.layers[i], activations[i], R, self.rule)
        yield "input", R
