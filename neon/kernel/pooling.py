"""Log-mean-exp pooling: a minimum or maximum that can be made soft."""

import math

from ..validation import as_positive, as_tensor


def smin(h, s, dim=-1):
    """Soft minimum −(1/s) log mean exp(−s h) along `dim`.

    Args:
        h: tensor of any shape, floating.
        s: stiffness > 0; s → ∞ is the minimum, s → 0 the mean.
        dim: dimension to pool over, which is removed.

    Returns:
        Tensor like h without `dim`.

    Raises:
        ValueError: s is not a positive finite number, or h is empty.

    Example:
        >>> import torch
        >>> smin(torch.tensor([1.0, 3.0]), 100.0)
        tensor(1.0069)
    """
    return -smax(-as_tensor(h, "h"), s, dim)


def smax(h, s, dim=-1):
    """Soft maximum (1/s) log mean exp(s h) along `dim`; see `smin`.

    Example:
        >>> import torch
        >>> smax(torch.tensor([1.0, 3.0]), 100.0)
        tensor(2.9931)
    """
    s = as_positive(s, "s", "Use h.amin, h.amax or h.mean for the limits.")
    h = as_tensor(h, "h")
    if 0 in h.shape or not h.ndim:
        raise ValueError(f"`h` must hold numbers to pool; got shape {tuple(h.shape)}.")
    return ((s * h).logsumexp(dim) - math.log(h.shape[dim])) / s
