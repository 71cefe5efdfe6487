"""Feedback on answers: right ones pass, each typical wrong one gets a message of its own."""

import linecache
import re

import numpy as np
import pytest
import torch

from utils.course.feedback import EXERCISES, FAMILIES, check, grade
from utils.course.feedback.core import Function, Value, attempted, numbers

FUNCTIONS = {name: one for name, one in EXERCISES.items() if isinstance(one, Function)}
VALUES = {name: one for name, one in EXERCISES.items() if isinstance(one, Value)}


def said(capsys, name, answer):
    """What `check` prints, in one line, about an answer."""
    check(name, answer)
    out, err = capsys.readouterr()
    assert err == ""
    assert out.count("\n") == 1, "one line"
    return out.strip()


def written(source):
    """Function that a student might have written, from its source."""
    names, file = {"torch": torch, "np": np, "inf": float("inf")}, f"<cell {hash(source)}>"
    linecache.cache[file] = len(source), None, source.splitlines(keepends=True), file
    exec(compile(source, file, "exec"), names)
    functions = [value for key, value in names.items() if callable(value) and key != "__builtins__"]
    return functions[-1]


MENDED = """def f(x, mu, beta):
    d = ((x - mu) ** 2).sum(-1)
    c = d.argmin()
    k = [j for j in range(len(mu)) if j != c]
    h = d[k] - d[c]
    w, m = 2 * (mu[c] - mu[k]), (mu[c] + mu[k]) / 2
    z = (x - m) * w
    p = np.exp(-beta * h) / np.exp(-beta * h).sum()
    return (z / z.sum(1, keepdims=True) * (p * h.min())[:, None]).sum(0)
"""
BROKEN = MENDED.replace("(mu[c] + mu[k]) / 2", "(mu[c] - mu[k]) / 2").replace("sum(1,", "sum(0,")
FLIP = """def f(logit, x, R, replacement):
    x = x.clone()
    out = [logit(x)]
    for i in R.argsort(descending=True):
        x[i] = replacement[i]
        out.append(logit(x))
    return torch.stack(out)
"""

# name of the exercise: {what a student writes: words that the message must hold}
FROM_STUDENTS = {
    "bell curves": {
        "def f(x, c, k, v, u): return -((x-k)**2)/(2*u) - u.log()/2 + (x-c)**2/(2*v) + v.log()/2": "speak for the competitor",
        "def f(x, c, k, v, u): return (x-k)**2/(2*u) - (x-c)**2/(2*v)": "*higher* in its middle",
        "def f(x, c, k, v, u): return (x-k)**2/(2*u) - (x-c)**2/(2*v) + (u/v).log()": "square *root*",
        "def f(x, c, k, v, u): return (x-k)**2 - (x-c)**2": "one width for all",
        "def f(x, c, k, v, u): return ((x-k)**2/(2*u) - (x-c)**2/(2*v) + (u/v).log()/2).sum()": "One number for each",
        "def f(x, c, k, v, u): return (x-k)**2/(2*u) - (x-c)**2/(2*v) - (u/v).log()/2": "the *wider* is the lower",
        "def f(x, c, k, v, u): return (x-k)**2/u - (x-c)**2/v + (u/v).log()/2": "stands a half",
        "def f(x, c, k, v, u): return (x-k)**2/(2*u**2) - (x-c)**2/(2*v**2) + (u/v).log()": "they need no square",
        "def f(x, c, k, v, u): return ((x-k)**2/(2*u) - (x-c)**2/(2*v) + (u/v).log()/2).exp()": "ratio multiplies",
        "def f(x, c, k, v, u): (x - c) / v": "returns nothing",
        "def f(x, c, k): return x": "TypeError",
    },
    "soft logit": {
        "def f(h): return h.min()": "hard logit",
        "def f(h): return torch.logsumexp(-h, 0)": "The sign is turned",
        "def f(h): return (torch.softmax(-h, 0) * h).sum()": "not knowing the rival",
        "def f(h): return -torch.log(torch.exp(-h).sum())": "takes the sum in logarithms",
        "def f(h): return torch.logsumexp(h, 0)": "sign in the exponent",
        "def f(h): return h.mean()": "count alike",
        "def f(h): return -torch.logsumexp(-h, 0) + np.log(len(h))": "*mean* of the exponentials",
        "def f(h): return -torch.log1p(torch.exp(torch.logsumexp(-h, 0)))": "logarithm of r",
        "def f(h):\n    p = torch.softmax(-h, 0)\n    return (p * h).sum() - torch.xlogy(p, p).sum()": "lowers the odds",
        "def f(h): h.min()": "returns nothing",
    },
    "assign": {
        "def f(X, mu): return torch.cdist(X, mu).argmax(1)": "farthest",
        "def f(X, mu): return torch.cdist(X, mu).argmin(0)": "wrong axis",
        "def f(X, mu): return torch.cdist(X, mu).square().min(1).values": "*which* centroid",
        "def f(X, mu): return torch.cdist(X, mu, p=1).argmin(1)": "absolute differences",
        "def f(X, mu): return (X @ mu.T).argmax(1)": "inner product",
        "def f(X, mu): return [1 + int(((x - mu) ** 2).sum(1).argmin()) for x in X]": "from one",
        "def f(X, mu): return ((X[:, None] - mu).sum(-1) ** 2).argmin(1)": "before they are squared",
        "def f(X, mu): return ((X[:, None] - mu) ** 2).sum(2)": "Now choose",
        "def f(X, mu): return (X - mu).argmin(0)": "stopped in its line",
        "def f(X, mu): torch.cdist(X, mu).argmin(1)": "returns nothing",
    },
    "update": {
        "def f(X, c, K): return torch.stack([X[c == k].sum(0) for k in range(K)])": "divide",
        "def f(X, c, K): return torch.stack([X[c == k].sum(0) / len(X) for k in range(K)])": "all points",
        "def f(X, c, K): return torch.stack([X[c == k].mean(0) for k in range(K)]).T": "asked is (3, 13)",
        "def f(X, c, K): return torch.stack([X[c == k].mean() for k in range(K)])": "Keep them apart",
        "def f(X, c, K): return torch.stack([X.mean(0)] * K)": "not used",
        "def f(X, c, K): return torch.stack([torch.quantile(X[c == k], 0.5, dim=0, interpolation='lower') for k in range(K)])": "medians",
        "def f(X, c, K): return [X[c == k].mean(0) for k in range(3)]": "shape (3, 5); asked is (4, 5)",
        "def f(X, c, K):\n    X /= 2\n    return X[:K]": "changes what it is given",
        "def f(X, c, K): return 'means'": "str 'means'",
        "def f(X, c): return X[:3]": "TypeError",
    },
    "evidence": {
        "def f(x, mu, c): return torch.stack([(mu[c] - m) @ x + m @ m - mu[c] @ mu[c] for k, m in enumerate(mu) if k != c])": "too short",
        "def f(x, mu, c): return torch.stack([((x - mu[c]) ** 2).sum() - ((x - m) ** 2).sum() for k, m in enumerate(mu) if k != c])": "negative",
        "def f(x, mu, c): return torch.stack([2 * (mu[c] - m) @ x for k, m in enumerate(mu) if k != c])": "Where is the bias",
        "def f(x, mu, c): return torch.stack([2 * (mu[c] - m) @ x + mu[c] @ mu[c] - m @ m for k, m in enumerate(mu) if k != c])": "bias has the wrong sign",
        "def f(x, mu, c): return torch.stack([2 * (m - mu[c]) @ x - mu[c] @ mu[c] + m @ m for k, m in enumerate(mu) if k != c])": "own centroid to the competitor",
        "def f(x, mu, c): return ((x - mu) ** 2).sum(1) - ((x - mu[c]) ** 2).sum()": "competes with itself",
        "def f(x, mu, c): return torch.stack([((x - m) ** 2).sum() for k, m in enumerate(mu) if k != c])": "distances to the competitors",
        "def f(x, mu, c): return torch.stack([(x - m).norm() - (x - mu[c]).norm() for k, m in enumerate(mu) if k != c])": "differences of distances",
        "def f(x, mu, c): return torch.stack([((x - m) ** 2 - (x - mu[c]) ** 2).mean() for k, m in enumerate(mu) if k != c])": "mean over the measurements",
        "def f(x, mu, c): return torch.full((len(mu) - 1,), float('nan'))": "not finite",
        "def f(x, mu, c): return torch.stack([((x - m) ** 2 - (x - mu[c]) ** 2).sum() for k, m in enumerate(mu) if k != c]).flip(0)": "another order",
        "def f(x, mu, c): return 3 * torch.stack([((x - m) ** 2 - (x - mu[c]) ** 2).sum() for k, m in enumerate(mu) if k != c])": "one and the same factor",
    },
    "soft minimum": {
        "def f(h, s): return (s * h).exp().mean(-1).log() / s": "soft *maximum*",
        "def f(h, s): return -(-s * h).exp().sum(-1).log() / s": "not their mean",
        "def f(h, s): return -(-s * h).exp().mean(-1).log()": "The unit is wrong",
        "def f(h, s): return -(-h).exp().mean(-1).log()": "plays no part",
        "def f(h, s): return (-s * h).exp().mean(-1).log() / s": "sign in front",
        "def f(h, s): return h.min(-1).values": "hard minimum",
        "def f(h, s): return h.mean(-1)": "the mean",
        "def f(h, s): return (torch.softmax(-s * h, -1) * h).sum(-1)": "near relative",
        "def f(h, s): return torch.softmax(-s * h, -1)": "shares p_k",
        "def f(h, s): return -(-s * h).exp().mean().log() / s": "last axis only",
        "def f(h, s): return h.amax(-1)": "between the smallest value and the mean",
    },
    "min-take-most": {
        "def f(h, f, beta): return torch.softmax(beta * h, 0) * f": "softmax",
        "def f(h, f, beta): return torch.softmax(-h, 0) * f": "forgotten in the exponent",
        "def f(h, f, beta): return torch.softmax(-beta * h, 0)": "sum to one",
        "def f(h, f, beta): return torch.softmax(-beta * h, 0) * h": "weigh each competitor's own",
        "def f(h, f, beta): return (-beta * h).exp() * f": "not divided by their sum",
        "def f(h, f, beta): return (h == h.min()) * f": "takes all",
        "def f(h, f, beta): return f / len(h) * torch.ones(len(h))": "All competitors get the same",
        "def f(h, f, beta): return h / h.sum() * f": "in proportion to h",
        "def f(h, f, beta): return f / h / (1 / h).sum()": "proportion to 1/h",
        "def f(h, f, beta): return torch.softmax(-h / beta, 0) * f": "divide by β",
        "def f(h, f, beta): return torch.softmax(-beta * h, 0) * f * 0.9": "was to be shared out",
    },
    "midpoint": {
        "def f(x, c, k, R): z = x * (c - k); return z / z.sum() * R": "share w·x",
        "def f(x, c, k, R): return (x - (c + k) / 2) * 2 * (c - k) * R / len(x)": "divide by the number of features",
        "def f(x, c, k, R): return (x - (c + k) / 2) * 2 * (c - k)": "Of what are they",
        "def f(x, c, k, R): return (x - (c + k) / 2) * 2 * (c - k) * R": "do not divide at all",
        "def f(x, c, k, R): z = (x - (c - k) / 2) * 2 * (c - k); return z / z.sum() * R": "half the *difference*",
        "def f(x, c, k, R): z = (x - c - k) * 2 * (c - k); return z / z.sum() * R": "halve it",
        "def f(x, c, k, R): z = (x - c) * 2 * (c - k); return z / z.sum() * R": "from the own centroid",
        "def f(x, c, k, R): z = (x - k) * 2 * (c - k); return z / z.sum() * R": "from the competitor",
        "def f(x, c, k, R): z = ((x - (c + k) / 2) * (c - k)).abs(); return z / z.sum() * R": "positive",
        "def f(x, c, k, R): z = x - (c + k) / 2; return z / z.sum() * R": "Where is the weight",
        "def f(x, c, k, R): z = (x - (c + k) / 2) * (c - k); return z / z.norm() * R": "did you divide by the sum over the features?",
    },
    "two clusters": {
        "def f(x, mu): z = (x - mu) ** 2; c = z.sum(1).argmin(); return (z[1 - c] - z[c]) / 2": "Half of it",
        "def f(x, mu): z = (x - mu) ** 2; c = z.sum(1).argmin(); return z[c] - z[1 - c]": "Every sign is turned",
        "def f(x, mu): return (x - mu[1]) ** 2 - (x - mu[0]) ** 2": "row 0",
        "def f(x, mu): return (x - mu[0]) ** 2 - (x - mu[1]) ** 2": "row 1",
        "def f(x, mu): c = ((x - mu) ** 2).sum(1).argmin(); return 2 * x * (mu[c] - mu[1 - c])": "That is w·x",
        "def f(x, mu): c = ((x - mu) ** 2).sum(1).argmin(); return 2 * (x - mu[0] - mu[1]) * (mu[c] - mu[1 - c])": "half the sum",
        "def f(x, mu): return (mu[0] - mu[1]) ** 2": "what x = μ_c gets",
        "def f(x, mu): z = (x - mu) ** 2; return (z[0] - z[1]).abs()": "All positive",
        "def f(x, mu): z = (x - mu) ** 2; c = z.sum(1).argmin(); return (z[1 - c] - z[c]).sum()": "That is the logit",
        "def f(x, mu): z = (x - mu) ** 2; c = z.sum(1).argmin(); r = z[1 - c] - z[c]; return r / r.sum()": "the two h cancel",
        "def f(x, mu): z = (x - mu) ** 2; c = z.sum(1).argmin(); return z[1 - c]": "nothing may be lost",
    },
    "limits": {
        "def f(h, f, beta): e = (-beta * h).exp(); return e / e.sum() * f": "Subtract the smallest",
        "def f(h, f, beta): e = (-beta * (h - h.min())).exp(); return e / e.sum() * f": "Only β = ∞ is left",
        "def f(h, f, beta): return torch.softmax(-beta * h, 0).nan_to_num() * f": "nan became 0 at β = ∞",
        "def f(h, f, beta): e = (-beta * h).exp(); return (e / e.sum()).nan_to_num() * f": "at every β",
        "def f(h, f, beta): return (h == h.min()) * f if beta == inf else torch.softmax(-beta * h, 0) * f": "f each",
        "def f(h, f, beta):\n    if beta == inf:\n        R = torch.zeros(len(h))\n        R[h.argmin()] = f\n        return R\n    return torch.softmax(-beta * h, 0) * f": "the first gets all",
        "def f(h, f, beta): return f / len(h) + 0 * h if beta == inf else torch.softmax(-beta * h, 0) * f": "That is β = 0",
        "def f(h, f, beta): h = h / h.max(); h = h - h.min(); return torch.softmax(torch.where(h == 0, 0.0, -beta * h), 0) * f": "changes every share",
        "def f(h, f, beta): h = h - h.min(); return torch.softmax(torch.where(h == 0, 0.0, -beta * h), 0)": "now share out f",
        "def f(h, f, beta): raise ValueError('beta too large')": "ValueError: beta too large",
        "def f(h, f, beta): h = h - h.min(); return torch.softmax(-min(beta, 30.0) * h, 0) * f": "Right for",
    },
    "positive rule": {
        "def f(a, p, q, f): w = p[:, None] * q * a; return w / w.sum() * f": "Cut a at 0 first",
        "def f(a, p, q, f): return torch.outer(p, q) * f": "before its division by a",
        "def f(a, p, q, f): return torch.outer(p, q) * a.clamp(min=0)": "Not divided",
        "def f(a, p, q, f): w = torch.outer(p, q) * a.clamp(min=0); return w / w.sum()": "Now share out f",
        "def f(a, p, q, f): w = torch.outer(p, q) * a.abs(); return w / w.sum() * f": "speak *against* the cluster",
        "def f(a, p, q, f): w = torch.outer(p, q) * a.clamp(max=0); return w / w.sum() * f": "the sign of a",
        "def f(a, p, q, f): w = torch.outer(p, q) * (a > 0); return w / w.sum() * f": "counts alike",
        "def f(a, p, q, f): w = p[:, None] * a.clamp(min=0); return w / w.sum() * f": "q is not used",
        "def f(a, p, q, f): w = q * a.clamp(min=0); return w / w.sum() * f": "p is not used",
        "def f(a, p, q, f): w = torch.outer(q, p) * a.clamp(min=0); return w / w.sum() * f": "stopped in its line",
        "def f(a, p, q, f): w = torch.outer(p, q) * a.relu() ** 2; return w / w.norm() * f": "was to be shared out",
    },
    "energy split": {
        "def f(x, X, g): q = torch.softmax(-g * ((x - X) ** 2).sum(1), 0); return q @ (x - X) ** 2": "two things",
        "def f(x, X, g): q = torch.softmax(-g * ((x - X) ** 2).sum(1), 0); return q @ (x - X) ** 2, (q * (len(X) * q).log()).sum()": "divided by γ",
        "def f(x, X, g): q = torch.softmax(-g * ((x - X) ** 2).sum(1), 0); return q @ (x - X) ** 2, -(q * (len(X) * q).log()).sum() / g": "below 0",
        "def f(x, X, g): q = torch.softmax(-g * ((x - X) ** 2).sum(1), 0); return q @ (x - X) ** 2, (q * q.log()).sum() / g": "where is m",
        "def f(x, X, g): q = torch.softmax(-g * ((x - X) ** 2).sum(1), 0); return q @ (x - X) ** 2, (len(X) * q).log().sum() / g": "weighed with its q",
        "def f(x, X, g): q = torch.softmax(-g * ((x - X) ** 2).sum(1), 0); return ((x - X) ** 2).mean(0), (q * (len(X) * q).log()).sum() / g": "weigh all reference points alike",
        "def f(x, X, g): q = torch.softmax(-g * ((x - X) ** 2).sum(1), 0); return (x - q @ X) ** 2, (q * (len(X) * q).log()).sum() / g": "mean of the squares",
        "def f(x, X, g): q = torch.softmax(-((x - X) ** 2).sum(1), 0); return q @ (x - X) ** 2, (q * (len(X) * q).log()).sum()": "γ plays no part",
        "def f(x, X, g): q = torch.softmax(-g * ((x - X) ** 2).sum(1), 0); return (q * (len(X) * q).log()).sum() / g, q @ (x - X) ** 2": "exchanged",
        "def f(x, X, g): q = torch.softmax(-g * ((x - X) ** 2).sum(1), 0); return (q @ (x - X) ** 2).sum(), (q * (len(X) * q).log()).sum() / g": "keep them apart",
    },
    "mended rule": {
        BROKEN: "broken rule as it was",
        BROKEN.replace("sum(0, keepdims", "sum(1, keepdims"): "Where is the root",
        BROKEN.replace("(mu[c] - mu[k]) / 2", "(mu[c] + mu[k]) / 2"): "look at the axis",
        MENDED.replace("(mu[c] + mu[k]) / 2", "0"): "gradient × input",
        MENDED.replace("(mu[c] + mu[k]) / 2", "mu[c]"): "The root is the own centroid",
        MENDED.replace("(mu[c] + mu[k]) / 2", "mu[k]"): "The root is the competitor",
        MENDED.replace("(x - m) * w", "(x - m) * h[:, None]"): "The weight is gone",
        MENDED.replace("-beta", "beta"): "The exponent had the right sign",
        MENDED.replace("* h.min()", ""): "What happened to the logit",
        MENDED.replace("-beta", "-1"): "β is not used",
        MENDED.replace("sum(1, keepdims=True)", "sum(-1)"): "stopped in its line",
        MENDED.replace("* h.min()", "* h.mean()"): "over what are shares taken",
    },
    "translation": {
        "def f(r, x, mu): return torch.allclose(r(x, mu), r(x + 1, mu))": "leave the centroids",
        "def f(r, x, mu): return not torch.allclose(r(x, mu), r(x + 1, mu + 1))": "exchanged",
        "def f(r, x, mu): return torch.allclose(r(x, mu), r(x, mu))": "by how much do you move",
        "def f(r, x, mu): return torch.equal(r(x, mu), r(x + 1, mu + 1))": "up to rounding",
        "def f(r, x, mu): return torch.isclose(r(x, mu).sum(), r(x + 1, mu + 1).sum()).item()": "compare the sums",
        "def f(r, x, mu): return torch.isclose(r(x, mu)[0], r(x + 1, mu + 1)[0]).item()": "first feature only",
        "def f(r, x, mu): return r(x, mu).argmax() == r(x + 1, mu + 1).argmax()": "top feature only",
        "def f(r, x, mu): return torch.isclose(r(x, mu), r(x + 1, mu + 1)).any()": "`any` where `all` belongs",
        "def f(r, x, mu): return r(x + 1, mu + 1) - r(x, mu)": "a verdict",
        "def f(r, x, mu): assert torch.allclose(r(x, mu), r(x + 1, mu + 1))": "returns nothing",
        "def f(r, x, mu): return 'yes'": "str 'yes'",
    },
    "flip curve": {
        FLIP.replace("descending=True", "descending=False"): "*least* relevant",
        FLIP.replace("[logit(x)]", "[]"): "starts at the untouched point",
        FLIP.replace("replacement[i]", "0.0"): "replace by 0",
        FLIP.replace("R.argsort", "R.abs().argsort"): "size without sign",
        FLIP.replace("R.argsort(descending=True)", "range(len(x))"): "order of the columns",
        FLIP.replace("torch.stack(out)", "torch.stack(out).diff()"): "drops from step to step",
        FLIP.replace("torch.stack(out)", "torch.stack(out[::-1])"): "runs backwards",
        FLIP.replace("torch.stack(out)", "sum(out) / len(out)"): "area under the curve",
        FLIP.replace("x = x.clone()", "pass"): "changes what it is given",
        FLIP.replace("R.argsort", "x.argsort"): "by the values of x",
        FLIP.replace("x[i] = ", "x[i] = 0.5 * "): "numbers are not",
    },
    "best order": {
        "def f(x, w, r): return w * x": "gradient × input",
        "def f(x, w, r): return w * (r - x)": "*gains*",
        "def f(x, w, r): return w * (x - r / 2)": "Halfway",
        "def f(x, w, r): return (w * (x - r)).abs()": "Without signs",
        "def f(x, w, r): return x - r": "times its weight",
        "def f(x, w, r): return (x - r).abs()": "without weight or sign",
        "def f(x, w, r): return w": "weight alone",
        "def f(x, w, r): return w * (x + r)": "sign of r",
        "def f(x, w, r): return w @ (x - r)": "the whole loss",
        "def f(x, w, r): return 2 * w * (x - r)": "one and the same factor",
        "def f(x, w, r): return w * (x - r) + 1": "one and the same summand",
    },
}


@pytest.mark.parametrize("name", FROM_STUDENTS)
def test_each_wrong_answer_of_a_student_gets_its_own_message(name, capsys):
    messages = []
    for source, words in FROM_STUDENTS[name].items():
        message = said(capsys, name, written(source))
        assert message.startswith("not yet: "), source
        assert words in message, source
        messages.append(message)
    assert len(set(messages)) == len(messages) >= 10


SILENCE = "def f(R, logit): pass"
FROM_TESTERS = {
    "def f(R, logit): assert (R.sum(0) == logit).all()": "stopped",
    "def f(R, logit): assert (R.sum(1) == logit).all()": "rounding",
    "def f(R, logit): R.sum(1) - logit": "half of its logit",
    "def f(R, logit): return torch.allclose(R.sum(1), logit)": "nobody looks",
    "def f(R, logit): assert torch.allclose(R.sum(1) ** 2, logit ** 2)": "wrong sign",
    "def f(R, logit): assert torch.isclose(R[0].sum(), logit[0])": "Compare every point",
    "def f(R, logit): assert torch.isclose(R.sum(), logit.sum())": "errors that cancel",
    "def f(R, logit): assert (R.sum(1) - logit < 1e-9).all()": "both sides",
    "def f(R, logit): assert ((R.sum(1) - logit).abs() < 1e-2).all()": "fourth digit",
    "def f(R, logit): assert not ((R.sum(1) - logit).abs() > 1e-9).any()": "nan",
    "def f(R, logit): assert ((R.sum(1) - logit).abs() < 1e-11).all()": "grow with the logit",
    "def f(R, logit): assert (R.sum(1) - logit).abs().max() < 1e-9 and logit.abs().max() > 0.1": "small numbers",
}


def test_each_wrong_test_of_a_student_gets_its_own_message(capsys):
    messages = [said(capsys, "conservation", written(source)) for source in FROM_TESTERS]
    for message, words in zip(messages, FROM_TESTERS.values(), strict=True):
        assert message.startswith("not yet: ")
        assert words in message
    assert len(set(messages)) == len(messages) >= 10


def test_each_wrong_flower_gets_its_own_message(capsys):
    flower = [6.0, 3.0, 2.5, 0.5]
    wrong = {
        (tuple(flower), "petals"): "must be one of",
        (tuple(flower), 2): "got 2",
        (tuple(flower), "sepal length"): "*against* the cluster, or the least",
        (tuple(flower), "sepal width"): "is negative",
        (tuple(flower), "petal width"): "Another measurement",
        ((4.5, 2.0, 1.5, 0.2), "sepal length"): "largest in centimetres",
        ((6.0, 3.0, 2.5), "petal length"): "four measurements",
        ((6.0, 3.0, -2.5, 0.5), "petal length"): "between 0 and 20",
        ((5.1, 3.5, 1.4, 0.2), "petal length"): "in the table already",
        ("a rose", "petal length"): "str 'a rose'",
        ((6.0, 3.0, "long", 0.5), "petal length"): "where numbers are asked for",
    }
    messages = [
        said(capsys, "own flower", (given if isinstance(given, str) else list(given), name))
        for given, name in wrong
    ]
    for message, words in zip(messages, wrong.values(), strict=True):
        assert words in message
    assert len(set(messages)) == len(messages) >= 10
    assert said(capsys, "own flower", (flower, "petal length")) == "passed: own flower"
    assert said(capsys, "own flower", (flower, None)).startswith("not attempted yet")


@pytest.mark.parametrize("name", VALUES)
def test_each_wrong_prediction_gets_its_own_message(name, capsys):
    one = VALUES[name]
    wrong = [value for value, _ in one.slips] + [123456.0, float("nan"), "many", [1, 2]]
    messages = [said(capsys, name, value) for value in wrong]
    assert len(set(messages)) == len(messages) >= 10
    assert all(message.startswith("not yet: ") for message in messages)
    assert said(capsys, name, one.right()) == f"passed: {name}"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_slip_is_told_from_the_others_and_fails_when_graded(name):
    one = FUNCTIONS[name]
    messages = [message for _, message in one.slips]
    assert len(set(messages)) == len(messages) >= 9
    for wrong, message in one.slips:
        assert one.diagnose(wrong) == message
        assert one.diagnose(wrong, seed=1) is not None


@pytest.mark.parametrize("name", FUNCTIONS)
def test_right_answers_pass_on_all_points(name, capsys):
    one = FUNCTIONS[name]
    for seed in (0, 1, 2, 3):
        assert one.diagnose(one.right, seed) is None
    assert said(capsys, name, one.right) == f"passed: {name}"
    grade(name, one.right)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_points_of_grading_are_others(name):
    one = FUNCTIONS[name]

    def results(seed):
        return [one.right(*arguments) for arguments in one.cases(seed)]

    seen, hidden = results(0), results(1)
    hard_coded = iter([*seen, *seen, *seen])
    assert one.diagnose(lambda *arguments: next(hard_coded)) is None
    assert one.diagnose(lambda *arguments: next(hard_coded), seed=1) is not None
    assert len(hidden) >= 2


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda right, *a: 1 / 0, "ZeroDivisionError"),
        (lambda right, *a: exit(), "SystemExit"),
        (lambda right, *a: None, "returns nothing"),
        (lambda right, *a: "0.41", "str"),
        (lambda right, *a: {"R": 1}, "dict"),
        (lambda right, *a: object(), "object"),
        (lambda right, *a: torch.zeros(3, 1, 4), "shape|must return"),
        (lambda right, *a: 2j, "complex"),
    ],
)  # fmt: skip
def test_nothing_that_a_function_returns_makes_the_check_raise(name, spoil, words, capsys):
    right = EXERCISES[name].right
    message = said(capsys, name, lambda *arguments: spoil(right, *arguments))
    assert message.startswith("not yet: ")
    assert re.search(words, message)


@pytest.mark.parametrize("name", EXERCISES)
@pytest.mark.parametrize("answer", [None, ..., lambda a, b, c: None])
def test_what_is_not_attempted_is_told_what_is_asked(name, answer, capsys):
    assert said(capsys, name, answer) == f"not attempted yet: {EXERCISES[name].asks}"
    with pytest.raises(AssertionError, match="not attempted"):
        grade(name, answer)


@pytest.mark.parametrize("name", EXERCISES)
@pytest.mark.parametrize("answer", [7j, {}, "word", [], [1, "a"], object(), torch.zeros(0), len])
def test_no_answer_makes_the_check_raise(name, answer, capsys):
    assert said(capsys, name, answer).startswith("not yet: ")


def test_an_empty_function_with_a_docstring_is_not_attempted():
    def empty(x):
        """Say what is asked."""

    def constant(x):
        return 0.5

    def printing(x):
        print(x)

    assert not attempted(empty)
    assert attempted(constant)
    assert attempted(printing)


def texts(values):
    """The numbers of a result as a message might print them."""
    parts = values if isinstance(values, tuple) else (values,)
    return {f"{value:.{digits}f}" for part in parts for value in np.ravel(numbers(part))
            for digits in (1, 2, 3, 4)}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_message_gives_the_right_answer_away(name):
    one = FUNCTIONS[name]
    cases = one.cases(0)
    secrets = set().union(*(texts(one.right(*arguments)) for arguments in cases))
    # what a student is given, and what is to be shared out, is no secret
    given = {text for arguments in cases for a in arguments if not callable(a)
             for text in (*texts(a), *texts(numbers(a).sum()))}  # fmt: skip
    spoilt = one.diagnose(lambda *arguments: blurred(one.right(*arguments)))
    for message in (*(message for _, message in one.slips), spoilt):
        assert not (secrets - given) & set(re.findall(r"-?\d+\.\d+", message)), message


def blurred(result):
    """Wrong numbers of the right shape, of a kind that no slip gives."""
    parts = result if isinstance(result, tuple) else (result,)
    wrong = tuple(numbers(part) * 0.7 + np.arange(numbers(part).size).reshape(numbers(part).shape) ** 2 + 0.3
                  for part in parts)  # fmt: skip
    return wrong if isinstance(result, tuple) else wrong[0]


def test_families_are_named():
    assert sum(map(len, FAMILIES.values())) == len(EXERCISES), "no name twice"
