"""The page that describes the interface, in a browser."""

import shutil

import pytest
from serving_support import running

pytestmark = pytest.mark.slow


def test_the_description_is_drawn_from_this_server_alone(client):
    playwright = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium") or pytest.skip("There is no chromium.")
    asked, troubles = [], []
    with running(client.app) as address, playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: troubles.append(message.text))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.goto(f"{address}/docs")
        page.wait_for_selector("#operations[aria-busy=false]")
        assert page.locator("#operations section").count() == 14
        look = page.locator("#operations section", has_text="/api/look").first
        assert "image/webp" in look.inner_text()
        assert look.locator("a", has_text="Look").get_attribute("href") == "#model-Look"
        assert page.locator("#model-Look").inner_text().count("\n") > 8
        assert page.locator("#contents a").count() == 14
        browser.close()
    assert troubles == []
    assert all(url.startswith(address) for url in asked)
