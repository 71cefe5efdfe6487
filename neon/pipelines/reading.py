"""Fitted scikit-learn steps in normal form: column by column first, then one affine map."""

from dataclasses import dataclass, replace

import numpy as np
from scipy import linalg
from sklearn.pipeline import Pipeline

from ..deep.affine import brings, known_affine
from .columns import note, owners
from .forks import branches_of
from .refusal import refuse
from .stages import ColumnStep, Fork, RowNorm
from .values import as_matrix, dense, gathered


@dataclass(frozen=True)
class Reading:
    """A chain of stages x ↦ u that keep columns apart, then z = A u + a, which may mix them.

    Attributes:
        stages: what happens to single columns, first to last.
        owner: (d,) input column that each u belongs to.
        n_inputs: D.
        matrix, offset: A (p, d) and a (p,), or None where nothing mixes: then z = u.
        mixing: the affine steps, as (name, transformer).
        notes: sentences that a reader of the relevances should know.
    """

    stages: tuple
    owner: np.ndarray
    n_inputs: int
    matrix: np.ndarray | None = None
    offset: np.ndarray | None = None
    mixing: tuple = ()
    notes: tuple = ()

    @classmethod
    def of(cls, n_inputs):
        """Return the reading of no step at all."""
        return cls((), np.arange(n_inputs), n_inputs)

    def forward(self, X):
        """Return u (n, d) of the table X (n, D), an array or a sparse matrix."""
        for stage in self.stages:
            X = stage.forward(X)
        return as_matrix(X)

    def imputed(self, X):
        """Cells (n, D) of X that a step fills with a value of its own, or None."""
        cells, owner = None, np.arange(self.n_inputs)
        for stage in self.stages:
            filled = stage.imputed(X)
            if filled is not None:
                found = gathered(filled, owner, self.n_inputs)
                cells = found if cells is None else cells | found
            X, owner = stage.forward(X), owner[stage.owner]
        return cells

    def free(self, X, free):
        """Which u (n, d) can take any value if their columns, those free in (n, D), may change."""
        for stage in self.stages:
            free = stage.free(X, free)
            X = stage.forward(X)
        return free

    def back(self, U, X):
        """Return the table X with the columns from which the stages make U, where they can."""
        given = [X]
        for stage in self.stages:
            given.append(stage.forward(given[-1]))
        for stage, x in zip(reversed(self.stages), reversed(given[:-1]), strict=True):
            U = stage.back(U, x)
        return U

    @property
    def no_inverse(self):
        """Names of the steps that cannot be taken back."""
        return [name for stage in self.stages for name in stage.no_inverse]

    def then(self, name, step, X, Z):
        """Return the reading with one more step, which made Z of X.

        Raises:
            TypeError: a step that cannot be read back into columns.
        """
        if self.matrix is None:
            return self._then_columns(name, step, X, Z) or self._then_affine(name, step)
        if brings_norm(step):
            return self._then_norm(name, step, X)
        return self._then_affine(name, step)

    def _then_columns(self, name, step, X, Z):
        width = self.owner.shape[0]
        found = branches_of(name, step, X, read)
        if found is not None:
            branches, weights = found
            stage = Fork(name, step, branches, width)
            extra = tuple(text for _, reading in branches for text in reading.notes)
            together = self._with(stage, *extra)
            if all(reading.matrix is None for _, reading in branches):
                return together
            maps = [
                (weight * A, weight * a)
                for (_, reading), weight in zip(branches, weights, strict=True)
                for A, a in [reading.as_affine()]
            ]
            A, a = zip(*maps, strict=True)
            mixing = tuple(each for _, reading in branches for each in reading.mixing)
            return replace(
                together, matrix=linalg.block_diag(*A), offset=np.concatenate(a), mixing=mixing
            )
        owner = owners(name, step, X, Z)
        if owner is None:
            return None
        said = note(name, step)
        return self._with(ColumnStep(name, step, owner, width), *([said] if said else []))

    def _then_affine(self, name, step):
        found = known_affine(step)
        if found is None:
            where = "" if self.matrix is None else ", and it comes after a step that mixes columns"
            refuse(name, step, f"is no affine map and no map of single columns known here{where}")
        B, b = found
        A, a = self.as_affine()
        mixing = (*self.mixing, (name, step))
        return replace(self, matrix=B @ A, offset=B @ a + b, mixing=mixing)

    def _then_norm(self, name, step, U):
        A, a, origin = self.matrix, self.offset, None
        if a.any():
            # the place that is mapped to 0, as near as can be to the mean of the data
            mean = dense(self.forward(U)).mean(0)
            origin = mean - np.linalg.pinv(A) @ (A @ mean + a)
            if not np.allclose(A @ origin, -a, rtol=0, atol=1e-9 * max(1, abs(a).max())):
                refuse(name, step, "measures from a place that no row is mapped to")
        stage = RowNorm(name, A, origin, step.norm)
        return replace(self._with(stage, note(name, step)), offset=np.zeros(len(A)))

    def as_affine(self):
        """Matrix A (p, d) and offset a (p,), the identity where nothing mixes."""
        if self.matrix is None:
            return np.eye(len(self.owner)), np.zeros(len(self.owner))
        return self.matrix, self.offset

    def _with(self, stage, *notes):
        return replace(
            self,
            stages=(*self.stages, stage),
            owner=self.owner[stage.owner],
            notes=(*self.notes, *notes),
        )


def read(steps, X):
    """Read fitted steps on the data X that they were fitted to.

    Args:
        steps: list of (name, transformer); pipelines in it are opened.
        X: (n, D) table or array, or texts (n,).

    Returns:
        `Reading`, and what the steps make of X.

    Raises:
        TypeError: a step that cannot be read back into the columns of X, with its name.
        ValueError: a step that does not do on X what its attributes say.

    Example:
        >>> from sklearn.preprocessing import StandardScaler
        >>> X = np.array([[1.0, 2.0], [3.0, 5.0]])
        >>> reading, Z = read([("scaler", StandardScaler().fit(X))], X)
        >>> reading.owner, reading.matrix
        (array([0, 1]), None)
    """
    start, Z = X, X
    reading = Reading.of(1 if np.ndim(X) == 1 else np.shape(X)[1])
    for name, step in opened(steps):
        given, Z = Z, step.transform(Z)
        at = start if reading.matrix is not None else given
        reading = reading.then(name, step, at, Z)
    if reading.matrix is not None:
        U, made = reading.forward(X), dense(Z)
        if not np.allclose(U @ reading.matrix.T + reading.offset, made, rtol=1e-6,
                           atol=1e-6 * abs(made).max()):  # fmt: skip
            raise ValueError(
                "`clusterer` must have steps that map X as their attributes say; they do not. "
                "Pass steps as fitted."
            )
    return reading, Z


def opened(steps):
    """Names and transformers, of pipelines within pipelines too, without those that do nothing.

    Example:
        >>> [name for name, _ in opened([("a", Pipeline([("b", "passthrough"), ("c", 1)]))])]
        ['a: c']
    """
    flat = []
    for name, step in steps:
        if isinstance(step, Pipeline):
            flat += [(f"{name}: {inner}", each) for inner, each in opened(step.steps)]
        elif step is not None and not isinstance(step, str):
            flat.append((name, step))
    return flat


def brings_norm(step):
    """Tell that a step divides rows by their norm."""
    from sklearn.preprocessing import Normalizer

    return brings(step, Normalizer)
