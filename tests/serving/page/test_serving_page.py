"""The page in a browser, against a fake of the interface; it asks nobody else, and says when nobody answers."""

import re

import numpy as np
import pytest
from fake_api import PAGE, generator, look, mint, png, read
from page_driver import RUNNING, opened, write
from pydantic import TypeAdapter

from inkmint.serving import answers

expect = pytest.importorskip("playwright.sync_api").expect


def test_a_stroke_fills_the_bars_and_digits_are_minted(page, base, fake):
    page.goto(base)
    write(page)
    expect(page.locator("#guess")).to_have_text("3")
    expect(page.locator("#sure")).to_contain_text("95.0")
    expect(page.locator("#bars li")).to_have_count(10)
    expect(page.locator("#bars .best")).to_contain_text("3")
    expect(page.locator("#seen")).to_be_visible()
    path, kind, body = fake.asked[-1]
    assert (path, kind, body[:4]) == ("/api/look", "image/png", b"\x89PNG")
    page.get_by_role("tab", name="Generate").click()
    expect(page.locator("#sheet button")).to_have_count(40)


def test_the_page_keeps_the_strict_policy():
    html = (PAGE / "index.html").read_text()
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", html)
    for path in PAGE.iterdir():
        outside = re.findall(r"https?://[\w.]+", path.read_text())
        assert set(outside) <= {"http://www.w3.org"}, path.name
    for name in re.findall(r'(?:href|src)="static/([^"]+)"', html):
        assert (PAGE / name).is_file(), name
    for path in PAGE.glob("*.js"):
        for name in re.findall(r'from "\./([^"]+)"', path.read_text()):
            assert (PAGE / name).is_file(), f"{path.name} imports {name}"


def test_the_fake_fits_the_interface(fake):
    paper = png(np.full((30, 40), 255, np.uint8))
    run = fake.runs[RUNNING]
    wishes = {"digits": [1, 2], "seed": 3, "paper": True}
    answers.Look.model_validate(look(paper))
    answers.PageRead.model_validate(read(paper))
    answers.GeneratorFacts.model_validate(generator())
    answers.Minted.model_validate(mint(wishes))
    answers.RunDetails.model_validate(run.details())
    answers.Curves.model_validate(run.curves())
    TypeAdapter(list[answers.RunSummary]).validate_python([one.summary() for one in fake.runs.values()])
    TypeAdapter(list[answers.Study]).validate_python(fake.studies())


@pytest.mark.slow
def test_tabs_by_keyboard_and_colours_that_are_remembered(page, base):
    page.goto(base)
    page.get_by_role("tab", name="Draw").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Generate")).to_be_focused()
    expect(page.get_by_role("tabpanel", name="Generate")).to_be_visible()
    page.keyboard.press("End")
    expect(page.get_by_role("tab", name="Studies")).to_have_attribute("aria-selected", "true")
    root = page.locator("html")
    expect(root).to_have_attribute("data-theme", "light")
    page.get_by_role("button", name="Dark colours").click()
    expect(root).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(root).to_have_attribute("data-theme", "dark")
    expect(page.get_by_role("button", name="Dark colours")).to_have_attribute("aria-pressed", "true")


@pytest.mark.slow
def test_a_lost_connection_is_told_and_found_again(browser, base):
    with opened(browser, base, refusals=True) as page:
        page.goto(base)
        page.context.set_offline(True)
        write(page)
        expect(page.locator("#lost")).to_be_visible()
        expect(page.locator("#draw-error")).to_contain_text("does not answer")
        page.context.set_offline(False)
        expect(page.locator("#lost")).to_be_hidden()
