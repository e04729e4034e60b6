"""Every view in both schemes and on a phone: what fits, and what everybody can use."""

import os
from pathlib import Path

import pytest
from fake_api import grid, png
from page_driver import DESKTOP, PHONE, PLACES, opened, overflow, write

expect = pytest.importorskip("playwright.sync_api").expect
pytestmark = pytest.mark.slow


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_every_view_fits_its_window(browser, base, tmp_path, size, scheme):
    """Pictures of all views; set INKMINT_SCREENSHOTS to a folder to keep them."""
    folder = Path(os.environ.get("INKMINT_SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    with opened(browser, base, size, scheme) as page:
        for name, place in PLACES.items():
            page.goto(f"{base}/#{place}")
            page.wait_for_load_state("networkidle") if name != "run" else page.wait_for_timeout(500)
            if name == "draw":
                write(page)
                expect(page.locator("#seen")).to_be_visible()
            if name == "read":
                picture = {"name": "page.png", "mimeType": "image/png", "buffer": png(255 - grid([3, 1, 4]))}
                page.locator("#file").set_input_files(picture)
                expect(page.locator("#annotated")).to_be_visible()
            assert overflow(page) <= 0, name
            page.screenshot(path=folder / f"{name}-{scheme}-{size[0]}.png", full_page=True)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_axe_finds_no_serious_fault(browser, base, size, scheme):
    script = os.environ.get("INKMINT_AXE")
    if not script:
        pytest.skip("INKMINT_AXE does not name the file axe.min.js of axe-core")
    source = Path(script).read_text(encoding="utf-8")
    with opened(browser, base, size, scheme) as page:
        for name, place in PLACES.items():
            page.goto(f"{base}/#{place}")
            page.wait_for_timeout(500)
            if name == "draw":
                write(page, across=-0.25, size=0.6)
                write(page, across=0.25, size=0.6)
                expect(page.locator("#seen")).to_be_visible()
            if name == "read":
                picture = {"name": "page.png", "mimeType": "image/png", "buffer": png(255 - grid([3, 1, 4]))}
                page.locator("#file").set_input_files(picture)
                expect(page.locator("#annotated")).to_be_visible()
            for summary in page.locator("summary").all():
                if summary.is_visible():
                    summary.click()
            page.evaluate(source)
            found = page.evaluate("axe.run(document, { iframes: false })")
            faults = [
                f"{fault['id']}: {node['html'][:120]} {node['failureSummary'][:200]}"
                for fault in found["violations"]
                if fault["impact"] in ("serious", "critical")
                for node in fault["nodes"]
            ]
            assert faults == [], name
