"""The numbers that the original demonstration published, and its code, run here."""

import pytest
import torch

from neon import (
    KMeans,
    NeuralizedKMeans,
    beta_heuristic,
    explain,
    neon,
    smax,
    smin,
)
from utils.figures.plots import plot_explanation
from utils.matching import match

# wine, assigned class, probability, true class, sum of relevance, logit
PUBLISHED = [
    (60, 2, 0.52, 1, 0.0772, 0.0772),
    (61, 2, 0.56, 1, 0.2447, 0.2447),
    (68, 2, 0.52, 1, 0.0800, 0.0800),
    (70, 2, 0.52, 1, 0.0866, 0.0866),
    (73, 0, 0.57, 1, 0.2848, 0.2848),
    (83, 2, 0.61, 1, 0.4378, 0.4378),
    (92, 2, 0.50, 1, 0.0089, 0.0089),
    (95, 0, 0.53, 1, 0.1348, 0.1348),
    (118, 2, 0.55, 1, 0.2151, 0.2151),
]


def test_nine_misclassified_wines(wine, model):
    assert round(model.estimator.inertia_, 6) == 48.960517
    explanation = explain(model, wine.X, beta=1)
    assigned = match(explanation.cluster, wine.y)[explanation.cluster]
    wrong = (assigned != wine.y).nonzero()[:, 0]
    rows = [
        (
            i,
            assigned[i].item(),
            round(explanation.probability[i].item(), 2),
            wine.y[i].item(),
            round(explanation.relevance[i].sum().item(), 4),
            round(explanation.logit[i].item(), 4),
        )
        for i in wrong.tolist()
    ]
    assert rows == PUBLISHED


def test_code_written_for_the_demo_runs(wine):
    X = wine.X
    m = KMeans(n_clusters=3, random_state=77)
    m.fit(X)
    logits = m(X)
    y = m.decision(X)
    m = NeuralizedKMeans(m)
    assert torch.isclose(logits, m(X)).all()
    assert m.h(X).shape == (178, 3, 2)
    assert torch.isclose(torch.stack([m(X, c) for c in range(3)]).amax(0), logits).all()
    R = neon(m, X, beta=1)
    assert torch.isclose(R.sum(1), logits).all()
    assert beta_heuristic(m, X) == pytest.approx(1 / logits.mean().item())
    h = m.h(X)[torch.arange(178), y]
    assert torch.isclose(smin(h, 1e6), h.amin(-1), atol=1e-5).all()
    assert torch.isclose(smax(h, 1e6), h.amax(-1), atol=1e-5).all()
    plot_explanation(X[60], R[60], wine.feature_names, vlim=abs(R[60]).max() * 1.1)
