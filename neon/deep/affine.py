"""Fitted scikit-learn transformers that are affine maps z = A x + a: their matrix and offset."""

import numpy as np


def affine(transformer):
    """Matrix A (p, D) and offset a (p,) of a fitted scikit-learn transformer z = A x + a.

    Known are PCA (whitened too), IncrementalPCA, TruncatedSVD, FastICA, FactorAnalysis,
    SparsePCA, random projections, feature selection, and the scalers that do not clip. A subclass
    with a `transform` of its own is not known.

    Raises:
        TypeError: the transformer is not affine, or not known to be.

    Example:
        >>> from sklearn.preprocessing import StandardScaler
        >>> affine(StandardScaler().fit([[1.0], [5.0]]))
        (array([[0.5]]), array([-1.5]))
    """
    found = known_affine(transformer)
    if found is None:
        raise TypeError(
            "`steps` must be affine to be explained through: PCA, TruncatedSVD, a scaler "
            f"without clipping; got {transformer!r}. Explain the clusterer behind it on what "
            "this step returns instead: the relevances are then those of its outputs."
        )
    return found


def known_affine(transformer):
    """Matrix and offset as in `affine`, or None where the transformer is not known to be affine.

    Example:
        >>> from sklearn.preprocessing import MaxAbsScaler, Normalizer
        >>> known_affine(MaxAbsScaler().fit([[1.0], [4.0]]))
        (array([[0.25]]), array([0.]))
        >>> known_affine(Normalizer()) is None
        True
    """
    from sklearn import decomposition as d
    from sklearn import preprocessing as p
    from sklearn.feature_selection import SelectorMixin
    from sklearn.random_projection import GaussianRandomProjection, SparseRandomProjection

    t = transformer
    if brings(t, d.TruncatedSVD, GaussianRandomProjection, SparseRandomProjection):
        A = t.components_
        return (A.toarray() if hasattr(A, "toarray") else A), np.zeros(len(A))
    if brings(t, d.PCA, d.IncrementalPCA):
        A = t.components_
        if t.whiten:
            variance = t.explained_variance_
            A = A / np.sqrt(variance).clip(np.finfo(variance.dtype).eps)[:, None]
        return A, -A @ t.mean_
    if brings(t, d.FastICA):
        return t.components_, -t.components_ @ (t.mean_ if t.whiten else 0 * t.components_[0])
    if brings(t, d.FactorAnalysis, d.SparsePCA, d.MiniBatchSparsePCA):
        step = np.eye(t.n_features_in_)
        A = (t.transform(t.mean_ + step) - t.transform(t.mean_ - step)).T / 2
        return A, -A @ t.mean_
    if brings(t, SelectorMixin):
        A = np.eye(t.n_features_in_)[t.get_support(indices=True)]
        return A, np.zeros(len(A))
    return scaling(t, p)


def scaling(t, p):
    """Diagonal matrix and offset of a scaler of `p`, sklearn.preprocessing; None for others."""
    if brings(t, p.MinMaxScaler):
        return None if t.clip else (np.diag(t.scale_), t.min_)
    if brings(t, p.StandardScaler):
        center, scale = (t.mean_ if t.with_mean else None), t.scale_
    elif brings(t, p.RobustScaler):
        center, scale = t.center_, t.scale_
    elif brings(t, p.MaxAbsScaler) and not getattr(t, "clip", False):
        center, scale = None, t.scale_
    else:
        return None
    scale = np.ones(t.n_features_in_) if scale is None else scale
    return np.diag(1 / scale), 0 * scale if center is None else -center / scale


def brings(transformer, *classes):
    """Tell that the transformer's `transform` is that of one of the classes, not a subclass's.

    Example:
        >>> from sklearn.decomposition import PCA
        >>> class Squared(PCA):
        ...     def transform(self, X):
        ...         return super().transform(X) ** 2
        >>> brings(PCA(), PCA), brings(Squared(), PCA)
        (True, False)
    """
    return any(
        isinstance(transformer, known) and type(transformer).transform is known.transform
        for known in classes
    )
