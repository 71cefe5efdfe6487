"""The runs on other machines: they set what they say, and can fail."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from neon.evaluation.ties import ascending, first_distinct, first_smallest
from utils import machines
from utils.figures.plots import free_places
from utils.machines import MACHINES, VARIABLES, moving, run, surroundings


def test_settings_of_the_surroundings_are_left_out(monkeypatch):
    for name in VARIABLES:
        monkeypatch.setenv(name, "of the surroundings")
    for machine in MACHINES.values():
        environment = surroundings(machine)
        assert {k: environment[k] for k in VARIABLES if k in environment} == machine.settings
    assert sum(machine.processor for machine in MACHINES.values()) >= 4


def test_every_notebook_runs_on_every_processor_but_that_of_a_cluster():
    for name in ("Prescott", "Haswell", "Zen", "SkylakeX", "two threads"):
        paths = [path.stem for path in MACHINES[name].paths()]
        assert len(paths) >= 15
        assert not any("scaling_out" in stem for stem in paths)
    assert all(path.exists() for machine in MACHINES.values() for path in machine.paths())


@pytest.mark.parametrize("threads", ["2", "3"])
def test_a_machine_where_something_differs_is_red(tmp_path, monkeypatch, threads):
    monkeypatch.setattr(machines, "BUILD", tmp_path)
    test = tmp_path / "test_threads.py"
    test.write_text(f"import os\ndef test(): assert os.environ['NEON_THREADS'] == '{threads}'\n")
    passed, log = run("two threads", MACHINES["two threads"], [test])
    assert passed == (threads == "2")
    assert ("1 passed" if passed else "1 failed") in machines.tail(log)


def test_labels_stay_where_they_are_when_points_move_by_rounding(wine):
    plane = PCA(2).fit_transform(wine.X)
    numbered, noise = [60, 61, 68, 70, 73, 83, 92, 95, 118], np.random.default_rng(0)
    for _ in range(20):
        other = plane + 1e-13 * noise.normal(size=plane.shape)
        np.testing.assert_allclose(
            free_places(other, numbered), free_places(plane, numbered), rtol=0, atol=1e-9
        )


def test_what_ties_up_to_rounding_is_decided_by_its_order():
    tied = np.array([3.0, 1 + 2e-16, 1.0, 1 - 2e-16])
    assert first_smallest(tied) == 1
    assert ascending(tied).tolist() == [1, 2, 3, 0]
    assert ascending(1e300 * tied).tolist() == ascending(1e-290 * tied).tolist() == [1, 2, 3, 0]
    assert first_smallest([1.0, 1 - 1e-8]) == 1, "nine digits count"
    assert first_smallest([0.0, 0.0]) == 0
    twins = np.array([[2.0, 1], [1, 1], [2, 1], [0, 0]])
    assert first_distinct(twins, 3).tolist() == [[2, 1], [1, 1], [0, 0]]


def test_moved_data_differ_in_the_eleventh_digit(wine):
    def loader():
        return type("Bunch", (), {"data": wine.raw.numpy().copy()})()

    old, new = loader().data, moving(loader)().data
    assert (abs(new - old) <= 1e-11 * abs(old)).all()
    assert (new != old).any(0).all()
    for column in range(old.shape[1]):
        assert len(np.unique(new[:, column])) == len(np.unique(old[:, column]))
