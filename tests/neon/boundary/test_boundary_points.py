"""Points in every container: read as the numbers that they are, or refused in words."""

import array
import datetime
import decimal
import fractions

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp
import torch
from refusals import MU, X, read_as, refused

import neon
from neon import explain

ROUND = np.round(X * 4)  # small whole numbers, which every dtype holds
WHOLE = np.abs(ROUND)
FRAME = pd.DataFrame(X, columns=["a", "b"])
T = torch.from_numpy(X)
NULLABLE = pd.DataFrame(ROUND, columns=["a", "b"]).convert_dtypes()
MIXED = pd.DataFrame({"a": X[:, 0], "b": X[:, 1] > 1})
MIXED_VALUES = np.column_stack([X[:, 0], X[:, 1] > 1])


def packed():
    """A field of a packed record: its strides are no multiple of its size."""
    record = np.zeros(60, np.dtype([("flag", "i1"), ("x", "f8", 2)], align=False))
    record["x"] = X
    return record["x"]


def memory_map(folder, mode):
    np.save(folder / "X.npy", X)
    return np.load(folder / "X.npy", mmap_mode=mode)


class Foreign:
    """A container that knows how to become an array, and no more."""

    def __array__(self, dtype=None, copy=None):
        return X


class Row(torch.Tensor):
    """A subclass with a mind of its own."""


READ = {
    "list of lists": (X.tolist(), X),
    "tuple of arrays": (tuple(X), X),
    "list of tensors": (list(T), X),
    "matrix": (X.view(np.matrix), X),
    "anything with __array__": (Foreign(), X),
    "Fortran order": (np.asfortranarray(X), X),
    "negative strides": (X[::-1][::-1], X),
    "transposed view": (np.ascontiguousarray(X.T).T, X),
    "every second": (np.repeat(X, 2, axis=0)[::2], X),
    "odd strides": (packed(), X),
    "broadcast": (np.broadcast_to(X[:1], (5, 2)), np.repeat(X[:1], 5, 0)),
    "big endian": (X.astype(">f8"), X),
    "big endian integers": (ROUND.astype(">i4"), ROUND),
    "long double": (X.astype(np.longdouble), X),
    "float16": (ROUND.astype(np.float16), ROUND.astype(np.float32)),
    "one row": (X[:1], X[:1]),
    "tensor": (T, X),
    "tensor on its side": (T.T.contiguous().T, X),
    "tensor that requires a gradient": (T.clone().requires_grad_(), X),
    "parameter": (torch.nn.Parameter(T.clone()), X),
    "subclass of a tensor": (T.as_subclass(Row), X),
    "tensor to be negated": (torch.complex(0 * T, -T).conj().imag, X),
    "expanded tensor": (T[:1].expand(5, 2), np.repeat(X[:1], 5, 0)),
    "bfloat16": (torch.from_numpy(ROUND).bfloat16(), ROUND.astype(np.float32)),
    "float8 e5m2": (torch.from_numpy(ROUND).to(torch.float8_e5m2), None),
    "float8 e4m3": (torch.from_numpy(ROUND).to(torch.float8_e4m3fn), None),
    "DataFrame": (FRAME, X),
    "DataFrame with an odd index": (FRAME.set_axis(np.arange(60) % 7), X),
    "DataFrame of float32": (FRAME.astype(np.float32), X.astype(np.float32)),
    "nullable DataFrame": (NULLABLE, ROUND),
    "nullable float32": (FRAME.astype("Float32"), X.astype(np.float32)),
    "pyarrow-backed DataFrame": (FRAME.convert_dtypes(dtype_backend="pyarrow"), X),
    "pyarrow-backed integers": (NULLABLE.astype("int64[pyarrow]"), ROUND),
    "pyarrow-backed float32": (FRAME.astype("float[pyarrow]"), X.astype(np.float32)),
    "boolean column": (MIXED, MIXED_VALUES),
    "nullable boolean column": (MIXED.convert_dtypes(), MIXED_VALUES),
    "pyarrow boolean column": (MIXED.convert_dtypes(dtype_backend="pyarrow"), MIXED_VALUES),
    "only booleans": (MIXED[["b", "b"]], MIXED_VALUES[:, [1, 1]]),
    "sparse DataFrame": (pd.DataFrame.sparse.from_spmatrix(sp.csr_array(ROUND)), ROUND),
    "polars": (pl.from_numpy(X, ["a", "b"]), X),
    "polars with booleans": (pl.DataFrame({"a": X[:, 0], "b": X[:, 1] > 1}), MIXED_VALUES),
    "polars float32": (pl.from_numpy(X.astype(np.float32)), X.astype(np.float32)),
    "pyarrow table": (pa.table({"a": X[:, 0], "b": X[:, 1]}), X),
    "pyarrow table with booleans": (pa.table({"a": X[:, 0], "b": X[:, 1] > 1}), MIXED_VALUES),
    "torch coordinates": (torch.from_numpy(ROUND).to_sparse(), ROUND),
    "memoryview": (memoryview(np.ascontiguousarray(X)), X),
}  # fmt: skip
READ |= {
    f"numpy {kind}": (WHOLE.astype(kind), WHOLE)
    for kind in ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8")
}
READ |= {
    f"torch {kind}": (torch.from_numpy(WHOLE).to(getattr(torch, kind)), WHOLE)
    for kind in ("uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64")
}
READ |= {"numpy bool": (X > 1, X > 1.0), "torch bool": (T > 1, X > 1.0)}
READ |= {
    f"scipy {name}": (kind(ROUND), ROUND)
    for name, kind in {
        "CSR": sp.csr_array, "CSC": sp.csc_array, "coordinates": sp.coo_array, "LIL": sp.lil_array,
        "DOK": sp.dok_array, "BSR": sp.bsr_array, "CSR matrix": sp.csr_matrix,
    }.items()
}  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_is_read(name):
    given, wanted = READ[name]
    if wanted is None:  # a dtype that rounds
        wanted = given.float().numpy()
    found = read_as(given, np.asarray(wanted, getattr(wanted, "dtype", float)) * 1.0, explain)
    assert torch.is_tensor(found.relevance) == torch.is_tensor(given)


@pytest.mark.parametrize("mode", ["r", "r+", "c"])
def test_memory_map_is_read(tmp_path, mode):
    read_as(memory_map(tmp_path, mode), X, explain)


REFUSED = {
    "None": None,
    "a word": "X",
    "bytes": b"12",
    "a number": 3.0,
    "a set": {1.0, 2.0},
    "a dict": {"a": [1.0], "b": [2.0]},
    "a generator": (row for row in X),
    "a data loader": torch.utils.data.DataLoader(T, batch_size=7),
    "a data set": torch.utils.data.TensorDataset(T),
    "a model": torch.nn.Linear(2, 2),
    "a typed array": array.array("d", [1.0, 2.0]),
    "ragged list": [[1.0, 2.0], [3.0]],
    "a list of tensors that require a gradient": [torch.ones(2, requires_grad=True)],
    "a list of bfloat16 tensors": [torch.ones(2).bfloat16()],
    "a list of ragged tensors": [torch.ones(2), torch.ones(3)],
    "a list of tables": [FRAME, FRAME[:3]],
    "no point": X[:0],
    "no feature": X[:, :0],
    "no feature in a frame": FRAME[[]],
    "one point": X[0],
    "one column": X[:, 0],
    "a series": FRAME["a"],
    "three dimensions": X[None],
    "transposed": X.T,
    "words": [["a", "b"]],
    "numbers as words": X.astype(str),
    "objects": X.astype(object),
    "None in a list": [[1.0, None]],
    "decimals": [[decimal.Decimal(1), decimal.Decimal(2)]],
    "fractions": [[fractions.Fraction(1, 2), fractions.Fraction(1)]],
    "integers beyond 64 bits": [[2**70, 1]],
    "dates": np.array([["2020-01-01", "2020-01-02"]], "M8[D]"),
    "durations": np.array([[1, 2]], "m8[s]"),
    "structured": np.zeros(5, [("a", "f8"), ("b", "f8")]),
    "records": np.rec.array([(1.0, 2.0)], dtype=[("a", "f8"), ("b", "f8")]),
    "bytes of an array": X.astype("S"),
    "complex": X + 0j,
    "complex tensor": T + 0j,
    "masked": np.ma.masked_array(X, X > 2),
    "masked, of nothing": np.ma.masked_array(X),
    "masked tensor": lambda: torch.masked.masked_tensor(T, T < 2),
    "NaN": np.where(X > 2, np.nan, X),
    "inf": np.where(X > 2, -np.inf, X),
    "beyond float64": X.astype(np.longdouble) * np.longdouble("1e4000"),
    "a gap in a nullable frame": NULLABLE.mask(NULLABLE > 2),
    "a gap in pyarrow": pa.table({"a": [1.0, None], "b": [1.0, 2.0]}),
    "a gap among booleans": pa.table({"a": [True, None], "b": [1.0, 2.0]}),
    "a gap in polars": pl.DataFrame({"a": [1, None], "b": [1, 2]}),
    "column of words": FRAME.assign(b="x"),
    "column of dates": FRAME.assign(b=datetime.datetime(2020, 1, 1)),
    "column of categories": FRAME.assign(b=pd.Categorical([1] * 60)),
    "column of objects": FRAME.assign(b=np.array([None] * 60, object)),
    "column of complex": FRAME.assign(b=1j),
    "column of intervals": FRAME.assign(b=pd.interval_range(0, 60)),
    "column of periods": FRAME.assign(b=pd.period_range("2020", periods=60)),
    "polars words": pl.DataFrame({"a": ["x"], "b": ["y"]}),
    "polars dates": pl.DataFrame({"a": [datetime.date(2020, 1, 1)], "b": [1.0]}),
    "pyarrow words": pa.table({"a": ["x"], "b": ["y"]}),
    "pyarrow lists": pa.table({"a": [[1.0]], "b": [1.0]}),
    "meta": T.to("meta"),
    "quantized": lambda: torch.quantize_per_tensor(T.float(), 0.1, 0, torch.quint8),
    "sparse, too wide": sp.csr_array((60, 3)),
    "sparse, one-dimensional": torch.ones(3).to_sparse(),
    "sparse, no row": sp.csr_array((0, 2)),
    "sparse NaN": sp.csr_array([[np.nan, 0.0]]),
    "sparse words": sp.coo_array(([True], ([0], [1])), shape=(1, 3)),
    "sparse complex": sp.csr_array(X + 0j),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.filterwarnings("ignore:torch.quantize", "ignore:The PyTorch API of MaskedTensors")
def test_is_refused(name):
    given = REFUSED[name]
    given = given() if name in ("masked tensor", "quantized") else given  # they warn
    refused(lambda: explain(MU, given), "X")
    refused(lambda: neon.counterfactual(MU, given), "X")


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
def test_nested_tensor_is_refused():
    refused(lambda: explain(MU, torch.nested.nested_tensor([T[:2], T[:3]])), "X")


def test_transformed_function_is_refused():
    refused(lambda: torch.func.vmap(lambda x: explain(MU, x[None]).logit)(T), "X")


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_the_place_of_a_bad_value_is_named(bad):
    points = X.copy()
    points[17, 1] = bad
    for given in (points, torch.from_numpy(points), sp.csr_array(points)):
        with pytest.raises(ValueError, match=f"got {bad} in row 17, column 1"):
            explain(MU, given)


@pytest.mark.parametrize("kind", [sp.csr_array, sp.coo_array])
def test_sparse_beyond_memory_is_refused(kind):
    huge = kind((2**31, 2**20), dtype=np.float64)
    centroids = np.eye(2, 2**20)
    with pytest.raises(MemoryError, match=r"`X` must fit in memory .*; got a sparse .* by parts"):
        explain(centroids, huge)


@pytest.mark.parametrize("container", [sp.csr_array, lambda x: torch.from_numpy(x).to_sparse()])
def test_sparse_by_blocks_is_the_dense_answer(container, monkeypatch):
    monkeypatch.setattr("neon.validation.sparse.BLOCK", 14)  # 7 rows
    for options in ({}, {"beta": 1.0}, {"cluster": np.arange(60) % 3}, {"batch_size": 4}):
        found, right = explain(MU, container(ROUND), **options), explain(MU, ROUND, **options)
        assert found.beta == pytest.approx(right.beta, rel=1e-12)
        np.testing.assert_allclose(found.relevance, right.relevance, rtol=1e-12, atol=1e-12)
        assert found.cluster.tolist() == right.cluster.tolist()
    out = np.empty_like(ROUND)
    assert explain(MU, container(ROUND), out=out).relevance is out
    np.testing.assert_allclose(out, explain(MU, ROUND).relevance, rtol=1e-12, atol=1e-12)


def test_streams_read_by_position():
    odd = FRAME.set_axis(np.linspace(0, 1, 60))
    for batches in (odd, sp.coo_array(X), T.to_sparse(), [FRAME]):
        (found,) = neon.explain_stream(MU, batches, beta=1)
        np.testing.assert_array_equal(found.relevance, explain(MU, X, beta=1).relevance)
    refused(lambda: list(neon.explain_stream(MU, None, beta=1)), "batches")
    refused(lambda: list(neon.explain_stream(MU, 3, beta=1)), "batches")
