"""From disk to disk on two worker processes: time and memory, beside what must be paid anyway.

`make bench-distributed` makes points shaped like the wines, as Parquet in a temporary folder
(2.6 GB for the default 20 million × 32 float32, and as much again for the relevances), explains
them, and writes one row a size to benchmarks/results/scaling_out.csv. What is compared:

    engine     `explain` on partitions in memory, as many processes
    read       the partitions read and thrown away
    write      relevances that are there already, written
    aggregate  relevances that are there already, summed
    job        `write_parquet`: read, explain, write, sum, in one pass

and the time of one core a point, for several K and D, to cost_model.csv.
"""

import argparse
import resource
import tempfile
import time
from multiprocessing import get_context
from pathlib import Path

import dask.dataframe as dd
import numpy as np
import pandas as pd
import torch
from sklearn.datasets import load_wine
from sklearn.preprocessing import MinMaxScaler
from tqdm import tqdm

from neon import Aggregate, KMeans, explain
from neon.distributed import aggregate, connect, write_parquet
from neon.distributed.parquet import Folder, to_frame

RESULTS = Path(__file__).resolve().parent / "results"
GRID = [(10, 16), (10, 64), (30, 32), (100, 16), (100, 64), (300, 32), (300, 64), (1000, 64)]
WORKERS, ROWS, D, K, BETA = 2, 250_000, 32, 10, 1.0
NAMES = [f"x{i}" for i in range(D)]


def wine_like(number, rows=ROWS):
    """Points (rows, D) float32: wines drawn with noise, their measurements repeated up to D."""
    wine = MinMaxScaler().fit_transform(load_wine().data)
    generator = np.random.default_rng(number)
    wide = np.tile(wine, (1, -(-D // wine.shape[1])))[:, :D].astype(np.float32)
    noise = generator.standard_normal((rows, D), dtype=np.float32)
    return wide[generator.integers(0, len(wine), rows)] + np.float32(0.1) * noise


def make(folder, parts):
    """Write the partitions of the table."""
    for number in tqdm(range(parts), desc="making the table"):
        frame = pd.DataFrame(wine_like(number), columns=NAMES)
        frame.to_parquet(folder / f"part-{number:05d}.parquet")


def timed(task, numbers, *arguments):
    """Seconds of one process for a task on some partitions, without its preparation."""
    torch.set_num_threads(1)
    prepared = wine_like(0)
    explanation = explain(centroids(), prepared, beta=BETA)
    frame = to_frame(explanation, NAMES, None)
    start = time.perf_counter()
    for number in numbers:
        if task == "engine":
            explain(centroids(), prepared, beta=BETA)
        elif task == "read":
            pd.read_parquet(Path(arguments[0]) / f"part-{number:05d}.parquet").to_numpy()
        elif task == "write":
            Folder(arguments[0], "bench", tuple(NAMES)).write(number, frame)
        elif task == "aggregate":
            Aggregate.of(explanation, K)
    return time.perf_counter() - start


def side_by_side(task, parts, *arguments):
    """Seconds that WORKERS processes take for a task on all partitions."""
    shares = [range(i, parts, WORKERS) for i in range(WORKERS)]
    with get_context("spawn").Pool(WORKERS) as pool:
        results = [pool.apply_async(timed, (task, share, *arguments)) for share in shares]
        return max(result.get() for result in results)


def centroids():
    """K centroids from the first points: the same in every process."""
    return KMeans(K, init=wine_like(0, K), n_init=1).fit(wine_like(0, 20_000)).centroids


def peak():
    """Largest resident size that this process ever had, in MB (Linux counts in kB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def clocked(client, lazy):
    """Compute; return seconds and the largest peak of a worker so far."""
    start = time.perf_counter()
    client.compute(lazy).result()
    return time.perf_counter() - start, max(client.run(peak).values())


def measure(parts, folder):
    """Row of the results for one size."""
    source, target = folder / "X", folder / "R"
    source.mkdir()
    make(source, parts)
    n = parts * ROWS
    row = {"points": n, "features": D, "clusters": K, "workers": WORKERS, "rows a partition": ROWS}
    row |= {task: side_by_side(task, parts) for task in ("engine", "aggregate")}
    row["read"] = side_by_side("read", parts, str(source))
    (folder / "W").mkdir()
    row["write"] = side_by_side("write", parts, str(folder / "W"))
    for path in (folder / "W").iterdir():
        path.unlink()
    with connect(n_workers=WORKERS) as client:
        client.run(centroids)  # torch is loaded everywhere before the clock starts
        model, table = centroids(), dd.read_parquet(source)
        table = table.partitions[list(range(parts))]
        sums = aggregate(model, table, beta=BETA)
        row["aggregates only"], row["peak MB, sums"] = clocked(client, sums)
        job = write_parquet(model, table, target, beta=BETA)
        row["job"], row["peak MB"] = clocked(client, job)
        row["client MB"] = peak()
    paid = row["engine"] + row["aggregate"] + row["read"] + row["write"]
    row["ratio"] = row["job"] / paid
    row["ratio, engine alone"] = row["job"] / (row["engine"] + row["read"] + row["write"])
    row["points a second"] = n / row["job"]
    return row


def microseconds(K, D):
    """Time of one core a point, the best of ten, float32."""
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(0)
    mu = torch.randn(K, D, generator=generator)
    X = mu[torch.randint(K, (20_000,), generator=generator)]
    X += 0.7 * torch.randn(X.shape, generator=generator)
    times = []
    for _ in range(10):
        start = time.perf_counter()
        explain(mu, X, beta=1 / D)
        times.append(time.perf_counter() - start)
    return min(times) / len(X) * 1e6


def main():
    """Measure the sizes that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--partitions", type=int, nargs="*", default=[4, 20, 80])
    options = parser.parse_args()
    RESULTS.mkdir(exist_ok=True)
    grid = pd.DataFrame(GRID, columns=["K", "D"])
    grid["us a point"] = [microseconds(K, D) for K, D in GRID]
    grid.round(4).to_csv(RESULTS / "cost_model.csv", index=False)
    rows = []
    for parts in options.partitions:
        with tempfile.TemporaryDirectory(prefix="neon-") as folder:
            rows.append(measure(parts, Path(folder)))
        print(rows[-1])
        pd.DataFrame(rows).round(4).to_csv(RESULTS / "scaling_out.csv", index=False)


if __name__ == "__main__":
    main()
