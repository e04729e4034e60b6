"""Writing digits on the page, and minting them."""

import json
import re
import threading
from pathlib import Path

import pytest
from page_driver import write

from inkmint.serving import answers

expect = pytest.importorskip("playwright.sync_api").expect
pytestmark = pytest.mark.slow


def test_writing_by_keyboard(page, base):
    page.goto(base)
    page.locator("#pad").focus()
    page.keyboard.press("Space")
    for key in ["ArrowRight"] * 4 + ["ArrowDown"] * 8:
        page.keyboard.press(key)
    expect(page.locator("#announcement")).to_have_text("Pen down.")
    page.keyboard.press("Space")
    expect(page.locator("#guess")).to_have_text("3")
    expect(page.locator("#announcement")).to_contain_text("Read as 3")
    page.keyboard.press("Backspace")
    expect(page.locator("#guess")).to_have_text("")
    expect(page.locator("#clear")).to_be_disabled()


def test_undo_brings_back_what_was_cleared(page, base):
    page.goto(base)
    write(page)
    page.locator("#clear").click()
    expect(page.locator("#pad-hint")).to_be_visible()
    page.locator("#undo").click()
    expect(page.locator("#pad-hint")).to_be_hidden()
    expect(page.locator("#guess")).to_have_text("3")


def test_what_is_no_digit_is_called_so(page, base):
    page.goto(base)
    write(page, [(0.5, 0.3), (0.5, 0.301)])
    expect(page.locator("#sure")).to_have_text("Not a digit: a blot.")
    expect(page.locator("#guess")).to_have_text("?")
    expect(page.locator("#bars .best")).to_have_count(0)


def test_digits_side_by_side_are_offered_as_a_number(page, base):
    page.goto(base)
    write(page, across=-0.25, size=0.7)
    expect(page.locator("#as-number")).to_be_hidden()
    write(page, across=0.25, size=0.7)
    page.get_by_role("button", name="Read 2 digits as a number").click()
    expect(page.locator("#digits-read .figure").first).to_have_text("3")
    expect(page.locator("#one-digit")).to_be_hidden()
    page.get_by_role("button", name="Read as one digit").click()
    expect(page.locator("#guess")).to_be_visible()


def test_a_late_answer_does_not_replace_a_newer_one(page, base, fake):
    page.goto(base)
    hold = threading.Event()
    fake.holds = [hold]
    write(page, [(0.5, 0.3), (0.5, 0.301)])  # a blot; the answer to the first look is late
    expect(page.locator("#guess")).to_have_text("?")  # to a later look
    write(page)
    expect(page.locator("#guess")).to_have_text("3")
    hold.set()
    page.wait_for_timeout(300)
    expect(page.locator("#guess")).to_have_text("3")


def test_what_the_page_asks_for_fits_the_interface(page, base, fake):
    page.goto(f"{base}/#generate")
    page.locator("#direction-1").fill("-1.5")
    page.locator("#text").fill("2026")
    expect(page.locator("#sheet button")).to_have_count(16)
    wishes = [json.loads(body) for path, _, body in fake.asked if path == "/api/generate"]
    for one in wishes:
        answers.MintRequest.model_validate(one)
    last = [one for one in wishes if "digits" in one][-1]
    assert last["digits"] == [2, 0, 2, 6] * 4
    assert last["sliders"] == {"1": -1.5}


def test_sliders_seed_and_look_change_the_sheet(page, base):
    page.goto(f"{base}/#generate")
    first = page.locator("#sheet img").first
    expect(first).to_be_visible()
    seen = {first.get_attribute("src")}
    for change in (
        lambda: page.locator("#direction-0").fill("3"),
        lambda: page.locator("#dice").click(),
        lambda: page.get_by_text("Light on dark").click(),
    ):
        change()
        expect(first).not_to_have_attribute("src", re.compile("|".join(re.escape(one) for one in seen)))
        seen.add(first.get_attribute("src"))
    page.locator("#digit-keys label").first.click()
    expect(page.locator("#sheet button")).to_have_count(36)


def test_the_sheet_is_saved_and_a_digit_is_read(page, base):
    page.goto(f"{base}/#generate")
    expect(page.locator("#sheet button")).to_have_count(40)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as PNG").click()
    assert download.value.suggested_filename == "inkmint-0.png"
    assert Path(download.value.path()).read_bytes()[:4] == b"\x89PNG"
    page.get_by_role("button", name="Minted 8: read this").first.click()
    expect(page.locator("#guess")).to_have_text("3")
    assert page.url.endswith("#draw")
