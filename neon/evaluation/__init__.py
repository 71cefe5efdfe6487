"""How far explanations can be trusted: feature flipping, and stability over refits."""

from .bootstrap import Stability, stability
from .flipping import Flipping, flip, kde_gamma

__all__ = ["Flipping", "Stability", "flip", "kde_gamma", "stability"]
