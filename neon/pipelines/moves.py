"""Counterfactuals of a pipeline: onto the boundary, by the columns that can be taken back."""

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from ..explanation import counterfactual
from ..network import NeuralizedKMeans
from ..validation import as_labels, as_points, refuse_same
from .values import dense, gathered


@dataclass(frozen=True)
class Moved:
    """Points on the boundary of their cluster, moved by the columns that have a way back.

    Attributes:
        table: (n, D) X with other values where it moved, NaN there in rows that are not `reached`.
        moves: (n, D) flags of the cells that could move.
        kept: names of the columns that cannot move, since a step has no inverse for them.
        reached: (n,) flags of the points that are on the boundary.
    """

    table: object
    moves: np.ndarray
    kept: list
    reached: np.ndarray

    def tell(self, stacklevel):
        """Warn of columns that stayed, and of rows that are on no boundary."""
        if self.kept:
            warnings.warn(
                f"`counterfactual` leaves the columns {self.kept} as they are: no step takes "
                "their values back.",
                stacklevel=stacklevel,
            )
        if not self.reached.all():
            warnings.warn(
                f"`counterfactual` is NaN in {(~self.reached).sum()} of {len(self.reached)} rows: "
                "no value of the columns that can move is on the boundary.",
                stacklevel=stacklevel,
            )


def moved(model, X, against=None):
    """Move points to the nearest place where their assignment is undecided.

    Nearest in what the steps make of the columns, among the points that differ in such columns
    alone as the steps can take back: with w the weights of the plane h_k = 0 for these columns,
    u − h_k w / ‖w‖². Dummies of categories, imputed cells and normalised rows stay as they are.

    Args:
        model: `PipelineModel`.
        X: (n, D) table.
        against: cluster to move towards: one, one for each point (n,), or None for the nearest.

    Returns:
        `Moved`.

    Raises:
        ValueError: no column can move, or `against` is no other cluster.
    """
    if model.source is not None:
        raise ValueError(
            "`X` must be a table to be moved; got texts, whose words cannot change by fractions. "
            "Ask `contrast` what speaks for the other cluster instead."
        )
    X = X.to_pandas() if hasattr(X, "to_pandas") else X
    reading, U = model.reading, dense(model.points(X)).astype(float)
    D, owner = reading.n_inputs, reading.owner
    free = reading.free(X, np.ones((len(U), D), dtype=bool))
    free = free & (np.bincount(owner, minlength=D)[owner] == 1)  # no column moves two values
    if not free.any():
        raise ValueError(
            "`X` must have a column that can move; got none: "
            f"{', '.join(map(repr, reading.no_inverse)) or 'the steps'} cannot be taken back. "
            "Ask `contrast` what speaks for the other cluster instead."
        )
    c = model.network.decision(as_points(U, None)).numpy()
    if against is not None:
        against = as_labels(against, len(U), model.network.n_clusters, "against")
        refuse_same(torch.from_numpy(c), against)
        against = against.numpy()
    if model.network.n_clusters == 1:
        model.network.counterfactual(U)  # refuses
    if model.reading.matrix is not None or isinstance(model.network, NeuralizedKMeans):
        target, reached = onto_plane(model, U, c, free, against)
    elif free.all():
        target = counterfactual(model.network, U, against)
        reached = np.ones(len(U), dtype=bool)
    else:
        model.network.refuse("counterfactual", "Not all columns can move. Ask `contrast` instead.")
    moves = gathered(free, owner, D)
    table = spread(X, reading.back(target, X), moves)
    difference = np.abs(dense(reading.forward(table)) - target)
    reached &= (difference <= 1e-6 * (1 + np.abs(target))).all(1)
    table = spread(table, np.full(moves.shape, np.nan), moves.any(0) & ~reached[:, None])
    kept = [
        name for name, any_moves in zip(model.columns, moves.any(0), strict=True) if not any_moves
    ]
    return Moved(table, moves, kept, reached)


def onto_plane(model, U, c, free, against):
    """Nearest points (n, d) to U on a plane h_k = 0, by free cells alone, and whether there are."""
    mu = model.network.centroids.double().numpy()
    A, a = model.reading.as_affine() if model.reading.matrix is not None else (None, 0)
    Z, V = (U, mu) if A is None else (U @ A.T + a, mu @ A)
    d = np.stack([np.square(Z - m).sum(1) for m in mu], axis=1)
    h = d - np.take_along_axis(d, c[:, None], 1)
    squares = np.stack([(np.square(2 * (V[c] - v)) * free).sum(1) for v in V], axis=1)  # ‖w‖²
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = np.where(h == 0, 0, h / np.sqrt(squares))
    distance[np.arange(len(U)), c] = np.inf
    k = distance.argmin(1) if against is None else against
    rows = np.arange(len(U))
    with np.errstate(divide="ignore", invalid="ignore"):
        length = np.where(h[rows, k] == 0, 0, h[rows, k] / squares[rows, k])
    reached = np.isfinite(length) & (k != c)  # else no free cell tells the two clusters apart
    length[~reached] = np.nan
    return np.where(free, U - length[:, None] * 2 * (V[c] - V[k]), U), reached


def spread(X, values, cells):
    """Return table X with the values (n, D), of a table or an array, in the cells (n, D)."""
    columns = np.flatnonzero(cells.any(0))
    if not isinstance(X, pd.DataFrame):
        X = dense(X)
        return np.where(
            cells, np.asarray(values, X.dtype if X.dtype.kind in ("f", "O") else float), X
        )
    X = X.copy()
    for j in columns:
        new = values.iloc[:, j] if isinstance(values, pd.DataFrame) else values[:, j]
        old = X.iloc[:, j]
        numbers = np.where(
            cells[:, j], np.asarray(new, float), pd.to_numeric(old).to_numpy(float, na_value=np.nan)
        )
        X.isetitem(j, numbers)
    return X
