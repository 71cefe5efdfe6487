"""The stories, their explanation by words, and words in colour."""

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

from neon import NeuralizedLinearKMeans, explain
from utils.data import texts as stories
from utils.data.texts import coloured, load_stories


def test_relevances_of_words_sum_to_the_logit():
    X = TfidfVectorizer(stop_words="english", min_df=3).fit_transform(load_stories())
    svd = TruncatedSVD(10, algorithm="arpack", random_state=0).fit(X)
    Z = svd.transform(X)
    kmeans = KMeans(4, init=Z[[0, 4, 23, 60]], n_init=1).fit(Z)
    explanation = explain(NeuralizedLinearKMeans.from_sklearn([svd], kmeans, X), X.toarray())
    assert np.abs(explanation.residual).max() <= 1e-10 * explanation.logit.max()
    assert (explanation.cluster == kmeans.labels_).all()
    d = np.sort(kmeans.transform(Z) ** 2, axis=1)
    np.testing.assert_allclose(explanation.logit, d[:, 1] - d[:, 0], rtol=1e-7, atol=1e-12)


@pytest.mark.parametrize("absent", ["package", "file"])
def test_without_gensim_the_message_says_what_to_install(monkeypatch, absent):
    def files(name):
        if absent == "package":
            raise stories.PackageNotFoundError(name)
        return []

    monkeypatch.setattr(stories, "files", files)
    with pytest.raises(FileNotFoundError, match=r"package gensim: pip install .* '\.\[text\]'"):
        load_stories()


def test_words_are_coloured_by_sign_and_strength():
    shown = coloured("Rain & <wind>!", {"rain": 0.5, "wind": -0.25}, limit=0.5)
    assert '<span style="background:#B2182B96" title="+0.5000">Rain</span> &amp; &lt;' in shown
    assert '<span style="background:#2166AC4B" title="-0.2500">wind</span>&gt;!' in shown
    assert "+0.0000" in coloured("rain", {"rain": -1e-16}, limit=1.0), "no negative zero"
