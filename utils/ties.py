"""Decisions that no rounding turns: what ties up to rounding ties, and the first one is taken.

Another processor rounds the last digits otherwise, so that an argmin over values that are equal
in exact arithmetic gives another index there. These functions compare 30 bits, nine digits.
"""

import numpy as np


def rounded(values):
    """Values as float64, rounded to 30 bits of the largest.

    Example:
        >>> a, b, c = rounded([0.1 + 0.2, 0.3, 0.4])
        >>> bool(a == b), bool(b == c)
        (True, False)
    """
    values = np.asarray(values, dtype=float)
    step = np.ldexp(1.0, int(np.frexp(np.abs(values).max(initial=0))[1]) - 30)
    return np.round(values / step) * step


def first_smallest(values):
    """Index of the smallest of values (n,), the first of those that tie.

    Example:
        >>> first_smallest([1.0, 0.1 + 0.2, 0.3])
        1
    """
    return int(rounded(values).argmin())


def first_largest(values):
    """Index of the largest of values (n,), the first of those that tie.

    Example:
        >>> first_largest([0.3, 0.1 + 0.2, 0.2])
        0
    """
    return int(rounded(values).argmax())


def ascending(values):
    """Indices (n,) that sort values (n,); those that tie stay in their order.

    Example:
        >>> ascending([0.1 + 0.2, 0.3, 0.2]).tolist()
        [2, 0, 1]
    """
    return rounded(values).argsort(kind="stable")


def first_distinct(X, count):
    """Take the first rows of X (n, D) that differ from those before, at most `count` of them.

    A resample has twins. k-means that starts from two equal rows has nothing but ties.

    Example:
        >>> first_distinct(np.array([[1.0], [1.0], [2.0], [3.0]]), 2).tolist()
        [[1.0], [2.0]]
    """
    return X[np.sort(np.unique(X, axis=0, return_index=True)[1])[:count]]
