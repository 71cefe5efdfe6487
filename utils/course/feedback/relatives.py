"""Exercises on relatives of the two rules: pairs of support vectors, hidden layers, words."""

import torch

from .backward import sums_to
from .cases import draw
from .core import Function


def positive_rule(a, p, q, f):
    """Relevance R_ij of pairs in proportion to p_i q_j max(a_ij, 0)."""
    weights = p[:, None] * q * a.clamp(min=0)
    return weights / weights.sum() * f


def support_pairs(seed):
    """Evidence a (n_c, n_k) of both signs, weights p, q, and the logit."""
    found = []
    for offset, (i, j) in enumerate([(4, 6), (5, 3)]):
        p, q = draw(seed + offset, i).softmax(0), draw(seed + offset + 5, j).softmax(0)
        found.append(
            (draw(seed + offset + 9, i, j) + 0.4, p, q, torch.tensor(1.7 + offset).double())
        )
    return found


def lrp_0(a, W, R):
    """R_i = Σ_j a_i w_ji / Σ_i' a_i' w_ji' · R_j."""
    z = a * W
    return (z / z.sum(1, keepdim=True) * R[:, None]).sum(0)


def layers(seed):
    """Activations (I,), weights (J, I), relevances (J,)."""
    return [(draw(seed + s, i).abs(), draw(seed + s + 3, j, i), draw(seed + s + 6, j).abs())
            for s, i, j in ((1, 5, 3), (2, 4, 4))]  # fmt: skip


def lrp_law(result, a, W, R):
    """What a layer receives it hands on."""
    total, due = float(torch.as_tensor(result).sum()), float(R.sum())
    if abs(total - due) < 1e-6:
        return None
    return f"Your inputs receive {total:.2f}, the outputs had {due:.2f}. Over which axis do shares sum to one?"


def words(x, mean_c, mean_k, A, w):
    """(x − (x̄_c + x̄_k)/2) ⊙ Aᵀ w."""
    return (x - (mean_c + mean_k) / 2) * (A.T @ w)


def texts(seed):
    """A text and two mean texts (D,), a map (p, D), a weight (p,)."""
    return [(draw(seed, 6).abs(), draw(seed + 1, 6).abs(), draw(seed + 2, 6).abs(),
             draw(seed + 3, 3, 6), draw(seed + 4, 3)) for seed in (10 * seed, 10 * seed + 5)]  # fmt: skip


EXERCISES = {
    "positive rule": Function(
        asks="write `positive_rule(a, p, q, f)`, relevances R_ij in proportion to p_i q_j max(a_ij, 0).",
        right=positive_rule,
        cases=support_pairs,
        slips=(
            (lambda a, p, q, f: p[:, None] * q * a / (p[:, None] * q * a).sum() * f,
             "Negative evidence gets (negative) relevance. Cut a at 0 first: max(a, 0)."),
            (lambda a, p, q, f: p[:, None] * q * f,
             "That is the literal rule, before its division by a. Weigh each pair by its evidence, too."),
            (lambda a, p, q, f: p[:, None] * q * a.clamp(min=0),
             "Not divided by the sum over all pairs: f must be shared out, neither more nor less."),
            (lambda a, p, q, f: positive_rule(a, p, q, 1.0), "Your shares sum to one. Now share out f."),
            (lambda a, p, q, f: positive_rule(a.abs(), p, q, f),
             "|a| rewards pairs that speak *against* the cluster. They should get nothing."),
            (lambda a, p, q, f: positive_rule(-a, p, q, f), "You pay the pairs that speak against: the sign of a."),
            (lambda a, p, q, f: positive_rule((a > 0).double(), p, q, f),
             "Every positive pair counts alike. In proportion to a, please."),
            (lambda a, p, q, f: positive_rule(a, p, torch.ones_like(q), f),
             "q is not used: near opponents must count for more."),
            (lambda a, p, q, f: positive_rule(a, torch.ones_like(p), q, f),
             "p is not used: near members of the own cluster must count for more."),
            (lambda a, p, q, f: positive_rule(a, p, q, f).sum(0), "You have summed over i. Return the whole table (n_c, n_k)."),
        ),
        law=lambda r, a, p, q, f: sums_to("the logit f", "all pairs")(r, f),
    ),
    "lrp": Function(
        asks="write `lrp_0(a, W, R)`, which hands the relevance (J,) of a layer to its inputs (I,).",
        right=lrp_0,
        cases=layers,
        slips=(
            (lambda a, W, R: (a * W / (a * W).sum(0) * R[:, None]).sum(0),
             "Normalised over the outputs. The *inputs* of one output share its relevance: the other axis."),
            (lambda a, W, R: (W / W.sum(1, keepdim=True) * R[:, None]).sum(0),
             "The activations are missing: an input that is 0 cannot have contributed."),
            (lambda a, W, R: (a * W * R[:, None]).sum(0), "Not divided by the sum of the contributions: relevance is created or lost."),
            (lambda a, W, R: (a * W / (a * W).sum(1, keepdim=True)).sum(0), "R is missing: every output is taken for equally relevant."),
            (lambda a, W, R: a * W / (a * W).sum(1, keepdim=True) * R[:, None], "You still have one row an output. Add up what each input gets from all."),
            (lambda a, W, R: ((a * W).abs() / (a * W).abs().sum(1, keepdim=True) * R[:, None]).sum(0),
             "Absolute values hide what speaks against. Keep the signs."),
            (lambda a, W, R: lrp_0(a, W.clamp(min=0), R), "You drop the negative weights: a rule as well, but not this one."),
            (lambda a, W, R: W.T @ R, "That is the gradient's way back. Where are a, and the division?"),
            (lambda a, W, R: a * R.sum() / a.sum(), "In proportion to a alone: the weights are missing."),
            (lambda a, W, R: (a * W / (a * W).sum() * R[:, None]).sum(0), "You divide by the sum over inputs *and* outputs. Each output has a sum of its own."),
        ),
        law=lrp_law,
    ),
    "words": Function(
        asks="write `word_evidence(x, mean_c, mean_k, A, w)`, what each word (D,) adds to h_k.",
        right=words,
        cases=texts,
        slips=(
            (lambda x, c, k, A, w: x * (A.T @ w),
             "Absent words (x = 0) get nothing here, and yet their absence is evidence. Count from the middle of the two mean texts."),
            (lambda x, c, k, A, w: (x - (c + k)) * (A.T @ w), "The middle of the two mean texts is *half* their sum."),
            (lambda x, c, k, A, w: (x - (c - k) / 2) * (A.T @ w), "The middle is half the sum of the mean texts, not half their difference."),
            (lambda x, c, k, A, w: (x - c) * (A.T @ w), "You count from the own mean text, where h_k is not 0."),
            (lambda x, c, k, A, w: (x - k) * (A.T @ w), "You count from the competitor's mean text, where h_k is not 0."),
            (lambda x, c, k, A, w: -words(x, c, k, A, w), "Every sign is turned: from the middle to x, not from x to the middle."),
            (lambda x, c, k, A, w: 2 * words(x, c, k, A, w), "Twice too much: w holds the factor 2 already."),
            (lambda x, c, k, A, w: A @ (x - (c + k) / 2) * w, "Those are shares of the p numbers z. Take w back to the words instead."),
            (lambda x, c, k, A, w: words(x, c, k, A, w).sum(), "That is h_k. Leave it in its D parts."),
            (lambda x, c, k, A, w: A.T @ w, "That is the weight of every word. And this text?"),
            (lambda x, c, k, A, w: (x - (c + k) / 2) * A.sum(0), "w is not used: weigh the rows of A with it."),
        ),
    ),
}  # fmt: skip
