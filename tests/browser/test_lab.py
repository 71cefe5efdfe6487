"""The notebooks in JupyterLab, as a reader runs them: Run All Cells, and drag the control."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
from contextlib import contextmanager, suppress

import nbformat
import pytest
from playwright.sync_api import expect

from utils.explorable.scene import STIFFNESS, Scene
from utils.notebooks import NOTEBOOKS, ONE_THREAD

PATHS = sorted(path.relative_to(NOTEBOOKS) for path in NOTEBOOKS.glob("**/*.ipynb"))
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "notebook-extension/tracker": {"windowingMode": "none"},  # draws every cell
}
OPTIONS = [
    "--no-browser",
    "--allow-root",
    "--expose-app-in-browser",
    "--LabApp.extension_manager=readonly",
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--ServerApp.port_retries=0",
]

RUN_ALL = """async name => {
    const app = window.jupyterapp;
    const panel = await app.commands.execute("docmanager:open", {path: name});
    await panel.context.ready;
    await panel.sessionContext.ready;
    await panel.revealed;
    await app.commands.execute("notebook:run-all-cells");
}"""
IDLE = """() => {
    const panel = window.jupyterapp.shell.currentWidget;
    const code = [...panel.content.model.cells].filter(cell => cell.type === "code");
    const failed = cell => cell.sharedModel.outputs.some(one => one.output_type === "error");
    return panel.sessionContext.session?.kernel?.status === "idle"
        && (code.every(cell => cell.executionCount !== null) || code.some(failed));
}"""
OUTPUTS = """() => [...window.jupyterapp.shell.currentWidget.content.model.cells]
    .filter(cell => cell.type === "code").map(cell => cell.sharedModel.outputs)"""
LOADED = """wanted => [...document.querySelectorAll(".jp-OutputArea-output img")]
    .filter(image => image.complete && image.naturalWidth > 0).length === wanted"""


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """Address of a server of our own: nothing of the user's is read, nothing of ours changed."""
    home = tmp_path_factory.mktemp("home")
    for path in PATHS:
        notebook = nbformat.read(NOTEBOOKS / path, as_version=4)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        copy = home / "notebooks" / path
        copy.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, copy)
    for folder in ("benchmarks", "figures"):  # notebooks read from them
        shutil.copytree(NOTEBOOKS.parent / folder, home / folder)
    for name, values in SETTINGS.items():
        file = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(values))
    places = {f"JUPYTER_{name}_DIR": str(home) for name in ("CONFIG", "DATA", "RUNTIME")}
    places |= {"IPYTHONDIR": str(home), "JUPYTERLAB_WORKSPACES_DIR": str(home)}
    places |= {"JUPYTERLAB_SETTINGS_DIR": str(home / "settings")}

    port, token = free_port(), secrets.token_hex(16)
    command = [sys.executable, "-m", "jupyterlab", *OPTIONS, f"--ServerApp.port={port}"]
    command += [f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={home / 'notebooks'}"]
    log = home / "log"
    with log.open("wb") as sink:
        server = subprocess.Popen(
            command, env=os.environ | ONE_THREAD | places, stdout=sink, stderr=sink
        )
    try:
        wait_for(port, server, log)
        yield f"http://127.0.0.1:{port}/lab?token={token}"
    finally:
        server.terminate()
        server.wait()


def free_port():
    """Return a port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port, server, log):
    """Return as soon as the server listens; raise if it has ended."""
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            with suppress(subprocess.TimeoutExpired):
                server.wait(0.1)
                raise RuntimeError(log.read_text()) from None


@contextmanager
def ran(visit, lab, name):
    """Open a notebook, run all of its cells; give the page and the outputs of its code cells."""
    with visit() as page:
        page.goto(f"{lab}&reset")  # not what was open before
        page.wait_for_function("window.jupyterapp?.restored.then(() => true)")
        page.evaluate(RUN_ALL, str(name))
        page.wait_for_function(IDLE)
        yield page, page.evaluate(OUTPUTS)
        page.evaluate("window.jupyterapp.serviceManager.sessions.shutdownAll()")


def stored_pictures(path):
    """Count the pictures that are stored in a notebook."""
    cells = nbformat.read(NOTEBOOKS / path, as_version=4).cells
    return sum("image/png" in o.get("data", {}) for c in cells for o in c.get("outputs", []))


@pytest.mark.parametrize("path", PATHS, ids=str)
def test_run_all_cells(visit, lab, path):
    with ran(visit, lab, path) as (page, cells):
        outputs = [output for cell in cells for output in cell]
        assert [
            o for o in outputs if o["output_type"] == "error" or o.get("name") == "stderr"
        ] == []
        pictures = sum("image/png" in o.get("data", {}) for o in outputs)
        assert pictures == stored_pictures(path)
        page.wait_for_function(LOADED, arg=pictures)


def test_control_follows_keys_and_mouse(visit, lab, model, wine):
    with ran(visit, lab, "04_beta_sweeps.ipynb") as (page, _):
        handle, picture = page.get_by_role("slider"), page.locator(".widget-html img")
        seen = set()

        def shows(point, place):
            """Wait for the words that Python has for this place, and see another picture."""
            words = Scene(model, wine, "wine").sentence(point, place)
            expect(page.get_by_role("status")).to_have_text(words)
            expect(picture).to_have_attribute("alt", f"Relevances, shares and plane: {words}")
            seen.add(picture.get_attribute("src"))

        start = STIFFNESS.index(1.0)
        shows(60, start)
        handle.press("ArrowRight")
        shows(60, start + 1)
        handle.press("Home")
        shows(60, 0)
        handle.hover()
        box = page.locator(".noUi-base").bounding_box()
        page.mouse.down()
        for part in range(1, 11):
            page.mouse.move(box["x"] + part / 10 * box["width"], box["y"], steps=3)
        page.mouse.up()
        shows(60, len(STIFFNESS) - 1)
        page.get_by_label("wine", exact=True).select_option("wine 118")
        shows(118, len(STIFFNESS) - 1)
        assert len(seen) == 5
