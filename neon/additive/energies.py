"""Energies of candidates, each a sum over features plus a constant: e_m(x) = Σ_i e_mi(x) + b_m.

A candidate is a centre with a way to measure how far from it a point is. Only differences of
energies are ever looked at, so what all candidates share may be left out, and a constant that
moves from one feature of all candidates to another changes nothing.

Points x are measured from `energy.origin`, the mean of the centres: there expanded squares keep
their digits. An energy has three things to say, in matrix products and without an (n, M, D) array:
`energy(x)` (M, n), all M energies; `energy.share(x, a)` (n, D), the sums Σ_m a_m e_mi(x) for
weights a (M, n) that sum to 0 at each point; and `energy.planes()`, an origin o, v (M, D) and
t (M,) where energies differ by v_m·(x − o) + t_m alone, so that boundaries are flat, or else None.
Candidates come first, so that every step between the products runs along many points.
"""

import torch


class Energy(torch.nn.Module):
    """M centres μ around their mean, and constants b that belong to no feature.

    Args:
        centres: (M, D) tensor, float64.
        constant: (M,) tensor b; 0 by default.
    """

    def __init__(self, centres, constant=None):
        super().__init__()
        self.register_buffer("origin", centres.mean(0))
        self.register_buffer("centres", centres - self.origin)
        self.register_buffer(
            "constant", centres.new_zeros(len(centres)) if constant is None else constant
        )

    @property
    def n_features(self):
        """D."""
        return self.centres.shape[1]

    @property
    def width(self):
        """Numbers that a point needs at a time."""
        return sum(self.centres.shape)


class Squares(Energy):
    """Weighted squares, feature by feature: e_mi = λ_mi (x_i − μ_mi)² + r_mi.

    Args:
        centres: (M, D) tensor μ.
        weight: λ (M, D), or (D,) if all candidates share it; 1 by default.
        offset: (M, D) tensor r, such as the logarithm of a width; 0 by default.
        constant: (M,) tensor b.
    """

    def __init__(self, centres, weight=None, offset=None, constant=None):
        super().__init__(centres, constant)
        weight = torch.ones_like(self.origin) if weight is None else weight
        mu = self.centres
        square = weight * mu.square() + (0 if offset is None else offset)
        self.register_buffer("weight", weight)
        self.register_buffer("linear", -2 * weight * mu)  # (M, D)
        self.register_buffer("square", square)  # (M, D)
        self.register_buffer("level", square.sum(-1) + self.constant)  # (M,)

    def forward(self, x):
        """Energies (M, n) of points x (n, D), up to what all candidates share."""
        e = torch.addmm(self.level[:, None], self.linear, x.T)
        return e if self.weight.ndim == 1 else e.addmm_(self.weight, x.square().T)

    def share(self, x, a):
        """Σ_m a_m e_mi(x) (n, D); where λ is shared, x² cancels."""
        slope = a.T @ self.linear
        if self.weight.ndim == 2:
            slope = slope.addcmul_(x, a.T @ self.weight)
        return slope.mul_(x).addmm_(a.T, self.square)

    def planes(self):
        """Origin, slopes and levels of energies that differ linearly, or None."""
        if self.weight.ndim == 2 and (self.weight != self.weight[0]).any():
            return None
        return self.origin, self.linear, self.level


class Quadratics(Energy):
    """Quadratic forms: e_m = δᵀ A_m δ with δ = x − μ_m, and e_mi = δ_i (A_m δ)_i.

    These are the exact Shapley values of the quadratic form, with the centre as baseline: a pair
    of features shares its cross term equally.

    Args:
        centres: (M, D) tensor μ.
        matrix: symmetric A (M, D, D), or (D, D) if all candidates share it.
        constant: (M,) tensor b.
    """

    def __init__(self, centres, matrix, constant=None):
        super().__init__(centres, constant)
        mu = self.centres
        self.register_buffer("matrix", matrix)
        self.register_buffer("pull", (mu[:, None] @ matrix)[:, 0])  # A μ (M, D)
        self.register_buffer("level", (mu * self.pull).sum(-1) + self.constant)

    @property
    def width(self):
        """Numbers that a point needs at a time."""
        return super().width if self.matrix.ndim == 2 else self.centres.numel()

    def forward(self, x):
        """Energies (M, n) of points x (n, D), up to what all candidates share."""
        if self.matrix.ndim == 3:
            return self._terms(x).sum(-1) + self.constant[:, None]
        return torch.addmm(self.level[:, None], self.pull, x.T, alpha=-2)

    def share(self, x, a):
        """Σ_m a_m e_mi(x) (n, D), the cross terms halved between their features."""
        if self.matrix.ndim == 3:
            return torch.einsum("mn,mnx->nx", a, self._terms(x))
        mu, a = self.centres, a.T
        return a @ (mu * self.pull) - x * (a @ self.pull) - (x @ self.matrix) * (a @ mu)

    def planes(self):
        """Origin, slopes and levels of energies that differ linearly, or None."""
        if self.matrix.ndim == 3:
            return None
        return self.origin, -2 * self.pull, self.level

    def _terms(self, x):
        """δ ⊙ A_m δ (M, n, D): each point against each candidate."""
        delta = x - self.centres[:, None]
        return delta * (delta @ self.matrix)


class Categories(Energy):
    """Squares of the numeric features, and γ for each category that is another than the centre's.

    Args:
        centres: (M, D) tensor; a category is a whole number.
        categorical: indices of the categorical features.
        gamma: γ.
    """

    def __init__(self, centres, categorical, gamma):
        super().__init__(centres)
        self.categorical, self.gamma = list(categorical), gamma
        self.numeric = [i for i in range(self.n_features) if i not in set(self.categorical)]
        self.origin[self.categorical] = 0
        self.centres[:, self.categorical] = centres[:, self.categorical]
        self.squares = Squares(self.centres[:, self.numeric])

    def forward(self, x):
        """Energies (M, n) of points x (n, D), up to what all candidates share."""
        e = self.squares(x[:, self.numeric])
        for i in self.categorical:
            e += self.gamma * self._differs(x, i)
        return e

    def share(self, x, a):
        """Σ_m a_m e_mi(x) (n, D)."""
        R = torch.empty_like(x)
        R[:, self.numeric] = self.squares.share(x[:, self.numeric], a)
        for i in self.categorical:
            R[:, i] = self.gamma * (a * self._differs(x, i)).sum(0)
        return R

    def extra_repr(self):
        """Show what is a category, and γ."""
        return f"categorical={self.categorical}, gamma={self.gamma}"

    def planes(self):
        """None: a category has no way between its values."""

    def _differs(self, x, i):
        return (self.centres[:, i, None] != x[:, i]).to(x.dtype)
