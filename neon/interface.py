"""What `explain` and its companions ask of a clustering: the one interface of all models."""

from typing import NamedTuple

import torch

from .validation import as_labels, as_points, check_names


class Shares(NamedTuple):
    """What `propagate` returns: relevance (n, D), cluster (n,) and logit (n,).

    `constant` is the part of the logit that belongs to no feature: 0.0, or (n,).
    """

    relevance: torch.Tensor
    cluster: torch.Tensor
    logit: torch.Tensor
    constant: torch.Tensor | float = 0.0


class NeuralizedModel(torch.nn.Module):
    """A clustering as a network: what `explain` and its companions ask of a model.

    A subclass has `n_clusters` (K) and `n_features` (D), and at least `h` and `propagate`. What
    it does not define, it refuses in words.

    Attributes:
        batch: points whose logits are computed at a time, where nothing else bounds memory.
        stiffness: β, if the logit has one of its own that no other fits; else None.
        has_constant: whether a share of the logit can belong to no feature.
    """

    batch, stiffness, has_constant = 4096, None, False

    def points(self, X):
        """X, of any kind that `explain` takes, as a checked tensor of points (n, D)."""
        check_names(self, X)
        return as_points(X, self.n_features)

    def h(self, X):
        """Evidence h (n, K, K−1) of points X (n, D), for every cluster against each other."""
        self.refuse("h", "Ask for `forward`, the logit.")

    def forward(self, X, c=None):
        """Logit (n,) of the assigned cluster, or of cluster c: one cluster, or one a point (n,)."""
        logits = self.h(X).amin(-1)
        if c is None:
            return logits.amax(-1)
        c = as_labels(c, len(logits), self.n_clusters, "c").to(logits.device)
        return logits.gather(1, c[:, None])[:, 0]

    def decision(self, X):
        """Assigned cluster (n,): where the logit is largest."""
        return self.h(X).amin(-1).argmax(-1)

    def propagate(self, X, beta, *, cluster=None, out=None):
        """`Shares` of checked points X (n, D): what `explain` needs.

        Args:
            X: (n, D) tensor.
            beta: stiffness, a float in [0, inf].
            cluster: (n,) labels to explain; None is the model's own decision.
            out: (n, D) tensor that may be used for the relevances; a model need not.
        """
        self.refuse("propagate", "It is no model that can be explained.")

    def contrast(self, X, cluster, against):
        """Shares (n, D) of d_against − d_cluster: what speaks for one cluster, not another."""
        self.refuse("contrast", "Ask `explain` about the assigned cluster.")

    def counterfactual(self, X, against=None):
        """Nearest point (n, D) on the boundary of each point's cluster, or on that to `against`."""
        self.refuse("counterfactual", "Its boundaries are curved. Ask `contrast` instead.")

    def refuse(self, question, instead):
        """Raise NotImplementedError: this model has no answer to a question."""
        raise NotImplementedError(
            f"`{question}` has no closed form for a `{type(self).__name__}`. {instead}"
        )

    def extra_repr(self):
        """Show the sizes in `print(network)`."""
        return f"n_clusters={self.n_clusters}, n_features={self.n_features}"
