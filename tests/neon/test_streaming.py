"""Batches one by one, and sums over them: the same numbers, and nothing held."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from neon import Aggregate, explain, explain_stream

MU = torch.randn(5, 4, generator=torch.Generator().manual_seed(0)).double()
X = torch.randn(1000, 4, generator=torch.Generator().manual_seed(1)).double()
WHOLE = explain(MU, X, beta=0.5)


def joined(explanations):
    return torch.cat([torch.as_tensor(e.relevance) for e in explanations])


@pytest.mark.parametrize(
    "batches",
    [
        lambda: (X[i : i + 77] for i in range(0, 1000, 77)),
        lambda: DataLoader(TensorDataset(X, torch.arange(1000)), batch_size=64),
        lambda: DataLoader(X, batch_size=1000),
        lambda: [X[:1].tolist(), X[1:].numpy()],
        lambda: X.numpy(),
        lambda: X,
    ],
    ids=["generator", "loader of tuples", "loader", "lists", "array", "tensor"],
)
def test_any_batches_give_the_same_bits(batches):
    assert torch.equal(joined(explain_stream(MU, batches(), beta=0.5)), WHOLE.relevance)


def test_memory_mapped_file_is_read_by_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules["neon.streaming"], "ROWS", 300)
    np.save(tmp_path / "X.npy", X.numpy())
    parts = list(explain_stream(MU, np.load(tmp_path / "X.npy", mmap_mode="r"), beta=0.5))
    assert [len(part.logit) for part in parts] == [300, 300, 300, 100]
    assert torch.equal(joined(parts), WHOLE.relevance)


def test_batches_are_drawn_one_at_a_time():
    drawn = []
    stream = explain_stream(MU, (drawn.append(i) or X[:3] for i in range(5)), beta=1)
    next(stream)
    assert drawn == [0]


def test_memory_stays_flat():
    # 128 batches of 8 MB pass through; the largest resident size may grow by a few of them
    code = """
import resource, sys, torch
from neon import Aggregate, explain_stream
mu, X = torch.randn(5, 32).double(), torch.randn(32768, 32).double()
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
def run(batches):
    stream = explain_stream(mu, (X + 0 for _ in range(batches)), beta=1)
    return sum(Aggregate.of(e, 5) for e in stream)
run(4)
before = peak()
assert run(128).count.sum() == 128 * 32768
print(peak() - before)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    unit = 1024 if sys.platform == "linux" else 1
    assert int(done.stdout) * unit < 64 * 2**20


def test_progress_is_shown_on_request_and_never_by_itself_in_a_pipe(capsys):
    list(explain_stream(MU, X, beta=1))
    assert capsys.readouterr().err == ""
    list(explain_stream(MU, X, beta=1, progress=True))
    assert "1.00k" in capsys.readouterr().err
    list(explain_stream(MU, X, beta=1, progress=False))
    assert capsys.readouterr().err == ""


def test_aggregates_add_up():
    total = sum(Aggregate.of(e, 5) for e in explain_stream(MU, X.split(100), beta=0.5))
    R, c = WHOLE.relevance, WHOLE.cluster
    for k in range(5):
        np.testing.assert_allclose(total.mean_relevance[k], R[c == k].mean(0), rtol=1e-12)
        np.testing.assert_allclose(total.mean_absolute[k], R[c == k].abs().mean(0), rtol=1e-12)
        np.testing.assert_allclose(total.mean_logit[k], WHOLE.logit[c == k].mean(), rtol=1e-12)
    np.testing.assert_allclose(total.mean_relevance.sum(-1), total.mean_logit, rtol=1e-12)
    np.testing.assert_allclose(total.overall.mean_relevance[0], R.mean(0), rtol=1e-12)
    assert total.overall.count.tolist() == [1000]


def test_aggregate_of_numpy_and_of_an_empty_cluster():
    part = Aggregate.of(explain(MU, X[:1].numpy(), beta=1), 5)
    assert part.count.sum() == 1
    empty = part.count == 0
    assert np.isnan(part.mean_logit[empty]).all(), "no point, no mean"
    assert np.isfinite((part + Aggregate.of(WHOLE, 5)).mean_relevance).all()
