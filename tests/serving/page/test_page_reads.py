"""Reading pictures on the page."""

import json
import re
from pathlib import Path

import pytest
from fake_api import encoded, grid, png
from page_driver import opened

expect = pytest.importorskip("playwright.sync_api").expect
pytestmark = pytest.mark.slow


def test_a_picture_is_chosen_and_saved_as_text(page, base, tmp_path):
    path = tmp_path / "page.png"
    path.write_bytes(png(255 - grid([3, 1, 4])))
    page.goto(f"{base}/#read")
    page.locator("#file").set_input_files(path)
    expect(page.locator("#annotated")).to_be_visible()
    expect(page.locator("#lines > li")).to_have_count(2)
    expect(page.locator("#lines .unread")).to_have_text(re.compile(r"\?"))
    page.get_by_role("button", name="Copy as text").click()
    expect(page.locator("#reading-now")).to_have_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()") == "31 4\n2?"
    with page.expect_download() as download:
        page.get_by_role("button", name="Save CSV").click()
    assert download.value.suggested_filename == "page.csv"
    rows = Path(download.value.path()).read_text().splitlines()
    assert rows[0] == "line,position,digit,confidence,second,x,y,width,height"
    assert rows[1:] == [
        "1,1,3,0.98,1,10,10,20,28",
        "1,2,1,0.98,1,40,10,20,28",
        "1,3,4,0.98,1,70,10,20,28",
        "2,1,2,0.98,1,10,10,20,28",
        "2,2,,0.41,1,40,10,20,28",
    ]
    with page.expect_download() as download:
        page.get_by_role("button", name="Save JSON").click()
    record = json.loads(Path(download.value.path()).read_text())
    assert record["lines"][0]["text"] == "31 4"


@pytest.mark.parametrize("event", ["drop", "paste"])
def test_a_picture_is_dropped_or_pasted(page, base, fake, event):
    page.goto(f"{base}/#{'read' if event == 'drop' else 'draw'}")
    page.evaluate(
        """async ([event, bytes]) => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], "dropped.png", { type: "image/png" }));
            const place = event === "drop" ? document.querySelector("#drop") : document.body;
            place.dispatchEvent(event === "drop"
                ? new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: data })
                : new ClipboardEvent("paste", { bubbles: true, clipboardData: data }));
        }""",
        [event, list(png(255 - grid([3, 1, 4])))],
    )
    expect(page.locator("#lines > li")).to_have_count(2)
    assert fake.asked[-1][:2] == ("/api/read", "image/png")


def test_another_kind_of_picture_is_turned_into_one_that_is_read(page, base, fake):
    page.goto(f"{base}/#read")
    content = encoded(255 - grid([3, 1, 4]), "GIF")
    page.locator("#file").set_input_files({"name": "a.gif", "mimeType": "image/gif", "buffer": content})
    expect(page.locator("#annotated")).to_be_visible()
    assert fake.asked[-1][1] == "image/jpeg"


def test_a_refusal_is_told_in_plain_words(browser, base, fake):
    with opened(browser, base, refusals=True) as page:
        page.goto(f"{base}/#read")
        fake.refusal = "The upload is empty; send a picture."
        page.locator("#file").set_input_files(
            {"name": "x.pdf", "mimeType": "application/pdf", "buffer": b"%PDF"}
        )
        expect(page.locator("#read-error")).to_have_text("x.pdf: The upload is empty; send a picture.")
        expect(page.locator("#reading-result")).to_be_hidden()
