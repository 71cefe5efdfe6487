"""k-means behind a deep encoder: NEON at the top, relevance propagation below."""

import copy
import math

import torch
from torch import nn
from torch.nn.utils import fuse_conv_bn_eval, fuse_linear_bn_eval

from ..lrp import LINEAR, MOVES, PASSES, Residual, backward, box, gamma
from ..network import Evidence, MinPool, NeuralizedKMeans, NeuralizedModel, Shares
from ..rules import walk
from ..validation import as_beta, as_points, centroids_of
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
        self.reader = next((layer for layer in leaves(layers) if list(layer.parameters())), None)

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
        return self.first if layer is self.reader else self.hidden

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


class FusedEvidence(nn.Module):
    """The evidence layer of k-means that has swallowed the affine map z = A a + offset.

    It is an `nn.Linear` with an output h_ck for every pair of clusters, and relevance passes
    through it by the rule of the hidden layers: a unit that is silent receives nothing.
    """

    def __init__(self, centroids, A, offset, rule):
        super().__init__()
        origin = centroids.mean(0)
        evidence = Evidence(centroids - origin)
        w = evidence.weight.flatten(0, 1)  # (K(K-1), p)
        self.register_buffer("competitors", evidence.competitors)
        self.linear = nn.Linear(A.shape[1], len(w), dtype=A.dtype).requires_grad_(False)
        self.linear.weight.copy_(w @ A.to(w))
        self.linear.bias.copy_(w @ (offset.to(w) - origin) + evidence.bias.flatten())
        self.rule = rule

    def forward(self, a):
        """Evidence h (n, K, K−1) of activations a (n, D)."""
        return self.linear(a).view(-1, *self.competitors.shape)

    def relevance(self, a, h, R, beta=None):
        """Relevance (n, D) of the activations from R (n, K, K−1) of the evidence."""
        return self.rule(self.linear, a, R.flatten(1))


class FusedKMeans(NeuralizedModel):
    """Neuralized k-means whose first layer is fused with the linear layers before it."""

    def __init__(self, centroids, A, offset, rule):
        super().__init__()
        self.evidence, self.pool = FusedEvidence(centroids, A, offset, rule), MinPool()

    n_clusters = property(lambda self: len(self.evidence.competitors))
    n_features = property(lambda self: self.evidence.linear.in_features)

    def h(self, a):
        """Evidence h (n, K, K−1) for every cluster against each competitor."""
        return self.evidence(a)

    def propagate(self, a, beta, *, cluster=None, out=None):
        """`Shares` of activations a (n, D), layer by layer."""
        return Shares(*walk(self, a, beta, cluster))

    def contrast(self, a, cluster, against):
        """Shares (n, D) of d_against − d_cluster."""
        h, competitors = self.h(a), self.evidence.competitors
        pair = torch.zeros_like(h, dtype=torch.bool)
        pair[torch.arange(len(a)), cluster] = competitors[cluster] == against[:, None]
        return self.evidence.relevance(a, h, torch.where(pair, h, 0.0))


def check_encoder(encoder):
    """Raise unless an encoder is a torch module with values on the CPU."""
    if not isinstance(encoder, nn.Module):
        raise TypeError(
            f"`encoder` must be a torch.nn.Sequential; got a {type(encoder).__name__}. Rewrite it "
            "with layers; or explain the embedding: neon.explain(kmeans, encoder(X))."
        )
    for name, value in (*encoder.named_parameters(), *encoder.named_buffers()):
        if value.device.type != "cpu":
            raise ValueError(
                f"`encoder` must lie on the CPU; got {name} on {value.device}. "
                "Load its weights, or move it: encoder.cpu()."
            )


def flat(encoder):
    """List the layers in order, nested ones opened, BatchNorm folded into the layer before it."""
    layers = []
    for layer in encoder if type(encoder).forward is nn.Sequential.forward else [encoder]:
        if isinstance(layer, Residual):
            layers.append(Residual(*flat(nn.Sequential(*layer))))
        elif type(layer).forward is nn.Sequential.forward:
            layers += flat(layer)
        elif isinstance(layer, nn.BatchNorm2d) and layers and isinstance(layers[-1], nn.Conv2d):
            layers[-1] = fuse_conv_bn_eval(layers[-1], layer)
        elif isinstance(layer, nn.BatchNorm1d) and layers and isinstance(layers[-1], nn.Linear):
            layers[-1] = fuse_linear_bn_eval(layers[-1], layer)
        elif isinstance(layer, LINEAR + MOVES + PASSES):
            layers.append(layer)
        else:
            raise TypeError(
                f"`encoder` must be built of layers that have a rule; got {layer!r}. Rewrite it "
                "with Linear, Conv1d, Conv2d, ReLU, MaxPool, AvgPool, Flatten, Unflatten, "
                "Dropout, BatchNorm right after Linear or Conv2d, Sequential and "
                "neon.lrp.Residual; or explain the embedding: neon.explain(kmeans, encoder(X))."
            )
    return layers


def leaves(layers):
    """Yield the layers one by one, those inside of residual blocks too."""
    for layer in layers:
        yield from leaves(layer) if isinstance(layer, Residual) else [layer]


def width(layers, centroids):
    """Width D of the points that an encoder reads, from its first layer that fixes it."""
    for layer in leaves(layers):
        if isinstance(layer, nn.Linear):
            return layer.in_features
        if isinstance(layer, nn.Unflatten):
            return math.prod(layer.unflattened_size)
        if not isinstance(layer, PASSES):
            raise ValueError(
                f"`encoder` must take flat points (n, D); got {layer!r} first. Put "
                "nn.Unflatten(1, (channels, height, width)) before it."
            )
    return centroids.shape[1]
