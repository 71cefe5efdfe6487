"""Bad input is met here, once, with an error that says what to do next."""

import math

import numpy as np
import torch

from .arrays import as_tensor, on_cpu
from .counts import as_number, brief


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
        raise ValueError(
            f"`{name}` must hold at least one point; got shape {tuple(X.shape)}. "
            "Skip empty batches."
        )
    if X.shape[1] == 0:
        raise ValueError(
            f"`{name}` must have at least one feature; got shape {tuple(X.shape)}. "
            "Check the selection of columns."
        )
    if not has_finite_sum(X):
        finite = np.isfinite(on_cpu(X))
        if not finite.all():
            row, column = (int(i) for i in np.unravel_index(finite.argmin(), finite.shape))
            raise ValueError(
                f"`{name}` must be finite; got {X[row, column].item()} in row {row}, column "
                f"{column}. Impute or drop such rows first."
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
    """Check centroids and return them as a tensor (K, D) with K >= 2, with memory of its own."""
    centroids = as_points(centroids, None, name).detach()
    if centroids.shape[0] < 2:
        raise ValueError(
            f"`{name}` must hold at least 2 clusters; got {centroids.shape[0]}. "
            "A single cluster has no competitor, so there is nothing to explain."
        )
    if centroids.device.type != "cpu":
        return centroids.clone()
    return torch.from_numpy(np.array(centroids.numpy(), order="C"))


def is_heuristic(beta):
    """Tell the word "heuristic" from a number, whatever kind of thing beta is."""
    return isinstance(beta, str) and beta == "heuristic"


def as_beta(beta):
    """Check the stiffness β of the min-take-most rule and return it as a float."""
    wanted = "a number in [0, inf]"
    advice = "0 shares equally, inf keeps the nearest competitor."
    value = as_number(beta, "beta", f"{wanted} or 'heuristic'", advice)
    if math.isnan(value) or value < 0:
        raise ValueError(f"`beta` must be {wanted}; got {value}. {advice}")
    return value


def as_labels(labels, n, n_clusters, name):
    """Check one cluster, or one for each point, and return them as a tensor (n,)."""
    array = as_integers(labels, name)
    if array.ndim > 1 or (array.ndim == 1 and array.shape[0] != n):
        raise ValueError(
            f"`{name}` must be one cluster or {n} of them, one for each point; "
            f"got shape {array.shape}."
        )
    wrong = (array < 0) | (array >= n_clusters)
    if np.any(wrong):
        raise ValueError(
            f"`{name}` must be a cluster in 0..{n_clusters - 1}; got {array[wrong].flat[0]}. "
            "Clusters are numbered like the rows of the centroids."
        )
    result = torch.from_numpy(np.array(np.broadcast_to(array, n), np.int64))
    return result.to(labels.device) if torch.is_tensor(labels) else result


def as_integers(labels, name):
    """Read labels of any container as a numpy array, by position; huge ones as Python's integers.

    Raises:
        TypeError: there are none, or they are no integers.
    """
    wanted = f"`{name}` must hold integers"
    if torch.is_tensor(labels):
        if labels.is_floating_point() or labels.is_complex() or labels.is_quantized:
            raise TypeError(f"{wanted}; got dtype {labels.dtype}. Convert it with .long().")
        if labels.is_meta or labels.is_nested or labels.layout != torch.strided:
            raise TypeError(f"{wanted}, in memory; got another kind of tensor. Pass a dense one.")
        labels = on_cpu(labels)
    try:
        array = np.asanyarray(labels)
    except Exception as error:
        raise TypeError(
            f"{wanted}; got a {type(labels).__name__}, which numpy cannot read "
            f"({str(error).splitlines()[0]}). Pass one array."
        ) from None
    if np.ma.isMaskedArray(array):
        raise TypeError(f"{wanted}; got a masked array. Drop what is masked first.")
    if array.dtype == object and all(type(value) is int for value in array.flat):
        return array
    if array.dtype.kind not in "iu" or array.dtype.itemsize > 8:
        got = f"dtype {array.dtype}" if array.dtype != object else brief(labels)
        raise TypeError(f"{wanted}; got {got}. Number the clusters like the rows of the centroids.")
    return np.asarray(array)


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
