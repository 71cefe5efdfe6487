"""Kernel k-means rewritten, exactly, as a network: linear, soft maximum, soft minimum, minimum."""

import torch

from ..interface import NeuralizedModel, Shares
from ..rules import min_take_most
from ..validation import as_labels, as_points, carry_names, like
from .gaussian import squared_distances
from .neighbours import Neighbours, holding
from .pairs import RULES, hand_on
from .pooling import smax, smin

BUDGET = 2**21  # numbers (points × support vectors × features) that a batch may hold: 16 MB


class NeuralizedKernelKMeans(NeuralizedModel):
    """The decision of Gaussian kernel k-means as a neural network of four layers.

    Every cluster k is its support vectors x_j, and its soft distance to a point is
    d_k = −(1/γ) log Σ_j exp(ℓ_j − γ‖x − x_j‖²), with ℓ_j = log(mass_j / Z_k). The network is

    - a_ij = w_ij·x + b_ij = ‖x − x_j‖² − ‖x − x_i‖² for each pair of the own cluster c and a
      competitor k, with w_ij = 2(x_i − x_j) and b_ij = ‖x_j‖² − ‖x_i‖²;
    - a soft maximum over the own support vectors i;
    - a soft minimum over the competitor's support vectors j, which gives h_k = d_k − d_c;
    - a minimum over the competitors, which is the logit f_c.

    Relevance goes back by min-take-most to R_k, and from there by one of three rules, none of
    which is free. With p and q the soft-min weights within the own cluster and a competitor:

    - "positive": R_ij ∝ p_i q_j max(a_ij, 0) of pairs, then the midpoint rule. The features sum to
      the logit. Σ|R|/f is seldom above 3, but has no bound: where the pairs that speak against a
      cluster nearly outweigh the others, a feature can receive many times the logit.
    - "energy": R_k/h_k (E_q[(x − x_j)²] − E_p[(x − x_i)²]), without division by evidence, and
      without sorting. The entropies of p and q belong to no feature, so that the features sum to
      the logit but for a `constant` of either sign, which is not small where clusters have unlike
      sizes and widths; and Σ|R|/f is larger.
    - "literal": R_ij = p_i q_j R_k, then division by a_ij. It explodes, and is here to be seen.

    Args:
        support: (m, D) support vectors, floating; or a fitted `KernelKMeans`, alone.
        labels: (m,) cluster of each, 0..K−1, none of them empty.
        gamma: γ > 0 of the kernel exp(−γ‖x − x'‖²).
        log_norm: (K,) log Z_k.
        mass: (m,) points that each support vector stands for; 1 by default.
        rule: "positive", "energy", or "literal" for teaching.

    Attributes:
        support: (m, D) buffer, ordered by cluster.
        labels: (m,) buffer.
        row: (m,) buffer, where each stood in `support` as given.
        log_weight: (m,) buffer ℓ.
        sizes: K numbers of support vectors.
        gamma: float.
        reduction: {} or, for landmarks, the error that they make (`KernelKMeans.neuralize`).

    Raises:
        ValueError: a rule that is not known. `KernelKMeans` checks the rest.

    Source: Kauffmann et al., arXiv:1906.07633, for the network; Bley, Kauffmann et al.,
    arXiv:2508.03913, for the energy rule.

    Example:
        >>> from neon import explain
        >>> support, labels = torch.tensor([[0.0, 0.0], [2.0, 2.0]]), torch.tensor([0, 1])
        >>> network = NeuralizedKernelKMeans(support, labels, 1.0, torch.zeros(2))
        >>> explain(network, torch.tensor([[0.0, 0.5]]), beta=1).relevance    # that of k-means
        tensor([[4., 2.]])
    """

    has_constant = True

    def __init__(
        self, support, labels=None, gamma=None, log_norm=None, *, mass=None, rule="positive"
    ):
        super().__init__()
        if labels is None:
            carry_names(self, support)
            support, labels, gamma, log_norm = support.as_support()
        if rule not in RULES:
            raise ValueError(f"`rule` must be one of {sorted(RULES)}; got {rule!r}.")
        order = labels.argsort(stable=True)
        mass = torch.ones_like(support[:, 0]) if mass is None else mass.to(support)
        self.register_buffer("support", support[order])
        self.register_buffer("labels", labels[order])
        self.register_buffer("row", order)
        self.register_buffer("log_weight", (mass.log() - log_norm[labels])[order])
        self.sizes = labels.bincount().tolist()
        self.gamma, self.rule, self.reduction = float(gamma), rule, {}

    @property
    def n_clusters(self):
        """K."""
        return len(self.sizes)

    @property
    def n_features(self):
        """D."""
        return self.support.shape[1]

    def h(self, X, c, k):
        """Evidence h_k (n,) for cluster c against k, neuron by neuron through three layers.

        For reading and for tests: it holds all (n, n_c, n_k) neurons of the first layer.
        """
        X = as_points(X, self.n_features)
        own, other = self.labels == c, self.labels == k
        centred = self.support - self.support.mean(0)  # changes no a_ij, and keeps its digits
        x_i, x_j = centred[own], centred[other]
        weight = 2 * (x_i[:, None] - x_j)  # (n_c, n_k, D)
        bias = x_j.square().sum(-1) - x_i.square().sum(-1)[:, None]  # (n_c, n_k)
        a = torch.einsum("ijd,nd->nij", weight, X.to(weight.dtype) - self.support.mean(0)) + bias

        # smax and smin take the mean of exponentials: n_k times the weight makes it their sum
        shift = self.log_weight + torch.tensor(self.sizes).to(centred).log()[self.labels]
        h_j = smax(a + shift[own, None] / self.gamma, self.gamma, dim=1)  # (n, n_k)
        return smin(h_j - shift[other] / self.gamma, self.gamma).to(X.dtype)

    def distances(self, X):
        """Soft squared distances d_k (n, K) of points X (n, D), by the direct formula."""
        X = as_points(X, self.n_features)
        batches = self._batches(X, len(self.support))
        r = (squared_distances(x, self.support.to(x.dtype)) for x in batches)
        return torch.cat([self._pool(distance)[0] for distance in r]).to(X.dtype)

    def forward(self, X, c=None):
        """Logit (n,) of the assigned cluster, or of cluster c: one cluster, or one a point (n,)."""
        d = self.distances(X)
        c = d.argmin(-1) if c is None else as_labels(c, len(d), self.n_clusters, "c").to(d.device)
        own = torch.zeros_like(d).scatter(1, c[:, None], torch.inf)
        return (d + own).amin(-1) - d.gather(1, c[:, None])[:, 0]

    def decision(self, X):
        """Assigned cluster c (n,): the smallest soft distance, the lower index at a tie."""
        return self.distances(X).argmin(-1)

    def propagate(self, X, beta, *, cluster=None, out=None):
        """`Shares` of checked points X (n, D): what `explain` needs.

        Raises:
            NotImplementedError: labels that are not the model's own decision.
        """
        parts = [self._propagate(x, beta) for x in self._batches(X, self._cost)]
        relevance, constant, c, logit = map(torch.cat, zip(*parts, strict=True))
        if cluster is not None and not torch.equal(c, cluster):
            self.refuse(
                "explain(cluster=...)",
                "Its rule needs the cluster that a point is assigned to. Ask `contrast` what "
                "speaks for another.",
            )
        return Shares(relevance.to(X.dtype), c, logit.to(X.dtype), constant.to(X.dtype))

    def contrast(self, X, cluster, against):
        """Shares (n, D) of d_against − d_cluster, the negated shares where that is negative.

        What belongs to no feature is left out of them, so that under the energy rule they need not
        sum to the difference.
        """
        size = max(1, BUDGET // self._cost)
        batches = self._batches(X, self._cost)
        parts = zip(batches, cluster.split(size), against.split(size), strict=True)
        return torch.cat([self._contrast(*part) for part in parts]).to(X.dtype)

    def counterfactual(self, X, against=None):
        """Refuse: the boundary is curved, and its nearest point has no closed form.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError(
            "`counterfactual` needs planes between clusters, as k-means has; kernel k-means has "
            "curved boundaries. Ask `contrast` what speaks for the other cluster instead."
        )

    def neighbours(self, X, n=5):
        """Which support vectors hold each point X (n, D) in its cluster: `Neighbours`.

        The weights are those of the soft distances, whatever the rule: p_i = ∂d_c/∂r_i says how
        much d_c grows with the squared distance r_i to a member.

        Args:
            X: points, of any kind that `explain` takes.
            n: how many of each side, at most as many as the smallest cluster has.

        Example:
            >>> support, labels = torch.tensor([[0.0], [1.0], [5.0]]), torch.tensor([1, 1, 0])
            >>> network = NeuralizedKernelKMeans(support, labels, 1.0, torch.zeros(2))
            >>> network.neighbours(torch.tensor([[0.5]]), 1).other
            tensor([[2]])
        """
        points, n = as_points(X, self.n_features), min(n, *self.sizes)
        parts = []
        for x in self._batches(points, len(self.support)):
            d, p = self._pool(squared_distances(x, self.support.to(x.dtype)))
            parts.append(holding(d, p, self.labels, self.row, n))
        return Neighbours(*(like(X, torch.cat(part)) for part in zip(*parts, strict=True)))

    def extra_repr(self):
        """Show the sizes in `print(network)`, and the error of a reduced support set."""
        error = "".join(f", {name}={value:.4f}" for name, value in self.reduction.items())
        return f"sizes={self.sizes}, n_features={self.n_features}{error}"

    @property
    def _cost(self):
        width = max(self.sizes) if self.rule == "literal" else self.n_features
        return len(self.support) * max(width, self.n_features)

    def _batches(self, X, cost):
        dtype = torch.promote_types(X.dtype, self.support.dtype)
        return X.to(dtype).split(max(1, BUDGET // cost))

    def _pool(self, distance):
        """Soft distances (n, K), and the soft-min weights (n, m) that sum to 1 in each cluster."""
        exponents = (self.log_weight - self.gamma * distance).split(self.sizes, -1)
        d = torch.stack([e.logsumexp(-1) for e in exponents], -1) / -self.gamma
        return d, torch.cat([e.softmax(-1) for e in exponents], -1)

    def _propagate(self, x, beta):
        squares = (x[:, None] - self.support).square()  # (n, m, D)
        distance = squares.sum(-1)
        d, p = self._pool(distance)
        d_c, c = d.min(-1, keepdim=True)
        competitor = torch.ones_like(d, dtype=torch.bool).scatter_(1, c, False)
        h = (d - d_c)[competitor].view(len(x), -1)  # (n, K-1)
        f = h.amin(-1)
        share = torch.zeros_like(d)
        share[competitor] = min_take_most(h, torch.ones_like(f), beta).flatten()
        R_k = share * f[:, None]
        ratio = torch.where(d == d_c, share, R_k / (d - d_c))  # R_k / h_k, and its limit at 0
        return *self._share(squares, distance, p, c[:, 0], R_k, ratio), c[:, 0], f

    def _contrast(self, x, cluster, against):
        squares = (x[:, None] - self.support).square()
        distance = squares.sum(-1)
        d, p = self._pool(distance)
        h = (d.gather(1, against[:, None]) - d.gather(1, cluster[:, None]))[:, 0]
        winner, loser = torch.where(h < 0, against, cluster), torch.where(h < 0, cluster, against)
        ratio = torch.zeros_like(d).scatter_(1, loser[:, None], 1.0)
        R_k = ratio * h.abs()[:, None]
        return self._share(squares, distance, p, winner, R_k, ratio)[0] * h.sign()[:, None]

    def _share(self, squares, distance, p, c, R_k, ratio):
        """Relevances (n, D) and constant (n,) of clusters c (n,), from their competitors' R_k."""
        t, constant = hand_on(self.rule, distance, p, c, R_k, ratio, self.labels)
        return (t[:, None] @ squares)[:, 0], constant
