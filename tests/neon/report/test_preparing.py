"""Which columns and rows of a table are clustered."""

import numpy as np
import pandas as pd
import pytest

from neon.report import TableError
from neon.report.preparing import prepare


def test_missing_values_dropped_or_filled():
    table = pd.DataFrame({"a": [1.0, np.nan, 3.0, 5.0], "b": [1.0, 2.0, np.inf, 4.0]})
    dropped = prepare(table, missing="drop")
    assert list(dropped.X.index) == [0, 3]
    assert dropped.rows_left == {1: "missing: a", 2: "missing: b"}
    filled = prepare(table, missing="median")
    assert filled.X["a"].tolist() == [1.0, 3.0, 3.0, 5.0]
    assert filled.X["b"].tolist() == [1.0, 2.0, 2.0, 4.0]
    assert (filled.filled, filled.rows_left) == (2, {})


def test_row_numbers_are_no_feature_unless_asked_for():
    table = pd.DataFrame({"id": [7, 8, 9], "x": [0.0, 1.0, 5.0]})
    assert prepare(table).columns_left == {"id": "counts the rows"}
    assert list(prepare(table, features=["id", "x"]).X) == ["id", "x"]


def test_a_way_to_settle_gaps_that_is_none_is_refused_before_there_are_gaps():
    table = pd.DataFrame({"a": [1.0, 2.0, 4.0]})
    with pytest.raises(TableError, match="must be one of error, drop, median; got 'meen'"):
        prepare(table, missing="meen")
