"""The stored figures, and the comparison of figures by what they show."""

import matplotlib.pyplot as plt
import pytest

from utils.figures import FIGURES, manifest, save_figure, stored, stored_state
from utils.figures.fingerprint import differences, fingerprint
from utils.notebooks import NOTEBOOKS

MANIFEST = """
[[figure]]
name = "a"
label = "Figure 0"
notebook = "none"
shows = "a line"
published = "none"
"""


@pytest.mark.parametrize("name", manifest())
def test_stored_figure_is_the_one_recorded(name):
    assert stored_state(name) == []
    entry = manifest()[name]
    assert (NOTEBOOKS / f"{entry['notebook']}.ipynb").exists()
    assert len(entry["shows"]) > 40, "the caption is what a blind reader gets"
    assert stored(name)["axes"], "an empty figure"


def test_no_figure_without_an_entry():
    names = {path.stem for path in FIGURES.iterdir() if path.suffix in (".png", ".svg", ".json")}
    assert names == set(manifest())


def draw(colour="C0", values=(1, 2, 4), title="title", label="x"):
    figure, axes = plt.subplots()
    axes.plot(values, color=colour)
    axes.scatter(range(3), values, c=values)
    axes.barh([0, 1], [3, 2], color=colour)
    axes.imshow([[1, 2], [3, values[-1]]])
    axes.set_title(title)
    axes.set_xlabel(label)
    figure.canvas.draw()
    plt.close(figure)
    return figure


def test_same_figure_same_fingerprint():
    assert differences(fingerprint(draw()), fingerprint(draw())) == []


@pytest.mark.parametrize(
    "wrong",
    [{"colour": "C1"}, {"values": (1, 2, 4.1)}, {"title": "t"}, {"label": "y"}],
)
def test_wrong_figure_other_fingerprint(wrong):
    assert differences(fingerprint(draw()), fingerprint(draw(**wrong)))
    assert differences(fingerprint(draw()), fingerprint(plt.figure())), "an empty figure"
    plt.close("all")


def test_fonts_do_not_count():
    with plt.rc_context({"font.family": "serif", "font.size": 14}):
        other = draw()
    assert differences(fingerprint(draw()), fingerprint(other)) == []


@pytest.fixture
def folder(tmp_path):
    figures = tmp_path / "figures"
    figures.mkdir()
    (figures / "manifest.toml").write_text(MANIFEST)
    return figures


def test_saved_once_checked_ever_after(folder, monkeypatch):
    monkeypatch.setenv("NEON_FIGURES", "")
    save_figure(draw(), "a", folder=folder)
    assert not (folder / "a.png").exists(), "nothing is written unless asked"
    save_figure(draw(), "a", save=True, folder=folder)
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}
    save_figure(draw(), "a", save=True, folder=folder)
    after = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}
    assert after == before, "an unchanged figure is left alone"

    monkeypatch.setenv("NEON_FIGURES", "check")
    save_figure(draw(), "a", save=True, folder=folder)
    with pytest.raises(AssertionError, match=r"a: figure\.axes\[0\]\.lines\[0\]\.colour"):
        save_figure(draw(colour="C1"), "a", folder=folder)

    (folder / "a.png").write_bytes(b"another picture")
    with pytest.raises(AssertionError, match=r"a\.png is not the picture that was recorded"):
        save_figure(draw(), "a", folder=folder)
    monkeypatch.setenv("NEON_FIGURES", "")
    save_figure(draw(), "a", save=True, folder=folder)
    assert stored_state("a", folder) == [], "`make figures` repairs it"

    (folder / "a.svg").unlink()
    assert stored_state("a", folder) == ["a.svg is missing: run `make figures`"]


def test_bytes_do_not_change_from_run_to_run(folder, monkeypatch):
    monkeypatch.setenv("NEON_FIGURES", "")
    with plt.rc_context({"svg.hashsalt": "neon"}):
        contents = []
        for _ in range(2):
            save_figure(draw(), "a", save=True, folder=folder)
            contents.append([(folder / f"a.{s}").read_bytes() for s in ("png", "svg", "json")])
            (folder / "a.json").unlink()
    assert contents[0] == contents[1]


def test_undeclared_figure_is_refused():
    with pytest.raises(
        KeyError, match=r"must be a figure of figures/manifest\.toml; got 'nothing'"
    ):
        save_figure(draw(), "nothing")
