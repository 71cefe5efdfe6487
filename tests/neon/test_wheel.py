"""The wheel: `neon` and nothing else, and all of it works from an empty folder without this one."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from sklearn.datasets import load_iris

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRA = {"matplotlib", "dask", "numba", "pyarrow", "papermill"} - {*PROJECT["dependencies"]}
BLOCK = f"""
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {EXTRA}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Absent())
"""


def done(*command, folder, **environment):
    """Run a command in a folder, without this repository on any path; return what it printed."""
    kept = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "NEON_FIGURES")}
    run = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env=kept | environment,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
    return run.stdout


def build(source, folder, *targets):
    """Build the targets from a folder of sources, with what is installed here."""
    flags = [flag for target in targets for flag in ("--target", target)]
    done(sys.executable, "-m", "hatchling", "build", "-d", folder, *flags, folder=source)
    return folder


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return build(ROOT, tmp_path_factory.mktemp("built"), "sdist", "wheel")


@pytest.fixture(scope="module")
def wheel(built):
    (path,) = built.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def python(wheel, tmp_path_factory):
    """Interpreter of a new environment that has the wheel and sees the packages that it needs."""
    place = tmp_path_factory.mktemp("environment")
    venv.create(place, symlinks=os.name != "nt")
    paths = {"base": str(place), "platbase": str(place)}
    packages = Path(sysconfig.get_path("purelib", "venv", vars=paths))
    # the .pth files in these folders, by which this repository is installed, are not followed
    others = [path for path in sys.path if path.endswith("-packages")]
    (packages / "others.pth").write_text("\n".join(others), encoding="utf-8")
    interpreter = Path(sysconfig.get_path("scripts", "venv", vars=paths)) / "python"
    install = ("install", "--quiet", "--no-index", "--no-deps", "--ignore-installed")
    done(interpreter, "-m", "pip", *install, wheel, folder=place)
    return interpreter


def contents(path):
    """Files of a wheel with their bytes."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_it_holds_neon_and_nothing_else(wheel):
    files = contents(wheel)
    assert {name.split("/")[0].split("-")[0] for name in files} == {"neon", "neon_clusters"}
    listed = {path.relative_to(ROOT).as_posix() for path in (ROOT / "neon").rglob("*.py")}
    data = {"neon/report/page.html", "neon/report/template.ipynb"}
    assert {name for name in files if name.startswith("neon/")} == listed | data


def test_the_archive_of_sources_gives_the_same_wheel(built, wheel, tmp_path):
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as sources:
        sources.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()
    (again,) = build(source, tmp_path / "again", "wheel").glob("*.whl")
    assert contents(again) == contents(wheel)


def test_every_module_is_there_and_the_course_is_not(python, tmp_path):
    code = (
        "import importlib, importlib.util, neon, pkgutil\n"
        "for module in pkgutil.walk_packages(neon.__path__, 'neon.'):\n"
        "    importlib.import_module(module.name)\n"
        "print(importlib.util.find_spec('utils'), neon.__file__)"
    )
    where, path = done(python, "-W", "ignore", "-c", code, folder=tmp_path).split()
    assert where == "None"
    assert Path(path).is_relative_to(python.parent.parent)


def test_the_library_works_without_any_extra(python, tmp_path):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    quickstart = re.search(r"## Quickstart\n(.*?)\n## ", readme, re.DOTALL)[1]
    assert quickstart.count(">>> ") >= 5
    (tmp_path / "quickstart.md").write_text(quickstart, encoding="utf-8")
    code = f"""{BLOCK}
import doctest
found = doctest.testfile("quickstart.md", module_relative=False)
assert found.attempted >= 5 and not found.failed, found
from sklearn.datasets import load_iris
from neon import NeonExplainer
table = load_iris(as_frame=True).data
tables = NeonExplainer().fit(table).explain(table)
assert list(tables.pointwise) == list(table)
assert (tables.pointwise.sum(axis=1) - tables.logit).abs().max() < 1e-12
print(sorted({EXTRA} & {{name.partition(".")[0] for name in sys.modules}}))
"""
    assert done(python, "-c", code, folder=tmp_path).strip() == "[]"


def test_the_command_makes_a_report(python, tmp_path):
    load_iris(as_frame=True).frame.to_csv(tmp_path / "iris.csv", index=False)
    command = python.with_name("neon-report"), "iris.csv", "--clusters", "3", "--label", "target"
    # nbconvert's templates, which pip puts beside the packages, and no kernel but this one
    share = os.path.join(sysconfig.get_path("data"), "share", "jupyter", "nbconvert")
    shutil.copytree(share, python.parent.parent / "share" / "jupyter" / "nbconvert")
    places = {"JUPYTER_DATA_DIR": str(tmp_path / "none"), "IPYTHONDIR": str(tmp_path / "none")}
    assert done(*command, folder=tmp_path, **places).strip() == "iris_report/report.html"
    folder = tmp_path / "iris_report"
    assert len(pd.read_csv(folder / "relevance.csv")) == 150
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert page.count("<img ") == 3
