"""The texts, their explanation by words, and words in colour."""

import json
import subprocess
import sys
from importlib.metadata import version

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

from neon import NeuralizedLinearKMeans, explain
from utils.data.docstrings import LONGEST, PER_SUBJECT, SHORTEST, STORED, SUBJECTS, load_docstrings
from utils.figures.coloured import coloured


def test_texts_are_balanced_short_and_different():
    texts = load_docstrings()
    modules = [name.rpartition(".")[0] for name in texts]
    for subject in SUBJECTS:
        assert sum(modules.count(module) for module in subject) == PER_SUBJECT, subject
    assert all(SHORTEST <= len(text.split()) <= LONGEST for text in texts.values())
    assert len(set(texts.values())) == len(texts) == PER_SUBJECT * len(SUBJECTS)


def test_stored_texts_are_those_of_the_packages():
    stored = json.loads(STORED.read_text(encoding="utf-8"))
    if {package: version(package) for package in stored["versions"]} != stored["versions"]:
        pytest.skip("other versions than those that the texts were taken from")
    # in a fresh process: what other tests import must not add a name
    code = "import json, utils.data.docstrings as d; print(json.dumps(d.collect()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert list(found) == list(stored["texts"])
    assert found == stored["texts"], "run python -m utils.data.docstrings"


def test_licences_go_along():
    text = STORED.with_name("docstrings-LICENSE.txt").read_text(encoding="utf-8")
    assert text.count("Redistribution and use in source and binary forms") == 3
    for holder in ("SciPy Developers", "The scikit-learn developers", "PyData Development Team"):
        assert text.count(holder) == 1


def test_relevances_of_words_sum_to_the_logit():
    X = TfidfVectorizer(stop_words="english", min_df=3).fit_transform(load_docstrings().values())
    svd = TruncatedSVD(10, algorithm="arpack", random_state=0).fit(X)
    Z = svd.transform(X)
    kmeans = KMeans(4, init=Z[[51, 19, 90, 160]], n_init=1).fit(Z)
    explanation = explain(NeuralizedLinearKMeans.from_sklearn([svd], kmeans, X), X.toarray())
    assert np.abs(explanation.residual).max() <= 1e-10 * explanation.logit.max()
    assert (explanation.cluster == kmeans.labels_).all()
    d = np.sort(kmeans.transform(Z) ** 2, axis=1)
    np.testing.assert_allclose(explanation.logit, d[:, 1] - d[:, 0], rtol=1e-7, atol=1e-12)


def test_words_are_coloured_by_sign_and_strength():
    shown = coloured("Rain & <wind>!", {"rain": 0.5, "wind": -0.25}, limit=0.5)
    assert '<span style="background:#B2182B96" title="+0.5000">Rain</span> &amp; &lt;' in shown
    assert '<span style="background:#2166AC4B" title="-0.2500">wind</span>&gt;!' in shown
    assert "+0.0000" in coloured("rain", {"rain": -1e-16}, limit=1.0), "no negative zero"
