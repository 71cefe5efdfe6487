"""Explanations of tables that fit in no memory: `explain` on every partition, by Dask.

An explanation of a point needs that point and the centroids alone, so partitions are explained
where they lie, in any order, on any machine, and the results are those of one `explain` over the
whole table, to the last bit. What is *not* exact at this size is named where it happens:
`fit_kmeans` learns from one partition after the other, and sums of `aggregate` are rounded in the
order of the partitions.

Everything runs on the scheduler that Dask would use: threads by default, or the cluster of an open
`Client`. A Dask scheduler runs whatever code it is sent, by whoever reaches its port. `connect`
therefore listens on loopback alone, where still every user of this machine can reach it. Across
machines use a network that you trust, and TLS (`distributed.Security`).
"""

from .lazy import aggregate, beta_heuristic, connect, explain_lazily, fit_kmeans, write_parquet
from .parquet import read_parquet

__all__ = [
    "aggregate",
    "beta_heuristic",
    "connect",
    "explain_lazily",
    "fit_kmeans",
    "read_parquet",
    "write_parquet",
]
