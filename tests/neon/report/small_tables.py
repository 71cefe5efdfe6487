"""Small tables as text, shared by the tests of the report."""

import pandas as pd


def rows(*lines):
    return "\n".join(lines) + "\n"


def frame(n=20, **columns):
    numbers = {"a": [i**2 % 7 + i / 9 for i in range(n)], "b": [i * 5 % 11 for i in range(n)]}
    return pd.DataFrame(numbers | columns).to_csv(index=False)
