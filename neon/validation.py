"""Bad input is met here, once, with an error that says what to do next."""

import math

import numpy as np
import torch

UPCAST = {torch.float16: torch.float32, torch.bfloat16: torch.float32}


def as_tensor(values, name):
    """Turn array-likes into a real floating tensor.

    float32 and float64 are kept, float16 and bfloat16 become float32, integers and booleans
    become float64. The values are not copied where the dtype allows it.

    Args:
        values: a tensor, a numpy array, a pandas DataFrame, or nested lists of numbers.
        name: what the caller calls the argument, for error messages.

    Raises:
        TypeError: for complex or non-numeric values.
    """
    if hasattr(values, "toarray"):
        raise TypeError(f"`{name}` must be dense; got a sparse matrix. Pass {name}.toarray().")
    if not torch.is_tensor(values):
        array = np.asarray(values)
        if array.dtype.kind not in "fiub":
            raise TypeError(
                f"`{name}` must hold real numbers; got dtype {array.dtype}. "
                "Encode or drop the columns that are not numeric."
            )
        if array.dtype.kind == "f" and array.dtype.itemsize > 8:
            array = array.astype(np.float64)
        # torch knows neither read-only memory, nor negative strides, nor foreign byte order
        fit = array.flags.writeable and min(array.strides, default=0) >= 0
        native = array.dtype.newbyteorder("=")
        values = torch.from_numpy(array if fit and array.dtype == native else array.astype(native))
    if values.is_complex():
        raise TypeError(f"`{name}` must hold real numbers; got dtype {values.dtype}. Pass .real.")
    values = values.resolve_neg()  # numpy reads no tensor that is to be negated on the way
    if not values.is_floating_point():
        return values.double()
    return values.to(UPCAST[values.dtype]) if values.dtype in UPCAST else values


def as_points(X, n_features, name="X"):
    """Check points against the width of the model and return them as a tensor (n, D)."""
    X = as_tensor(X, name)
    if X.ndim != 2 or (n_features is not None and X.shape[1] != n_features):
        width = "D" if n_features is None else n_features
        like = "" if n_features is None else " like the centroids"
        hint = f" For one point pass {name}[None]." if X.ndim == 1 else ""
        raise ValueError(
            f"`{name}` must have shape (n, {width}){like}; got {tuple(X.shape)}.{hint}"
        )
    if X.shape[0] == 0:
        raise ValueError(f"`{name}` must hold at least one point; got shape {tuple(X.shape)}.")
    if not has_finite_sum(X) and not torch.isfinite(X).all():
        row, column = (~torch.isfinite(X)).nonzero()[0].tolist()
        raise ValueError(
            f"`{name}` must be finite; got {X[row, column].item()} in row {row}, column {column}. "
            "Impute or drop such rows first."
        )
    return X


def has_finite_sum(X):
    """Tell in one pass, without an array of flags, that all of X is finite; False may be wrong.

    On the CPU by numpy, which is quicker for few numbers; after the sum of many by torch or BLAS
    their threads would keep a core busy waiting.
    """
    if X.device.type != "cpu":
        return math.isfinite(X.sum().item())
    values = X.detach().numpy()
    if values.size < 2**13:
        return math.isfinite(np.vdot(values, values))
    with np.errstate(over="ignore", invalid="ignore"):
        return math.isfinite(values.sum())


def as_centroids(centroids, name="centroids"):
    """Check centroids and return them as a tensor (K, D) with K >= 2."""
    centroids = as_points(centroids, None, name)
    if centroids.shape[0] < 2:
        raise ValueError(
            f"`{name}` must hold at least 2 clusters; got {centroids.shape[0]}. "
            "A single cluster has no competitor, so there is nothing to explain."
        )
    return centroids


def is_heuristic(beta):
    """Tell the word "heuristic" from a number, whatever kind of thing beta is."""
    return isinstance(beta, str) and beta == "heuristic"


def as_beta(beta):
    """Check the stiffness β of the min-take-most rule and return it as a float."""
    wanted = "`beta` must be a number in [0, inf]"
    try:
        value = float(beta)
    except (TypeError, ValueError, RuntimeError, OverflowError):
        raise TypeError(f"{wanted} or 'heuristic'; got {beta!r}.") from None
    if math.isnan(value) or value < 0:
        raise ValueError(
            f"{wanted}; got {value}. 0 shares equally, inf keeps the nearest competitor."
        )
    return value


def as_labels(labels, n, n_clusters, name):
    """Check one cluster, or one for each point, and return them as a tensor (n,)."""
    labels = torch.as_tensor(labels)
    if labels.is_floating_point() or labels.dtype == torch.bool or labels.is_complex():
        raise TypeError(f"`{name}` must hold integers; got dtype {labels.dtype}.")
    if labels.ndim > 1 or (labels.ndim == 1 and labels.shape[0] != n):
        raise ValueError(
            f"`{name}` must be one cluster or {n} of them, one for each point; "
            f"got shape {tuple(labels.shape)}."
        )
    wrong = (labels < 0) | (labels >= n_clusters)
    if wrong.any():
        got = labels[wrong].flatten()[0].item()
        raise ValueError(
            f"`{name}` must be a cluster in 0..{n_clusters - 1}; got {got}. "
            "Clusters are numbered like the rows of the centroids."
        )
    return labels.long().expand(n)


def like(X, result):
    """Return a tensor result as the kind of thing X is: a tensor, or else a numpy array."""
    return result.numpy() if torch.is_tensor(result) and not torch.is_tensor(X) else result


def centroids_of(model):
    """Centroids (K, D) of a model, of a fitted scikit-learn clusterer, or given as an array.

    Raises:
        ValueError: the model is not fitted, or the centroids are no (K >= 2, D) finite array.

    Example:
        >>> centroids_of([[0.0, 1.0], [2.0, 3.0]]).shape
        torch.Size([2, 2])
    """
    for name in "centroids", "cluster_centers_":
        if hasattr(model, name):
            if getattr(model, name) is None:
                break
            return as_centroids(getattr(model, name), name)
    if isinstance(model, torch.nn.Module) or hasattr(model, "fit"):
        raise ValueError(f"`{type(model).__name__}` must {what_it_lacks(model)}")
    return as_centroids(model)


def what_it_lacks(model):
    """Say what keeps a model or a scikit-learn estimator from being neuralized, and what to do."""
    last = model
    while hasattr(last, "steps"):
        last = last.steps[-1][1]
    fitted = hasattr(last, "n_features_in_") or hasattr(last, "labels_")
    if not fitted:
        return "be fitted, and then have `cluster_centers_`. Call .fit(X) first."
    if not hasattr(last, "predict") and not hasattr(last, "labels_"):
        return f"be a clusterer, or end in one; got {type(last).__name__}, which has no clusters."
    if last is not model and (hasattr(last, "cluster_centers_") or hasattr(last, "predict")):
        return (
            "be a clusterer; got a pipeline, whose steps have to be read back. "
            "Use NeonExplainer(pipeline, prefit=True).fit(X)."
        )
    points = "(X, labels)" if last is model else "(Z, labels), Z what the steps make of X"
    noise = ", without the noise (label -1)" if min(getattr(last, "labels_", [0])) < 0 else ""
    return (
        "have centroids; it is fitted and has no `cluster_centers_`. Use KernelKMeans.from_labels"
        f"{points}{noise}: its `agreement_` says how many of the labels it reproduces."
    )
