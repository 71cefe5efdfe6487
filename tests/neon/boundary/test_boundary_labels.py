"""Labels: any integers, by position; nothing else."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from refusals import MU, X, refused

from neon import KernelKMeans, NeuralizedKMeans, contrast, counterfactual, explain, flip

LABELS = np.arange(60) % 3
RIGHT = explain(MU, X, beta=0.5, cluster=LABELS)
SERIES = pd.Series(LABELS, index=LABELS[::-1])
READ = {
    "list": LABELS.tolist(),
    "tuple": tuple(LABELS),
    "list of tensors": list(torch.from_numpy(LABELS)),
    "negative strides": LABELS[::-1].copy()[::-1],
    "every second": np.repeat(LABELS, 2)[::2],
    "big endian": LABELS.astype(">i8"),
    "big endian, small": LABELS.astype(">u2"),
    "field of a packed record": np.array(list(zip(LABELS, LABELS, strict=True)), "i1,i8")["f1"],
    "Series with an odd index": SERIES,
    "nullable Series": SERIES.convert_dtypes(),
    "pyarrow-backed Series": SERIES.astype("int8[pyarrow]"),
    "categories": SERIES.astype("category"),
    "Index": pd.Index(LABELS),
    "polars": pl.Series(LABELS),
    "objects": LABELS.astype(object),
    "tensor": torch.from_numpy(LABELS),
    "tensor with strides": torch.from_numpy(np.repeat(LABELS, 2))[::2],
}
READ |= {kind: LABELS.astype(kind) for kind in ("i1", "i2", "i4", "u1", "u2", "u4", "u8")}
READ |= {
    f"torch {kind}": torch.from_numpy(LABELS).to(getattr(torch, kind))
    for kind in ("uint8", "int8", "int16", "int32", "uint16", "uint32", "uint64")
}


@pytest.mark.parametrize("name", READ)
def test_is_read_by_position(name):
    for points in X, torch.from_numpy(X):
        found = explain(MU, points, beta=0.5, cluster=READ[name])
        np.testing.assert_array_equal(np.asarray(found.relevance), RIGHT.relevance)
        assert found.cluster.tolist() == LABELS.tolist()
    other = (LABELS + 1) % 3
    shares = contrast(MU, X, READ[name], other)
    np.testing.assert_array_equal(shares, -contrast(MU, X, other, READ[name]))


REFUSED = {
    "words": ["a"] * 60,
    "numbers as words": LABELS.astype(str),
    "a word": "1",
    "list of None": [None] * 60,
    "an object": object(),
    "a dict": {0: 1},
    "a generator": (label for label in LABELS),
    "floats": LABELS * 1.0,
    "half": 0.5,
    "NaN": np.nan,
    "booleans": LABELS > 0,
    "True": True,
    "complex": LABELS + 0j,
    "dates": LABELS.astype("M8[D]"),
    "durations": LABELS.astype("m8[s]"),
    "huge": 2**70,
    "one of them huge": [2**70, *LABELS[1:]],
    "uint64 beyond int64": np.full(60, 2**64 - 1, np.uint64),
    "negative": -1,
    "too large": LABELS + 1,
    "too few": LABELS[:5],
    "too many": np.append(LABELS, 0),
    "none of them": [],
    "a column": LABELS[:, None],
    "DataFrame": SERIES.to_frame(),
    "ragged": [[1], [1, 2]],
    "a gap": SERIES.convert_dtypes().mask(SERIES == 1),
    "masked": np.ma.masked_array(LABELS, LABELS == 1),
    "masked, of nothing": np.ma.masked_array(LABELS),
    "tensor of floats": torch.from_numpy(LABELS).double(),
    "tensor of booleans": torch.from_numpy(LABELS) > 0,
    "meta": torch.from_numpy(LABELS).to("meta"),
    "sparse": torch.from_numpy(LABELS).to_sparse(),
}


@pytest.mark.parametrize("name", REFUSED)
def test_is_refused(name):
    labels = REFUSED[name]
    refused(lambda: explain(MU, X, cluster=labels), "cluster")
    refused(lambda: contrast(MU, X, labels, 0), "cluster")
    refused(lambda: contrast(MU, X, 0, labels), "against")
    refused(lambda: counterfactual(MU, X, labels), "against")
    refused(lambda: NeuralizedKMeans(MU)(X, labels), "c")


@pytest.mark.parametrize(
    "name", [name for name in REFUSED if name not in ("negative", "too large")]
)
def test_is_refused_by_others(name):
    labels = REFUSED[name]
    refused(lambda: KernelKMeans.from_labels(X, labels), "labels")
    if name not in ("huge", "one of them huge", "uint64 beyond int64"):
        refused(lambda: flip(NeuralizedKMeans(MU), X, labels, X, X[:2]), "cluster")


def test_none_is_no_label():
    refused(lambda: contrast(MU, X, None, 0), "cluster")
    refused(lambda: contrast(MU, X, 0, None), "against")


def test_labels_that_leave_clusters_empty():
    for labels in ([0] * 59 + [2], [0] * 59 + [2**40], [0] * 59 + [2**62]):
        refused(lambda labels=labels: KernelKMeans.from_labels(X, labels), "labels")
