"""One list of dependencies, one set of versions, and files that agree with each other."""

import re
import subprocess
import sys
import tomllib
from importlib.metadata import requires, version
from pathlib import Path

import yaml

import neon
import utils
from utils import contents
from utils.contents import LIST, entries, outdated
from utils.notebooks import lectures

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CONSTRAINTS = dict(
    line.split("==")
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
)


def makefile_extras():
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    return re.search(r"^EXTRAS := (.*)$", text, re.MULTILINE)[1]


def test_utils_is_ours():
    assert Path(utils.__file__).resolve().parent == ROOT / "utils"


def test_conda_installs_this_project_under_the_same_constraints():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    python, pip, lines = environment["dependencies"]
    assert python == "python" + PROJECT["requires-python"]
    assert pip == "pip"
    assert lines == {"pip": ["-c constraints.txt", f"-e .[{makefile_extras()}]"]}


def test_one_list_of_pythons():
    wanted = re.findall(r"Python :: (3\.\d+)", " ".join(PROJECT["classifiers"]))
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    assert workflow["jobs"]["test"]["strategy"]["matrix"]["python"] == wanted
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"Python {', '.join(wanted[:-1])} or {wanted[-1]}" in readme
    assert PROJECT["requires-python"] == f">={wanted[0]}"


def test_constraints_are_exact_versions_without_addresses():
    for name, wanted in CONSTRAINTS.items():
        assert re.fullmatch(r"[A-Za-z0-9._-]+", name), name
        assert re.fullmatch(r"[0-9][A-Za-z0-9.]*", wanted), f"{name}: no local builds, got {wanted}"


def test_every_dependency_is_constrained_and_installed_at_that_version():
    extras = PROJECT["optional-dependencies"]
    installed = {*PROJECT["dependencies"], *requirements_of(makefile_extras().split(","))}
    pinned = {name.lower().replace("_", "-"): v for name, v in CONSTRAINTS.items()}
    for requirement in installed | requirements_of(extras):
        name = re.match(r"[A-Za-z0-9._-]+", requirement)[0].lower()
        assert name in pinned, f"add {name} to constraints.txt"
        if requirement in installed:
            assert version(name).split("+")[0] == pinned[name], name


def requirements_of(extras):
    lines = {line for extra in extras for line in PROJECT["optional-dependencies"][extra]}
    ours = {line for line in lines if line.startswith(PROJECT["name"])}  # extras that bring others
    more = [extra for line in ours for extra in line[line.index("[") + 1 : -1].split(",")]
    return lines - ours | (requirements_of(more) if more else set())


def test_installed_metadata_is_that_of_the_package():
    installed = version(PROJECT["name"])
    assert installed == neon.__version__, "remove .venv/installed; make installs the new version"
    names = {re.match(r"[\w.-]+", line)[0] for line in requires(PROJECT["name"])}
    assert {"torch", "numpy", "scikit-learn"} <= names


def test_neon_needs_only_torch_and_numpy_at_import():
    code = (
        "import sys, neon; "
        "loaded = {name.split('.')[0] for name in sys.modules}; "
        "print(sorted(loaded & {'sklearn', 'matplotlib', 'pandas', 'utils', 'scipy', 'dask'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_citation():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == neon.__version__
    assert citation["license"] == PROJECT["license"]
    assert citation["preferred-citation"]["doi"] == "10.1109/TNNLS.2022.3185901"


def test_the_list_of_changes_knows_this_version():
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## {neon.__version__}" in changes


def test_everything_follows_the_table_of_contents():
    assert [path.stem for path in lectures()] == [entry.name for entry in entries()]
    assert not outdated(), "run `python -m utils.contents`"


def test_an_outdated_table_of_contents_is_seen(monkeypatch, tmp_path):
    text = LIST.read_text(encoding="utf-8")
    changed = tmp_path / "contents.toml"
    question = "How do you measure whether an explanation is faithful?"
    changed.write_text(text.replace(question, "Can it be trusted?"), encoding="utf-8")
    monkeypatch.setattr(contents, "LIST", changed)
    names = {path.name for path in outdated()}
    assert {"README.md", "00_start_here.ipynb", "05_iris_by_hand.ipynb"} <= names
