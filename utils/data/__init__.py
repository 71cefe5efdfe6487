"""Data of the course: tables, texts, and trained encoders."""

from .datasets import LOADERS, Dataset, load, moons, rings

__all__ = ["LOADERS", "Dataset", "load", "moons", "rings"]
