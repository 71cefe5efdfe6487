"""Texts: relevance of words, through weights, singular values and norms, from sparse matrices."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn.cluster import KMeans
from sklearn.compose import make_column_transformer
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import (
    CountVectorizer,
    HashingVectorizer,
    TfidfTransformer,
    TfidfVectorizer,
)
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import Normalizer, StandardScaler

from neon import NeonExplainer
from neon.pipelines import model

TEXTS = [
    "the cat sat on the mat", "a cat and a dog", "dogs and cats are animals",
    "stocks fell on the market", "the market rose and stocks too", "bonds and stocks",
    "cat dog mat", "market bonds rose", "the dog sat", "animals on the mat",
]  # fmt: skip
STEPS = {
    "tf-idf": [TfidfVectorizer()],
    "tf-idf, svd": [TfidfVectorizer(sublinear_tf=True), TruncatedSVD(3, random_state=0)],
    "tf-idf, svd, norm": [TfidfVectorizer(), TruncatedSVD(3, random_state=0), Normalizer()],
    "counts": [CountVectorizer(), TruncatedSVD(3, random_state=0)],
    "counts, tf-idf, centred norm": [
        CountVectorizer(), TfidfTransformer(norm="l1"), TruncatedSVD(3, random_state=0),
        StandardScaler(), Normalizer(),
    ],
    "words and letters": [
        make_union(TfidfVectorizer(), TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 2))),
        TruncatedSVD(4, random_state=0), Normalizer(),
    ],
}  # fmt: skip


def fitted(steps, X=TEXTS, K=3):
    pipeline = make_pipeline(*steps, KMeans(K, n_init=5, random_state=0))
    return NeonExplainer(pipeline, beta=1).fit(X)


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("kind", [list, np.array, lambda texts: pd.Series(texts, range(5, 15))])
def test_words_sum_to_the_logit_of_the_pipeline(name, kind):
    X = kind(TEXTS)
    explainer = fitted(STEPS[name], X)
    result, pipeline = explainer.explain(X), explainer.clusterer_
    d = np.sort(pipeline.transform(X) ** 2, axis=1)
    np.testing.assert_allclose(result.pointwise.sum(axis=1), d[:, 1] - d[:, 0], rtol=0, atol=1e-10)
    np.testing.assert_array_equal(result.cluster, pipeline.predict(X))
    words = list(pipeline[0].get_feature_names_out())
    assert list(result.pointwise) == words == explainer.get_feature_names_out().tolist()
    assert list(result.pointwise.index) == list(
        X.index if isinstance(X, pd.Series) else range(len(X))
    )
    np.testing.assert_allclose(result.values, pipeline[0].transform(X).toarray())
    np.testing.assert_array_equal(explainer.transform(X), result.pointwise)
    assert explainer.set_output(transform="pandas").transform(X).shape == result.pointwise.shape


def test_slope_of_the_relevance_is_the_weight_of_the_word():
    """R = Σ_k a_k (x/s − m) ⊙ v_k: from the parts, one text and one competitor at a time."""
    explainer = fitted(STEPS["tf-idf, svd, norm"])
    words, svd, unit, kmeans = (step for _, step in explainer.clusterer_.steps)
    U, A, mu = words.transform(TEXTS).toarray(), svd.components_, kmeans.cluster_centers_
    U = U / np.linalg.norm(U @ A.T, axis=1, keepdims=True)
    Z = unit.transform(svd.transform(words.transform(TEXTS)))
    labels = kmeans.predict(Z)
    means = np.stack([U[labels == k].mean(0) for k in range(3)])
    for u, z, c, R in zip(U, Z, labels, explainer.transform(TEXTS), strict=True):
        d = ((z - mu) ** 2).sum(1)
        others = np.delete(np.arange(3), c)
        h = d[others] - d[c]
        p = np.exp(-(h - h.min()))
        a = p / p.sum() * h.min() / h
        expected = sum(
            a_k * (u - (means[c] + means[k]) / 2) * (2 * A.T @ (mu[c] - mu[k]))
            for a_k, k in zip(a, others, strict=True)
        )
        np.testing.assert_allclose(R, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("kind", ["csr_matrix", "csr_array", "csc_array", "coo_matrix"])
@pytest.mark.parametrize("steps", [[TruncatedSVD(3, random_state=0), Normalizer()], [Normalizer()]])
def test_sparse_matrices_go_block_by_block(kind, steps, monkeypatch):
    X = TfidfVectorizer().fit_transform(TEXTS)
    dense = fitted(steps, X.toarray()).transform(X.toarray())
    whole = fitted(steps, getattr(scipy.sparse, kind)(X))
    one = whole.contrast(X, 0, [1, 2] * 5)
    monkeypatch.setattr(model, "CELLS", 3 * X.shape[1])
    blocks = fitted(steps, getattr(scipy.sparse, kind)(X))
    assert blocks.beta_ == whole.beta_ == 1
    for explainer in whole, blocks:
        np.testing.assert_allclose(explainer.transform(X), dense, rtol=0, atol=1e-13)
    other = blocks.contrast(X, 0, [1, 2] * 5)
    np.testing.assert_allclose(one, other, rtol=0, atol=1e-13)


def test_a_column_of_texts_in_a_table_is_one_column():
    table = pd.DataFrame({"text": TEXTS, "n": np.arange(10.0)})
    explainer = fitted([make_column_transformer((TfidfVectorizer(), "text"),
                                                (StandardScaler(), ["n"]))], table)  # fmt: skip
    result = explainer.explain(table)
    assert list(result.pointwise) == ["text", "n"]
    assert abs(result.residual).max() <= 1e-12
    assert result.pointwise.text.abs().max() > 0.01
    with pytest.warns(UserWarning, match="leaves the columns"):
        moved = explainer.counterfactual(table)
    assert list(moved.text) == TEXTS


def test_what_texts_cannot_answer():
    with pytest.raises(ValueError, match="got texts, whose words cannot change by fractions"):
        fitted(STEPS["counts"]).counterfactual(TEXTS)
    with pytest.raises(TypeError, match="Step 'hashingvectorizer' cannot be read back"):
        fitted([HashingVectorizer(n_features=64)])
