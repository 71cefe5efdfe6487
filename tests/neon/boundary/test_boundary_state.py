"""What models and results hold: centroids of their own, states that load, sums that fit."""

import copy
import pickle

import dask
import dask.array as da
import numpy as np
import pytest
import sklearn.cluster
import torch
from refusals import MU, X, refused

from neon import (
    Aggregate,
    KMeans,
    NeuralizedKMeans,
    NeuralizedLinearKMeans,
    explain,
    flip,
    stability,
)
from neon.distributed import explain_lazily

FITTED = KMeans(3, init=X[:3], n_init=1).fit(X)


def test_state_of_a_fitted_model_loads_into_a_fresh_one():
    fresh = KMeans(3)
    fresh.load_state_dict(FITTED.state_dict())
    assert torch.equal(fresh.decision(X), FITTED.decision(X))
    fresh.centroids += 1
    assert not torch.equal(fresh.centroids, FITTED.centroids)
    outer = torch.nn.ModuleDict({"inner": KMeans(3)})
    outer.load_state_dict({"inner.centroids": FITTED.centroids})
    assert torch.equal(outer["inner"].centroids, FITTED.centroids)


def test_state_that_does_not_fit():
    refused(lambda: KMeans(4).load_state_dict(FITTED.state_dict()), "state_dict")
    with pytest.raises(RuntimeError, match="Missing key"):
        KMeans(3).fit(X).load_state_dict(KMeans(3).state_dict())
    refused(
        lambda: KMeans(3).load_state_dict({"centroids": torch.full((3, 2), torch.nan)}), "centroids"
    )


@pytest.mark.parametrize("way", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_copies_answer_alike(way):
    for model in FITTED, NeuralizedKMeans(MU):
        assert torch.equal(way(model).decision(X), model.decision(X))


@pytest.mark.parametrize(
    "kind", [np.array, torch.tensor, lambda mu: torch.tensor(mu, requires_grad=True)]
)
def test_networks_own_their_centroids(kind):
    mine = kind(MU)
    networks = [
        NeuralizedKMeans(mine),
        NeuralizedLinearKMeans(mine, np.eye(2), input_means=MU),
    ]
    with torch.no_grad():
        mine += 99
    assert all(np.array_equal(network.centroids, MU) for network in networks)


def test_models_own_the_centroids_of_scikit_learn():
    fitted = sklearn.cluster.KMeans(3, init=X[:3], n_init=1).fit(X)
    model = KMeans.from_sklearn(fitted)
    network, before = NeuralizedKMeans(model), model.centroids.clone()
    fitted.cluster_centers_ += 99
    assert torch.equal(model.centroids, before)
    model.centroids += 99
    assert torch.equal(network.centroids, before)


def test_results_compare_by_identity():
    one, two = explain(MU, X), explain(MU, X)
    sums = Aggregate.of(one, 3), Aggregate.of(two, 3)
    judged = [stability(lambda X, seed: MU, X, repeats=2) for _ in range(2)]
    flipped = [flip(NeuralizedKMeans(MU), X, 0, X, X[:2]) for _ in range(2)]
    for a, b in ((one, two), sums, judged, flipped):
        assert a == a
        assert a != b
        assert len({a, b}) == 2
        assert a in [b, a]


def test_sums_that_fit_are_added():
    parts = [
        Aggregate.of(explain(MU, X[rows], beta=1), 3) for rows in (slice(0, 20), slice(20, 60))
    ]
    whole = Aggregate.of(explain(MU, X, beta=1), 3)
    for total in (sum(parts), parts[0] + parts[1], parts[0] + parts[1] + 0):
        np.testing.assert_allclose(total.relevance, whole.relevance, rtol=1e-12)
        assert total.count.tolist() == whole.count.tolist()


@pytest.mark.parametrize("other", [None, 1, 0.5, "a", np.zeros(3), explain(MU, X)])
def test_what_is_no_sum_is_refused(other):
    sums = Aggregate.of(explain(MU, X), 3)
    for add in (lambda: sums + other, lambda: other + sums):
        with pytest.raises(TypeError):
            add()
    with pytest.raises(TypeError, match=r"must be added to another; got a \w+\. Make one with"):
        sums + other


def test_sums_of_other_shapes_are_refused():
    sums = Aggregate.of(explain(MU, X), 3)
    others = (
        sums.overall,
        Aggregate.of(explain(MU, X), 5),
        Aggregate.of(explain(MU[:, :1], X[:, :1]), 3),
    )
    for other in others:
        with pytest.raises(ValueError, match=r"clusters and features, .*; got \(.*\. Sum"):
            sums + other


def test_what_is_no_explanation_is_refused():
    for other in ((X, X[:, 0]), None, X, Aggregate.of(explain(MU, X), 3)):
        refused(lambda other=other: Aggregate.of(other, 3), "explanation")
    lazy = explain_lazily(MU, da.from_array(X, chunks=(20, 2)), beta=1)
    refused(lambda: Aggregate.of(lazy, 3), "explanation")
    assert dask.compute(lazy.logit)[0].shape == (60,)
