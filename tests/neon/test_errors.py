"""Bad input: the message names the argument, the wanted, the got and the next step."""

import math
import re

import numpy as np
import pandas as pd
import pytest
import sklearn.cluster
import torch
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from neon import KMeans, NeuralizedKMeans, contrast, counterfactual, explain, explain_stream

FRAME = pd.DataFrame({"a": [0.0, 1.0, 2.0], "b": [5.0, 3.0, 4.0]})
mu = torch.tensor([[0.0, 0.0, 0.0], [1.0, 1.0, 1.0], [3.0, 0.0, 1.0]])
X = torch.tensor([[0.1, 0.2, 0.3], [0.9, 1.0, 1.2]])
bad = X.clone()

CASES = {
    "wrong width": (lambda: explain(mu, X[:, :2]), ValueError, "`X` must have shape (n, 3) like the centroids; got (2, 2)."),
    "one point": (lambda: explain(mu, X[0]), ValueError, "got (3,). For one point pass X[None]."),
    "three dimensions": (lambda: explain(mu, X[None]), ValueError, "got (1, 2, 3)."),
    "no point": (lambda: explain(mu, X[:0]), ValueError, "`X` must hold at least one point; got shape (0, 3)."),
    "NaN": (lambda: explain(mu, X.index_fill(1, torch.tensor([2]), math.nan)), ValueError, "`X` must be finite; got nan in row 0, column 2. Impute or drop"),
    "inf": (lambda: NeuralizedKMeans(mu).h(X / 0), ValueError, "`X` must be finite; got inf"),
    "NaN centroid": (lambda: explain(mu * math.nan, X), ValueError, "`centroids` must be finite; got nan"),
    "inf centroid": (lambda: NeuralizedKMeans(mu / 0), ValueError, "`centroids` must be finite"),
    "one cluster": (lambda: KMeans(1), ValueError, "`n_clusters` must be at least 2; got 1."),
    "one centroid": (lambda: explain(mu[:1], X), ValueError, "`centroids` must hold at least 2 clusters; got 1."),
    "negative beta": (lambda: explain(mu, X, beta=-1), ValueError, "`beta` must be a number in [0, inf]; got -1.0."),
    "NaN beta": (lambda: explain(mu, X, beta=math.nan), ValueError, "`beta` must be a number in [0, inf]; got nan."),
    "word for beta": (lambda: explain(mu, X, beta="hard"), TypeError, "`beta` must be a number in [0, inf] or 'heuristic'; got 'hard'."),
    "several betas": (lambda: explain(mu, X, beta=torch.ones(2)), TypeError, "`beta` must be a number"),
    "unfitted": (lambda: explain(KMeans(3), X), ValueError, "`KMeans` must be fitted, and then have `cluster_centers_`. Call .fit(X) first."),
    "unfitted forward": (lambda: KMeans(3)(X), ValueError, "Call .fit(X) first"),
    "unfitted scikit-learn": (lambda: explain(sklearn.cluster.KMeans(3), X), ValueError, "`KMeans` must be fitted, and then"),
    "no centroids": (lambda: explain(sklearn.cluster.DBSCAN().fit(X), X), ValueError, "`DBSCAN` must decide on new points to be explained; it links by density the points it was fitted to, and has no rule for others. Explain its labels instead: KernelKMeans.from_labels(X, labels)"),
    "pipeline": (lambda: explain(make_pipeline(StandardScaler(), sklearn.cluster.KMeans(2)).fit(X), X), ValueError, "Use NeonExplainer(pipeline, prefit=True).fit(X)."),
    "columns in another order": (lambda: explain(sklearn.cluster.KMeans(2).fit(FRAME), FRAME[["b", "a"]]), ValueError, "`X` must have the columns that the model was fitted to, in order, ['a', 'b']; got ['b', 'a']."),
    "too many clusters": (lambda: KMeans(3).fit(X), ValueError, "`n_clusters` must be at most the number of points, 2; got 3."),
    "no such cluster": (lambda: NeuralizedKMeans(mu)(X, 3), ValueError, "`c` must be a cluster in 0..2; got 3."),
    "negative cluster": (lambda: contrast(mu, X, -1, 0), ValueError, "`cluster` must be a cluster in 0..2; got -1."),
    "cluster of another kind": (lambda: contrast(mu, X, 0.5, 0), TypeError, "`cluster` must hold integers; got dtype float64."),
    "too few clusters given": (lambda: contrast(mu, X, [0], 1), ValueError, "`cluster` must be one cluster or 2 of them"),
    "itself": (lambda: contrast(mu, X, 1, 1), ValueError, "`against` must differ from the point's own cluster; got 1 for both at row 0."),
    "counterfactual to itself": (lambda: counterfactual(mu, X, 1), ValueError, "got 1 for both at row 1."),
    "counterfactual to nowhere": (lambda: counterfactual(mu, X, 9), ValueError, "`against` must be a cluster in 0..2; got 9."),
    "words": (lambda: explain(mu, [["a", "b", "c"]]), TypeError, "`X` must hold real numbers; got dtype <U1. Encode or drop"),
    "objects": (lambda: KMeans(2).fit(np.array([[None], [1]])), TypeError, "`X` must hold real numbers; got dtype object."),
    "complex": (lambda: explain(mu, X + 0j), TypeError, "`X` must hold real numbers; got dtype torch.complex64."),
    "output of another shape": (lambda: explain(mu, X, out=torch.empty(3, 2)), ValueError, "`out` must have the shape and dtype ((2, 3), torch.float32) of X; got ((3, 2), torch.float32)."),
    "output of another dtype": (lambda: explain(mu, X, out=torch.empty(2, 3).double()), ValueError, "got ((2, 3), torch.float64). Make it with empty_like(X)."),
    "overflow": (lambda: explain(mu * 1e25, X * 1e25, beta=1), OverflowError, "`X` must keep squared distances within the range of torch.float32"),
    "no such label": (lambda: explain(mu, X, cluster=[0, 3]), ValueError, "`cluster` must be a cluster in 0..2; got 3."),
    "NaN in a stream": (lambda: list(explain_stream(mu, [X, X * math.nan], beta=1)), ValueError, "batch 1: `X` must be finite"),
    "heuristic for a stream": (lambda: list(explain_stream(mu, [X], beta="heuristic")), TypeError, "`beta` must be a number in [0, inf]"),
    "batch size": (lambda: explain(mu, X, batch_size=0), ValueError, "`batch_size` must be at least 1; got 0."),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_message(case):
    call, kind, message = CASES[case]
    with pytest.raises(kind, match=re.escape(message)):
        call()


def test_a_tensor_that_is_negated_when_it_is_read():
    X = torch.complex(torch.zeros(5, 2), torch.randn(5, 2)).conj().imag
    assert X.is_neg()
    mu = [[0.0, 0.0], [1.0, 2.0]]
    assert torch.equal(explain(mu, X, beta=1).relevance, explain(mu, X.clone(), beta=1).relevance)


def test_foreign_arrays_are_read_right():
    values = np.arange(12.0).reshape(4, 3)
    frozen = values.copy()
    frozen.flags.writeable = False
    for same in (frozen, values[::-1][::-1], values.astype(">f8"), values.astype(np.longdouble)):
        assert explain(mu, same).logit.tolist() == explain(mu, values).logit.tolist()
