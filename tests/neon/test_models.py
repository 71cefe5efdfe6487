"""KMeans and NeuralizedKMeans: the same decision, as distances and as a network."""

import numpy as np
import pytest
import sklearn.cluster
import torch
from torch.testing import assert_close

from neon import KMeans, NeuralizedKMeans


def test_published_optimum(wine, model):
    assert model.estimator.inertia_ == pytest.approx(48.960517, abs=1e-6)
    assert model.decision(wine.X).bincount().tolist() == [62, 55, 61]
    assert_close(model.decision(wine.X), torch.from_numpy(model.estimator.labels_).long())


def test_logits_are_the_margin_of_squared_distances(wine, model):
    d = (wine.X[:, None] - model.centroids).square().sum(-1).sort(-1).values
    assert_close(model(wine.X), d[:, 1] - d[:, 0], rtol=0, atol=1e-14)


def test_network_equals_k_means_everywhere(wine, model):
    network = NeuralizedKMeans(model)
    scattered = torch.randn(1000, 13, generator=torch.Generator().manual_seed(0)).double() * 5
    for X in (wine.X, scattered):
        assert_close(network(X), model(X), rtol=0, atol=1e-12)
        assert_close(network.decision(X), model.decision(X))


def test_layers_by_the_formulas(model):
    network, mu = NeuralizedKMeans(model), model.centroids
    assert network.weight.shape == (3, 2, 13)
    assert network.competitors.tolist() == [[1, 2], [0, 2], [0, 1]]
    for c in range(3):
        for j, k in enumerate(network.competitors[c]):
            assert_close(network.weight[c, j], 2 * (mu[c] - mu[k]))
            assert_close(network.bias[c, j], mu[k] @ mu[k] - mu[c] @ mu[c])
            assert_close(network.midpoints[c, j], (mu[c] + mu[k]) / 2)


def test_h_is_the_linear_layer(wine, model):
    network = NeuralizedKMeans(model)
    by_hand = torch.einsum("ckd,nd->nck", network.weight, wine.X) + network.bias
    assert_close(network.h(wine.X), by_hand, rtol=0, atol=1e-12)


def test_logit_of_a_chosen_cluster(wine, model):
    network = NeuralizedKMeans(model)
    c = model.decision(wine.X)
    assert_close(network(wine.X, c), network(wine.X))
    logits = torch.stack([network(wine.X, k) for k in range(3)], -1)
    assert ((logits > 0).sum(-1) == 1).all()
    assert_close(logits.argmax(-1), c)


def test_network_is_exact_far_from_the_origin():
    mu = torch.randn(4, 3, generator=torch.Generator().manual_seed(1)).double() + 1e6
    X = torch.randn(50, 3, generator=torch.Generator().manual_seed(2)).double() + 1e6
    d = (X[:, None] - mu).square().sum(-1).sort(-1).values
    assert_close(NeuralizedKMeans(mu)(X), d[:, 1] - d[:, 0], rtol=0, atol=1e-9)


def test_gradient_of_the_logit_is_the_weight(wine, model):
    network = NeuralizedKMeans(model)
    X = wine.X[:5].clone().requires_grad_()
    network(X).sum().backward()
    c = model.decision(wine.X[:5])
    nearest = network.h(wine.X[:5])[torch.arange(5), c].argmin(-1)
    assert_close(X.grad, network.weight[c, nearest])


def test_anything_with_centres_can_be_wrapped(wine):
    mini = sklearn.cluster.MiniBatchKMeans(4, random_state=0, n_init=1).fit(wine.X.numpy())
    wrapped = KMeans.from_sklearn(mini)
    assert wrapped.n_clusters == 4
    np.testing.assert_array_equal(wrapped.decision(wine.X).numpy(), mini.predict(wine.X.numpy()))


def test_models_move_and_save_like_any_module(wine, model, tmp_path):
    torch.save(NeuralizedKMeans(model), tmp_path / "model.pt")
    again = torch.load(tmp_path / "model.pt", weights_only=False)
    assert_close(again(wine.X), NeuralizedKMeans(model)(wine.X))
    assert NeuralizedKMeans(model).float().centroids.dtype == torch.float32
    assert "Evidence(13 → 3 × 2, rule=midpoint)" in str(NeuralizedKMeans(model))
    assert "MinPool(rule=min_take_most)" in str(NeuralizedKMeans(model))
    assert str(model) == "KMeans(n_clusters=3)"
