"""Deep k-means: laws, limits that are known exactly, and error messages."""

import copy
import re
from functools import partial

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from neon import (
    KMeans,
    NeuralizedDeepKMeans,
    NeuralizedKMeans,
    NeuralizedLinearKMeans,
    contrast,
    explain,
    lrp,
)
from neon.rules import layer_by_layer, min_take_most
from utils.data.encoders import load_encoder
from utils.matching import accuracy


def double(*layers):
    torch.manual_seed(1)
    for layer in layers:
        if hasattr(layer, "reset_parameters"):
            layer.reset_parameters()
    return nn.Sequential(*layers).double()


X = torch.rand(40, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
mu3 = torch.randn(4, 3, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
mlp = double(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3))
exactly = partial(assert_close, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("beta", [0, 1.3, torch.inf])
def test_identity_encoder_is_explain(beta):
    mu = X[[0, 9, 20]]
    for encoder in nn.Identity(), nn.Sequential(nn.Identity(), nn.Dropout()):
        got, wanted = (
            explain(NeuralizedDeepKMeans(encoder, mu), X, beta=beta),
            explain(mu, X, beta=beta),
        )
        exactly(got.relevance, wanted.relevance)
        exactly(got.logit, wanted.logit)
        assert torch.equal(got.cluster, wanted.cluster)


def test_linear_encoder_is_neon_on_the_folded_map():
    encoder = double(nn.Linear(6, 5), nn.Identity(), nn.Linear(5, 3))
    A = (encoder[2].weight @ encoder[0].weight).detach()
    a = (encoder[2].weight @ encoder[0].bias + encoder[2].bias).detach()
    means = torch.rand(4, 6).double()
    for given in None, means:
        deep = NeuralizedDeepKMeans(encoder, mu3, input_means=given)
        roots = (mu3 - a) @ torch.linalg.pinv(A).T  # pre-images of least norm
        if given is not None:
            roots = means + (mu3 - means @ A.T - a) @ torch.linalg.pinv(A).T
        folded = NeuralizedLinearKMeans(mu3, A, a, input_means=roots)
        got, wanted = explain(deep, X), explain(folded, X)
        assert_close(got.relevance, wanted.relevance, rtol=1e-10, atol=1e-10)
        assert_close(got.residual, 0 * X[:, 0], rtol=0, atol=1e-10)
        R = contrast(deep, X, 1, 3)
        assert_close(R, contrast(folded, X, 1, 3), rtol=1e-10, atol=1e-10)


def test_linear_encoder_by_a_slow_loop():
    encoder = double(nn.Linear(6, 3))
    A, a = encoder[0].weight.detach(), encoder[0].bias.detach()
    roots = (mu3 - a) @ torch.linalg.pinv(A).T
    R = explain(NeuralizedDeepKMeans(encoder, mu3), X, beta=0.7).relevance
    for x, R_x in zip(X, R, strict=True):
        d = (A @ x + a - mu3).square().sum(-1)
        c = d.argmin()
        others = [k for k in range(4) if k != c]
        h = d[others] - d[c]
        shares = min_take_most(h, h.min(), 0.7) / h
        parts = [
            s * (x - (roots[c] + roots[k]) / 2) * (2 * (mu3[c] - mu3[k]) @ A)
            for s, k in zip(shares, others, strict=True)
        ]
        assert_close(R_x, sum(parts), rtol=1e-10, atol=1e-10)


def test_a_folded_tail_of_convolutions():
    encoder = double(
        nn.Unflatten(1, (1, 2, 3)),
        nn.Conv2d(1, 4, 2),
        nn.ReLU(),
        nn.AvgPool2d((1, 2)),
        nn.Flatten(),
        nn.Linear(4, 3),
    )
    model = NeuralizedDeepKMeans(encoder, mu3)
    assert [type(layer) for layer in model.layers] == [nn.Unflatten, nn.Conv2d, nn.ReLU]
    network = NeuralizedKMeans(mu3)
    z = encoder(X).detach()
    assert_close(model(X), network(z), rtol=1e-10, atol=1e-12)
    assert torch.equal(model.decision(X), network.decision(z))
    assert_close(explain(model, X).logit, network(z), rtol=1e-10, atol=1e-12)


def test_fused_and_unfused_agree_in_the_decision():
    fused, unfused = (NeuralizedDeepKMeans(mlp, mu3, fuse=fuse) for fuse in (True, False))
    assert_close(fused(X), unfused(X), rtol=1e-10, atol=1e-12)
    assert torch.equal(fused.decision(X), unfused.decision(X))
    assert_close(
        explain(fused, X).relevance.sum(1),
        explain(unfused, X).relevance.sum(1),
        rtol=1e-8,
        atol=1e-8,
    )


def test_fused_and_unfused_agree_where_the_midpoint_is_zero():
    encoder = double(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3, bias=False))
    mu = torch.stack([mu3[0], -mu3[0]])
    both = [
        explain(NeuralizedDeepKMeans(encoder, mu, hidden=lrp.lrp_0, fuse=fuse), X).relevance
        for fuse in (True, False)
    ]
    assert_close(*both, rtol=1e-8, atol=1e-10)


def test_unfused_top_is_neon_at_the_embedding():
    layers = NeuralizedDeepKMeans(mlp, mu3, fuse=False).relevances(X, 1.0)
    z = mlp(X).detach()
    assert_close(layers["2 Linear"], layer_by_layer(NeuralizedKMeans(mu3), z, 1.0))
    assert list(layers) == ["2 Linear", "1 ReLU", "0 Linear", "input"]


def test_relevance_goes_down_rule_by_rule():
    model = NeuralizedDeepKMeans(mlp, mu3)
    layers = model.relevances(X, 2.0)
    assert_close(lrp.box(mlp[0], X, layers["0 Linear"]), layers["input"])
    assert_close(explain(model, X, beta=2.0).relevance, layers["input"])
    f = model(X)
    for R in layers.values():
        assert_close(R.flatten(1).sum(1), f, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("fuse", [True, False])
def test_contrast_shares_the_difference_of_distances(fuse):
    model = NeuralizedDeepKMeans(mlp, mu3, fuse=fuse)
    d = KMeans.distances(NeuralizedKMeans(mu3), mlp(X).detach())
    for c, k in (0, 2), (3, 1):
        assert_close(contrast(model, X, c, k).sum(1), d[:, k] - d[:, c], rtol=1e-7, atol=1e-7)
        assert_close(
            contrast(model, X, c, k).sum(1), -contrast(model, X, k, c).sum(1), rtol=1e-7, atol=1e-7
        )


def test_batchnorm_is_folded_and_the_encoder_left_alone():
    encoder = double(
        nn.Unflatten(1, (1, 2, 3)), nn.Conv2d(1, 4, 2), nn.BatchNorm2d(4), nn.ReLU(),
        nn.Flatten(), nn.Linear(8, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Dropout(), nn.Linear(5, 3),
    ).train()  # fmt: skip
    for _ in range(3):
        encoder(X)
    model = NeuralizedDeepKMeans(encoder, mu3)
    assert encoder.training
    assert encoder[2].weight.requires_grad
    assert not any(isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d) for m in model.modules())
    assert_close(model(X), NeuralizedKMeans(mu3)(encoder.eval()(X).detach()), rtol=1e-9, atol=1e-9)


def test_a_copy_explains_alike():
    model = NeuralizedDeepKMeans(mlp, mu3)
    copied = copy.deepcopy(model)
    assert torch.equal(explain(copied, X).relevance, explain(model, X).relevance)


def test_residual_block_conserves():
    encoder = double(
        nn.Linear(6, 5), nn.ReLU(), lrp.Residual(nn.Linear(5, 5), nn.ReLU()), nn.Linear(5, 3)
    )
    model = NeuralizedDeepKMeans(encoder, mu3)
    assert_close(model(X), NeuralizedKMeans(mu3)(encoder(X).detach()))
    assert_close(explain(model, X).residual, 0 * X[:, 0], rtol=0, atol=1e-8)


def test_float32_encoder_explains_float64_points():
    narrow = NeuralizedDeepKMeans(copy.deepcopy(mlp).float(), mu3)
    got, wanted = explain(narrow, X, beta=1), explain(NeuralizedDeepKMeans(mlp, mu3), X, beta=1)
    assert got.relevance.dtype == got.logit.dtype == torch.float64
    assert_close(got.relevance, wanted.relevance, rtol=1e-3, atol=1e-4)


class Own(nn.Sequential):
    def forward(self, x):
        return 2 * super().forward(x)


def deep(*layers, mu=mu3):
    return lambda: NeuralizedDeepKMeans(nn.Sequential(*layers), mu)


model = NeuralizedDeepKMeans(mlp, mu3)
lin = nn.Linear(6, 3)
ERRORS = {
    "layer": (deep(lin, nn.Tanh()), TypeError, "got Tanh(). Rewrite it with Linear"),
    "own forward": (lambda: NeuralizedDeepKMeans(Own(lin), mu3), TypeError, "a rule; got Own("),
    "own, inside": (deep(Own(lin)), TypeError, "layers that have a rule; got Own("),
    "BatchNorm": (deep(nn.BatchNorm1d(6), lin), TypeError, "BatchNorm right after Linear"),
    "images": (deep(nn.Conv2d(1, 2, 3)), ValueError, "`encoder` must take flat points (n, D)"),
    "centroids": (deep(lin, mu=mu3[:, :2]), ValueError, "must have shape (K, 3) like the embed"),
    "pixels": (lambda: explain(model, 16 * X), ValueError, "`X` must lie in [0.0, 1.0] for"),
    "width": (lambda: explain(model, X[:, :2]), ValueError, "`X` must have shape (n, 6)"),
    "NaN": (lambda: explain(model, X * torch.nan), ValueError, "`X` must be finite"),
    "beta": (lambda: model.relevances(X, -1), ValueError, "`beta` must be a number in [0, inf]"),
}  # fmt: skip


@pytest.mark.parametrize("case", ERRORS)
def test_message(case):
    call, kind, message = ERRORS[case]
    with pytest.raises(kind, match=re.escape(message)):
        call()


def test_digits_conserve_within_a_hundredth_at_every_layer(digits):
    encoder, _ = load_encoder("information")
    X = digits.raw / 16
    Z = encoder(X)
    kmeans = KMeans(
        10, init=Z[[1493, 1334, 907, 1220, 1225, 755, 1701, 1586, 296, 1296]], n_init=1
    ).fit(Z)
    assert accuracy(kmeans.decision(Z), digits.y) >= 0.87
    model = NeuralizedDeepKMeans(encoder, kmeans)
    f = model(X)
    for R in model.relevances(X, 1 / f.mean()).values():
        assert (R.flatten(1).sum(1) / f - 1).abs().max() < 0.01
