"""The stored results: made by the present code, complete, and what the text says of them."""

import shutil

import pandas as pd
import pytest

from utils.evaluation import experiments
from utils.evaluation.experiments import (
    RESULTS,
    code_hash,
    key,
    measured,
    pinned,
    reachable,
    results,
    update,
    wanted,
)
from utils.evaluation.ranking import errors, mean_ranks, means, paired

HEURISTIC = "NEON β=1/E[f]"


@pytest.fixture(scope="module")
def full():
    return results()


def test_stored_results_are_complete_and_made_by_the_present_code(full):
    assert len(full) == len(wanted())
    assert full["key"].is_unique
    assert full.drop(columns="key").notna().all(axis=None)


def test_neon_is_the_most_faithful_under_conditional_removal(full):
    rows = paired(full, "survival kde", HEURISTIC)
    rivals = rows[~rows.rival.str.startswith("NEON")]
    assert (rivals.difference < 0).all()
    assert (rivals.p < 0.001).all()


def test_neon_loses_where_the_reference_of_a_rival_is_the_replacement(full):
    by_mean = paired(full, "survival mean", HEURISTIC).set_index("rival").difference
    for rival in ("gradient×(x−mean)", "integrated gradients", "occlusion"):
        assert (by_mean[rival] > 0).all()
    marginal = paired(full, "logit marginal", HEURISTIC).set_index("rival").difference
    assert (marginal["SHAP Permutation, large"] > 0).all()
    assert mean_ranks(full, "logit competitor").idxmin() == "NEON β=∞"


def test_distance_to_the_centroid_is_worse_than_random_on_iris_and_wine(full):
    areas = means(full, "survival kde")
    assert (areas.loc["|x−μ_c|"] > areas.loc["random"])[["iris", "wine"]].all()


CHEAP = ["NEON β=1/E[f]", "random", "gradient×(x−mean)", "occlusion", "tree surrogate"]


def test_reduced_run_gives_the_stored_numbers(full):
    fresh = measured([("iris", 0), ("iris", 1), ("wine", 0), ("digits", 0)], CHEAP)
    both = fresh.merge(full, on=["data", "seed", "method"], suffixes=("", " stored"))
    assert len(both) == len(fresh)
    spread = full.pivot_table("survival kde", "method", "data", aggfunc="std")
    for row in both.to_dict("records"):
        error = 0.1 * spread.loc[row["method"], row["data"]]  # rounding may reorder near-ties
        assert row["survival kde"] == pytest.approx(row["survival kde stored"], abs=error)


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A copy of the code that the keys hash, to be changed at will."""
    for folder in ("neon", "utils"):
        shutil.copytree(experiments.ROOT / folder, tmp_path / folder)
    monkeypatch.setattr(experiments, "ROOT", tmp_path)
    forget()
    yield tmp_path
    forget()


def forget():
    code_hash.cache_clear()
    reachable.cache_clear()


def replace(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    forget()


def test_key_changes_with_the_code_but_not_with_its_comments(copy):
    before = {m: key("iris", 0, m) for m in ("random", HEURISTIC)}
    flipping = copy / "neon" / "evaluation" / "flipping.py"
    replace(flipping, '"""What was left', '# why\n    """What remained')
    assert key("iris", 0, "random") == before["random"]
    replace(copy / "neon" / "explanation.py", "return 1 / (sum", "return 2 / (sum")
    assert key("iris", 0, "random") == before["random"], "it does not use NEON"
    assert key("iris", 0, HEURISTIC) != before[HEURISTIC]
    replace(flipping, "(f > 0)", "(f >= 0)")
    assert key("iris", 0, "random") != before["random"]


def test_code_that_explain_comes_to_import_counts(copy):
    before = key("iris", 0, HEURISTIC)
    (copy / "neon" / "extra.py").write_text("x = 1\n", encoding="utf-8")
    replace(copy / "neon" / "rules.py", "import torch\n", "import torch\n\nfrom . import extra\n")
    assert "neon/extra.py" in reachable("neon/explanation.py")
    imported = key("iris", 0, HEURISTIC)
    replace(copy / "neon" / "extra.py", "x = 1", "x = 2")
    assert len({before, imported, key("iris", 0, HEURISTIC)}) == 3


def test_key_tells_data_seeds_and_versions_apart(monkeypatch):
    keys = {
        key(*row) for row in [("iris", 0, "random"), ("iris", 1, "random"), ("wine", 0, "random")]
    }
    assert len(keys) == 3
    monkeypatch.setattr(experiments, "installed", lambda library: f"{library}==0")
    assert key("iris", 0, "random") not in keys


def test_stale_results_are_shown_with_a_warning_that_says_what_differs(copy):
    shutil.copy(RESULTS.parent.parent / "constraints.txt", copy)
    fresh = results()
    replace(
        copy / "utils" / "rivals.py", "(problem.X - problem.mean)", "(problem.X + problem.mean)"
    )
    with pytest.warns(UserWarning, match=r"other here: code, data.*`make experiments`") as caught:
        stored = results()
    assert "==" not in str(caught[0].message), "all libraries are the pinned ones"
    pd.testing.assert_frame_equal(stored, fresh)


def test_stale_results_name_the_library_that_is_another_one(monkeypatch):
    newer = {"torch": "torch==99"}
    monkeypatch.setattr(experiments, "installed", lambda name: newer.get(name, pinned(name)))
    with pytest.warns(UserWarning, match=r"other here: torch==99 for torch==[\d.]+\. What"):
        assert len(results()) == len(wanted())


def test_update_goes_on_where_it_stopped(tmp_path, monkeypatch, capsys):
    path = tmp_path / "benchmarks" / "flipping.csv"
    path.parent.mkdir()
    rows = [("iris", 0, "random"), ("iris", 0, "sensitivity"), ("iris", 1, "random")]
    monkeypatch.setattr(
        experiments, "wanted", lambda release=None: {key(*row): row for row in rows}
    )
    calls = []

    def measure(here, method):
        calls.append((here.seed, method))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return {"area": 0.5}

    monkeypatch.setattr(experiments, "measure", measure)
    with pytest.raises(KeyboardInterrupt):
        update(path)
    assert len(pd.read_csv(path)) == 2, "the first split was stored whole"
    update(path)
    assert calls == [(0, "random"), (0, "sensitivity"), (1, "random"), (1, "random")]
    assert [tuple(row) for row in results(path)[["data", "seed", "method"]].values] == rows
    update(path)
    assert len(calls) == 4
    assert "0 rows measured, 3 are up to date" in capsys.readouterr().out


def test_results_are_small_text():
    assert RESULTS.stat().st_size < 300_000


def test_summaries_of_a_small_table():
    rows = [("a", 0, "m", 0.1), ("a", 1, "m", 0.3), ("a", 0, "n", 0.4), ("a", 1, "n", 0.4)]
    table = pd.DataFrame(rows, columns=["data", "seed", "method", "area"])
    assert means(table, "area")["a"].to_dict() == pytest.approx({"m": 0.2, "n": 0.4})
    assert errors(table, "area")["a"].to_dict() == pytest.approx({"m": 0.1, "n": 0.0})
    assert mean_ranks(table, "area").to_dict() == {"m": 1, "n": 2}
    compared = paired(table, "area", "m").to_dict("records")[0]
    assert compared["rival"] == "n"
    assert compared["difference"] == pytest.approx(-0.2)
    assert compared["p"] == 0.5, "two splits prove nothing"
    table["area"] = 0.4
    assert paired(table, "area", "m")["p"].item() == 1.0
