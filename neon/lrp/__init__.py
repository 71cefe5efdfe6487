"""Layer-wise relevance propagation through the layers of an encoder: rules, and the walk back."""

from .rules import box, epsilon, gamma, lrp_0
from .walk import LINEAR, MOVES, PASSES, Residual, backward, through

__all__ = [
    "LINEAR",
    "MOVES",
    "PASSES",
    "Residual",
    "backward",
    "box",
    "epsilon",
    "gamma",
    "lrp_0",
    "through",
]
