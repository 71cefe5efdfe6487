"""The stored results: made by the present code, complete, and what the text says of them."""

import shutil
from dataclasses import replace as with_changes

import pandas as pd
import pytest

from utils.evaluation import experiments, meaning
from utils.evaluation.experiments import (
    DATASETS,
    FLIPPING,
    NOISE,
    ROBUSTNESS,
    Setting,
)
from utils.evaluation.ranking import errors, mean_ranks, means, paired

HEURISTIC, SOFT = "NEON β=1/E[f]", "NEON β=0"
EXPERIMENTS = {"flipping": FLIPPING, "noise": NOISE, "robustness": ROBUSTNESS}
IRIS = Setting("iris", 0, 3)


@pytest.fixture(scope="module")
def full():
    return FLIPPING.results()


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_stored_results_are_complete_and_made_by_the_present_code(name):
    experiment = EXPERIMENTS[name]
    table = experiment.results()
    assert list(table["key"]) == list(experiment.wanted())
    assert table.drop(columns="key").notna().all(axis=None)
    assert experiment.path.stat().st_size < 400_000, "small text"


def rivals_of(rows):
    return rows[~rows.rival.str.startswith(("NEON", "exact Shapley, kde"))]


def test_neon_is_better_than_the_cheap_rivals_on_five_tables_of_six(full):
    rivals = rivals_of(paired(full, "survival kde", HEURISTIC))
    five = rivals[rivals["data"] != "diabetes"]
    assert (five.difference < 0).all()
    assert (five.p < 0.05).all()


def test_neon_loses_where_the_reference_of_a_rival_is_the_replacement(full):
    rows = paired(full, "survival mean", HEURISTIC)
    by_mean = rows[rows["data"] != "diabetes"].set_index("rival").difference
    for rival in ("gradient×(x−mean)", "integrated gradients", "occlusion"):
        assert (by_mean[rival] > 0).all()
    assert mean_ranks(full, "logit competitor").idxmin() == "NEON β=∞"


def test_distance_to_the_centroid_is_worse_than_random_on_iris_and_wine(full):
    areas = means(full, "survival kde")
    assert (areas.loc["|x−μ_c|"] > areas.loc["random"])[["iris", "wine"]].all()


CHEAP = [HEURISTIC, "random", "gradient×(x−mean)", "occlusion", "tree surrogate"]
FEW = [Setting(name, seed, DATASETS[name][0]) for name, seed in
       [("iris", 0), ("iris", 1), ("wine", 0), ("penguins", 0), ("digits", 0)]]  # fmt: skip


def test_reduced_run_gives_the_stored_numbers(full):
    fresh = FLIPPING.measured([(setting, CHEAP) for setting in FEW])
    both = fresh.merge(full, on=["data", "seed", "method"], suffixes=("", " stored"))
    assert len(both) == len(fresh)
    spread = full.pivot_table("survival kde", "method", "data", aggfunc="std")
    for row in both.to_dict("records"):
        error = 0.1 * spread.loc[row["method"], row["data"]]  # rounding may reorder near-ties
        assert row["survival kde"] == pytest.approx(row["survival kde stored"], abs=error)


def test_sweep_changes_one_thing_at_a_time():
    usual = {name: Setting(name, 0, DATASETS[name][0]) for name in DATASETS}
    for setting, _ in ROBUSTNESS.settings():
        base = usual[setting.data]
        changed = [name for name in ("clusters", "scaler", "stretch")
                   if getattr(setting, name) != getattr(base, name)]  # fmt: skip
        assert len(changed) <= 1


def test_scaler_and_bandwidth_reach_the_problem():
    base = IRIS.problem()
    assert with_changes(IRIS, stretch=10.0).problem().gamma == pytest.approx(10 * base.gamma)
    assert with_changes(IRIS, scaler="none").problem().X.max() > 5
    assert base.X.max() <= 1


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A copy of the code that the keys hash, to be changed at will."""
    for folder in ("neon", "utils"):
        shutil.copytree(experiments.ROOT / folder, tmp_path / folder)
    monkeypatch.setattr(meaning, "ROOT", tmp_path)
    forget()
    yield tmp_path
    forget()


def forget():
    for cached in (meaning.meaning, meaning.names, meaning.scopes, meaning.parse):
        cached.cache_clear()


def change(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    forget()


def keys(*methods):
    return [FLIPPING.key(IRIS, method) for method in methods]


def test_key_changes_with_the_code_but_not_with_its_comments(copy):
    random, neon = keys("random", HEURISTIC)
    change(
        copy / "neon" / "evaluation" / "flipping.py",
        '"""What was left',
        '# why\n    """What remained',
    )
    assert keys("random", HEURISTIC) == [random, neon]
    change(copy / "neon" / "rules.py", "(x - (", "(x + (")
    assert keys("random") == [random], "it does not use NEON"
    assert keys(HEURISTIC) != [neon]
    change(copy / "neon" / "evaluation" / "flipping.py", "(f > 0)", "(f >= 0)")
    assert keys("random") != [random]


def test_a_move_to_another_room_leaves_the_keys(copy):
    before = keys("random", HEURISTIC, "exact Shapley, kde logit")
    old, new = copy / "neon" / "evaluation", copy / "neon" / "room"
    new.mkdir()
    (new / "__init__.py").write_text('"""A room."""\n', encoding="utf-8")
    (old / "flipping.py").rename(new / "flipping.py")
    change(old / "__init__.py", "from .flipping", "from neon.room.flipping")
    assert keys("random", HEURISTIC, "exact Shapley, kde logit") == before
    change(new / "flipping.py", "(f > 0)", "(f >= 0)")
    assert keys("random") != before[:1], "it is followed to where it is"


def test_one_method_more_leaves_the_keys_of_the_others(copy):
    path = copy / "utils" / "evaluation" / "baselines.py"
    others = [method for method in experiments.METHODS if method != "sensitivity"]
    before, own = keys(*others), keys("sensitivity")
    change(
        path,
        "METHODS = {",
        'def new(problem):\n    return problem.X\n\n\nMETHODS = {\n    "new": new,',
    )
    assert keys(*others) == before
    change(path, "return gradient(problem).abs()", "return gradient(problem).square()")
    assert keys(*others) == before
    assert keys("sensitivity") != own
    change(path, "(problem.X - problem.mean)", "(problem.X + problem.mean)")
    changed = {m for m, a, b in zip(others, before, keys(*others), strict=True) if a != b}
    assert changed == {"gradient×(x−mean)"}


def test_code_that_explain_comes_to_import_counts(copy):
    before = keys(HEURISTIC)
    (copy / "neon" / "other.py").write_text("x = 1\n", encoding="utf-8")
    change(copy / "neon" / "rules.py", "import torch\n", "import torch\n\nfrom . import other\n")
    assert keys(HEURISTIC) == before, "what is imported and not used does not count"
    change(copy / "neon" / "rules.py", "(x - (", "(other.x * x - (")
    used = keys(HEURISTIC)
    change(copy / "neon" / "other.py", "x = 1", "x = 2")
    assert len({*before, *used, *keys(HEURISTIC)}) == 3


def test_a_variable_of_the_name_of_a_function_is_not_that_function(copy):
    module = copy / "neon" / "small.py"
    module.write_text("def f(g):\n    return g\n\n\ndef g():\n    return 1\n", encoding="utf-8")
    forget()
    before = meaning.meaning("neon.small", "f")
    change(module, "return 1", "return 2")
    assert meaning.meaning("neon.small", "f") == before
    change(module, "def f(g):", "def f(h):")
    called = meaning.meaning("neon.small", "f")
    change(module, "return 2", "return 3")
    assert meaning.meaning("neon.small", "f") != called


def test_modules_that_import_each_other_are_followed(copy):
    for own, other in ("ab", "ba"):
        text = f"from . import {other}\n\n\ndef f():\n    return {other}.f\n"
        (copy / "neon" / f"{own}.py").write_text(text, encoding="utf-8")
    before = meaning.meaning("neon.a", "f")
    change(copy / "neon" / "b.py", "return a.f", "return 1 + a.f")
    assert meaning.meaning("neon.a", "f") != before


def test_unknown_names_are_refused():
    with pytest.raises(KeyError, match=r"`neon\.rules\.nothing` is neither bound nor a module"):
        meaning.meaning("neon.rules", "nothing")


def test_key_tells_settings_and_versions_apart(monkeypatch):
    settings = [IRIS, Setting("iris", 1, 3), Setting("wine", 0, 3), Setting("iris", 0, 4),
                with_changes(IRIS, scaler="none"), with_changes(IRIS, stretch=2.0)]  # fmt: skip
    found = {FLIPPING.key(setting, "random") for setting in settings}
    assert len(found) == len(settings)
    monkeypatch.setattr(experiments, "installed", lambda library: f"{library}==0")
    assert FLIPPING.key(IRIS, "random") not in found


def test_stale_results_are_shown_with_a_warning_that_says_what_differs(copy, full):
    path = copy / "utils" / "evaluation" / "baselines.py"
    change(path, "(problem.X - problem.mean)", "(problem.X + problem.mean)")
    with pytest.warns(UserWarning, match=r"other here: code, data.*`make experiments`") as caught:
        stored = FLIPPING.results()
    assert "==" not in str(caught[0].message), "all libraries are the pinned ones"
    assert "200 of the" in str(caught[0].message), "one method's rows alone"
    pd.testing.assert_frame_equal(stored, full)


def test_stale_results_name_the_library_that_is_another_one(monkeypatch):
    newer = {"captum": "captum==99"}
    pinned = experiments.pinned
    monkeypatch.setattr(experiments, "installed", lambda name: newer.get(name, pinned(name)))
    with pytest.warns(UserWarning, match=r"other here: captum==99 for captum==[\d.]+\. What"):
        assert len(FLIPPING.results()) == len(FLIPPING.wanted())


def test_update_goes_on_where_it_stopped(tmp_path, monkeypatch, capsys):
    path = tmp_path / "benchmarks" / "flipping.csv"
    path.parent.mkdir()
    settings = [(IRIS, ["random", "sensitivity"]), (Setting("iris", 1, 3), ["random"])]
    experiment = with_changes(FLIPPING, path=path, settings=lambda: settings)
    calls = []

    def measure(here, attribute):
        calls.append((here.seed, attribute.__name__))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return {"area": 0.5}

    order = experiment.wanted()
    monkeypatch.setattr(experiments.Experiment, "wanted", lambda self, release=None: order)
    monkeypatch.setattr(experiments.protocol, "faithfulness", measure)
    with pytest.raises(KeyboardInterrupt):
        experiment.update()
    assert len(pd.read_csv(path)) == 2, "the first split was stored whole"
    experiment.update()
    assert calls == [(0, "random_order"), (0, "sensitivity"), (1, "random_order"),
                     (1, "random_order")]  # fmt: skip
    assert [tuple(row) for row in experiment.results()[["seed", "method"]].values] == [
        (0, "random"), (0, "sensitivity"), (1, "random")
    ]  # fmt: skip
    experiment.update()
    assert len(calls) == 4
    assert "0 rows measured, 3 are up to date" in capsys.readouterr().out


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
