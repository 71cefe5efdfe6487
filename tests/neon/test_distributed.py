"""Partitions on Dask: the bits of memory, errors with an address, and files that survive a kill."""

import logging
import os
import signal
import subprocess
import sys
import time

import cloudpickle
import dask
import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd
import psutil
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import MiniBatchKMeans

import neon
from neon import explain
from neon.distributed import (
    aggregate,
    beta_heuristic,
    connect,
    explain_lazily,
    fit_kmeans,
    read_parquet,
    write_parquet,
)
from neon.report import report
from utils.data import load
from utils.notebooks import NOTEBOOKS, execute

cloudpickle.register_pickle_by_value(sys.modules[__name__])  # workers cannot import this file

MU = np.random.default_rng(0).normal(size=(5, 4))
X = np.random.default_rng(1).normal(size=(200, 4))
NAMES = list("abcd")
WHOLE = explain(MU, X, beta=0.5)
SYNC = {"scheduler": "synchronous"}


@pytest.fixture(scope="module")
def client():
    with connect(n_workers=2, silence_logs=logging.CRITICAL) as client:
        yield client


def cuts(n, inner):
    """Lengths of the partitions that row numbers `inner` cut n rows into."""
    edges = [0, *sorted(inner), n]
    return tuple(np.diff(edges).tolist())


def same_bits(result, wanted):
    np.testing.assert_array_equal(np.asarray(result), np.asarray(wanted), strict=True)


@settings(max_examples=60)
@given(
    inner=st.lists(st.integers(0, 200), max_size=9),
    columns=st.sampled_from([(4,), (1, 3), (2, 1, 1)]),
    dtype=st.sampled_from(["float32", "float64", "int64"]),
    beta=st.sampled_from([0.0, 0.3, 7.0, float("inf")]),
)
def test_any_chunks_of_an_array_give_the_bits_of_memory(inner, columns, dtype, beta):
    values = (10 * X).astype(dtype)
    whole = explain(MU, values, beta=beta)
    rows = cuts(200, inner)
    chunked = da.from_array(values, chunks=(rows, columns))
    explanation = explain_lazily(MU, chunked, beta=beta)
    assert explanation.relevance.chunks == (rows, (4,))
    assert explanation.cluster.chunks == explanation.logit.chunks == (rows,)
    R, c, f = dask.compute(explanation.relevance, explanation.cluster, explanation.logit, **SYNC)
    same_bits(R, whole.relevance)
    same_bits(c, whole.cluster)
    same_bits(f, whole.logit)
    assert explanation.relevance.dtype == R.dtype
    assert explanation.beta == beta


@settings(max_examples=40)
@given(
    inner=st.lists(st.integers(1, 199), max_size=6, unique=True),
    dtype=st.sampled_from(["float32", "float64"]),
)
def test_any_partitions_of_a_table_keep_bits_names_index_and_divisions(inner, dtype):
    index = pd.Index(np.arange(200) * 3 + 1, name="row")
    frame = pd.DataFrame(X.astype(dtype), index=index, columns=NAMES)
    divisions = [int(index[i]) for i in [0, *sorted(inner), 199]]
    table = dd.from_pandas(frame, npartitions=1).repartition(divisions=sorted(set(divisions)))
    explanation = explain_lazily(MU, table, beta=0.5)
    assert explanation.relevance.divisions == table.divisions
    R, c, f = dask.compute(explanation.relevance, explanation.cluster, explanation.logit, **SYNC)
    whole = explain(MU, frame, beta=0.5)
    pd.testing.assert_frame_equal(
        R, pd.DataFrame(whole.relevance, index, NAMES), check_exact=True, check_flags=False
    )
    pd.testing.assert_series_equal(
        c, pd.Series(whole.cluster, index, name="cluster"), check_exact=True
    )
    pd.testing.assert_series_equal(f, pd.Series(whole.logit, index, name="logit"), check_exact=True)


def test_unknown_lengths_and_empty_partitions():
    array = da.from_array(X, chunks=(50, 4))
    some = array[array[:, 0] > 1.5]
    wanted = explain(MU, X[X[:, 0] > 1.5], beta=0.5)
    R = explain_lazily(MU, some, beta=0.5).relevance
    assert np.isnan(R.shape[0])
    same_bits(R.compute(**SYNC), wanted.relevance)
    table = dd.from_pandas(pd.DataFrame(X, columns=NAMES), npartitions=50)
    few = explain_lazily(MU, table[table.a > 1.5], beta=0.5)
    same_bits(few.relevance.compute(**SYNC), wanted.relevance)
    assert aggregate(MU, table[table.a > 9], beta=1).compute(**SYNC).count.sum() == 0


def test_nothing_is_computed_before_it_is_asked_for(tmp_path):
    def never():
        raise AssertionError("computed")

    X = da.from_delayed(dask.delayed(never)(), (3, 4), meta=np.empty((0, 4)))
    explain_lazily(MU, X, beta=1)
    aggregate(MU, X, beta=1)
    write_parquet(MU, X, tmp_path, beta=1)
    with pytest.raises(AssertionError, match="computed"):
        aggregate(MU, X, beta=1).compute(**SYNC)


@pytest.mark.parametrize("rows", [200, 7, 1])
def test_aggregates_are_those_of_memory(rows):
    total = aggregate(MU, da.from_array(X, chunks=(rows, 4)), beta=0.5).compute(**SYNC)
    wanted = neon.Aggregate.of(WHOLE, 5)
    same_bits(total.count, wanted.count)
    np.testing.assert_allclose(total.relevance, wanted.relevance, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(total.absolute, wanted.absolute, rtol=1e-12)
    np.testing.assert_allclose(total.logit, wanted.logit, rtol=1e-12)


def test_heuristic_is_that_of_memory():
    chunked = da.from_array(X, chunks=(33, 4))
    assert beta_heuristic(MU, chunked) == pytest.approx(neon.beta_heuristic(MU, X), rel=1e-12)


def test_kmeans_takes_one_partition_after_the_other():
    by_hand = MiniBatchKMeans(5, init=X[:5], n_init=1, reassignment_ratio=0)
    for _ in range(2):
        for start in range(0, 200, 40):
            by_hand.partial_fit(X[start : start + 40])
    model = fit_kmeans(da.from_array(X, chunks=(40, 4)), X[:5], passes=2)
    same_bits(model.centroids.numpy(), by_hand.cluster_centers_)
    with pytest.raises(ValueError, match="partition 1: `X` must be finite; got nan in row 10"):
        fit_kmeans(da.from_array(spoiled(), chunks=(40, 4)), X[:5])


def spoiled():
    bad = X.copy()
    bad[50, 2] = np.nan
    return bad


def frames(change=None):
    """Table of 4 partitions, one of them changed without Dask's knowledge."""
    parts = [pd.DataFrame(part, columns=NAMES) for part in np.split(X, 4)]
    if change:
        parts[2] = change(parts[2])
    delayed = [dask.delayed(lambda part: part, pure=False)(part) for part in parts]
    return dd.from_delayed(delayed, meta=parts[0].iloc[:0], verify_meta=False)


BAD = {
    "nan": (
        lambda part: part.replace(part.iloc[3, 0], np.nan),
        ValueError,
        "partition 2: `X` must be finite; got nan in row 3, column 0",
    ),
    "missing": (
        lambda part: part.drop(columns="b"),
        ValueError,
        r"partition 2: `X` must have the columns .* so \['b'\] are missing",
    ),
    "order": (lambda part: part[list("dcba")], ValueError, r"partition 2: .* in this order"),
    "dtype": (
        lambda part: part.astype({"c": "float32"}),
        TypeError,
        "partition 2: `c` must have dtype float64 like the other partitions; got float32",
    ),
    "words": (lambda part: part.astype({"c": str}), TypeError, "partition 2: `c` must have dtype"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_partitions_are_named_with_their_problem(case, client, tmp_path):
    change, error, message = BAD[case]
    for lazy in (
        explain_lazily(MU, frames(change), beta=1).relevance,
        aggregate(MU, frames(change), beta=1),
        write_parquet(MU, frames(change), tmp_path, beta=1),
    ):
        with pytest.raises(error, match=message):
            lazy.compute()
    assert not (tmp_path / "part-00002.parquet").exists()


@pytest.mark.parametrize("case", ["nan", "missing", "dtype"])
def test_bad_files_are_named_with_their_problem(case, tmp_path):
    change, error, message = BAD[case]
    for number, part in enumerate(np.split(X, 4)):
        frame = pd.DataFrame(part, columns=NAMES)
        (change(frame) if number == 2 else frame).to_parquet(tmp_path / f"x-{number}.parquet")
    with pytest.raises(error, match=message):
        aggregate(MU, read_parquet(tmp_path), beta=1).compute(**SYNC)


def test_files_are_partitions_in_the_order_of_their_names(tmp_path):
    with pytest.raises(ValueError, match="`folder` must hold files"):
        read_parquet(tmp_path)
    for number, part in enumerate(np.split(X, 4)):
        pd.DataFrame(part, columns=NAMES).to_parquet(tmp_path / f"x-{number}.parquet")
    explanation = explain_lazily(MU, read_parquet(tmp_path), beta=0.5)
    assert explanation.relevance.npartitions == 4
    same_bits(explanation.relevance.compute(**SYNC), WHOLE.relevance)
    name = read_parquet(tmp_path)._name
    assert read_parquet(tmp_path)._name == name
    os.utime(tmp_path / "x-1.parquet", ns=(0, 0))
    assert read_parquet(tmp_path)._name != name, "changed data are other data"


def test_bad_chunks_are_named_with_their_problem():
    chunked = da.from_array(spoiled(), chunks=(40, 4))
    with pytest.raises(ValueError, match="partition 1: `X` must be finite; got nan in row 10"):
        explain_lazily(MU, chunked, beta=1).logit.compute(**SYNC)
    single = chunked.map_blocks(lambda block: block.astype("float32"), dtype="float64")
    with pytest.raises(TypeError, match=r"partition \d: `X` must have dtype float64 like"):
        aggregate(MU, single, beta=1).compute(**SYNC)


def test_what_cannot_fit_is_refused_at_once(tmp_path):
    for bad, got in [
        (da.ones((9, 3)), "got 3 columns"),
        (frames()[["a"]], "got 1 columns"),
        (X, "got ndarray"),
        (da.ones(4), "got Array"),
    ]:
        with pytest.raises(ValueError, match=f"with 4 columns like the centroids; {got}"):
            explain_lazily(MU, bad, beta=1)
    with pytest.raises(TypeError, match="must hold real numbers"):
        explain_lazily(MU, frames().astype({"a": str}), beta=1)
    with pytest.raises(TypeError, match="`beta` must be a number"):
        explain_lazily(MU, frames(), beta="heuristic")
    with pytest.raises(ValueError, match=r"must have no column .* got \['logit'\]"):
        write_parquet(MU, frames().rename(columns={"a": "logit"}), tmp_path, beta=1)


def read(folder):
    return pd.concat([pd.read_parquet(path) for path in sorted(folder.glob("part-*.parquet"))])


def test_files_hold_the_bits_of_memory_and_a_rerun_does_only_what_is_missing(tmp_path):
    table = dd.from_pandas(pd.DataFrame(X, columns=NAMES), npartitions=8)
    total = write_parquet(MU, table, tmp_path, beta=0.5).compute(**SYNC)
    written = read(tmp_path)
    assert list(written.columns) == [*NAMES, "cluster", "logit"]
    assert written.index.tolist() == list(range(200))
    same_bits(written[NAMES], WHOLE.relevance)
    same_bits(written["cluster"], WHOLE.cluster)
    same_bits(written["logit"], WHOLE.logit)

    (tmp_path / "part-00003.parquet").unlink()
    (tmp_path / ".part-00003.parquet.0.tmp").write_bytes(b"half")
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("part-*")}
    again = write_parquet(MU, table, tmp_path, beta=0.5).compute(**SYNC)
    after = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert before.items() < after.items()
    assert len(after) == 8
    same_bits(read(tmp_path), written)
    same_bits(again.relevance, total.relevance)


def test_finished_partitions_are_not_read_again(tmp_path):
    read_parts = []
    source = da.from_array(X, chunks=(50, 4), name="source")
    table = source.map_blocks(lambda b: read_parts.append(1) or b, meta=source._meta, name="read")
    write_parquet(MU, table, tmp_path, beta=1).compute(**SYNC)
    write_parquet(MU, table, tmp_path, beta=1).compute(**SYNC)
    assert len(read_parts) == 4


def test_write_that_dies_half_way_leaves_nothing_under_the_name(tmp_path, monkeypatch):
    def dies(table, stream, **options):
        stream.write(b"PAR1")
        raise OSError("disk full")

    table = da.from_array(X, chunks=(50, 4))
    with monkeypatch.context() as patch:
        patch.setattr("pyarrow.parquet.write_table", dies)
        with pytest.raises(OSError, match="disk full"):
            write_parquet(MU, table, tmp_path, beta=0.5).compute(**SYNC)
    assert not list(tmp_path.glob("part-*"))
    write_parquet(MU, table, tmp_path, beta=0.5).compute(**SYNC)
    assert len(list(tmp_path.iterdir())) == 4
    same_bits(read(tmp_path)[list("0123")], WHOLE.relevance)


@pytest.mark.parametrize(
    "other",
    [
        {"model": MU + 1e-9},
        {"beta": 0.6},
        {"X": da.from_array(X + 1, chunks=(50, 4))},
        {"X": da.from_array(X, chunks=(100, 4))},
    ],
    ids=["model", "beta", "data", "chunks"],
)
def test_results_of_another_job_are_refused(tmp_path, other):
    job = {"model": MU, "X": da.from_array(X, chunks=(50, 4)), "beta": 0.5}
    write_parquet(**job, folder=tmp_path).compute(**SYNC)
    with pytest.raises(ValueError, match="was made from other data, another model or another beta"):
        write_parquet(**job | other, folder=tmp_path)


PATIENCE = 600  # seconds without any progress


def wait_for_files(folder, count):
    """Return when there are that many; fail only when none has come for long."""
    written, since = 0, time.monotonic()
    while written < count:
        time.sleep(0.02)
        found = len(list(folder.glob("part-*")))
        if found != written:
            written, since = found, time.monotonic()
        assert time.monotonic() < since + PATIENCE, f"{written} files, and no other came"


def held(block, folder, gate):
    """Return the block; once four files are written, not before the gate is there."""
    while len(list(folder.glob("part-*"))) >= 4 and not gate.exists():
        time.sleep(0.02)
    return block


def test_killed_worker_leaves_the_result_unharmed(client, tmp_path):
    folder, gate = tmp_path / "R", tmp_path / "gate"
    table = da.from_array(X, chunks=(5, 4)).map_blocks(held, folder, gate, dtype=X.dtype)
    future = client.compute(write_parquet(MU, table, folder, beta=0.5))
    wait_for_files(folder, 4)
    victim = next(iter(client.run(os.getpid).values()))
    os.kill(victim, signal.SIGKILL)
    gate.touch()
    assert future.result().count.sum() == 200
    assert victim not in client.run(os.getpid).values()
    same_bits(read(folder)[list("0123")], WHOLE.relevance)


JOB = """
import sys, time
from pathlib import Path
import dask.array as da, numpy as np
from neon.distributed import connect, write_parquet
def held(block, folder, end):
    while sys.argv[2] == "hold" and len(list(Path(folder).glob("part-*"))) >= 3:
        if Path(end).exists():
            raise InterruptedError  # no task outlives the test
        time.sleep(0.02)
    return block
if __name__ == "__main__":
    MU = np.random.default_rng(0).normal(size=(5, 4))
    X = np.random.default_rng(1).normal(size=(200, 4))
    table = da.from_array(X, chunks=(10, 4))
    table = table.map_blocks(held, *sys.argv[1::2], dtype=X.dtype, name="held")
    with connect(n_workers=1):
        write_parquet(MU, table, sys.argv[1], beta=0.5).compute()
"""


@pytest.mark.parametrize("kill", [signal.SIGKILL, signal.SIGINT], ids=["killed", "Ctrl-C"])
def test_interrupted_job_leaves_whole_files_and_resumes(tmp_path, kill):
    script, folder, end = tmp_path / "job.py", tmp_path / "R", tmp_path / "end"
    script.write_text(JOB)
    first = subprocess.Popen(
        [sys.executable, script, folder, "hold", end],
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    wait_for_files(folder, 3)
    os.killpg(first.pid, kill)  # the scheduler, its workers and the program
    end.touch()
    assert first.wait(PATIENCE) != 0
    done = {path: path.stat().st_mtime_ns for path in folder.glob("part-*")}
    assert 3 <= len(done) < 20
    for path in done:
        rows = slice(10 * int(path.stem[5:]), 10 * int(path.stem[5:]) + 10)
        same_bits(pd.read_parquet(path)[list("0123")], WHOLE.relevance[rows])
    subprocess.run([sys.executable, script, folder, "go", end], check=True)
    assert all(path.stat().st_mtime_ns == written for path, written in done.items())
    same_bits(read(folder)[list("0123")], WHOLE.relevance)


def test_cluster_listens_on_loopback_only(client):
    me = psutil.Process()
    listening = [
        connection.laddr.ip
        for process in [me, *me.children(recursive=True)]
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert len(listening) >= 3, "a scheduler and two workers at least"
    assert set(listening) == {"127.0.0.1"}


def test_existing_scheduler_by_its_address(client):
    with connect(client.scheduler.address) as second:
        assert second.scheduler.address == client.scheduler.address
        total = second.compute(aggregate(MU, da.from_array(X, chunks=(60, 4)), beta=1)).result()
    assert total.count.sum() == 200


def test_every_task_has_one_torch_thread(monkeypatch):
    seen = []

    class Spy(neon.NeuralizedKMeans):
        def propagate(self, *args, **kwargs):
            seen.append(torch.get_num_threads())
            return super().propagate(*args, **kwargs)

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        aggregate(Spy(MU), da.from_array(X, chunks=(100, 4)), beta=1).compute(**SYNC)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert seen == [1, 1]


def test_sweep_of_beta_runs_on_the_cluster(client, tmp_path):
    def sweep(betas):
        output = tmp_path / f"{len(betas)}.ipynb"
        iris = {"data": "iris", "K": 4, "start_rows": [0, 50, 100, 149]}
        return execute(NOTEBOOKS / "04_beta_sweeps.ipynb", output=output, betas=betas, **iris)[0]

    copies = client.gather(client.map(sweep, [[0, 1], [0, 1, 2]], pure=False))
    for copy, n in zip(copies, (2, 3), strict=True):
        assert f"all 150 points and all {n} stiffnesses: True" in copy.read_text(encoding="utf-8")


def test_a_report_is_made_on_the_cluster(client, tmp_path):
    pd.DataFrame(load("wine").raw.numpy()).add_prefix("m").to_csv(tmp_path / "wine.csv")
    options = {"n_clusters": 3, "start_rows": [66, 75, 54]}
    there = client.submit(report, tmp_path / "wine.csv", tmp_path / "report", **options).result()
    relevance = pd.read_csv(there / "relevance.csv")
    assert len(relevance) == 178
    assert "relevances" in (there / "report.html").read_text(encoding="utf-8")
