"""Compare an answer with what is right, and with what each known slip would give."""

import copy
import dis
import traceback
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

EMPTY = {"RESUME", "LOAD_CONST", "RETURN_VALUE", "RETURN_CONST", "NOP"}  # the code of an empty body
RTOL, ATOL = 1e-6, 1e-9


@dataclass(frozen=True)
class Function:
    """An exercise that asks for a function.

    Attributes:
        asks: what is asked; said as long as nothing was attempted.
        right: the reference.
        cases: maps a seed to a list of argument tuples. Students see seed 0; other seeds grade.
        slips: pairs (what a slip computes, what to say about it).
        law: maps (result, *arguments) to what to say about a law that the result breaks, or None.
    """

    asks: str
    right: Callable
    cases: Callable
    slips: tuple
    law: Callable = lambda result, *arguments: None

    def diagnose(self, answer, seed=0):
        """Say what is wrong with a function; None if nothing is."""
        if not callable(answer):
            return f"A function is asked for; got {type(answer).__name__}. Pass its name alone."
        cases = self.cases(seed)
        results = []
        for arguments in cases:
            result, problem = tried(answer, arguments)
            problem = problem or unreadable(result)
            if problem:
                return problem
            results.append(numbers(result))
        wanted = self.computed(self.right, cases)
        if agree(results, wanted):
            return None
        for wrong, message in self.slips:
            if agree(results, self.computed(wrong, cases)):
                return message
        laws = (self.law(r, *arguments) for r, arguments in zip(results, cases, strict=True))
        return misshapen(results, wanted) or next(filter(None, laws), None) or off(results, wanted)

    def computed(self, function, cases):
        """Results of one of our own functions."""
        return [numbers(function(*copy.deepcopy(arguments))) for arguments in cases]


@dataclass(frozen=True)
class Value:
    """An exercise that asks for a prediction: a number or a word.

    Attributes:
        asks: what is asked.
        right: computes the answer.
        slips: pairs (wrong value, what to say about it).
        otherwise: what to say about any other wrong value.
    """

    asks: str
    right: Callable
    slips: tuple
    otherwise: str

    def diagnose(self, answer, seed=0):
        """Say what is wrong with a prediction; None if nothing is."""
        wanted = self.right()
        if isinstance(wanted, str):
            if not isinstance(answer, str):
                return f"A word is asked for, in quotes; got {answer!r}."
        else:
            problem = unreadable(answer)
            if problem:
                return problem.replace("Your function returns", "Your prediction is")
            if numbers(answer).shape != ():
                return f"One number is asked for; got shape {numbers(answer).shape}."
            if not np.isfinite(numbers(answer)):
                return "Your prediction is not finite. Write down a number."
        for value, message in ((wanted, None), *self.slips):
            if same(answer, value):
                return message
        return self.otherwise


@dataclass(frozen=True)
class Check:
    """An exercise that asks for a test: a function that raises where something is wrong.

    Attributes:
        asks: what is asked.
        trials: maps a seed to triples (arguments, is it to pass, what to say if not so).
    """

    asks: str
    trials: Callable

    def diagnose(self, answer, seed=0):
        """Say what the test lets through, or refuses, by mistake; None if nothing."""
        if not callable(answer):
            return f"A function is asked for; got {type(answer).__name__}. Pass its name alone."
        for arguments, passes, message in self.trials(seed):
            try:
                result = answer(*copy.deepcopy(arguments))
            except AssertionError:
                if passes:
                    return message
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                return stopped(answer, error)
            else:
                if result is not None:
                    return (
                        f"Your test returns {shown(result)}, and nobody looks at it. A test speaks "
                        "by `assert` alone: silence if all is well."
                    )
                if not passes:
                    return message
        return None


def attempted(answer):
    """Tell whether there is anything to judge: no None, no `...`, no function left empty."""
    if answer is None or answer is ...:
        return False
    code = getattr(answer, "__code__", None)
    if code is None or {i.opname for i in dis.get_instructions(code)} - EMPTY:
        return True
    try:
        return answer(*[None] * code.co_argcount) is not None
    except Exception:
        return True


def tried(function, arguments):
    """Call a student's function on copies; return its result and what went wrong, or None."""
    given = copy.deepcopy(arguments)
    try:
        result = function(*given)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # exit() included
        return None, stopped(function, error)
    if not all(same(a, b) for a, b in zip(given, arguments, strict=True)):
        return None, "Your function changes what it is given. Work on a copy: x = x.clone()."
    if result is None:
        return None, "Your function returns nothing. Does it end with `return`, or print instead?"
    return result, None


def stopped(function, error):
    """Say where a student's function raised an error."""
    code = getattr(function, "__code__", None)
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if code and frame.filename == code.co_filename]
    place = f" in its line `{own[-1].line}`" if own and own[-1].line else ""
    reason = (str(error).splitlines() or [""])[0][:200]
    return f"Your function stopped{place} with {type(error).__name__}: {reason}".rstrip(": ") + "."


def numbers(result):
    """Turn a result, a tuple of several included, into one float array, or a tuple of them."""
    if isinstance(result, list):
        return np.asarray([numbers(part) for part in result], dtype=float)
    if isinstance(result, tuple):
        return tuple(numbers(part) for part in result)
    if torch.is_tensor(result):
        result = result.detach().cpu()
    return np.asarray(result, dtype=float)


def unreadable(result):
    """Say that a result holds no numbers; None if it does."""
    try:
        if isinstance(result, str):
            raise TypeError
        numbers(result)
    except (TypeError, ValueError, RuntimeError):
        return f"Your function returns {shown(result)}, where numbers are asked for."
    return None


def shown(value):
    """Short text of any value, with an article for its type."""
    text = repr(value).splitlines()[0] if repr(value) else ""
    return f"{type(value).__name__} {text[:40]}"


def same(a, b):
    """Tell whether two values agree: numbers up to rounding, anything else by `==` or identity."""
    if isinstance(a, tuple) or isinstance(b, tuple):
        pair = isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b)
        return pair and all(same(x, y) for x, y in zip(a, b, strict=True))
    try:
        x, y = numbers(a), numbers(b)
    except (TypeError, ValueError):
        return a is b or bool(np.all(a == b))
    return x.shape == y.shape and np.allclose(x, y, rtol=RTOL, atol=ATOL, equal_nan=True)


def agree(results, wanted):
    """Tell whether all results agree."""
    return all(same(a, b) for a, b in zip(results, wanted, strict=True))


def misshapen(results, wanted):
    """Say that shapes differ, or that there are values that are no numbers."""
    for result, right in zip(results, wanted, strict=True):
        if isinstance(right, tuple) != isinstance(result, tuple) or (
            isinstance(right, tuple) and len(right) != len(result)
        ):
            parts = len(right) if isinstance(right, tuple) else 1
            return f"Your function must return {parts} thing(s); see the shapes in its docstring."
        pairs = zip(flat(result), flat(right), strict=True)
        for ours, theirs in pairs:
            if ours.shape != theirs.shape:
                return (
                    f"Your function returns shape {ours.shape}; asked is {theirs.shape}. "
                    "Which axis is summed, or kept, that should not be?"
                )
            if not np.isfinite(ours).all():
                return (
                    "Your function returns values that are not finite (nan or inf). "
                    "What is divided by 0, or multiplied with inf?"
                )
    return None


def flat(result):
    """List the arrays of a result."""
    return list(result) if isinstance(result, tuple) else [result]


def off(results, wanted):
    """Say how results differ that no slip explains, without giving the right ones away."""
    a = np.concatenate([part.ravel() for r in results for part in flat(r)])
    b = np.concatenate([part.ravel() for r in wanted for part in flat(r)])
    if all(map(reordered, results, wanted)):
        return "These are the right numbers, in another order. What does each position stand for?"
    good = sum(same(r, w) for r, w in zip(results, wanted, strict=True))
    if good:
        return (
            f"Right for {good} of {len(results)} test cases, so the idea is there. "
            "What have you assumed that need not hold: K = 3, one cluster, a positive number?"
        )
    if same(a, -b):
        return "Every sign is turned round. Who is subtracted from whom?"
    if b.any() and same(a, b * (a @ b) / (b @ b)):
        return (
            "Everything is off by one and the same factor. Is there a 2, an n or a mean too many?"
        )
    if same(a - a.mean(), b - b.mean()):
        return "Everything is off by one and the same summand. Is a constant, or a bias, missing?"
    return (
        "The shape is right, the numbers are not. Write down the formula for one point and one "
        "feature, and compare it with your line, symbol by symbol."
    )


def reordered(result, right):
    """Tell whether a result holds the right numbers in any order."""
    pairs = zip(flat(result), flat(right), strict=True)
    return all(same(np.sort(r, None), np.sort(w, None)) for r, w in pairs)
