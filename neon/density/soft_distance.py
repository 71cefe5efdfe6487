"""The outlier score of a point: its soft distance to a set of reference points."""

import math
from typing import NamedTuple

import torch

from ..kernel.gaussian import median_gamma, squared_distances
from ..validation import as_points
from .energy import nearest_only, pool, split

BLOCK = 2**18  # pairs of a point and a reference point at a time: 2 MB, which stay in the cache


class Parts(NamedTuple):
    """What `propagate` returns: relevance (n, D), score (n,) and constant (n,)."""

    relevance: torch.Tensor
    score: torch.Tensor
    constant: torch.Tensor


class SoftDistance(torch.nn.Module):
    """Soft squared distance to reference points: d(x) = −(1/γ) log Σ_j w_j exp(−γ‖x − x_j‖²).

    It is the outlier score of a Gaussian kernel density, up to a factor γ and a constant, and
    also a network of two layers: squared distances, and a soft minimum.

    Args:
        reference: (m, D) reference points x_j.
        gamma: γ in [0, inf], in units of 1 / squared distance, or "median" for 1 / median squared
            distance. 0 is the mean squared distance, inf the smallest.
        weights: (m,) weights w_j >= 0, which are divided by their sum; equal by default.
        n_neighbors: keep only so many of the nearest reference points. With γ = 0 the score is
            then the mean squared distance to them. Those that are exactly as far as the last
            share its place.

    Attributes:
        reference, weight: (m, D) and (m,) buffers, float64.
        gamma, n_neighbors: as used.

    Raises:
        TypeError, ValueError: an argument out of range; the message says what was wanted.

    Source: the split is that of Bley, Kauffmann et al., arXiv:2508.03913, of one density.

    Example:
        >>> score = SoftDistance([[0.0, 0.0], [2.0, 0.0]], gamma=0)
        >>> score(torch.tensor([[1.0, 3.0]]))
        tensor([10.])
        >>> SoftDistance([[0.0, 0.0], [2.0, 0.0]], gamma=1)
        SoftDistance(m=2, n_features=2, gamma=1)
    """

    def __init__(self, reference, gamma="median", *, weights=None, n_neighbors=None):
        super().__init__()
        reference = as_points(reference, None, "reference").detach().double()
        m = len(reference)
        weight = as_weights(weights, m)
        if n_neighbors is not None and not 1 <= n_neighbors <= (weight > 0).sum():
            raise ValueError(
                f"`n_neighbors` must be in 1..{(weight > 0).sum()}, the number of reference points "
                f"that count; got {n_neighbors}. None keeps all."
            )
        self.gamma = median_gamma(reference) if gamma == "median" else as_gamma(gamma)
        self.n_neighbors = n_neighbors
        self.register_buffer("reference", reference)
        self.register_buffer("weight", weight)
        self.register_buffer("centre", reference.mean(0))
        centred = reference - self.centre
        self.register_buffer("moments", torch.cat([centred, centred.square()], 1))

    @classmethod
    def from_sklearn(cls, density):
        """Take over a fitted scikit-learn `KernelDensity`: γ = 1/(2 h²), its points and weights.

        Raises:
            ValueError: not fitted, or a kernel or metric other than gaussian and euclidean.

        Example:
            >>> from sklearn.neighbors import KernelDensity
            >>> SoftDistance.from_sklearn(KernelDensity(bandwidth=0.5).fit([[0.0], [2.0]]))
            SoftDistance(m=2, n_features=1, gamma=2)
        """
        if not hasattr(density, "tree_"):
            raise ValueError("`KernelDensity` must be fitted. Call .fit(X) first.")
        if (density.kernel, density.metric) != ("gaussian", "euclidean"):
            raise ValueError(
                "`KernelDensity` must have kernel='gaussian' and metric='euclidean'; got "
                f"{density.kernel!r} and {density.metric!r}. Only there is the score a soft "
                "minimum of squared distances."
            )
        weights = density.tree_.sample_weight
        points = torch.tensor(memoryview(density.tree_.data)[:].tolist(), dtype=torch.float64)
        weights = None if weights is None else torch.tensor(list(weights), dtype=torch.float64)
        return cls(points, 1 / (2 * density.bandwidth_**2), weights=weights)

    @property
    def n_features(self):
        """D."""
        return self.reference.shape[1]

    def forward(self, X, leave_out=None):
        """Score d (n,) of points X (n, D); `leave_out` as for `propagate`."""
        X = as_points(X, self.n_features)
        score = X.new_empty(len(X))
        for rows, _, _, d, _ in self._pooled(X, leave_out):
            score[rows] = d.to(X.dtype)
        return score

    def log_density(self, X, leave_out=None):
        """Log density (n,) of points X (n, D): −γ d − (D/2) log(π/γ), as `score_samples` has it.

        Raises:
            ValueError: the score is not that of a density, because γ is 0 or inf, or because only
                some neighbours count.
        """
        self.refuse_unless_density()
        norm = self.n_features / 2 * math.log(math.pi / self.gamma)
        return -self.gamma * self(X, leave_out) - norm

    def propagate(self, X, leave_out=None):
        """`Parts` of points X (n, D): relevances that sum, with the constant, to the score.

        Args:
            X: (n, D) points.
            leave_out: (n,) rows of the reference set to leave out, one for each point: itself, if
                it is one of them. −1 leaves out none.
        """
        X = as_points(X, self.n_features)
        # results are kept in one piece: many small ones would scatter the memory between blocks
        parts = Parts(torch.empty_like(X), X.new_empty(len(X)), X.new_empty(len(X)))
        for rows, x, r, d, q in self._pooled(X, leave_out):
            energy = torch.linalg.vecdot(q, r)
            relevance = split(x, self.reference, self.moments, self.centre, q, energy)
            for part, block in zip(parts, (relevance, d, (d - energy).clamp_min_(0)), strict=True):
                part[rows] = block.to(X.dtype)
        return parts

    def neighbours(self, X, n, leave_out=None):
        """Rows (n, s) of the s reference points with the largest weights q, and those (n, s)."""
        X = as_points(X, self.n_features)
        shape = len(X), min(n, len(self.reference))
        row, weight = torch.empty(shape, dtype=torch.int64), X.new_empty(shape)
        for rows, *_, q in self._pooled(X, leave_out):
            values, order = q.sort(stable=True, dim=-1, descending=True)
            row[rows], weight[rows] = order[:, :n], values[:, :n].to(X.dtype)
        return row, weight

    def extra_repr(self):
        """Show the sizes in `print(score)`."""
        kept = "" if self.n_neighbors is None else f", n_neighbors={self.n_neighbors}"
        m, D = self.reference.shape
        return f"m={m}, n_features={D}, gamma={self.gamma:.6g}{kept}"

    def refuse_unless_density(self):
        """Raise unless −γ d is, up to a constant, the logarithm of a density."""
        if not 0 < self.gamma < math.inf or self.n_neighbors is not None:
            raise ValueError(
                f"A log density needs γ in (0, inf) and all reference points; got {self!r}. "
                "Ask for the score instead."
            )

    def _pooled(self, X, leave_out):
        """Yield which rows, their points x, squared distances r, scores d and weights q."""
        size = max(1, BLOCK // len(self.reference))
        left = as_rows(leave_out, len(X), self.weight, self.n_neighbors or 1)
        for rows in (slice(start, start + size) for start in range(0, len(X), size)):
            x = X[rows].double()
            r, weight = squared_distances(x, self.reference), self.weight
            if left is not None:
                weight = without(weight, left[rows])
            if self.n_neighbors is not None:
                weight = nearest_only(weight.expand_as(r), r, self.n_neighbors)
            yield rows, x, r, *pool(weight, r, self.gamma)


def without(weight, left):
    """Weights (n, m) in which each point has lost one reference point, −1 for none."""
    weights = weight.expand(len(left), -1).clone()
    some = (left >= 0).nonzero()[:, 0]
    weights[some, left[some]] = 0
    return weights / weights.sum(-1, keepdim=True)


def as_gamma(gamma):
    """Check γ of a soft distance and return it as a float."""
    try:
        value = float(gamma)
    except (TypeError, ValueError):
        raise TypeError(f"`gamma` must be a number or 'median'; got {gamma!r}.") from None
    if not value >= 0:
        raise ValueError(
            f"`gamma` must be in [0, inf]; got {value}. 1 / gamma is a squared distance."
        )
    return value


def as_weights(weights, m):
    """Check weights of reference points and return them as a tensor (m,) that sums to 1."""
    if weights is None:
        return torch.full((m,), 1 / m, dtype=torch.float64)
    weight = torch.as_tensor(weights).detach().double()
    fit = weight.shape == (m,) and bool(((weight >= 0) & (weight < math.inf)).all())
    if not fit or weight.sum() == 0:
        raise ValueError(
            f"`weights` must be {m} finite numbers >= 0, one for each reference point, and not all "
            f"0; got shape {tuple(weight.shape)}. None weighs all alike."
        )
    return weight / weight.sum()


def as_rows(rows, n, weight, n_neighbors):
    """Check rows of the reference set to leave out, and that enough others remain."""
    if rows is None:
        return None
    rows, m = torch.as_tensor(rows), len(weight)
    if rows.dtype.is_floating_point or rows.dtype == torch.bool or rows.shape != (n,):
        raise ValueError(
            f"`leave_out` must be {n} integers, one for each point; got shape "
            f"{tuple(rows.shape)} of {rows.dtype}. −1 leaves out none."
        )
    if ((rows < -1) | (rows >= m)).any():
        raise ValueError(
            f"`leave_out` must hold rows of the reference set, 0..{m - 1}, or −1; "
            f"got {rows.min().item()}..{rows.max().item()}."
        )
    rest = (weight > 0).sum().item() - bool((weight[rows[rows >= 0]] > 0).any())
    if rest < n_neighbors:
        raise ValueError(
            f"`n_neighbors` must be at most {rest} where a point is left out; got {n_neighbors}."
            if rest
            else "`leave_out` must leave a reference point; got the only one that counts."
        )
    return rows.long()
