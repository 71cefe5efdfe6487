"""Tables as fixed-width text: nbval compares them, and a reader can read them anywhere."""

import pandas as pd
import torch


def table(columns, *, index=None, digits=4):
    """Format columns as text, floats with a fixed number of digits and no negative zero.

    Args:
        columns: {name: values}, or a matrix (rows, columns) as a DataFrame.
        index: row names; none are shown if it is not given.
        digits: digits after the point.

    Returns:
        str, one line a row under a header.

    Example:
        >>> print(table({"wine": [60], "logit": [0.07723]}))
        wine  logit
          60 0.0772
    """
    frame = pd.DataFrame({str(k): plain(v) for k, v in dict(columns).items()}, index=index)
    number = f"{{:.{digits}f}}".format
    return frame.to_string(
        index=index is not None,
        float_format=lambda value: number(round(value, digits) + 0.0),
    )


def plain(values):
    """Turn tensors, and lists of tensors, into lists of Python numbers and words."""
    return [value.item() if torch.is_tensor(value) else value for value in values]
