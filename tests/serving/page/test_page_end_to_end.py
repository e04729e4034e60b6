"""The page in a browser with the models that come with inkmint, and a run folder that grows."""

import pytest
from fake_api import grid, png
from page_driver import opened, write
from serving_support import running

from inkmint.recipes import find_recipe
from inkmint.serving.app import create_app
from inkmint.serving.engines import Engines
from inkmint.serving.settings import Settings
from inkmint.training.runs import Run, RunConfig

expect = pytest.importorskip("playwright.sync_api").expect

pytestmark = pytest.mark.slow

THREE = [
    *[(0.36, 0.22), (0.40, 0.17), (0.45, 0.15), (0.51, 0.155), (0.56, 0.19), (0.575, 0.24), (0.56, 0.3)],
    *[(0.51, 0.34), (0.46, 0.355), (0.52, 0.37), (0.57, 0.41), (0.59, 0.47), (0.57, 0.54), (0.52, 0.585)],
    *[(0.45, 0.6), (0.39, 0.585), (0.35, 0.55)],
]


@pytest.fixture
def run(tmp_path):
    made = Run.create(tmp_path / "runs" / "few-0001")
    made.write_config(
        RunConfig(
            recipe=find_recipe("hao2020/lenet-quick"),
            data="starter",
            data_fingerprint="0" * 16,
            class_names=tuple("0123456789"),
            seed=0,
            device="cpu",
            threads=1,
            workers=1,
        )
    )
    made.write_status("running", step=0)
    with made.locked():
        yield made


def _learn(run, step):
    place = {"step": step, "epoch": step / 10, "seconds": step / 2}
    run.append_metrics({**place, "losses": {"recogniser/cross_entropy": 1 / step}, "images_per_sec": 1000.0})


def test_digits_are_read_and_minted_and_a_run_is_watched(browser, run, tmp_path):
    (run.path / "report.html").write_text("<!doctype html><title>Few · inkmint</title><h1>Few digits</h1>")
    for step in (1, 2):
        _learn(run, step)
    app = create_app(Settings(runs=tmp_path / "runs"), Engines.named("lenet-attention", "house"))
    with running(app) as base, opened(browser, base) as page:
        page.goto(base)
        write(page, THREE)
        expect(page.locator("#guess")).to_have_text("3")
        expect(page.locator("#mask-choice")).to_be_visible()
        page.locator("#clear").click()
        write(page, [(0.5, 0.3), (0.5, 0.301)])
        expect(page.locator("#guess")).to_have_text("?")

        page.get_by_role("tab", name="Generate").click()
        page.locator("#direction-0").fill("1.5")
        page.get_by_role("button", name="Minted 7: read this").first.click()
        expect(page.locator("#guess")).to_have_text("7")

        page.get_by_role("tab", name="Read").click()
        digits = {"name": "page.png", "mimeType": "image/png", "buffer": png(255 - grid([3, 1, 4]))}
        page.locator("#file").set_input_files(digits)
        expect(page.locator("#lines .figure")).to_have_text(["3", "1", "4"])

        page.get_by_role("tab", name="Runs").click()
        page.get_by_role("link", name="few-0001").click()
        legend = page.locator(".chart .legend")
        expect(legend).to_contain_text("epoch 0.2")
        _learn(run, 3)
        expect(legend).to_contain_text("epoch 0.3")
        run.write_status("finished", step=3)
        expect(page.locator(".run-head .state")).to_have_text("finished")
        page.get_by_role("link", name="read it").click()
        heading = page.locator("#study-frame").content_frame.get_by_role("heading", name="Few digits")
        expect(heading).to_be_visible()
