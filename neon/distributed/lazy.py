"""Explain a Dask table: the functions of `neon.distributed`."""

from ..additive.recognition import neuralized
from ..explanation import Explanation
from ..kmeans import KMeans
from ..validation import as_beta, as_count, as_points, carry_names
from .parquet import Folder, identity, summed, to_frame
from .partitions import (
    Kind,
    each,
    explain_block,
    explain_part,
    field,
    learn_part,
    partitions,
    pick,
    sum_part,
    tree_sum,
    write_part,
)


def connect(address=None, **options):
    """Open a Dask client: to workers of this machine on loopback, or to an existing scheduler.

    Args:
        address: of a scheduler, such as "tcp://host:8786" or "tls://host:8786". Without one,
            worker processes are started here, with one thread each, and closed with the client.
        **options: passed on to `distributed.Client`, and by it to `LocalCluster`: `n_workers`,
            `memory_limit`, `security`; `host="0.0.0.0"` would listen to the whole network.

    Returns:
        `distributed.Client`, a context manager; while it is open, Dask uses it for everything.

    Example:
        >>> with connect(n_workers=1) as client:
        ...     client.submit(sum, [1, 2]).result()
        3
    """
    from distributed import Client

    if address is not None:
        return Client(address, **options)
    local = {
        "threads_per_worker": 1,
        "host": "127.0.0.1",
        "dashboard_address": None,
        # without an address of its own, the scheduler's HTTP server wants one fixed port
        "scheduler_kwargs": {"dashboard_address": "127.0.0.1:0", "dashboard": False},
    }
    return Client(**local | options)


def explain_lazily(model, X, *, beta):
    """Explain every partition of a Dask table when it is asked for, as `explain` would.

    Args:
        model: as for `explain`.
        X: dask array (n, D), or dask DataFrame with D columns. Lengths need not be known.
        beta: stiffness, a number in [0, inf]; `beta_heuristic` of this module finds one.

    Returns:
        `Explanation` with the chunks of X: dask arrays, or a dask DataFrame of relevances with
        the names of X, and a Series for each of the others, all with the index and the divisions
        of X. Compute what you need in one `dask.compute`, so that each partition is explained
        once.

    Raises:
        TypeError, ValueError: at once if X does not fit the model; when computed, as `explain`,
            if the values of a partition do not. The message names the partition.

    Example:
        >>> import dask.array as da
        >>> import numpy as np
        >>> X = da.from_array(np.array([[0.0, 0.5], [0.0, 1.0]]), chunks=(1, 2))
        >>> explanation = explain_lazily([[0.0, 0.0], [2.0, 2.0]], X, beta=1)
        >>> explanation.logit.chunks, explanation.logit.compute()
        (((1, 1),), array([6., 4.]))
    """
    import dask

    kind, beta = Kind.of(model, X), as_beta(beta)
    nothing = kind.nothing(beta)
    if kind.names is None:
        shared = {"kind": dask.delayed(kind, traverse=False), "beta": beta}
        blocks = X.rechunk({1: -1}).map_blocks(explain_block, meta=nothing.relevance, **shared)
        one = {"chunks": (X.chunks[0], (1,))}
        relevance = blocks.map_blocks(field, "relevance", meta=nothing.relevance)
        cluster = blocks.map_blocks(field, "cluster", meta=nothing.cluster[:, None], **one)[:, 0]

        def numbers(name):
            return blocks.map_blocks(field, name, meta=nothing.logit[:, None], **one)[:, 0]

        constant = numbers("constant") if kind.model.has_constant else 0.0
        return Explanation(relevance, cluster, numbers("logit"), beta, constant)

    import dask.dataframe as dd

    parts = partitions(X)
    explained = each(explain_part, parts, kind, beta)

    def column(name):
        meta = to_frame(nothing, kind.names, X._meta.index)[name]
        frames = [
            dask.delayed(pick)(each, part, kind.names, name)
            for each, part in zip(explained, parts, strict=True)
        ]
        divisions = X.divisions if X.known_divisions else None
        return dd.from_delayed(frames, meta=meta, divisions=divisions, verify_meta=False)

    constant = column("constant") if kind.model.has_constant else 0.0
    relevance = column(list(kind.names))
    return Explanation(relevance, column("cluster"), column("logit"), beta, constant)


def aggregate(model, X, *, beta):
    """Sum the relevances of a Dask table cluster by cluster, without keeping them.

    Args:
        model: as for `explain`.
        X: dask array (n, D), or dask DataFrame with D columns.
        beta: stiffness, a number in [0, inf].

    Returns:
        `dask.delayed.Delayed` whose `.compute()` is an `Aggregate`. Every partition is explained
        and summed in one task; the sums meet in a tree, in float64, so that other partitions
        give the same sums up to rounding.

    Example:
        >>> import dask.array as da
        >>> import numpy as np
        >>> X = da.from_array(np.array([[0.0, 0.5], [0.0, 1.0]]), chunks=(1, 2))
        >>> aggregate([[0.0, 0.0], [2.0, 2.0]], X, beta=1).compute().mean_relevance[0]
        array([4., 1.])
    """
    kind = Kind.of(model, X)
    return tree_sum(each(sum_part, partitions(X), kind, as_beta(beta)))


def beta_heuristic(model, X):
    """β = 1 / mean logit of a Dask table: one pass over it, now.

    Up to rounding that of `neon.beta_heuristic`; for equal bits pass the same number to both.

    Example:
        >>> import dask.array as da
        >>> import numpy as np
        >>> X = da.from_array(np.array([[0.0, 0.5], [0.0, 1.0]]), chunks=(1, 2))
        >>> beta_heuristic([[0.0, 0.0], [2.0, 2.0]], X)
        0.2
    """
    model = neuralized(model)
    if model.stiffness is not None:
        return model.stiffness
    mean = aggregate(model, X, beta=1).compute().overall.mean_logit.item()
    return 1 / mean if mean > 0 else float("inf")


def write_parquet(model, X, folder, *, beta):
    """Explain a Dask table into one Parquet file a partition, and sum the relevances on the way.

    A file appears under its name, `part-00713.parquet`, when it is complete: whatever is killed,
    what is there is finished. The same call does the rest; it neither reads nor explains again
    what is finished.

    Args:
        model: as for `explain`.
        X: dask array (n, D), or dask DataFrame with D columns.
        beta: stiffness, a number in [0, inf].
        folder: where the files go, and nothing else; all workers must see it. One job at a time.

    Returns:
        `dask.delayed.Delayed` whose `.compute()` writes and returns the `Aggregate` of all
        partitions. The columns are those of X (a dask array has 0, 1, ...), with the relevances,
        then `cluster` and `logit` (and `constant`, for mixtures); the index is kept.

    Raises:
        ValueError: the folder holds relevances of other data, another model or another beta, or
            a column of X is called as one of those.

    Example:
        >>> import tempfile
        >>> import dask.array as da
        >>> import numpy as np
        >>> X = da.from_array(np.array([[0.0, 0.5], [0.0, 1.0]]), chunks=(1, 2))
        >>> folder = tempfile.TemporaryDirectory()
        >>> write_parquet([[0.0, 0.0], [2.0, 2.0]], X, folder.name, beta=1).compute().count
        array([2, 0])
        >>> folder.cleanup()
    """
    import dask

    kind, beta, parts = Kind.of(model, X), as_beta(beta), partitions(X)
    names = kind.names or tuple(map(str, range(kind.model.n_features)))
    token = X.name if kind.names is None else X._name
    target = Folder(str(folder), identity(kind.model, names, kind.dtypes, beta, token), names)
    finished, K = target.prepare(len(parts)), kind.model.n_clusters
    fresh = each(write_part, parts, kind, beta, target)
    return tree_sum(
        [
            dask.delayed(summed)(target, number, K) if number in finished else part
            for number, part in enumerate(fresh)
        ]
    )


def fit_kmeans(X, init, *, passes=1):
    """Fit k-means to a Dask table by mini-batches: each partition is one, in order.

    This is *not* what `KMeans` finds in memory: each partition moves the centroids a little, less
    and less, and none is seen again unless there are several passes; the result depends on the
    partitions and on their order. What `explain` says about these centroids is exact.

    Args:
        X: dask array (n, D) or dask DataFrame, in no particular order: sorted data mislead.
        init: (K, D) centroids to start from, such as those of `KMeans` on a sample.
        passes: times to go through the table.

    Returns:
        `KMeans` with the centroids. One partition is in memory at a time.

    Example:
        >>> import dask.array as da
        >>> import numpy as np
        >>> X = da.from_array(np.array([[0.0], [4.0], [1.0], [5.0]]), chunks=(2, 1))
        >>> fit_kmeans(X, [[0.0], [4.0]]).centroids.flatten().tolist()
        [0.5, 4.5]
    """
    import dask
    from sklearn.cluster import MiniBatchKMeans

    init, passes = as_points(init, None, "init").numpy(), as_count(passes, "passes")
    kind, parts = Kind.of(init, X), partitions(X)
    # a cluster that stays empty is not moved to a random point
    fitted = MiniBatchKMeans(len(init), init=init, n_init=1, reassignment_ratio=0)
    for number, part in list(enumerate(parts)) * passes:
        fitted = dask.delayed(learn_part)(part, number, kind, fitted).compute()
    return carry_names(KMeans.from_sklearn(fitted), X)
