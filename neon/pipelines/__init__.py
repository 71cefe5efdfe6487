"""Fitted scikit-learn pipelines read back into the columns that they start from.

Each step either keeps columns apart, so that the relevance of what it makes of a column is the
relevance of that column, or it is an affine map, which folds into the clusterer behind it. What is
neither is refused by name. Read columns, stages, reading, model, in this order.
"""

from .model import PipelineModel, weighted

__all__ = ["PipelineModel", "weighted"]
