"""Kernel k-means: the network is the clustering, and its relevances are those of the formulas."""

import math
import re

import numpy as np
import pytest
import torch
from sklearn.cluster import SpectralClustering
from sklearn.datasets import load_digits
from sklearn.metrics import adjusted_rand_score
from torch.testing import assert_close

from neon import (
    KernelKMeans,
    KMeans,
    NeuralizedKernelKMeans,
    beta_heuristic,
    contrast,
    counterfactual,
    explain,
    median_gamma,
    neon,
)
from neon.kernel import fitting
from utils.data import load, moons, rings

BETAS = [0, 0.5, "heuristic", 100, math.inf]
# labels at random make any network, and no kernel reproduces them; one test says that this is told
pytestmark = pytest.mark.filterwarnings("ignore:`labels` are reproduced for")


def points(n, D, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, D, generator=generator, dtype=torch.float64)


def network_of(X, labels, gamma, **options):
    return KernelKMeans.from_labels(X, labels, gamma).neuralize(**options)


@pytest.fixture(scope="module")
def small():
    """Three clusters of unlike sizes, and points around them."""
    X = points(17, 3)
    return X, torch.tensor([0] * 5 + [1] * 8 + [2] * 4)


# --- slow replica: one point at a time, the formulas as they are written


def soft_distances(x, X, labels, gamma):
    d = []
    for k in range(max(labels) + 1):
        members = [row for row, label in zip(X, labels, strict=True) if label == k]
        norm = math.sqrt(sum(kernel_value(a, b, gamma) for a in members for b in members))
        d.append(-math.log(sum(kernel_value(x, a, gamma) for a in members) / norm) / gamma)
    return d


def kernel_value(x, y, gamma):
    return math.exp(-gamma * sum((a - b) ** 2 for a, b in zip(x, y, strict=True)))


def explain_one(x, X, labels, gamma, beta, rule):
    """Layer by layer, with explicit w_ij and m_ij for every pair."""
    d = soft_distances(x, X, labels, gamma)
    c = min(range(len(d)), key=lambda k: d[k])
    h = {k: d[k] - d[c] for k in range(len(d)) if k != c}
    f = min(h.values())
    share = {k: float(v == f) if beta == math.inf else math.exp(-beta * (v - f)) for k, v in h.items()}  # fmt: skip
    R = np.zeros(len(x))
    for k in h:
        R_k = share[k] / sum(share.values()) * f
        own = [np.array(v) for v, label in zip(X, labels, strict=True) if label == c]
        other = [np.array(v) for v, label in zip(X, labels, strict=True) if label == k]
        p = [kernel_value(x, v, gamma) for v in own]
        q = [kernel_value(x, v, gamma) for v in other]
        pairs = []
        for p_i, x_i in zip(p, own, strict=True):
            for q_j, x_j in zip(q, other, strict=True):
                w, m = 2 * (x_i - x_j), (x_i + x_j) / 2
                z = (np.array(x) - m) * w
                evidence = p_i / sum(p) * q_j / sum(q) * (max(z.sum(), 0) if rule == "positive" else 1)  # fmt: skip
                pairs.append((evidence, z))
        total = sum(evidence for evidence, _ in pairs)
        # where hardly any pair speaks for the cluster the norms decided, which have no feature
        whole = total if rule == "literal" else max(total, R_k / 1000)
        for evidence, z in pairs:
            if evidence > 0:
                R += R_k * evidence / whole * z / z.sum()
        if whole > total:
            R += R_k * (1 - total / whole) / len(x)
    return R, c, f


@pytest.mark.parametrize("gamma", [0.05, 0.5, 5.0])
@pytest.mark.parametrize("rule", ["positive", "literal"])
@pytest.mark.parametrize("beta", [0, 0.7, math.inf])
def test_explanation_is_that_of_the_slow_replica(small, gamma, rule, beta):
    X, labels = small
    Y = torch.cat([points(25, 3, seed=1), 3 * points(5, 3, seed=2)])
    got = explain(network_of(X, labels, gamma, rule=rule), Y, beta=beta)
    for i, y in enumerate(Y.tolist()):
        R, c, f = explain_one(y, X.tolist(), labels.tolist(), gamma, beta, rule)
        assert got.cluster[i] == c
        assert got.logit[i].item() == pytest.approx(f, rel=0, abs=1e-12)
        scale = max(1.0, np.abs(R).max())
        assert_close(got.relevance[i], torch.from_numpy(R), rtol=0, atol=1e-11 * scale)


def test_sorted_form_is_the_dense_pair_form(small):
    X, labels = small
    model, Y = KernelKMeans.from_labels(X, labels, 0.4), points(200, 3, seed=3)
    got = explain(model, Y, beta=1)
    network = model.neuralize()
    D = torch.cdist(Y, network.support).square()
    d = network.distances(Y)
    for i, y in enumerate(Y):
        c = d[i].argmin()
        own = network.labels == c
        others = [k for k in range(3) if k != c]
        R_k = torch.softmax(-(d[i] - d[i, c])[others], 0) * got.logit[i]
        R = torch.zeros(3, dtype=torch.float64)
        for k, amount in zip(others, R_k, strict=True):
            far = network.labels == k
            a = D[i][far] - D[i][own][:, None]
            p, q = (torch.softmax(-0.4 * D[i][side], 0) for side in (own, far))
            s = amount * p[:, None] * q * (a > 0) / (p[:, None] * q * a.clamp_min(0)).sum()
            R += s.sum(0) @ (y - network.support[far]).square()
            R -= s.sum(1) @ (y - network.support[own]).square()
        assert_close(got.relevance[i], R, rtol=0, atol=1e-12)


# --- the network is the clustering


@pytest.mark.parametrize("gamma", [0.05, 0.5, 5.0])
def test_layers_equal_the_direct_formula(small, gamma):
    X, labels = small
    network, Y = network_of(X, labels, gamma), points(40, 3, seed=1)
    d = network.distances(Y)
    for y, row in zip(Y.tolist(), d, strict=True):
        assert row.tolist() == pytest.approx(soft_distances(y, X.tolist(), labels.tolist(), gamma))
    for c in range(3):
        others = [k for k in range(3) if k != c]
        for k in others:
            assert_close(network.h(Y, c, k), d[:, k] - d[:, c], rtol=0, atol=1e-12)
        here = network.decision(Y) == c
        f = torch.stack([network.h(Y, c, k) for k in others]).amin(0)
        assert_close(network(Y)[here], f[here], rtol=0, atol=1e-12)
        assert ((f > 0) == here).all()


def test_layers_equal_the_direct_formula_far_from_the_origin(small):
    X, labels = small
    network, Y = network_of(X + 1e6, labels, 0.5), points(40, 3, seed=1) + 1e6
    d = network.distances(Y)
    assert_close(network.h(Y, 0, 1), d[:, 1] - d[:, 0], rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", ["wine", "iris", "digits", "rings", "moons"])
@pytest.mark.parametrize("scale", [1, 5])
def test_fits_decide_as_they_were_fitted_and_relevances_keep_their_size(name, scale):
    digits = load_digits()
    X, K = {
        "wine": lambda: (load("wine").X, 3),
        "iris": lambda: (load("iris").X, 3),
        "digits": lambda: (torch.from_numpy(digits.data), 10),
        "rings": lambda: (rings().X, 2),
        "moons": lambda: (moons().X, 2),
    }[name]()
    model = KernelKMeans(K, gamma=scale * median_gamma(X), n_init=2).fit(X)
    assert model.agreement_ == 1
    assert_close(model.predict(X), model.labels_)
    explanation = explain(model, X)
    assert_close(explanation.cluster, model.labels_)
    assert (explanation.residual.abs() <= 1e-10 * explanation.logit).all()
    assert (explanation.relevance.abs().sum(-1) <= 3 * explanation.logit).all()


def test_rings_need_the_kernel():
    data = rings()
    model = KernelKMeans(2, gamma=8 * median_gamma(data.X)).fit(data.X)
    assert adjusted_rand_score(data.y, model.labels_) == 1
    linear = KMeans(2, init=data.X[[0, 1]], n_init=1).fit(data.X)
    assert abs(adjusted_rand_score(data.y, linear.decision(data.X))) < 0.05


def test_lloyd_never_loses(small):
    X, _ = small
    start = torch.arange(17) % 3
    before = KernelKMeans.from_labels(X, start, 0.3)
    after = KernelKMeans(3, gamma=0.3, init=start).fit(X)
    assert after.inertia_ < before.inertia_
    cosine = torch.tensor([explain_cosine(X, after.labels_, 0.3, i) for i in range(17)])
    assert after.inertia_ == pytest.approx((1 - cosine).sum().item())
    restarts = KernelKMeans(3, gamma=0.3, n_init=20).fit(X)
    assert restarts.inertia_ <= KernelKMeans(3, gamma=0.3, n_init=1).fit(X).inertia_
    assert_close(restarts.labels_, KernelKMeans(3, gamma=0.3, n_init=20).fit_predict(X))


def explain_cosine(X, labels, gamma, i):
    values = (-gamma * (X[:, None] - X).square().sum(-1)).exp()
    own = labels == labels[i]
    return values[i][own].sum() / values[own][:, own].sum().sqrt()


def test_a_cluster_that_runs_empty_is_filled_again():
    X = torch.tensor([[0.0], [0.01], [0.02], [9.0], [9.01], [20.0]])
    model = KernelKMeans(3, gamma=0.1, init=[0, 1, 0, 1, 0, 2]).fit(X)
    assert model.labels_.bincount(minlength=3).min() > 0
    new = fitting.refill(
        torch.tensor([0, 0, 0, 1]), torch.tensor([[0.9, 0, 0], [0.2, 0, 0], [0.8, 0, 0], [0, 1, 0]]), 3
    )  # fmt: skip
    assert new.tolist() == [0, 2, 0, 1]


def test_labels_of_another_clustering_are_taken_and_judged():
    data = moons()
    gamma = 50 * median_gamma(data.X)
    labels = SpectralClustering(
        2, affinity="rbf", gamma=gamma, random_state=0, assign_labels="cluster_qr"
    ).fit_predict(data.X.numpy())
    model = KernelKMeans.from_labels(data.X.numpy(), labels, gamma)
    assert adjusted_rand_score(data.y, labels) == 1
    assert model.agreement_ == 1
    assert_close(model.labels_, torch.from_numpy(labels).long())
    with pytest.warns(UserWarning, match=r"`labels` are reproduced for \d\d\.\d% of the points"):
        scrambled = KernelKMeans.from_labels(data.X, torch.arange(300) % 3, gamma / 50)
    assert 0.2 < scrambled.agreement_ < 0.6
    assert repr(scrambled).endswith(f"agreement={scrambled.agreement_:.3f})")


# --- laws


@pytest.mark.parametrize("beta", BETAS)
@pytest.mark.parametrize("gamma", [0.01, 1.0, 300.0])
@pytest.mark.parametrize("rule", ["positive", "literal"])
def test_one_support_vector_a_cluster_is_neon_of_k_means(beta, gamma, rule):
    mu, X = points(6, 4), points(300, 4, seed=1)
    network = network_of(mu, torch.arange(6), gamma, rule=rule)
    ours, linear = explain(network, X, beta=beta), explain(mu, X, beta=beta)
    assert_close(ours.relevance, linear.relevance, rtol=0, atol=1e-10)
    assert_close(ours.logit, linear.logit, rtol=0, atol=1e-11)
    assert_close(ours.cluster, linear.cluster)
    assert_close(ours.beta, linear.beta, rtol=1e-12, atol=0)
    assert_close(contrast(network, X, 3, 0), contrast(mu, X, 3, 0), rtol=0, atol=1e-10)


@pytest.mark.parametrize("beta", BETAS)
def test_relevances_sum_to_the_logit(small, beta):
    X, labels = small
    for gamma in (0.05, 0.5, 5.0, 500.0):
        model = KernelKMeans.from_labels(X, labels, gamma)
        for Y in (X, points(300, 3, seed=1), 50 * points(50, 3, seed=2)):
            explanation = explain(model, Y, beta=beta)
            size = explanation.relevance.abs().sum(-1)
            assert (explanation.residual.abs() <= 1e-10 * size).all()
            assert_close(explanation.logit, model.neuralize()(Y), rtol=1e-9, atol=1e-12)


def test_large_gamma_is_the_nearest_neighbour(small):
    X, labels = small
    Y = points(50, 3, seed=1)
    nearest = torch.stack([torch.cdist(Y, X[labels == k]).amin(1).square() for k in range(3)], 1)
    d = network_of(X, labels, 1e8).distances(Y)
    assert_close(d, nearest, rtol=0, atol=1e-6)
    R = explain(KernelKMeans.from_labels(X, labels, 1e8), Y, beta=math.inf).relevance
    for y, c, k, r in zip(Y, d.argmin(1), d.topk(2, largest=False).indices[:, 1], R, strict=True):
        x_i, x_j = (X[labels == m][torch.cdist(y[None], X[labels == m]).argmin()] for m in (c, k))
        assert_close(r, (y - x_j).square() - (y - x_i).square(), rtol=0, atol=1e-6)


def test_translation_relabelling_permutation_scaling_and_order(small):
    X, labels = small
    Y = points(60, 3, seed=1)
    R = explain(KernelKMeans.from_labels(X, labels, 0.5), Y, beta=0.7).relevance

    def relevance(X, labels, gamma, Y, beta=0.7):
        return explain(KernelKMeans.from_labels(X, labels, gamma), Y, beta=beta).relevance

    assert_close(relevance(X + 3, labels, 0.5, Y + 3), R, rtol=0, atol=1e-11)
    assert_close(relevance(X, (labels + 1) % 3, 0.5, Y), R, rtol=0, atol=1e-12)
    assert_close(relevance(X.flip(1), labels, 0.5, Y.flip(1)), R.flip(1), rtol=0, atol=1e-12)
    assert_close(relevance(X.flip(0), labels.flip(0), 0.5, Y), R, rtol=0, atol=1e-12)
    assert_close(relevance(10 * X, labels, 0.005, 10 * Y, 0.007), 100 * R, rtol=0, atol=1e-9)
    constant = torch.cat([X, torch.ones(17, 1)], 1), torch.cat([Y, torch.full((60, 1), 5.0)], 1)
    assert relevance(constant[0], labels, 0.5, constant[1])[:, 3].abs().max() <= 1e-11


def test_contrast_sums_to_the_difference_of_soft_distances(small):
    X, labels = small
    model, Y = KernelKMeans.from_labels(X, labels, 0.5), points(60, 3, seed=1)
    d = model.neuralize().distances(Y)
    for c, k in [(0, 1), (2, 0)]:
        R = contrast(model, Y, c, k)
        assert_close(R.sum(-1), d[:, k] - d[:, c], rtol=0, atol=1e-12)
        assert_close(contrast(model, Y, k, c), -R, rtol=0, atol=0)
    nearest = d.topk(2, largest=False).indices
    assert_close(
        contrast(model, Y, nearest[:, 0], nearest[:, 1]), neon(model, Y, math.inf), rtol=0, atol=1e-12
    )  # fmt: skip


@pytest.mark.parametrize("budget", [1, 500, 2**21])
@pytest.mark.parametrize("rule", ["positive", "literal"])
def test_batches_do_not_change_the_result(small, budget, rule, monkeypatch):
    X, labels = small
    network, Y = network_of(X, labels, 0.5, rule=rule), points(60, 3, seed=1)
    whole, against = explain(network, Y, beta=1), contrast(network, Y, 0, 1)
    monkeypatch.setattr("neon.kernel.network.BUDGET", budget)
    monkeypatch.setattr("neon.kernel.gaussian.BLOCK", budget)
    parts = explain(network_of(X, labels, 0.5, rule=rule), Y, beta=1, batch_size=7)
    assert_close(parts.relevance, whole.relevance, rtol=1e-12, atol=1e-12)
    assert_close(contrast(network, Y, 0, 1), against, rtol=1e-12, atol=1e-12)


def test_landmarks_stand_for_their_points(small):
    X, labels = small
    Y = points(40, 3, seed=1)
    every = network_of(X, labels, 0.5)
    twice = network_of(torch.cat([X, X]), torch.cat([labels, labels]), 0.5, landmarks=100)
    assert twice.sizes == every.sizes, "duplicates are one support vector of twice the mass"
    assert_close(twice.distances(Y), every.distances(Y), rtol=0, atol=1e-12)
    assert_close(neon(twice, Y, 1), neon(every, Y, 1), rtol=0, atol=1e-12)

    uneven = torch.tensor([[0.0], [0.0], [0.0], [4.0], [9.0]])
    one = network_of(uneven, [0, 0, 0, 0, 1], 0.5, landmarks=1)
    assert one.support.tolist() == [[1.0], [9.0]], "the mean of the points, duplicates counted"
    assert_close(one.log_weight, torch.zeros(2, dtype=torch.float64))  # mass and Z are both n_k

    few = network_of(X, labels, 0.5, landmarks=2)
    assert few.sizes == [2, 2, 2]
    assert_close(few.log_weight.exp().isfinite().all().item(), True)
    exact, approximate = every(X), few.distances(X)
    pair = every.distances(X).topk(2, largest=False).indices
    logit = approximate.gather(1, pair).diff(dim=1)[:, 0]
    wanted = ((logit - exact).abs().mean() / exact.mean()).item()
    assert few.reduction["logit_error"] == pytest.approx(wanted)
    agreement = (approximate.argmin(1) == pair[:, 0]).double().mean().item()
    assert few.reduction["agreement"] == pytest.approx(agreement)
    assert f"logit_error={wanted:.4f}" in repr(few)


def test_the_literal_rule_explodes_and_the_positive_one_does_not():
    X = torch.tensor([[0.0, 0.0], [3.0, 4.0], [5.0, 0.0], [4.0, 3.0]])
    model = KernelKMeans.from_labels(X, [0, 0, 1, 1], 0.1)
    origin = torch.tensor([[0.0, 0.0]])  # (3, 4) and (5, 0) are both at a distance of 5
    assert explain(model.neuralize(rule="literal"), origin).relevance.isnan().all()
    explanation = explain(model, origin)
    assert_close(explanation.relevance.sum(-1), explanation.logit)


# --- edges


def test_where_only_the_norms_decide_the_features_share_equally():
    # the own cluster is wide, so its mean is short and its cosine large, though both are farther
    X = torch.tensor([[0.0, 1.01], [0.0, -1.01], [1.0, 0.0]], dtype=torch.float64)
    model = KernelKMeans.from_labels(X, [0, 0, 1], 1.0)
    origin = torch.zeros(1, 2, dtype=torch.float64)
    explanation = explain(model, origin)
    assert explanation.cluster.item() == 0
    assert_close(explanation.relevance, (explanation.logit / 2).expand(1, 2))
    # nearly so: relevances grow as the evidence vanishes, but no further than a thousandfold
    path = torch.stack([torch.zeros(500), torch.linspace(0, 0.1, 500)], 1).double()
    near = explain(model, path)
    assert near.relevance.abs().sum(-1).max() <= 1e4
    assert near.residual.abs().max() <= 1e-11


@pytest.mark.parametrize("beta", [0, 1, math.inf])
def test_duplicates_and_points_on_support_vectors_and_boundaries(beta):
    X = torch.tensor([[0.0, 0.0]] * 3 + [[1.0, 1.0]] * 2 + [[0.0, 0.0], [2.0, 0.0], [2.0, 0.0]])
    model = KernelKMeans.from_labels(X, [0, 0, 0, 0, 1, 1, 1, 2], 1.0)
    for Y in (X, torch.tensor([[1.0, 0.0], [1.0, 1.0], [9.0, 9.0]])):
        explanation = explain(model, Y, beta=beta)
        assert torch.isfinite(explanation.relevance).all()
        assert explanation.residual.abs().max() <= 1e-5  # float32
        for i, y in enumerate(Y.tolist()):
            R, c, _ = explain_one(y, X.tolist(), [0, 0, 0, 0, 1, 1, 1, 2], 1.0, beta, "positive")
            assert explanation.cluster[i] == c
            assert explanation.relevance[i].tolist() == pytest.approx(R.tolist(), abs=1e-5)
    twins = KernelKMeans.from_labels(torch.tensor([[0.0], [2.0]]), [0, 1], 1.0)
    tie = explain(twins, torch.tensor([[1.0]]), beta=beta)
    assert (tie.cluster.item(), tie.logit.item(), tie.relevance.item()) == (0, 0, 0)


def test_kinds_and_types(small):
    X, labels = small
    model = KernelKMeans.from_labels(X.numpy(), labels.numpy(), 0.5)
    assert isinstance(explain(model, X.numpy()).relevance, np.ndarray)
    assert isinstance(model.predict(X.numpy()), np.ndarray)
    assert explain(model, X.float()).relevance.dtype == torch.float32
    single, double = explain(model, X.float(), beta=1), explain(model, X, beta=1)
    assert (single.relevance - double.relevance).abs().max() <= 1e-5
    assert beta_heuristic(model, X) == pytest.approx(1 / model.neuralize()(X).mean().item())


X2 = torch.tensor([[0.0, 0.0], [1.0, 0.0], [5.0, 5.0]])
fitted = KernelKMeans.from_labels(X2, [0, 0, 1], 1.0)
CASES = {
    "gamma 0": (lambda: KernelKMeans(2, gamma=0), ValueError, "`gamma` must be a positive finite number or 'median'; got 0.0."),
    "negative gamma": (lambda: KernelKMeans.from_labels(X2, [0, 0, 1], -1), ValueError, "got -1.0."),
    "NaN gamma": (lambda: KernelKMeans(2, gamma=math.nan), ValueError, "got nan."),
    "infinite gamma": (lambda: KernelKMeans(2, gamma=math.inf), ValueError, "got inf."),
    "word for gamma": (lambda: KernelKMeans(2, gamma="scale"), TypeError, "`gamma` must be a positive number or 'median'; got 'scale'."),
    "vanishing gamma": (lambda: KernelKMeans(2, gamma=1e-30).fit(X2), ValueError, "large enough to tell points apart"),
    "one cluster": (lambda: KernelKMeans(1), ValueError, "`n_clusters` must be at least 2; got 1."),
    "one label": (lambda: KernelKMeans.from_labels(X2, [0, 0, 0], 1.0), ValueError, "`n_clusters` must be at least 2; got 1."),
    "empty cluster": (lambda: KernelKMeans.from_labels(X2, [0, 0, 2], 1.0), ValueError, "`labels` must leave no cluster of 0..2 empty; got no point in [1]. Renumber"),
    "empty start": (lambda: KernelKMeans(3, gamma=1, init=[0, 1, 1]).fit(X2), ValueError, "`init` must leave no cluster of 0..2 empty; got no point in [2]."),
    "noise label": (lambda: KernelKMeans.from_labels(X2, [0, 1, -1], 1.0), ValueError, "`labels` must be clusters 0, 1, ...; got -1, which DBSCAN and HDBSCAN give to noise."),
    "float labels": (lambda: KernelKMeans.from_labels(X2, [0.0, 0.0, 1.0], 1.0), TypeError, "`labels` must hold integers"),
    "too few labels": (lambda: KernelKMeans.from_labels(X2, [0, 1], 1.0), ValueError, "`labels` must be one cluster or 3 of them"),
    "no labels": (lambda: KernelKMeans.from_labels(X2, [], 1.0), TypeError, "`labels` must hold integers"),
    "all the same point": (lambda: KernelKMeans(2).fit(torch.ones(5, 2)), ValueError, "`n_clusters` must be at most the number of distinct points, 1; got 2."),
    "mostly the same point": (lambda: KernelKMeans.from_labels(X2[[0, 0, 0, 0, 1]], [0, 0, 0, 0, 1]), ValueError, "the median distance is 0. Drop duplicates"),
    "start": (lambda: KernelKMeans(2, init="random"), ValueError, "`init` must be 'k-means++' or labels (n,); got 'random'."),
    "no restart": (lambda: KernelKMeans(2, n_init=0), ValueError, "`n_init` and `max_iter` must be at least 1; got 0 and 300."),
    "unfitted": (lambda: explain(KernelKMeans(2), X2), ValueError, "`KernelKMeans` must be fitted. Call .fit(X) or .from_labels first."),
    "wrong width": (lambda: explain(fitted, X2[:, :1]), ValueError, "`X` must have shape (n, 2)"),
    "wrong width to predict": (lambda: fitted.predict(X2[0]), ValueError, "For one point pass X[None]."),
    "NaN": (lambda: explain(fitted, X2 * math.nan), ValueError, "`X` must be finite; got nan"),
    "NaN to fit": (lambda: KernelKMeans(2).fit(X2 / 0), ValueError, "`X` must be finite"),
    "rule": (lambda: fitted.neuralize(rule="z+"), ValueError, "`rule` must be one of ['literal', 'positive']; got 'z+'."),
    "landmarks": (lambda: fitted.neuralize(landmarks=0), ValueError, "`landmarks` must be at least 1; got 0."),
    "itself": (lambda: contrast(fitted, X2, 1, 1), ValueError, "`against` must differ"),
    "counterfactual": (lambda: counterfactual(fitted, X2), NotImplementedError, "kernel k-means has curved boundaries"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_message(case):
    call, kind, message = CASES[case]
    with pytest.raises(kind, match=re.escape(message)):
        call()


def test_too_many_points_to_fit_are_refused_before_the_matrix_is_formed():
    with pytest.raises(ValueError, match="at most 20000 points; got 20001, whose kernel matrix"):
        KernelKMeans(2).fit(torch.zeros(20_001, 1))


def test_too_few_iterations_are_told():
    data = rings()
    with pytest.warns(UserWarning, match="`max_iter` = 1 iterations were not enough"):
        KernelKMeans(2, gamma=1.0, max_iter=1, init=torch.arange(300) // 150).fit(data.X)


def test_explanations_hold_no_matrix_of_pairs():
    X = points(6000, 2)
    labels = torch.arange(6000) % 2
    network = NeuralizedKernelKMeans(X, labels, 0.1, torch.zeros(2, dtype=torch.float64))
    sizes = []

    class Watch(torch.utils._python_dispatch.TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            result = function(*args, **(kwargs or {}))
            sizes.extend(
                t.numel() for t in torch.utils._pytree.tree_leaves(result) if torch.is_tensor(t)
            )
            return result

    with Watch():
        explain(network, X[:3])
        contrast(network, X[:3], 0, 1)
    assert max(sizes) <= 3 * 6000 * 2
