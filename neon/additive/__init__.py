"""Every other clustering whose evidence is a sum over features: mixtures, groups, trees, modes.

One idea, in `evidence`; `energies` are what is summed, and a file for each kind of clustering says
who competes with whom.
"""

from .codebook import NeuralizedCodebook, NeuralizedSphericalKMeans
from .evidence import NeuralizedAdditive
from .mixture import NeuralizedMixture
from .prototypes import NeuralizedPrototypes
from .recognition import recognised
from .tree import NeuralizedTree

__all__ = [
    "NeuralizedAdditive",
    "NeuralizedCodebook",
    "NeuralizedMixture",
    "NeuralizedPrototypes",
    "NeuralizedSphericalKMeans",
    "NeuralizedTree",
    "recognised",
]
