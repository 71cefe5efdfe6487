"""The tasks that a Dask worker runs, one partition each, and how a table is cut into them."""

from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch

from ..explanation import Explanation, explain, neuralized
from ..streaming import Aggregate
from ..validation import as_points, as_tensor, check_names
from .parquet import to_frame

FAN_IN = 16  # sums that one task of a tree reduction adds up


@dataclass(frozen=True)
class Kind:
    """What all partitions share: the model, the names of the columns (or None), the dtypes."""

    model: object
    names: tuple | None
    dtypes: tuple

    @classmethod
    def of(cls, model, X):
        """Check a Dask table against the model, from its description alone."""
        model, width = neuralized(model), None
        if hasattr(X, "npartitions") and getattr(X, "ndim", 0) == 2:
            width = X.shape[1] if hasattr(X, "chunks") else len(X.columns)
        if width != model.n_features:
            got = f"{width} columns" if width is not None else type(X).__name__
            raise ValueError(
                f"`X` must be a dask array or DataFrame with {model.n_features} columns like the "
                f"centroids; got {got}. `explain` takes what is in memory."
            )
        as_tensor(X._meta, "X")
        if hasattr(X, "chunks"):
            return cls(model, None, (X.dtype,))
        check_names(model, X)
        names = tuple(X.columns)
        twice = sorted({str(name) for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"`X` must have a name for each column; got {twice} twice. Rename it.")
        own = {"cluster", "logit", "constant"} if model.has_constant else {"cluster", "logit"}
        taken = sorted(own & set(names))
        if taken:
            raise ValueError(
                f"`X` must have no column called like those of the result; got {taken}. Rename it."
            )
        return cls(model, names, tuple(X.dtypes))

    def points(self, part):
        """Check one partition and return its points (n, D)."""
        if self.names is None:
            names, dtypes = self.names, (part.dtype,)
        else:
            names, dtypes = tuple(part.columns), tuple(part.dtypes)
        if names != self.names:
            absent = [name for name in self.names if name not in names]
            raise ValueError(
                f"`X` must have the columns {list(self.names)}, in this order; got "
                f"{list(names)}, so {absent or 'none'} are missing. Mend the source."
            )
        for wanted, got, name in zip(self.dtypes, dtypes, names or ("X",), strict=True):
            if wanted != got:
                raise TypeError(
                    f"`{name}` must have dtype {wanted} like the other partitions; got {got}. "
                    "Convert it with .astype first."
                )
        return as_tensor(part, "X").numpy()

    def nothing(self, beta):
        """`Explanation` of no point."""
        dtypes = (getattr(dtype, "numpy_dtype", dtype) for dtype in self.dtypes)
        X = np.empty((0, self.model.n_features), np.result_type(*dtypes))
        X = as_tensor(X, "X").numpy()
        constant = X[:, 0] if self.model.has_constant else 0.0
        return Explanation(X, np.empty(0, np.int64), X[:, 0], beta, constant)


def explain_part(part, number, kind, beta):
    """`explain` one partition, with one thread; its errors begin with its number."""
    try:
        X = kind.points(part)
        with one_torch_thread():
            return explain(kind.model, X, beta=beta) if len(X) else kind.nothing(beta)
    except (TypeError, ValueError, OverflowError) as error:
        raise type(error)(f"partition {number}: {error}") from None


def explain_block(block, kind, beta, block_id):
    """`explain_part` of a chunk of an array, which Dask numbers."""
    return explain_part(block, block_id[0], kind, beta)


@contextmanager
def one_torch_thread():
    """A context in which torch, and with it `explain`, uses one thread of the calling one."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def field(explanation, name):
    """One field of an explained chunk, as a matrix."""
    values = getattr(explanation, name)
    return values if values.ndim == 2 else values[:, None]


def sum_part(part, number, kind, beta):
    """Explain and sum one partition; its relevances never leave the task."""
    with one_torch_thread():
        return Aggregate.of(explain_part(part, number, kind, beta), kind.model.n_clusters)


def write_part(part, number, kind, beta, folder):
    """Explain, write and sum one partition."""
    explanation = explain_part(part, number, kind, beta)
    folder.write(number, to_frame(explanation, folder.names, getattr(part, "index", None)))
    with one_torch_thread():
        return Aggregate.of(explanation, kind.model.n_clusters)


def learn_part(part, number, kind, fitted):
    """Move the centroids of a fitted `MiniBatchKMeans` by one partition."""
    try:
        X = kind.points(part)
        if not len(X):
            return fitted
        first = not hasattr(fitted, "cluster_centers_")
        if first and len(X) < fitted.n_clusters:
            raise ValueError(
                f"the first must hold at least {fitted.n_clusters} points like `init`; got "
                f"{len(X)}. Repartition the table."
            )
        return fitted.partial_fit(as_points(X, kind.model.n_features).numpy())
    except (TypeError, ValueError) as error:
        raise type(error)(f"partition {number}: {error}") from None


def pick(explanation, part, names, name):
    """One column, or a list of them, of an explained partition, with its index."""
    return to_frame(explanation, names, part.index)[name]


def partitions(X):
    """List the partitions of a Dask table as delayed objects; all columns are in each."""
    if hasattr(X, "chunks"):
        X = X.rechunk({1: -1})
    return list(np.ravel(X.to_delayed()))


def each(function, parts, *shared):
    """Delay function(part, number, *shared) for every partition; what is shared is sent once."""
    import dask

    shared = [dask.delayed(values, traverse=False) for values in shared]
    return [dask.delayed(function)(part, i, *shared) for i, part in enumerate(parts)]


def tree_sum(parts):
    """Add up delayed parts, a few at a time, so that no task waits for all of them."""
    import dask

    while len(parts) > 1:
        groups = (parts[i : i + FAN_IN] for i in range(0, len(parts), FAN_IN))
        parts = [dask.delayed(sum)(group) for group in groups]
    return parts[0]
