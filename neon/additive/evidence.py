"""Evidence that is a sum over features, plus a constant that belongs to none.

A clustering compares candidates m by their energies e_m(x) = Σ_i e_mi(x) + b_m, and puts x into
cluster c if every evidence h_k = e_k − e_own for c against a competitor k is positive. Then

    f = min_k h_k,    a_k = softmin_k(β h) f / h_k,    a_own = −Σ_k a_k,

    R_i = Σ_m a_m e_mi(x),    the constant's share Σ_m a_m b_m,

and all shares sum to f. For k-means e_mi = (x_i − μ_mi)² and b = 0: the midpoint rule is the
squared distance, read feature by feature.
"""

import torch

from ..interface import NeuralizedModel, Shares
from ..rules import min_take_most
from ..validation import as_labels, as_points

NUMBERS = 2**18  # numbers in a temporary of one block of rows: a few of them stay in the cache
TINY = torch.finfo(torch.float64).tiny  # as β it shares equally, and tiny · inf is inf


class NeuralizedAdditive(NeuralizedModel):
    """A clustering that compares sums over features: the base of all kinds of it.

    A kind says who competes, of M candidates:

    - `decide(e)`: cluster (n,) by energies e (M, n);
    - `compare(e, c)`: evidence h (L, n) for clusters c (n,), inf where there is no competitor,
      and own (n,), whatever `signed` needs to know besides;
    - `signed(a, own, c)`: weights (M, n) of the candidates, from those of the competitors (L, n);
    - `pair(e, c, k)`: the same (M, n) for the one comparison that decides between c and k.

    Args:
        energy: `Squares`, `Quadratics` or `Categories` of the candidates.
        n_clusters: K.
    """

    def __init__(self, energy, n_clusters):
        super().__init__()
        self.energy, self._n_clusters = energy, n_clusters

    @property
    def n_clusters(self):
        """K."""
        return self._n_clusters

    @property
    def n_features(self):
        """D."""
        return self.energy.n_features

    def h(self, X):
        """Evidence (n, K, L) for each cluster against those it is compared with, padded by inf."""
        X = as_points(X, self.n_features)
        e = self.energy(self.seen(X))
        each = [self.compare(e, torch.full_like(self.decide(e), c)) for c in range(self.n_clusters)]
        return torch.stack([h.T for h, _ in each], 1).to(X.dtype)

    def forward(self, X, c=None):
        """Logit (n,) of the assigned cluster, or of cluster c: one cluster, or one a point (n,)."""
        X = as_points(X, self.n_features)
        if c is not None:
            c = as_labels(c, len(X), self.n_clusters, "c").to(X.device)
        logits = []
        for rows in self.blocks(X):
            e = self.energy(self.seen(X[rows]))
            logits.append(self.pool(self.compare(e, self.decide(e) if c is None else c[rows])[0]))
        return torch.cat(logits).to(X.dtype)

    def decision(self, X):
        """Assigned cluster (n,), as the clusterer itself decides."""
        X = as_points(X, self.n_features)
        return torch.cat([self.decide(self.energy(self.seen(X[r]))) for r in self.blocks(X)])

    def propagate(self, X, beta, *, cluster=None, out=None):
        """`Shares` of checked points X (n, D): what `explain` needs."""
        relevance = (
            torch.empty_like(X, memory_format=torch.contiguous_format) if out is None else out
        )
        labels = torch.empty(len(X), dtype=torch.int64, device=X.device)
        logit, constant = X.new_empty(len(X)), X.new_empty(len(X))
        for rows in self.blocks(X):
            x = self.seen(X[rows])
            e = self.energy(x)
            c = self.decide(e) if cluster is None else cluster[rows]
            h, own = self.compare(e, c)
            f = self.pool(h)
            a, rest, lost = self.weights(h, f, beta)
            signed = self.signed(a, own, c)
            R, rest = self.energy.share(x, signed), rest + self.energy.constant @ signed
            i = lost.nonzero()[:, 0]
            if len(i):
                way = self.way(h[:, i], own[i], c[i])
                total = way.sum(-1)
                R[i] += torch.where(total > 0, lost[i] / total, 0)[:, None] * way
                rest[i] += torch.where(total > 0, 0, lost[i])
            relevance[rows], labels[rows], logit[rows], constant[rows] = R, c, f, rest
        return Shares(relevance, labels, logit, constant if self.has_constant else 0.0)

    def pool(self, h):
        """Logit (n,) of evidence h (L, n): its minimum."""
        return h.amin(0)

    def weights(self, h, f, beta):
        """Weights a (L, n) of the competitors, what belongs to no feature, and what is lost (n,).

        Where f < 0 (a label that the model does not assign) the ratio f / h_k has no bound. There
        the nearest competitor alone has a weight, its softmin share, which is continuous at f = 0.
        What the others would have had is lost, and laid along the `way`.
        """
        a, lost = min_take_most(h, torch.ones_like(f), max(beta, TINY), dim=0), torch.zeros_like(f)
        i = (f <= 0).nonzero()[:, 0]
        nearest = a[:, i] * (h[:, i] == f[i])
        a *= f / h
        if len(i):
            a[:, i] = nearest
            lost[i] = f[i] * (1 - nearest.sum(0))
        return a, 0.0, lost

    def way(self, h, own, c):
        """What each feature gains (n, D) on the way to the own centre from the nearest other's.

        For k-means 2(μ_c − μ_k)²: moved to the boundary, x changes by a multiple of μ_c − μ_k.
        """
        nearest = torch.zeros_like(h).scatter_(0, h.argmin(0, keepdim=True), 1)
        signed = self.signed(nearest, own, c)
        to, start = ((s * signed.T).clamp(min=0) @ self.energy.centres for s in (-1, 1))
        return self.energy.share(to, signed) - self.energy.share(start, signed)

    def contrast(self, X, cluster, against):
        """Shares (n, D) of the evidence for one cluster against another, but for its constant."""
        shares = []
        for rows in self.blocks(X):
            x = self.seen(X[rows])
            shares.append(
                self.energy.share(x, self.pair(self.energy(x), cluster[rows], against[rows]))
            )
        return torch.cat(shares).to(X.dtype)

    def counterfactual(self, X, against=None):
        """Nearest point (n, D) where the assignment of each point is undecided, if that is exact.

        The nearest face of the cluster's region: each is flat where energies differ linearly.

        Raises:
            NotImplementedError: boundaries are curved, or features have no way between values.
        """
        origin, v, t = self.planes()
        x = X - origin
        e = v @ x.T + t[:, None]
        c = self.decide(e)
        h, own = self.compare(e, c)
        if against is None:
            w = self.faces(h, own, c, v)
        else:
            signed = self.pair(e, c, against)
            h, w = (signed * e).sum(0, keepdim=True), (signed.T @ v)[None]
        norm = w.norm(dim=-1)
        distance = torch.where(norm == 0, h, h / norm)  # twins have h = 0 everywhere
        nearest = distance.argmin(0)
        row = torch.arange(len(x), device=x.device)
        unit = torch.nn.functional.normalize(w[nearest, row], dim=-1)
        return (X - distance[nearest, row, None] * unit).to(X.dtype)

    def planes(self):
        """An origin o, slopes v (M, D) and levels t (M,): energies differ by v·(x − o) + t.

        Raises:
            NotImplementedError: they do not.
        """
        planes = self.energy.planes()
        if planes is None:
            raise NotImplementedError(
                "`counterfactual` needs flat boundaries, as between centres with equal metrics or "
                f"covariances; those of this {type(self).__name__} are not. "
                "Ask `contrast` what speaks for the other cluster instead."
            )
        return planes

    def faces(self, h, own, c, v):
        """Normals w (L, n, D) of the faces h = 0 of each point's region."""
        faces = []
        for i in range(len(h)):
            only = torch.zeros_like(h)
            only[i] = h[i].isfinite()
            faces.append(self.signed(only, own, c).T @ v)
        return torch.stack(faces)

    def seen(self, X):
        """Points as the energies see them: from their origin, in their precision."""
        return X - self.energy.origin

    @property
    def rows(self):
        """Rows in a block."""
        return max(64, NUMBERS // self.energy.width)

    def blocks(self, X):
        """Slices of rows whose temporaries stay small."""
        return [slice(i, i + self.rows) for i in range(0, len(X), self.rows)]

    def extra_repr(self):
        """Show the sizes in `print(network)`."""
        return f"n_clusters={self.n_clusters}, n_features={self.n_features}"
