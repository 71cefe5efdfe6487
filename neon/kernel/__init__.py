"""Clusters of any shape: kernel k-means, its network and its rules."""

from .gaussian import median_gamma
from .kernel_kmeans import KernelKMeans
from .neighbours import Neighbours
from .network import NeuralizedKernelKMeans
from .pooling import smax, smin

__all__ = ["KernelKMeans", "Neighbours", "NeuralizedKernelKMeans", "median_gamma", "smax", "smin"]
