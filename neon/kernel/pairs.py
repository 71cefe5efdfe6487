"""Rules that bring relevance from competitors to support vectors: energy, and rules of pairs."""

import torch

LIMIT = 1e-3  # evidence below this share of the relevance is not multiplied up to it


def positive(near, far, p, q, R_k, labels):
    """Share relevance among the pairs that speak for the cluster: R_ij ∝ p_i q_j max(a_ij, 0).

    The pair (i, j) then hands s_ij [(x − x_j)² − (x − x_i)²] to the features, where
    s_ij = R_k p_i q_j 1[a_ij > 0] / Σ p q a⁺, and only the sums of s over i and over j matter.
    As a_ij > 0 means ‖x − x_i‖² < ‖x − x_j‖², both are running sums once the own support vectors
    are sorted: O(m log m), and no matrix of pairs.

    The clusters' constants Z take part in the decision, so that it can go against all pairs. What
    they decided belongs to no feature. It is left over where the evidence Σ p q a⁺ is less than a
    thousandth of R_k, so that no relevance is multiplied up by more than a thousand.

    Args:
        near: (n, n_c) squared distances to the own support vectors.
        far: (n, m − n_c) squared distances to those of all competitors.
        p: (n, n_c) soft-min weights of the own support vectors, which sum to 1.
        q: (n, m − n_c) those of the others, which sum to 1 for each competitor.
        R_k: (n, K) relevance of each competitor.
        labels: (m − n_c,) competitor that each far support vector belongs to.

    Returns:
        Σ_j s_ij (n, n_c), Σ_i s_ij (n, m − n_c), and relevance that belongs to no feature (n,).

    Example:
        >>> one, two = torch.ones(1, 1), torch.ones(1, 2)
        >>> near, far = torch.tensor([[1.0]]), torch.tensor([[0.5, 5.0]])
        >>> R_k, labels = torch.tensor([[0.0, 2.0]]), torch.tensor([1, 1])
        >>> positive(near, far, one, two / 2, R_k, labels)    # the pair with a = −0.5 gets nothing
        (tensor([[0.5000]]), tensor([[0.0000, 0.5000]]), tensor([0.]))
    """
    near, order = near.sort(-1)
    p = p.gather(1, order)
    base = near[:, :1]  # differences of distances stay the same, with more digits
    rank = torch.searchsorted(near, far)  # own support vectors strictly nearer than each j
    weight_nearer = before(p).gather(1, rank)  # Σ_i p_i 1[a_ij > 0]
    margin = (far - base) * weight_nearer - before(p * (near - base)).gather(1, rank)
    evidence = torch.zeros_like(R_k).index_add_(1, labels, q * margin.clamp_min(0))  # Σ p q a⁺

    floor = torch.finfo(R_k.dtype).tiny  # nothing to share and nobody to share with: 0, not 0/0
    ratio = R_k / torch.maximum(evidence, LIMIT * R_k).clamp_min(floor)
    s = q * ratio[:, labels]
    farther = torch.zeros_like(before(p)).scatter_add_(1, rank, s)[:, 1:]
    row_sums = p * farther.flip(-1).cumsum(-1).flip(-1)
    row_sums = torch.zeros_like(p).scatter_(1, order, row_sums)
    return row_sums, s * weight_nearer, (R_k - ratio * evidence).clamp_min(0).sum(-1)


def literal(near, far, p, q, R_k, labels):
    """Share relevance as the pooling layers say, R_ij = p_i q_j R_k, then divide by every a_ij.

    It conserves on paper. But relevances grow without bound where an a_ij is near 0, are NaN
    where one is 0, and all pairs are held at once. Arguments and returns are those of `positive`.

    Example:
        >>> one, R_k = torch.ones(1, 1), torch.tensor([[0.0, 2.0]])
        >>> literal(one, 1.001 * one, one, one, R_k, torch.tensor([1]))[0].round().item()
        2000.0
    """
    a = far[:, None] - near[:, :, None]  # (n, n_c, m - n_c)
    s = p[:, :, None] * (q * R_k[:, labels])[:, None] / a
    return s.sum(2), s.sum(1), torch.zeros_like(p[:, 0])


def before(values):
    """Sums (n, m + 1) of the first 0, 1, ..., m values (n, m) of each row."""
    return torch.nn.functional.pad(values.cumsum(-1), (1, 0))


PAIRS = {"positive": positive, "literal": literal}
RULES = {"energy", *PAIRS}


def hand_on(rule, distance, p, c, R_k, ratio, labels):
    """Bring relevance to support vectors: t_j, of which the features get Σ_j t_j (x − x_j)².

    Args:
        rule: "energy", or a rule of pairs.
        distance: (n, m) squared distances.
        p: (n, m) soft-min weights, which sum to 1 in each cluster.
        c: (n,) cluster that is explained.
        R_k: (n, K) relevance of each competitor, 0 for c.
        ratio: (n, K) R_k / h_k, 0 for c.
        labels: (m,) cluster of each support vector, ascending.

    Returns:
        t (n, m), and the relevance that belongs to no feature (n,).

    Example:
        >>> r, p, one = torch.tensor([[1.0, 5.0]]), torch.ones(1, 2), torch.tensor([[0.0, 1.0]])
        >>> hand_on("energy", r, p, torch.tensor([0]), 4 * one, one, torch.tensor([0, 1]))
        (tensor([[-1.,  1.]]), tensor([0.]))
    """
    if rule == "energy":
        signed = ratio.scatter(1, c[:, None], -ratio.sum(-1, keepdim=True))
        t = p * signed[:, labels]
        return t, R_k.sum(-1) - torch.linalg.vecdot(t, distance)
    t, rest = torch.zeros_like(distance), torch.zeros_like(distance[:, 0])
    for k in c.unique().tolist():
        rows, own = c == k, labels == k
        first = int((labels < k).sum())
        t_i, t_j, rest[rows] = PAIRS[rule](
            distance[rows][:, own], distance[rows][:, ~own],
            p[rows][:, own], p[rows][:, ~own], R_k[rows], labels[~own],
        )  # fmt: skip
        # support vectors are ordered by cluster: the own ones lie between the others
        t[rows] = torch.cat([t_j[:, :first], -t_i, t_j[:, first:]], -1)
    return t, rest
