"""Every decimal number in prose was computed; planted faults are noticed."""

import base64

import nbformat
import pytest

from utils import claims
from utils.files import NOTEBOOKS, ROOT


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


def spoilt(old, new, *, where):
    """Texts of the project with one sentence changed."""
    given = list(claims.texts())
    assert any(old in words for place, words, _ in given if place == where)
    return [(p, words.replace(old, new, 1) if p == where else words, k) for p, words, k in given]


def test_what_is_stored_is_borne_out():
    assert claims.check() == []


@pytest.mark.parametrize(
    ("where", "old", "new"),
    [
        ("notebooks/02_neuralization.ipynb", "wine 60 has 0.4177", "wine 60 has 0.4178"),
        ("README.md", "its logit, 0.0772 (", "its logit, 0.0773 ("),
        ("docs/teaching.md", "with 0.2173 for", "with 0.2713 for"),
        ("figures/manifest.toml", "from 0 to its logit", "from 0 to its logit, 0.0771"),
    ],
)
def test_a_number_in_prose(where, old, new):
    exempt = claims.settings()["exempt"]
    (found,) = claims.unsupported(spoilt(old, new, where=where), exempt)
    assert found.startswith(where)
    assert claims.unsupported(claims.texts(), exempt) == []


def test_an_alt_text(tmp_path):
    for folder in ("benchmarks/results", "figures", "notebooks"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "figures/manifest.toml").write_text("figure = []")
    name = "notebooks/02_neuralization.ipynb"
    notebook = nbformat.read(ROOT / name, as_version=4)
    notebook.cells[-3].metadata["alt"] = "Wine 60 lies at 0.5194 on the curve."
    nbformat.write(notebook, tmp_path / name)
    (found,) = claims.unsupported(claims.texts(tmp_path), [])
    assert found.startswith(f"{name}: 0.5194")


def test_rounded_and_per_cent_forms_pass():
    assert claims.contains([0.9495], "0.95", False)
    assert claims.contains([0.9495], "95.0", True)
    assert not claims.contains([0.9495], "95.0", False)
    assert not claims.contains([0.9495], "0.94", False)


def test_an_exemption_that_nothing_needs():
    spare = {"where": "README.md", "number": "9.99", "reason": "none"}
    (found,) = claims.unsupported([], [spare])
    assert "9.99" in found


def test_table_of_speeds():
    readme, engine = text("README.md"), text("benchmarks/results/engine.md")
    assert claims.speeds(readme, engine) == []
    (found,) = claims.speeds(readme.replace("| 0.36 |", "| 0.26 |"), engine)
    assert "neon.explain" in found


def test_citation():
    cff, reference = text("CITATION.cff"), claims.settings()["reference"]
    (found,) = claims.citation(cff.replace("year: 2024", "year: 2023"), reference)
    assert "2024" in found


def test_a_picture_is_swapped():
    recorded, now = claims.HASHES.read_text(encoding="utf-8"), claims.hashes()
    first, second = [name for name in now if "#" in name][:2]
    assert len(claims.changed(recorded, now | {first: now[second]})) == 1


def test_hashes_are_those_of_the_pictures():
    notebook = nbformat.read(NOTEBOOKS / "02_neuralization.ipynb", as_version=4)
    (picture, *_) = [o.data["image/png"] for c in notebook.cells for o in c.get("outputs", [])
                     if "image/png" in o.get("data", {})]  # fmt: skip
    assert claims.digest(base64.b64decode(picture)) in claims.hashes().values()


def test_a_cell_of_a_table_is_changed(tmp_path):
    for folder in ("benchmarks/results", "notebooks"):
        (tmp_path / folder).mkdir(parents=True)
    table = (ROOT / "benchmarks/flipping.csv").read_bytes()
    (tmp_path / "benchmarks/flipping.csv").write_bytes(table.replace(b"0.1545", b"0.1546", 1))
    recorded = [line for line in claims.HASHES.read_text().splitlines() if "flipping" in line]
    (found,) = claims.changed("\n".join(recorded), claims.hashes(tmp_path))
    assert found.startswith("benchmarks/flipping.csv")
