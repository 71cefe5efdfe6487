"""The one error for what cannot be read back: the name of the step, the reason, what to do."""


def refuse(name, step, reason):
    """Raise the TypeError that a step cannot be read back into the original columns.

    Example:
        >>> refuse("nmf", "NMF()", "is not affine")
        Traceback (most recent call last):
        ...
        TypeError: Step 'nmf' cannot be read back into the original columns: 'NMF()' is not affine.
        Explain the clusterer on what this step returns: the relevances are then of its outputs.
    """
    raise TypeError(
        f"Step {name!r} cannot be read back into the original columns: {step!r} {reason}. "
        "Explain the clusterer on what this step returns: the relevances are then of its outputs."
    )
