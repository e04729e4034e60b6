"""A browser, and the page with canned answers."""

import shutil
from pathlib import Path

import pytest
from fake_api import FakeServer, served
from page_driver import opened


@pytest.fixture(
    scope="module"
)  # playwright keeps an event loop running, in which other modules' tests could not run theirs
def browser():
    sync_api = pytest.importorskip(
        "playwright.sync_api", reason="playwright, which drives a browser, is not installed"
    )
    with sync_api.sync_playwright() as playwright:
        own = playwright.chromium.executable_path
        path = shutil.which("chromium") or (own if Path(own).exists() else None)
        if path is None:
            pytest.skip("no Chromium: install it, or run `playwright install chromium`")
        with playwright.chromium.launch(executable_path=path, args=["--no-sandbox"]) as launched:
            yield launched


@pytest.fixture
def fake():
    return FakeServer()


@pytest.fixture
def base(fake):
    with served(fake.app) as address:
        yield address


@pytest.fixture
def page(browser, base):
    with opened(browser, base) as opened_page:
        yield opened_page
