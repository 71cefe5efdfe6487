"""Explanations of data that arrive in batches: nothing is held but one batch."""

from .checks import as_beta
from .explain import explain, neuralized

ROWS = 65_536  # rows of a large array that are read at a time


def explain_stream(model, batches, *, beta, progress=None):
    """Yield one Explanation a batch, in order.

    Args:
        model: as for `explain`.
        batches: an iterable of points (n, D), such as a generator or a
            `torch.utils.data.DataLoader` (of tuples the first element is taken); or one large
            array (N, D), such as a `numpy.memmap`, which is read by rows.
        beta: stiffness, a number in [0, inf]. A stream is seen once, so the heuristic needs a
            sample of its own: `beta_heuristic(model, sample)`.
        progress: show a progress bar. By default it appears by itself, in a terminal and when
            the work takes more than a few seconds.

    Yields:
        `Explanation` of each batch, of the same kind as the batch.

    Raises:
        TypeError, ValueError: as `explain`; the message starts with the number of the batch.

    Example:
        >>> import torch
        >>> batches = (torch.tensor([[0.0, t]]) for t in (0.5, 1.0))
        >>> [e.logit.tolist() for e in explain_stream([[0.0, 0.0], [2.0, 2.0]], batches, beta=1)]
        [[6.0], [4.0]]
    """
    from tqdm import tqdm

    model, beta = neuralized(model), as_beta(beta)
    total = len(batches) if is_array(batches) else None
    # disable=None hides the bar where nobody can watch it: in files, pipes and notebook kernels
    look = {"disable": None, "delay": 3} if progress is None else {"disable": not progress}
    with tqdm(total=total, unit=" points", unit_scale=True, **look) as bar:
        for number, batch in enumerate(rows_of(batches) if is_array(batches) else batches):
            X = batch[0] if isinstance(batch, tuple | list) and is_array(batch[0]) else batch
            try:
                explanation = explain(model, X, beta=beta)
            except (TypeError, ValueError) as error:
                raise type(error)(f"batch {number}: {error}") from None
            bar.update(len(explanation.logit))
            yield explanation


def is_array(values):
    """Tell a table of points from an iterable of them."""
    return len(getattr(values, "shape", ())) == 2


def rows_of(array):
    """Cut an array (N, D) into batches of rows, without reading ahead."""
    return (array[start : start + ROWS] for start in range(0, len(array), ROWS))
