"""The two layers and their rules in closed form: as fast as matrix products, exact on every input.

For a point x in cluster c, with evidence h_k = ‖x − μ_k‖² − ‖x − μ_c‖² against competitor k, the
two rules of `neon.rules` compose to

    f   = min_k h_k
    a_k = softmin_k(β h) f / h_k   for k ≠ c,   a_c = −Σ a_k
    R   = Σ_k a_k [(x − μ_k)² − (x − μ_c)²] = −2 x ⊙ (a μ) + a μ²      elementwise

The squares of x cancel in the bracket, so that two products with the (K, D) centroids are left
(`tiles`), around the mean of the centroids if they are far from 0. The rounding error of each row
is estimated. The few rows whose estimate is too large, near a boundary or where clusters lie far
apart, are done again by differences (`exact`). On other devices than the CPU plain torch does the
first part (`devices`).

Every question to k-means is answered here, from points X (n, D), checked, and centroids (K, D).
"""

from .cpu import contrast, counterfactual, logits, relevance

__all__ = ["contrast", "counterfactual", "logits", "relevance"]
