"""Answers to exercises, judged with a sentence that helps.

`check(name, answer)` prints what it thinks of an answer and never raises; `grade` raises where the
answer is not right, on other points. What is right, and what each known slip would give, is in the
tables of the families: one module each.
"""

from . import backward, clustering, detective, faithful, forward, mixtures, relatives, unit_tests
from .core import attempted

FAMILIES = {
    module.__name__.rsplit(".", 1)[1]: module.EXERCISES
    for module in (
        clustering,
        forward,
        backward,
        relatives,
        unit_tests,
        detective,
        faithful,
        mixtures,
    )
}
EXERCISES = {name: one for family in FAMILIES.values() for name, one in family.items()}


def check(name, answer):
    """Print what is right or wrong with an answer, without giving the right one away.

    Args:
        name: of the exercise.
        answer: a function, or a value; None, `...` and empty functions are not attempted yet.

    Returns:
        bool, whether it is right: what follows can go on with it, or with the package's own.

    Raises:
        KeyError: there is no such exercise.

    Example:
        >>> done = check("inertia factor", None)
        not attempted yet: set `factor` to the number by which you expect the inertia to grow.
        >>> done = check("inertia factor", 10)
        not yet: That is what distances do. What does k-means add up: distances?
    """
    exercise = EXERCISES[name]
    if not attempted(answer):
        print(f"not attempted yet: {exercise.asks}")
        return False
    problem = exercise.diagnose(answer)
    print(f"not yet: {problem}" if problem else f"passed: {name}")
    return problem is None


def grade(name, answer, seed=1):
    """Raise where an answer is not right, on points that only the seed decides.

    Args:
        name: of the exercise.
        answer: as for `check`.
        seed: of the points; 0 would be those that students see.

    Raises:
        AssertionError: the answer is missing or wrong; the message says how.

    Example:
        >>> grade("inertia factor", 100)
    """
    exercise = EXERCISES[name]
    assert attempted(answer), f"not attempted: {exercise.asks}"
    problem = exercise.diagnose(answer, seed)
    assert problem is None, problem
