"""Data of the course: tables, texts, and trained encoders."""

from .datasets import LOADERS, Dataset, as_table, load, moons, penguin_table, penguins, rings

__all__ = ["LOADERS", "Dataset", "as_table", "load", "moons", "penguin_table", "penguins", "rings"]
