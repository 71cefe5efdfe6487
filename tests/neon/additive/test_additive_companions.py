"""What takes a model takes these; counterfactuals where they are exact; errors that say what to do."""

import copy
import re
import warnings

import numpy as np
import pytest
import scipy.sparse
import torch
from sklearn import cluster
from sklearn.mixture import GaussianMixture

import neon
from neon import (
    Aggregate,
    NeonExplainer,
    NeuralizedCodebook,
    NeuralizedMixture,
    NeuralizedPrototypes,
    NeuralizedSphericalKMeans,
    NeuralizedTree,
    contrast,
    counterfactual,
    explain,
    explain_stream,
    flip,
    stability,
)
from utils.data import load

X = load("iris").X.numpy()
MEANS = X[[0, 50, 100]]


def gaussian(kind):
    return GaussianMixture(3, covariance_type=kind, means_init=MEANS, reg_covar=1e-4).fit(X)


FITTED = {
    "diag": gaussian("diag"),
    "full": gaussian("full"),
    "Birch": cluster.Birch(n_clusters=3, threshold=0.15).fit(X),
    "BisectingKMeans": cluster.BisectingKMeans(4, random_state=0).fit(X),
}


@pytest.mark.parametrize("name", FITTED)
def test_companions(name):
    fitted = FITTED[name]
    whole = explain(fitted, X, beta=0.5)
    parts = list(explain_stream(fitted, np.array_split(X, 3), beta=0.5))
    np.testing.assert_allclose(np.concatenate([p.relevance for p in parts]), whole.relevance)
    K = len(np.unique(whole.cluster))
    total = sum(Aggregate.of(part, K) for part in parts)
    sums = np.zeros(K)
    np.add.at(sums, whole.cluster, whole.constant + np.zeros(len(X)))
    np.testing.assert_allclose(total.relevance.sum(1) + sums, total.logit, rtol=1e-10)

    explainer = NeonExplainer(fitted, prefit=True, beta=0.5).fit(X)
    tables = explainer.explain(X)
    np.testing.assert_allclose(tables.pointwise, whole.relevance)
    assert abs(tables.residual).max() <= 1e-12 * abs(whole.relevance).sum(1).max()
    assert explainer.beta_ == 0.5
    refitted = NeonExplainer(fitted).fit(X)
    assert refitted.beta_ == pytest.approx(neon.beta_heuristic(refitted.clusterer_, X))

    network = explainer.network_
    rows = torch.from_numpy(X.mean(0, keepdims=True))
    flipped = flip(network, X, whole.cluster, whole.relevance, rows)
    np.testing.assert_allclose(flipped.logit[:, 0], whole.logit, rtol=1e-9, atol=1e-9)
    judged = stability(lambda points, seed: fitted, X, repeats=2, bootstrap=False)
    assert (judged.agreement == 1).all()
    batched = explain(fitted, X, beta=0.5, batch_size=7)
    np.testing.assert_allclose(batched.constant, whole.constant, atol=1e-9)
    np.testing.assert_allclose(batched.residual, 0, atol=1e-9)


def test_the_estimator_takes_a_neuralized_model():
    network = NeuralizedMixture(FITTED["diag"], logit="soft")
    explainer = NeonExplainer(network, prefit=True).fit(X)
    assert explainer.beta_ == 1
    assert abs(explainer.explain(X).residual).max() <= 1e-9
    shap = pytest.importorskip("shap")
    values = explainer.explain(X).to_shap()
    assert isinstance(values, shap.Explanation)
    total = values.values.sum(1) + values.base_values
    np.testing.assert_allclose(total, explainer.explain(X).logit, rtol=1e-9, atol=1e-9)


def test_the_estimator_takes_categories_that_are_numbers():
    kmodes = pytest.importorskip("kmodes.kmodes", reason="extra `categorical`")
    codes = (3 * X).round()
    explainer = NeonExplainer(kmodes.KModes(3, random_state=0), beta=0.5).fit(codes)
    tables = explainer.explain(codes)
    np.testing.assert_array_equal(tables.cluster, explainer.clusterer_.predict(codes))
    assert abs(tables.residual).max() <= 1e-12


@pytest.mark.parametrize("name", FITTED)
def test_contrast_is_the_evidence_for_one_cluster_against_another(name):
    network = neon.additive.recognised(FITTED[name])
    points = torch.from_numpy(X)
    c = network.decision(points)
    k = (c + 1) % network.n_clusters
    z, back = contrast(network, points, c, k), contrast(network, points, k, c)
    torch.testing.assert_close(z, -back)
    if name in ("diag", "full"):
        log = FITTED[name]._estimate_weighted_log_prob(X)
        rows, b = np.arange(len(X)), network.energy.constant
        evidence = log[rows, c] - log[rows, k]
        np.testing.assert_allclose((z.sum(1) + b[k] - b[c]).numpy(), evidence, rtol=1e-9, atol=1e-9)
    else:
        assert (z.sum(1) >= network(points) - 1e-12).all()


@pytest.mark.parametrize("name", FITTED)
def test_given_labels_are_continuous_on_the_boundary_and_add_up(name):
    network, points = neon.additive.recognised(FITTED[name]), torch.from_numpy(X)
    labels = torch.arange(len(X)) % network.n_clusters
    found = explain(network, points, beta=0.5, cluster=labels)
    torch.testing.assert_close(found.logit, network(points, labels))
    size = found.relevance.abs().sum(1) + abs(found.constant)
    assert (found.residual.abs() <= 1e-12 * size).all()
    assert (found.logit < 0).any()

    # across the boundary of the assigned cluster, on the way to a point of another
    c = network.decision(points)
    other = points[(c != c[0]).nonzero()[0, 0]]
    low, high = 0.0, 1.0
    for _ in range(60):
        t = (low + high) / 2
        inside = network.decision((points[0] + t * (other - points[0]))[None]).item() == c[0]
        low, high = (t, high) if inside else (low, t)
    pair = torch.stack([points[0] + (high + step) * (other - points[0]) for step in (-1e-9, 1e-9)])
    before, after = explain(network, pair, beta=0.5, cluster=c[:1].repeat(2)).relevance
    torch.testing.assert_close(before, after, rtol=0, atol=1e-6 * (1 + before.abs().max().item()))


def test_dask():
    da = pytest.importorskip("dask.array")
    dd = pytest.importorskip("dask.dataframe")
    import pandas as pd

    from neon import distributed

    fitted, whole = FITTED["full"], explain(FITTED["full"], X, beta=0.5)
    lazy = distributed.explain_lazily(fitted, da.from_array(X, chunks=(40, 4)), beta=0.5)
    np.testing.assert_allclose(lazy.constant.compute(), whole.constant, rtol=1e-9, atol=1e-9)
    assert abs(lazy.residual.compute()).max() <= 1e-9
    frame = dd.from_pandas(pd.DataFrame(X, columns=list("abcd")), npartitions=3)
    lazy = distributed.explain_lazily(fitted, frame, beta=0.5)
    np.testing.assert_allclose(lazy.constant.compute(), whole.constant, rtol=1e-9, atol=1e-9)
    soft = NeuralizedMixture(fitted, logit="soft")
    assert distributed.beta_heuristic(soft, frame) == 1


def test_finished_files_hold_the_constant(tmp_path):
    dd = pytest.importorskip("dask.dataframe")
    import pandas as pd

    from neon import distributed

    frame = dd.from_pandas(pd.DataFrame(X, columns=list("abcd")), npartitions=2)
    for _ in range(2):
        distributed.write_parquet(FITTED["diag"], frame, tmp_path, beta=0.5).compute()
    stored = pd.read_parquet(sorted(tmp_path.glob("*.parquet")))
    total = stored[list("abcd")].sum(axis=1) + stored["constant"]
    np.testing.assert_allclose(total, stored["logit"], rtol=1e-9, atol=1e-9)


# counterfactuals


def undecided(network, Y, c):
    """How far the logit of the old cluster is from 0, relative to the energies."""
    e = network.energy(network.seen(Y)).abs().amax(0)
    return (network(Y, c).abs() / (1 + e)).max()


def nearer_outside(network, x, c, radius, generator):
    """Whether one of many random points within a radius of x lies clearly in another cluster."""
    step = torch.randn(4000, len(x), generator=generator, dtype=torch.float64)
    step = torch.nn.functional.normalize(step) * radius
    return (network(x + step, c) < -1e-9).any()


COUNTERFACTUALS = {
    "k-means": NeuralizedCodebook(MEANS),
    "groups": NeuralizedCodebook(X[::10], labels=np.arange(15) % 4),
    "metric": NeuralizedCodebook(MEANS, weight=[1.0, 9.0, 0.5, 2.0]),
    "tree": NeuralizedTree.of(FITTED["BisectingKMeans"]),
    "tied": NeuralizedMixture(gaussian("tied")),
    "spherical": NeuralizedSphericalKMeans(MEANS + 0.5),
}


@pytest.mark.parametrize("name", COUNTERFACTUALS)
def test_counterfactuals_are_undecided_and_nothing_is_nearer(name):
    network, points = COUNTERFACTUALS[name], torch.from_numpy(X) + 0.01
    c, Y = (
        network.decision(points),
        counterfactual(COUNTERFACTUALS[name], torch.from_numpy(X) + 0.01),
    )
    assert undecided(network, Y, c) <= 1e-12
    generator = torch.Generator().manual_seed(0)
    for x, y, k in zip(points[::15], Y[::15], c[::15], strict=True):
        radius = (y - x).norm() * 0.999
        assert not nearer_outside(network, x, k, radius, generator)
    if name == "k-means":
        torch.testing.assert_close(Y, counterfactual(MEANS, points), rtol=0, atol=1e-12)


def test_a_bay_is_met_at_its_corner():
    network = NeuralizedCodebook([[0.0, -1.0], [0.0, 1.0], [2.0, 0.0]], labels=[0, 0, 1])
    x = torch.tensor([[0.0, 0.1]]).double()
    torch.testing.assert_close(counterfactual(network, x), torch.tensor([[0.75, 0.0]]).double())
    c, k = network.decision(x), torch.tensor([1])
    torch.testing.assert_close(counterfactual(network, x, k), counterfactual(network, x))
    assert undecided(network, counterfactual(network, x), c) <= 1e-15


@pytest.mark.parametrize("name", COUNTERFACTUALS)
def test_counterfactuals_against_a_given_cluster(name):
    network, points = COUNTERFACTUALS[name], torch.from_numpy(X) + 0.01
    c = network.decision(points)
    k = (c + 1) % network.n_clusters
    Y = counterfactual(network, points, k)
    z, b = contrast(network, Y, c, k), network.energy.constant
    h = z.sum(1) + (b[k] - b[c] if network.has_constant else 0)
    assert (h.abs() <= 1e-10 * (1 + z.abs().sum(1))).all()
    nearest = counterfactual(network, points)
    assert ((Y - points).norm(dim=1) >= (nearest - points).norm(dim=1) - 1e-9).all()


@pytest.mark.parametrize("kind", ["spherical", "diag", "full"])
def test_curved_boundaries_are_refused(kind):
    with pytest.raises(NotImplementedError, match="`counterfactual` needs flat boundaries"):
        counterfactual(gaussian(kind), X)


# errors


def spoiled(name, **changes):
    fitted = copy.copy(FITTED[name])
    for attribute, value in changes.items():
        setattr(fitted, attribute, value)
    return fitted


def stand_in(codes, maps, **rest):
    return type("KModes", (), {"_enc_cluster_centroids": codes, "_enc_map": maps, **rest})()


MODES = stand_in(np.array([[0], [1]]), [{"a": 0, "b": 1}])
BAD = {
    "unfitted mixture": (lambda: explain(GaussianMixture(3), X), "`GaussianMixture` must be fitted. Call .fit(X) first."),
    "unfitted birch": (lambda: explain(cluster.Birch(), X), "`Birch` must be fitted."),
    "unfitted tree": (lambda: explain(cluster.BisectingKMeans(3), X), "`BisectingKMeans` must be fitted."),
    "unfitted modes": (lambda: NeuralizedPrototypes(object()), "`object` must be fitted."),
    "one component": (lambda: explain(GaussianMixture(1).fit(X), X), "`GaussianMixture` must have at least 2 components; got 1."),
    "one leaf": (lambda: explain(cluster.BisectingKMeans(1).fit(X), X), "must have at least 2 leaves; got 1."),
    "one group": (lambda: NeuralizedCodebook(MEANS, labels=[0, 0, 0]), "`labels` must name at least 2 clusters; got 1."),
    "one mode": (lambda: NeuralizedPrototypes(stand_in(np.array([[0]]), [{"a": 0}])), "must have at least 2 clusters; got 1."),
    "weight 0": (lambda: explain(spoiled("diag", weights_=np.array([0.5, 0.5, 0.0])), X), "component(s) [2] have weight 0"),
    "singular": (lambda: explain(spoiled("diag", precisions_cholesky_=np.full((3, 4), np.inf)), X), "positive definite covariances"),
    "group without codeword": (lambda: NeuralizedCodebook(MEANS, labels=[0, 0, 2]), "got none in [1]. Renumber them"),
    "negative weight": (lambda: NeuralizedCodebook(MEANS, weight=[1, 1, -1, 1]), "`weight` must be positive and finite."),
    "wrong weight": (lambda: NeuralizedCodebook(MEANS, weight=[1, 1]), "`weight` must have shape (4,) or (4, 4); got (2,)."),
    "indefinite weight": (lambda: NeuralizedCodebook(MEANS, weight=-np.eye(4)), "`weight` must be symmetric and positive definite"),
    "no direction": (lambda: explain(NeuralizedSphericalKMeans(MEANS + 1), 0 * X), "`X` must have a direction; got row 0, all 0."),
    "unseen category": (lambda: explain(MODES, [["a"], ["c"]]), "got ['c'] in column 0, which knows ['a', 'b']"),
    "width of modes": (lambda: explain(MODES, [["a", "b"]]), "`X` must have shape (n, 1)"),
    "unknown columns": (lambda: NeuralizedPrototypes(stand_in([np.zeros((2, 1)), np.array([[0], [1]])], [{}])), "`categorical` must name the 1 of 2 columns"),
    "wrong columns": (lambda: NeuralizedPrototypes(MODES, categorical=[3]), "`categorical` must hold 1 different indices in 0..0"),
    "another dissimilarity": (lambda: NeuralizedPrototypes(stand_in(np.array([[0], [1]]), [{}], cat_dissim=np.hypot)), "must measure by matching_dissim"),
    "kind of logit": (lambda: NeuralizedMixture(FITTED["diag"], logit="both"), "`logit` must be 'hard' or 'soft'; got 'both'."),
    "beta of the soft logit": (lambda: explain(NeuralizedMixture(FITTED["diag"], logit="soft"), X, beta=2), "`beta` must be 1 for the soft logit"),
    "width": (lambda: explain(FITTED["diag"], X[:, :2]), "`X` must have shape (n, 4)"),
    "not finite": (lambda: explain(FITTED["diag"], X * np.nan), "`X` must be finite"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case):
    call, message = BAD[case]
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


def test_sparse_points_are_read_by_rows():
    dense, sparse = (explain(FITTED["diag"], points) for points in (X, scipy.sparse.csr_array(X)))
    np.testing.assert_array_equal(sparse.relevance, dense.relevance)
    np.testing.assert_array_equal(sparse.constant, dense.constant)


def test_a_mixture_that_did_not_converge_is_explained_as_it_stands():
    fitted = spoiled("diag", converged_=False)
    with pytest.warns(UserWarning, match="GaussianMixture did not converge in"):
        explanation = explain(fitted, X, beta=1)
    np.testing.assert_array_equal(explanation.cluster, fitted.predict(X))


@pytest.mark.parametrize(
    "fitted",
    [
        cluster.DBSCAN().fit(X),
        cluster.HDBSCAN(copy=True).fit(X),
        cluster.OPTICS(max_eps=0.5).fit(X),
        cluster.AgglomerativeClustering(3).fit(X),
        cluster.SpectralClustering(3, random_state=0).fit(X),
    ],
    ids=lambda fitted: type(fitted).__name__,
)
# how many labels the kernel reproduces is another test's business
@pytest.mark.filterwarnings("ignore:`labels` are reproduced for")
def test_what_has_no_rule_for_new_points_says_so(fitted):
    message = f"`{type(fitted).__name__}` must decide on new points.*KernelKMeans.from_labels"
    with pytest.raises(ValueError, match=message):
        explain(fitted, X)
    kept = fitted.labels_ >= 0
    if len(np.unique(fitted.labels_[kept])) > 1:
        labels = np.unique(fitted.labels_[kept], return_inverse=True)[1]
        with warnings.catch_warnings(record=True) as caught:  # where not all are reproduced
            warnings.simplefilter("always")
            model = neon.KernelKMeans.from_labels(X[kept], labels)
        assert model.agreement_ > 0.8
        assert bool(caught) == (model.agreement_ < 0.99)
        assert explain(model, X).relevance.shape == X.shape
