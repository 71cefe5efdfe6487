"""Memory for results: written where it may be, buffered where it must be, else refused."""

import mmap

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.lib.stride_tricks import as_strided
from refusals import MU, X, refused

from neon import KernelKMeans, NeuralizedKMeans, explain

RIGHT = explain(MU, X, beta=0.5).relevance
T = torch.from_numpy(X)
EMPTY = np.zeros_like(X)


def frozen():
    values = EMPTY.copy()
    values.flags.writeable = False
    return values


REFUSED = {
    "read-only": frozen(),
    "broadcast": np.lib.stride_tricks.as_strided(np.zeros(2), (60, 2), (0, 8)),
    "rows that overlap": as_strided(np.zeros(70), (60, 2), (8, 8)),
    "DataFrame": pd.DataFrame(EMPTY),
    "list": EMPTY.tolist(),
    "None of a kind": object(),
    "a word": "out",
    "masked": np.ma.masked_array(EMPTY),
    "another shape": EMPTY[:5],
    "flat": EMPTY.ravel(),
    "float32": EMPTY.astype(np.float32),
    "integers": EMPTY.astype(int),
    "complex": EMPTY + 0j,
    "words": EMPTY.astype(str),
    "float32 tensor": torch.zeros(60, 2),
    "tensor of another shape": torch.zeros(2, 60).double(),
    "tensor of complex numbers": torch.zeros(60, 2, dtype=torch.cdouble),
    "requires a gradient": torch.zeros(60, 2).double().requires_grad_(),
    "meta": torch.zeros(60, 2, device="meta").double(),
    "sparse": torch.zeros(60, 2).double().to_sparse(),
    "expanded": torch.zeros(1, 2).double().expand(60, 2),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("points", [X, T], ids=["array", "tensor"])
def test_is_refused(name, points):
    refused(lambda: explain(MU, points, beta=0.5, out=REFUSED[name]), "out")


def test_read_only_mapping_is_refused_and_not_written(tmp_path):
    np.save(tmp_path / "out.npy", EMPTY)
    out = np.load(tmp_path / "out.npy", mmap_mode="r")
    refused(lambda: explain(MU, X, beta=0.5, out=out), "out")
    assert not out.any()


def test_tensor_over_a_read_only_mapping_is_refused(tmp_path):
    (tmp_path / "out").write_bytes(EMPTY.tobytes())
    with open(tmp_path / "out", "rb") as file:
        view = np.frombuffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)).reshape(60, 2)
    with pytest.warns(UserWarning, match="not writable"):
        out = torch.from_numpy(view)
    refused(lambda: explain(MU, X, beta=0.5, out=out), "out")


WRITTEN = {
    "array": lambda: EMPTY.copy(),
    "Fortran order": lambda: np.asfortranarray(EMPTY),
    "negative strides": lambda: EMPTY.copy()[::-1],
    "columns backwards": lambda: EMPTY.copy()[:, ::-1],
    "every second row": lambda: np.zeros((120, 2))[::2],
    "a part of the columns": lambda: np.zeros((60, 5))[:, 1:3],
    "big endian": lambda: EMPTY.astype(">f8"),
    "field of a packed record": lambda: np.zeros(60, [("flag", "i1"), ("x", "f8", 2)])["x"],
    "tensor": lambda: torch.zeros(60, 2).double(),
    "tensor on its side": lambda: torch.zeros(2, 60).double().T,
    "part of a tensor": lambda: torch.zeros(60, 5).double()[:, 1:3],
    "tensor to be negated": lambda: torch.zeros(60, 2).cdouble().conj().imag,
}


@pytest.mark.parametrize("name", WRITTEN)
@pytest.mark.parametrize("points", [X, T], ids=["array", "tensor"])
@pytest.mark.parametrize("batch_size", [None, 7])
def test_is_written(name, points, batch_size):
    out = WRITTEN[name]()
    found = explain(MU, points, beta=0.5, out=out, batch_size=batch_size)
    assert found.relevance is out
    np.testing.assert_array_equal(
        np.asarray(out.resolve_neg() if torch.is_tensor(out) else out), RIGHT
    )


def test_memory_map_is_written(tmp_path):
    out = np.lib.format.open_memmap(tmp_path / "R.npy", "w+", float, (60, 2))
    explain(MU, X, beta=0.5, out=out)
    out.flush()
    np.testing.assert_array_equal(np.load(tmp_path / "R.npy"), RIGHT)


@pytest.mark.parametrize("kind", [np.asarray, torch.from_numpy], ids=["array", "tensor"])
@pytest.mark.parametrize("batch_size", [None, 7])
@pytest.mark.parametrize("shift", [0, 1, 30])
def test_overlap_with_points_is_buffered(kind, batch_size, shift):
    memory = np.zeros((100, 2))
    memory[:60] = X
    points, out = kind(memory[:60]), kind(memory[shift : shift + 60])
    explain(MU, points, beta=0.5, out=out, batch_size=batch_size)
    np.testing.assert_array_equal(memory[shift : shift + 60], RIGHT)


def test_points_backwards_are_buffered():
    memory = X.copy()
    explain(MU, memory, beta=0.5, out=memory[::-1])
    np.testing.assert_array_equal(memory[::-1], RIGHT)


def test_the_network_is_no_memory_for_results():
    network = NeuralizedKMeans(MU)
    refused(lambda: explain(network, MU, out=network.centroids), "out")
    refused(lambda: explain(network, MU, out=network.centroids.numpy()), "out")
    mine = MU.copy()  # not the network's: its own centroids are a copy
    explain(mine, mine, beta=1, out=mine)
    np.testing.assert_array_equal(mine, explain(MU, MU, beta=1).relevance)


def test_models_without_use_for_it_fill_it_all_the_same():
    model = KernelKMeans.from_labels(X, (X[:, 0] > 1).astype(int), gamma=20.0)
    for out in EMPTY.copy(), EMPTY.astype(">f8"), torch.zeros(60, 2).double():
        right = explain(model, X, beta=1).relevance
        np.testing.assert_array_equal(
            np.asarray(explain(model, X, beta=1, out=out).relevance), right
        )
