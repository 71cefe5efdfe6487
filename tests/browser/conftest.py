"""A real browser, which may talk to this machine only and whose complaints are errors."""

import os
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect, sync_playwright

BUILD = Path(__file__).resolve().parents[2] / "build"
CALM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
MISSING = """no browser: install Chromium or Chrome, for example by `apt-get install chromium`,
or say where it is: CHROMIUM=/path/to/chromium make test-browser"""

PATIENCE = 600_000  # milliseconds without the next step: on a busy machine pages are slow
expect.set_options(timeout=PATIENCE)


PROGRAM = shutil.which(os.environ.get("CHROMIUM", "chromium")) or shutil.which("google-chrome")


def pytest_configure():
    """Say at once what is missing, and not once a test."""
    if PROGRAM is None and sys.platform == "linux":
        raise pytest.UsageError(MISSING)


@pytest.fixture(scope="session")
def browser():
    # on macOS and Windows, Chrome is where no PATH leads, and Playwright knows the place
    place = {"executable_path": PROGRAM} if PROGRAM else {"channel": "chrome"}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(args=CALM, **place)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser, request):
    """Context manager: a page that fails its test if it complains or asks another machine."""

    @contextmanager
    def visit(width=1280, height=900, **settings):
        context = browser.new_context(viewport={"width": width, "height": height}, **settings)
        context.set_default_timeout(PATIENCE)
        page, complaints = context.new_page(), []
        guard(page, complaints)
        try:
            yield page
            assert not complaints, "\n".join(complaints)
        except BaseException:
            name = request.node.name.translate(str.maketrans("/[]", "___"))
            page.screenshot(path=BUILD / "browser" / f"{name}_{width}.png")
            raise
        finally:
            context.close()

    return visit


def guard(page, complaints):
    """Write down what a page complains of, and let it ask nobody but this machine."""

    def console(message):
        if message.type in ("error", "warning"):
            complaints.append(f"console {message.type}: {message.text} ({message.location})")

    def failed(asked):
        if asked.failure != "net::ERR_ABORTED":  # the page was left, or nobody waits any more
            complaints.append(f"failed: {asked.url} {asked.failure}")

    def answered(answer):
        if answer.status >= 400:
            complaints.append(f"{answer.status}: {answer.url}")

    def route(route):
        if urlsplit(route.request.url).hostname == "127.0.0.1":
            route.continue_()
        else:
            complaints.append(f"external request: {route.request.url}")
            route.abort()

    page.on("console", console)
    page.on("pageerror", lambda error: complaints.append(f"uncaught: {error}"))
    page.on("requestfailed", failed)
    page.on("response", answered)
    page.context.route(lambda url: not url.startswith(("data:", "blob:")), route)
