"""What every refusal has in common."""

import re

import numpy as np
import pytest
import torch

MU = np.array([[0.0, 0.0], [2.0, 2.0], [5.0, 0.0]])
X = np.random.default_rng(0).normal(1.0, 2.0, (60, 2))


def refused(call, argument, *, kinds=(TypeError, ValueError)):
    """Check that a call is refused by us: the argument, what was got, the next step."""
    with pytest.raises(kinds) as caught:
        call()
    message, where = str(caught.value), caught.traceback[-1].path
    assert "neon" in where.parts, f"{where}: {message}"
    assert f"`{argument}`" in message, message
    assert re.search(r"(;|,) (got|which|whose|it is)|; .* is ", message), message
    assert re.search(r"\. \S.*\.$|; .*\.$", message, re.S), message


def read_as(given, wanted, explain):
    """Check that points are read as others are, to the last bit."""
    found, right = explain(MU, given, beta=0.5), explain(MU, wanted, beta=0.5)
    for name in "relevance", "cluster", "logit":
        assert torch.equal(
            torch.as_tensor(getattr(found, name)), torch.as_tensor(getattr(right, name))
        )
    return found
