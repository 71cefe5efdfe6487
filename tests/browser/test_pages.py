"""The site, as a reader sees it: every page, light and dark, on a desk and on a phone."""

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import nbformat
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from neon import beta_heuristic, explain
from utils.explorable.scene import STIFFNESS, Scene
from utils.notebooks import NOTEBOOKS

SITE = Path(__file__).resolve().parents[2] / "build" / "site"
assert (SITE / "index.html").exists(), "there is no site yet: run `make test-browser`"
PAGES = sorted(
    path.relative_to(SITE).as_posix()
    for path in SITE.rglob("*.html")
    if "_static" not in path.parts
)
BETA = "docs/interactive_beta.html"

IMAGES = """() => Promise.all([...document.images].map(async image => {
    image.loading = "eager";
    await image.decode().catch(() => null);
    return [image.src, image.alt.trim(), image.naturalWidth];
}))"""
FORMULAS = """async () => {
    await window.MathJax?.startup?.promise;
    const count = selector => document.querySelectorAll(selector).length;
    return [count(".math"), count("mjx-container"), count("mjx-merror, [data-mml-node=merror]")];
}"""
TOO_WIDE = """() => {
    const page = document.documentElement;
    return page.scrollWidth > page.clientWidth ? [page.scrollWidth, page.clientWidth] : null;
}"""


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *words):
        """Say nothing."""


@pytest.fixture(scope="session")
def site():
    """Address of the built site."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=SITE))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_page(visit, site, name, theme, width):
    with visit(width, color_scheme=theme) as page:
        page.goto(f"{site}/{name}")
        expect(page.locator("html")).to_have_attribute("data-theme", theme)
        check(page)


def check(page):
    """Raise if something of a page is missing, too wide, or bars somebody from reading it."""
    for source, alt, width in page.evaluate(IMAGES):
        assert alt, f"no alternative text: {source}"
        assert width > 0, f"not loaded: {source}"
    formulas, typeset, errors = page.evaluate(FORMULAS)
    assert typeset >= formulas, "formulas are not typeset"
    assert errors == 0, "formulas have errors"
    assert page.evaluate(TOO_WIDE) is None, "scrolls sideways"
    assert serious(page) == []


def serious(page):
    """List what axe-core finds that bars somebody from reading."""
    # with preload it would fetch style sheets by addresses that browsers do not form
    options = {"resultTypes": ["violations"], "preload": False}
    found = Axe().run(page, options=options).response["violations"]
    return [
        (one["id"], one["help"], [node["html"][:200] for node in one["nodes"][:5]])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


ADD = """const add = (name, how) =>
    document.body.prepend(Object.assign(document.createElement(name), how))"""
SPOIL = {
    "no alternative text": "add('img', {src: '_static/favicon.svg'})",
    "not loaded": "add('img', {src: 'nothing.png', alt: 'Nothing'})",
    "404": "await fetch('nothing.json')",
    "external request": "await fetch('http://elsewhere.invalid/').catch(() => null)",
    "console error: Ouch": "console.error('Ouch')",
    "console warning: Hm": "console.warn('Hm')",
    "uncaught: Ouch": "add('script', {textContent: 'throw Error(`Ouch`)'})",
    "formulas are not typeset": "add('span', {className: 'math', textContent: 'x'})",
    "formulas have errors": "document.body.append(document.createElement('mjx-merror'))",
    "scrolls sideways": "add('div', {style: 'width: 3000px; height: 1px'})",
    "color-contrast": "add('p', {style: 'color: #eee; background: #fff', textContent: 'Read me'})",
}


@pytest.mark.parametrize("message", SPOIL)
def test_checks_can_fail(visit, site, message):
    def spoil():
        with visit() as page:
            page.goto(f"{site}/index.html")
            page.evaluate(f"async () => {{ {ADD}; {SPOIL[message]} }}")
            check(page)

    with pytest.raises(AssertionError, match=message):
        spoil()


def test_search_finds_midpoint(visit, site):
    with visit() as page:
        page.goto(f"{site}/search.html")
        box = page.locator("main input[name=q]")
        box.fill("midpoint")
        box.press("Enter")
        results = page.locator("#search-results li a")
        expect(results.first).to_be_visible()
        results.first.click()
        expect(page.locator("article")).to_contain_text("midpoint", ignore_case=True)


def test_next_and_previous_lead_through_the_course(visit, site):
    names = [f"notebooks/{path.stem}.html" for path in sorted(NOTEBOOKS.glob("*.ipynb"))]
    with visit() as page:
        page.goto(f"{site}/{names[0]}")
        for name in names[1:]:
            page.locator("a.right-next").click()
            expect(page).to_have_url(f"{site}/{name}")
        for name in names[-2::-1]:
            page.locator("a.left-prev").click()
            expect(page).to_have_url(f"{site}/{name}")


def test_notebook_can_be_downloaded(visit, site):
    with visit(accept_downloads=True) as page:
        page.goto(f"{site}/notebooks/04_beta_sweeps.html")
        page.locator(".dropdown-download-buttons > button").click()
        link = page.locator(".btn-download-source-button")
        expect(link).to_be_visible()
        answer = page.context.request.get(link.evaluate("link => link.href"))
        notebook = nbformat.reads(answer.text(), as_version=4)
        nbformat.validate(notebook)
        assert notebook == nbformat.read(NOTEBOOKS / "04_beta_sweeps.ipynb", as_version=4)


def test_script_computes_what_explain_computes(visit, site, model, wine):
    everything = """() => {
        const data = JSON.parse(document.getElementById("beta-data").textContent);
        return data.beta.map(b => data.points.map(x => explain(x, data.centroids, b ?? Infinity)));
    }"""
    with visit() as page:
        page.goto(f"{site}/{BETA}")
        for b, found in zip(STIFFNESS, page.evaluate(everything), strict=True):
            wanted = explain(model, wine.X, beta=b * beta_heuristic(model, wine.X))
            relevance = np.array([one["relevance"] for one in found])
            np.testing.assert_allclose(relevance, wanted.relevance, rtol=0, atol=1e-9)
            np.testing.assert_allclose([one["logit"] for one in found], wanted.logit, atol=1e-9)
            np.testing.assert_array_equal([one["cluster"] for one in found], wanted.cluster)


@pytest.mark.parametrize("width", [1280, 390])
def test_control_follows_keys_and_mouse(visit, site, model, wine, width):
    scene = Scene(model, wine, "wine")
    with visit(width) as page:
        page.goto(f"{site}/{BETA}")
        slider, bars = page.get_by_role("slider"), page.locator("rect.for, rect.against")

        def shows(point, place):
            expect(page.locator("output")).to_have_text(scene.sentence(point, place))
            shown = bars.evaluate_all("all => all.map(bar => Number(bar.dataset.value))")
            np.testing.assert_allclose(shown, scene.relevance[point, place], rtol=0, atol=1e-9)
            np.testing.assert_allclose(sum(shown), scene.logit[point], atol=1e-9)
            widths = bars.evaluate_all("all => all.map(bar => bar.width.baseVal.value)")
            np.testing.assert_allclose(
                widths, np.abs(shown) * (widths[0] / abs(shown[0])), atol=1e-4
            )
            for picture in page.locator("#beta-control svg[role=img]").all():
                assert len(picture.get_attribute("aria-label")) > 40

        start = STIFFNESS.index(1.0)
        shows(60, start)
        slider.press("ArrowRight")
        shows(60, start + 1)
        slider.press("Home")
        shows(60, 0)
        box = slider.bounding_box()
        page.mouse.move(box["x"] + 8, box["y"] + box["height"] / 2)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] + 20, box["y"] + box["height"] / 2, steps=20)
        page.mouse.up()
        shows(60, len(STIFFNESS) - 1)
        page.get_by_role("combobox").select_option("wine 118")
        shows(118, len(STIFFNESS) - 1)
