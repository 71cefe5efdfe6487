"""Single numbers: stiffness, counts, seeds; a wrong kind is refused in our words."""

import decimal
import fractions
import math

import numpy as np
import pandas as pd
import pytest
import torch
from refusals import MU, X, refused

import neon
from neon import Aggregate, KernelKMeans, KMeans, explain, layer_by_layer, smax, smin, stability

READ = {
    "int": 2,
    "numpy": np.float32(2),
    "numpy, no dimension": np.array(2.0),
    "tensor": torch.tensor(2.0),
    "tensor that requires a gradient": torch.tensor(2.0, requires_grad=True).detach(),
    "fraction": fractions.Fraction(2),
    "decimal": decimal.Decimal(2),
}
WRONG = {
    "a word": "hard",
    "a number as a word": "2",
    "bytes": b"2",
    "None": None,
    "True": True,
    "array": np.array([1.0, 2.0]),
    "array of one": np.array([2.0]),
    "tensor of two": torch.ones(2),
    "list": [2.0],
    "Series": pd.Series([1.0, 2.0]),
    "Series of one": pd.Series([1.0]),
    "Series of a word": pd.Series(["heuristic"]),
    "NA": pd.NA,
    "NaT": pd.NaT,
    "complex": 2j,
    "huge": 10**400,
    "NaN": math.nan,
    "negative": -1,
    "dict": {},
    "function": len,
    "meta tensor": torch.ones((), device="meta"),
}


@pytest.mark.parametrize("name", READ)
def test_beta_is_read(name):
    assert explain(MU, X, beta=READ[name]).beta == 2.0


@pytest.mark.parametrize("name", WRONG)
def test_beta_is_refused(name):
    beta = WRONG[name]
    refused(lambda: explain(MU, X, beta=beta), "beta")
    refused(lambda: layer_by_layer(neon.NeuralizedKMeans(MU), X, beta), "beta")
    refused(lambda: list(neon.explain_stream(MU, [X], beta=beta)), "beta")
    refused(lambda: stability(lambda X, seed: MU, X, beta=beta), "beta")


KERNEL = KernelKMeans.from_labels(X, (X[:, 0] > 1).astype(int), gamma=20.0)
COUNTS = {
    "batch_size": lambda value: explain(MU, X, batch_size=value),
    "n_clusters": lambda value: KMeans(value),
    "n_clusters of kernel": lambda value: KernelKMeans(value),
    "n_clusters of sums": lambda value: Aggregate.of(explain(MU, X), value),
    "repeats": lambda value: stability(lambda X, seed: MU, X, repeats=value),
    "seed": lambda value: stability(lambda X, seed: MU, X, repeats=2, seed=value),
    "landmarks": lambda value: KERNEL.neuralize(landmarks=value),
}


@pytest.mark.parametrize("argument", COUNTS)
@pytest.mark.parametrize("value", [name for name in WRONG if name not in ("None", "huge")])
def test_count_is_refused(argument, value):
    refused(lambda: COUNTS[argument](WRONG[value]), argument.split()[0])


@pytest.mark.parametrize("argument", COUNTS)
@pytest.mark.parametrize("value", [2.5, 3.0, math.inf])
def test_fraction_is_no_count(argument, value):
    refused(lambda: COUNTS[argument](value), argument.split()[0])


@pytest.mark.parametrize("value", [0, -3])
def test_count_below_its_least(value):
    for argument in COUNTS:
        if (argument, value) != ("seed", 0):
            refused(lambda a=argument: COUNTS[a](value), argument.split()[0])


def test_seed_beyond_32_bits():
    refused(lambda: COUNTS["seed"](2**32), "seed")


@pytest.mark.parametrize("value", [np.int8(2), np.uint64(2), torch.tensor(2), np.array(2)])
def test_count_of_any_integer_type(value):
    assert explain(MU, X, batch_size=value).relevance.shape == X.shape
    assert KMeans(value).n_clusters == 2


def test_clusters_beyond_those_of_the_sums():
    refused(lambda: Aggregate.of(explain(MU, X), 2), "explanation.cluster")


@pytest.mark.parametrize("pool", [smin, smax])
def test_pooling(pool):
    for s in [*WRONG.values(), 0, math.inf]:
        refused(lambda s=s: pool(torch.ones(3), s), "s")
    for h in (torch.ones(3, 0), torch.tensor(1.0), None, "h"):
        refused(lambda h=h: pool(h, 1.0), "h")
    assert pool(np.ones(3), 1.0) == pytest.approx(1.0)


def test_wrong_kinds_of_other_arguments():
    refused(lambda: stability("fit", X), "fit")
    refused(lambda: layer_by_layer(MU, X, 1), "network")
    refused(lambda: KMeans(2, init=X[:3]).fit(X), "init")
    refused(lambda: KMeans(2, init=[["a", "b"]] * 2).fit(X), "init")
    refused(lambda: neon.NeuralizedDeepKMeans(len, MU), "encoder")
    refused(lambda: neon.NeuralizedDeepKMeans(torch.nn.Linear(2, 2, device="meta"), MU), "encoder")
