"""Several reports at once, resumed where they stopped."""

import re

import pandas as pd
import pytest
import yaml
from small_tables import frame

from neon.report import building
from neon.report import sweep as sweeping


@pytest.fixture
def plan(table):
    path = table.with_name("plan.yaml")
    content = {"data": "table.csv", "output": "swept", "settings": {"features": ["a", "b"]}}
    content["vary"] = {"n_clusters": [2, 3], "seed": [0, 1]}
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def test_sweep_goes_on_where_it_stopped(plan, fake_run, monkeypatch):
    done = []

    def stop_at_third(executed, settings, progress):
        done.append((settings["n_clusters"], settings["seed"]))
        if len(done) == 3:
            raise KeyboardInterrupt
        fake_run(executed, settings, progress)

    monkeypatch.setattr(building, "execute", stop_at_third)
    with pytest.raises(KeyboardInterrupt):
        sweeping.sweep(plan)
    assert not (plan.parent / "swept" / "summary.csv").exists()
    summary = sweeping.sweep(plan)
    assert done == [(2, 0), (2, 1), (3, 0), (3, 0), (3, 1)]
    assert summary["silhouette"].round(1).tolist() == [0.2, 0.2, 0.3, 0.3]
    assert (plan.parent / "swept" / "summary.png").stat().st_size > 10_000
    assert len(pd.read_csv(plan.parent / "swept" / "summary.csv")) == 4

    plan.with_name("table.csv").write_text(frame(21), encoding="utf-8")
    sweeping.sweep(plan)
    assert len(done) == 9, "other data are another run"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vary": None}, "must be names with values"),
        ({"vary": {"k": [2]}}, "no setting 'k'"),
        ({"vary": {"seed": 3}}, "`vary` seed must be a list of values; got 3"),
        ({"settings": {"classes": "a"}}, "no setting 'classes'"),
    ],
)
def test_bad_plans_are_refused(plan, change, message, capsys):
    content = yaml.safe_load(plan.read_text(encoding="utf-8")) | change
    plan.write_text(yaml.safe_dump(content), encoding="utf-8")
    assert sweeping.main([str(plan)]) == 2
    assert re.search(message, capsys.readouterr().err)
    assert not (plan.parent / "swept").exists()
