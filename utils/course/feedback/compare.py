"""Results of any kind as arrays, and what can be said about their difference."""

import numpy as np
import torch

RTOL, ATOL = 1e-6, 1e-9


def numbers(result):
    """Turn a result, a tuple of several included, into one float array, or a tuple of them."""
    if isinstance(result, list):
        return np.asarray([numbers(part) for part in result], dtype=float)
    if isinstance(result, tuple):
        return tuple(numbers(part) for part in result)
    if torch.is_tensor(result):
        result = result.detach().cpu()
    return np.asarray(result, dtype=float)


def unreadable(result):
    """Say that a result holds no numbers; None if it does."""
    try:
        if isinstance(result, str):
            raise TypeError
        numbers(result)
    except (TypeError, ValueError, RuntimeError):
        return f"Your function returns {shown(result)}, where numbers are asked for."
    return None


def shown(value):
    """Short text of any value, with an article for its type."""
    text = repr(value).splitlines()[0] if repr(value) else ""
    return f"{type(value).__name__} {text[:40]}"


def same(a, b):
    """Tell whether two values agree: numbers up to rounding, anything else by `==` or identity."""
    if isinstance(a, tuple) or isinstance(b, tuple):
        pair = isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b)
        return pair and all(same(x, y) for x, y in zip(a, b, strict=True))
    try:
        x, y = numbers(a), numbers(b)
    except (TypeError, ValueError):
        return a is b or bool(np.all(a == b))
    return x.shape == y.shape and np.allclose(x, y, rtol=RTOL, atol=ATOL, equal_nan=True)


def agree(results, wanted):
    """Tell whether all results agree."""
    return all(same(a, b) for a, b in zip(results, wanted, strict=True))


def misshapen(results, wanted):
    """Say that shapes differ, or that there are values that are no numbers."""
    for result, right in zip(results, wanted, strict=True):
        if isinstance(right, tuple) != isinstance(result, tuple) or (
            isinstance(right, tuple) and len(right) != len(result)
        ):
            parts = len(right) if isinstance(right, tuple) else 1
            return f"Your function must return {parts} thing(s); see the shapes in its docstring."
        pairs = zip(flat(result), flat(right), strict=True)
        for ours, theirs in pairs:
            if ours.shape != theirs.shape:
                return (
                    f"Your function returns shape {ours.shape}; asked is {theirs.shape}. "
                    "Which axis is summed, or kept, that should not be?"
                )
            if not np.isfinite(ours).all():
                return (
                    "Your function returns values that are not finite (nan or inf). "
                    "What is divided by 0, or multiplied with inf?"
                )
    return None


def flat(result):
    """List the arrays of a result."""
    return list(result) if isinstance(result, tuple) else [result]


def off(results, wanted):
    """Say how results differ that no slip explains, without giving the right ones away."""
    a = np.concatenate([part.ravel() for r in results for part in flat(r)])
    b = np.concatenate([part.ravel() for r in wanted for part in flat(r)])
    if all(map(reordered, results, wanted)):
        return "These are the right numbers, in another order. What does each position stand for?"
    good = sum(same(r, w) for r, w in zip(results, wanted, strict=True))
    if good:
        return (
            f"Right for {good} of {len(results)} test cases, so part of the idea is there. The others "
            "have another K or D, other clusters, numbers below 0: what have you taken for granted?"
        )
    if same(a, -b):
        return "Every sign is turned round. Who is subtracted from whom?"
    if b.any() and same(a, b * (a @ b) / (b @ b)):
        return (
            "Everything is off by one and the same factor. Is there a 2, an n or a mean too many?"
        )
    if same(a - a.mean(), b - b.mean()):
        return "Everything is off by one and the same summand. Is a constant, or a bias, missing?"
    return (
        "The shape is right, the numbers are not. Write down the formula for one point and one "
        "feature, and compare it with your line, symbol by symbol."
    )


def reordered(result, right):
    """Tell whether a result holds the right numbers in any order."""
    pairs = zip(flat(result), flat(right), strict=True)
    return all(same(np.sort(r, None), np.sort(w, None)) for r, w in pairs)
