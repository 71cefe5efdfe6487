"""Compare an answer with what is right, and with what each known slip would give."""

import copy
import dis
import traceback
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .compare import agree, misshapen, numbers, off, same, shown, unreadable

EMPTY = {"RESUME", "LOAD_CONST", "RETURN_VALUE", "RETURN_CONST", "NOP"}  # the code of an empty body


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
                return problem.replace("Your function returns", "Your prediction is").replace(
                    "where numbers are", "where one number is"
                )
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
    if isinstance(answer, tuple):
        return all(map(attempted, answer))
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
