"""Error bars on explanations, against loops and against cases that are known."""

import numpy as np
import pytest
import torch

from neon import KMeans, explain
from neon.evaluation.bootstrap import Stability, same, stability


def fit(X, seed):
    rows = torch.randperm(len(X), generator=torch.Generator().manual_seed(seed))[:3]
    return KMeans(3, init=X[rows], n_init=1).fit(X)


@pytest.fixture(scope="module")
def judged(wine):
    return stability(fit, wine.X, repeats=8)


def test_agrees_with_a_loop(judged, wine):
    generator = torch.Generator().manual_seed(0)
    reference = explain(fit(wine.X, 0), wine.X)
    torch.testing.assert_close(judged.reference.relevance, reference.relevance)
    again = []
    for repeat in range(1, 9):
        drawn = torch.randint(178, (178,), generator=generator)
        again.append(explain(fit(wine.X[drawn], repeat), wine.X).relevance)
        torch.testing.assert_close(judged.relevance[repeat - 1], again[-1])
    for i in range(0, 178, 20):
        kept = [R[i].numpy() for R, ok in zip(again, judged.agrees[:, i], strict=True) if ok]
        assert judged.agreement[i].item() == len(kept) / 8
        np.testing.assert_allclose(judged.std[i], np.std(kept, axis=0, ddof=1))
        r = reference.relevance[i].numpy()
        cosines = [v @ r / np.linalg.norm(v) / np.linalg.norm(r) for v in kept]
        assert judged.cosine[i].item() == pytest.approx(np.mean(cosines))


def test_explanations_of_wine_are_stable(judged):
    assert judged.agreement.mean() > 0.9
    assert judged.cosine.mean() > 0.9


def test_restarts_that_end_alike_have_no_spread(wine, model):
    judged = stability(lambda X, seed: model, wine.X, repeats=3, bootstrap=False)
    assert judged.agrees.all()
    assert judged.std.max() < 1e-15


def test_clusters_are_matched_before_they_are_compared():
    reference = torch.tensor([0, 0, 1, 1, 2])
    assert same(torch.tensor([2, 2, 0, 0, 1]), reference).all()
    assert same(torch.tensor([2, 2, 0, 1, 1]), reference).tolist() == [
        True,
        True,
        True,
        False,
        True,
    ]
    assert same(torch.tensor([0, 0, 0, 0, 0]), reference).sum() == 2, "clusters may be missing"


def test_no_spread_is_claimed_where_no_repeat_agrees():
    reference = explain([[0.0], [2.0]], torch.tensor([[0.5]]))
    agrees = torch.tensor([[True], [False]])
    alone = Stability(reference, torch.ones(2, 1, 1), agrees)
    assert alone.std.item() == torch.inf
    never = Stability(reference, torch.ones(2, 1, 1), agrees & False)
    assert (never.std.item(), never.cosine.item(), never.agreement.item()) == (torch.inf, 0, 0)


def test_one_repeat_has_no_spread(wine):
    with pytest.raises(ValueError, match="`repeats` must be at least 2; got 1"):
        stability(fit, wine.X, repeats=1)
