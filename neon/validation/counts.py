"""Single numbers: how many, how stiff, which seed."""

import math
import operator


def as_count(value, name, least=1, advice=""):
    """Check a whole number and return it as an int.

    Example:
        >>> as_count(3, "repeats")
        3
    """
    try:
        if isinstance(value, bool):
            raise TypeError
        count = operator.index(value)
    except Exception:  # whatever a foreign type makes of the question
        raise TypeError(
            f"`{name}` must be a whole number, at least {least}; got {brief(value)}. "
            f"{advice or 'Pass an int.'}"
        ) from None
    if count < least:
        raise ValueError(f"`{name}` must be at least {least}; got {count}. {advice}".rstrip())
    return count


def as_seed(value, name):
    """Check a seed that numpy, torch and scikit-learn all take, and return it as an int."""
    value = as_count(value, name, 0, "A seed is a whole number in 0..4294967295.")
    if value >= 2**32:
        raise ValueError(f"`{name}` must be below 4294967296; got {value}. Take it modulo 2**32.")
    return value


def as_positive(value, name, advice=""):
    """Check a positive finite number and return it as a float."""
    number = as_number(value, name, "a positive finite number", advice)
    if not 0 < number < math.inf:
        raise ValueError(
            f"`{name}` must be a positive finite number; got {number}. {advice}".rstrip()
        )
    return number


def as_number(value, name, wanted, advice=""):
    """Read one number of any kind; a string, a boolean or an array of numbers is none."""
    try:
        if isinstance(value, bool | str | bytes) or getattr(value, "shape", ()) != ():
            raise TypeError
        return float(value)
    except OverflowError:
        raise ValueError(
            f"`{name}` must be {wanted}; got a number beyond the range of float64. Pass math.inf."
        ) from None
    except Exception:  # whatever a foreign type makes of the question
        raise TypeError(
            f"`{name}` must be {wanted}; got {brief(value)}. {advice}".rstrip()
        ) from None


def brief(value):
    """Show a value in an error message, on one short line."""
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."
