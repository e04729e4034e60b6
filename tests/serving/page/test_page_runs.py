"""Runs and studies on the page."""

import re

import pytest
from page_driver import PLACES, RUNNING

expect = pytest.importorskip("playwright.sync_api").expect
pytestmark = pytest.mark.slow


def test_a_run_grows_while_it_is_watched(page, base, fake):
    run = fake.runs[RUNNING]
    page.goto(f"{base}/#runs")
    expect(page.locator(".runs-table tbody tr")).to_have_count(len(fake.runs))
    page.get_by_role("link", name=RUNNING).click()
    expect(page.locator(".run-head")).to_contain_text("epoch 2.4 of 12")
    readout = page.locator(".chart").first.locator(".legend")
    expect(readout).to_contain_text("epoch 2.4")
    picture = page.get_by_role("img", name="Sample digits after epoch 2")
    expect(picture).to_be_visible()
    for _ in range(6):
        run.grow()
    expect(page.locator(".run-head")).to_contain_text("epoch 3 of 12")
    expect(readout).to_contain_text("epoch 3")
    expect(page.get_by_role("img", name="Sample digits after epoch 3")).to_be_visible()
    expect(page.locator("#announcement")).to_contain_text("Epoch 3: label agreement 0.9500")
    run.become("finished")
    expect(page.locator(".run-head .state")).to_have_text("finished")


def test_a_chart_is_read_by_keyboard_and_as_a_table(page, base):
    page.goto(f"{base}/#{PLACES['run']}")
    chart = page.get_by_role("figure").filter(has_text="Losses of the discriminator")
    slider = chart.get_by_role("slider")
    slider.focus()
    page.keyboard.press("Home")
    expect(slider).to_have_attribute("aria-valuetext", re.compile(r"^epoch 0\.1: real 0\.\d+, fake 0\.\d+$"))
    page.keyboard.press("ArrowRight")
    expect(chart.locator(".legend")).to_contain_text("epoch 0.2")
    expect(chart.locator("circle")).to_have_count(2)
    chart.get_by_text("As a table").click()
    expect(chart.locator("tbody tr")).to_have_count(24)
    box = chart.locator(".plot svg").bounding_box()
    page.mouse.move(box["x"] + box["width"] - 12, box["y"] + 50)
    expect(chart.locator(".legend")).to_contain_text("epoch 2.4")


def test_runs_are_compared(page, base):
    page.goto(f"{base}/#runs")
    compare = page.get_by_role("button", name="Compare")
    expect(compare).to_be_disabled()
    for name in ("quality/house-s0", "quality/house-s1"):
        page.get_by_role("checkbox", name=name).check()
    page.get_by_role("button", name="Compare 2 runs").click()
    expect(page.get_by_role("heading", name="2 runs compared")).to_be_focused()
    expect(page.get_by_role("row", name=re.compile("learning_rate"))).to_contain_text("0.001")
    chart = page.get_by_role("figure").filter(has_text="Label agreement")
    expect(chart.locator("path.curve")).to_have_count(4)  # two curves, and two in the legend
    expect(page.get_by_role("img", name="Last samples of house-s1")).to_be_visible()


def test_a_study_is_opened_in_a_sandbox(page, base):
    page.goto(f"{base}/#studies")
    page.get_by_role("link", name="demo: a reader and a generator").click()
    frame = page.locator("#study-frame")
    expect(frame).to_have_attribute("sandbox", "")
    expect(frame.content_frame.get_by_role("heading", name="A study")).to_be_visible()
    expect(page.locator("#study-alone")).to_have_attribute("href", "studies/demo/report.html")
    page.get_by_role("link", name="All studies").click()
    expect(frame).to_be_hidden()


@pytest.mark.parametrize("address", ["https://example.org/studies/a.html", "javascript:alert(1)", "api/runs"])
def test_only_studies_are_opened_whatever_the_address_says(page, base, address):
    page.goto(f"{base}/#studies/{address.replace('/', '%2F')}")
    expect(page.get_by_role("heading", name="Studies", exact=True)).to_be_visible()
    expect(page.locator("#study-frame")).to_be_hidden()
    assert page.locator("#study-frame").get_attribute("src") is None
