"""What the course needs besides the method: data, pictures, tables, the notebook runner."""

from .plotting import plot_explanation

__all__ = ["plot_explanation"]
