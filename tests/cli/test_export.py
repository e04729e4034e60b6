"""`inkmint export`: whole folders, none half-written, none replaced by accident."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest

from inkmint.errors import ModelError
from inkmint.exporting.browser import RUNTIME_FILES
from inkmint.inference.folders import find_model
from inkmint.inference.generator import OnnxGenerator
from inkmint.inference.recogniser import OnnxRecogniser
from inkmint.models import Generator, Recogniser
from inkmint.training.weights import read_config

Command = Callable[..., Any]


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def runtime(tmp_path: Path) -> Path:
    """What `npm pack` and `tar` leave, as far as the page needs it, empty."""
    folder = tmp_path / "unpacked" / "package" / "dist"
    folder.mkdir(parents=True)
    for name in RUNTIME_FILES:
        (folder / name).write_text(name)
    return tmp_path / "unpacked"


# onnx


def test_a_generator_becomes_a_folder_that_mints(inkmint: Command, tmp_path: Path) -> None:
    result = inkmint("export")
    assert result.exit_code == 0
    assert result.out.startswith("house-onnx: generator house, ")
    assert files(tmp_path / "house-onnx") == ["README.md", "export.json", "model.onnx"]
    generator = OnnxGenerator.from_pretrained("house-onnx", threads=1)
    assert generator.weights_sha256 == read_config(find_model("house")).weights_sha256
    page = (tmp_path / "house-onnx" / "README.md").read_text()
    assert "| in | `latents` | float32 (N, 32) |" in page and "(slant, thickness, width, and others)" in page


def test_a_recogniser_takes_its_calibration_along(inkmint: Command, tmp_path: Path) -> None:
    result = inkmint("export", "lenet-attention", "--to", "onnx", "-o", "mine", "--json")
    record = json.loads(result.out)
    assert record["output"] == "mine" and record["to"] == "onnx"
    assert record["files"] == files(tmp_path / "mine")
    assert {"model.onnx", "reading.json", "reading.safetensors"} < set(record["files"])
    (model,) = record["models"]
    assert model["kind"] == "recogniser" and model["largest_difference"] < 1e-5
    assert json.loads((tmp_path / "mine" / "export.json").read_text())["models"] == [model]
    recogniser = OnnxRecogniser.from_pretrained("mine", threads=1)
    assert recogniser.probabilities(np.zeros((1, 28, 28))).shape == (1, 10)
    assert "`attention` | float32 (N, H, W)" in (tmp_path / "mine" / "README.md").read_text()


def test_a_run_is_exported_by_its_own_name(inkmint: Command, tmp_path: Path) -> None:
    shutil.copytree(find_model("lenet-attention"), tmp_path / "runs" / "mine-s0-0001" / "model")
    assert inkmint("export", "runs/mine-s0-0001").exit_code == 0
    assert (tmp_path / "mine-s0-0001-onnx" / "model.onnx").is_file()


@pytest.mark.parametrize("model", ["knn", "judge"])
def test_what_is_no_model_leaves_nothing_behind(inkmint: Command, model: str, tmp_path: Path) -> None:
    assert "There is no model" in inkmint("export", model, "-o", "out").sentence()
    assert not list(tmp_path.iterdir())


# hub


def test_a_hub_folder_is_read_back_with_no_network(inkmint: Command, tmp_path: Path) -> None:
    assert inkmint("export", "house", "--to", "hub").exit_code == 0
    folder = tmp_path / "house-hub"
    assert {"config.json", "model.safetensors", "README.md", "samples.png"} < set(files(folder))
    copy = Generator.from_pretrained(folder)
    assert np.array_equal(copy.sample(5, seed=3), Generator.from_pretrained("house").sample(5, seed=3))


def test_a_hub_card_begins_with_what_the_hub_reads(inkmint: Command, tmp_path: Path) -> None:
    yaml = pytest.importorskip("yaml")
    inkmint("export", "house", "--to", "hub", "-o", "mine")
    _, front, body = (tmp_path / "mine" / "README.md").read_text().split("---\n", 2)
    matter = yaml.safe_load(front)
    assert (matter["license"], matter["library_name"]) == ("mit", "inkmint")
    assert matter["pipeline_tag"] == "unconditional-image-generation"
    assert {"inkmint", "generator", "house"} <= set(matter["tags"])
    figures = json.loads((find_model("house") / "figures.json").read_text())["figures"]
    values = {each["shipped"]["name"]: each["shipped"]["value"] for each in figures}
    (result,) = matter["model-index"][0]["results"]
    assert {each["type"]: each["value"] for each in result["metrics"]} == values
    assert body.startswith("\n# house") and "from_pretrained" in body


def test_a_run_s_card_quotes_its_evaluations(inkmint: Command, tmp_path: Path) -> None:
    yaml = pytest.importorskip("yaml")
    run = tmp_path / "run"
    shutil.copytree(find_model("lenet-attention"), run / "model")
    (run / "model" / "README.md").unlink()
    (run / "evaluation").mkdir()
    figure = {"name": "test_accuracy_100", "value": 0.97}
    (run / "evaluation" / "readings.json").write_text(json.dumps({"figures": [figure]}))
    inkmint("export", "run", "--to", "hub", "-o", "mine", "--licence", "cc-by-4.0")
    _, front, body = (tmp_path / "mine" / "README.md").read_text().split("---\n", 2)
    matter = yaml.safe_load(front)
    assert matter["license"] == "cc-by-4.0" and matter["metrics"] == ["test_accuracy_100"]
    assert "| test_accuracy_100 | 0.97 |" in body and "`Recogniser`" not in front
    assert Recogniser.from_pretrained("mine").reader().calibration.measured
    (run / "evaluation" / "readings.json").write_text("{}")
    assert "readings.json is damaged" in inkmint("export", "run", "--to", "hub", "-o", "b").sentence()
    assert not (tmp_path / "b").exists()


def test_a_hub_name_needs_the_hub_s_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(__import__("sys").modules, "huggingface_hub", None)
    with pytest.raises(ModelError, match=r"There is no folder owner/name; .* pip install huggingface_hub"):
        Generator.from_pretrained("owner/name")
    (tmp_path / "owner").mkdir()
    with pytest.raises(ModelError, match="There is no model 'owner/name'"):
        Generator.from_pretrained("owner/name")  # a path, and nothing to fetch


def test_a_hub_name_is_fetched_by_the_hub_s_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked = []

    class Hub:
        @staticmethod
        def snapshot_download(name: str, local_files_only: bool) -> str:
            asked.append((name, local_files_only))
            if name == "owner/none":
                raise OSError("404")
            return str(find_model("house"))

    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(__import__("sys").modules, "huggingface_hub", Hub)
    assert Generator.from_pretrained("owner/house").name == "house"
    with pytest.raises(ModelError, match="hub did not supply it"):
        Generator.from_pretrained("owner/none")
    assert asked == [("owner/house", True), ("owner/none", True)]  # tests are offline


# browser


def test_a_page_has_both_models_and_says_what_it_lacks(inkmint: Command, tmp_path: Path) -> None:
    result = inkmint("export", "--to", "browser")
    assert result.exit_code == 0
    folder = tmp_path / "browser"
    page = ["README.md", "app.js", "export.json", "generator.onnx", "index.html", "models.json"]
    assert files(folder) == [*page, "recogniser.onnx", "style.css"]
    models = json.loads((folder / "models.json").read_text())
    assert models["generator"]["model"] == "house" and len(models["generator"]["directions"]) == 8
    assert models["recogniser"]["temperature"] != 1
    assert "npm pack onnxruntime-web" in (folder / "README.md").read_text()
    for name in ("index.html", "app.js", "style.css"):
        text = (folder / name).read_text()
        assert "http:" not in text and "https:" not in text and "//cdn" not in text


def test_a_page_with_the_runtime_s_files_is_complete(inkmint: Command, runtime: Path, tmp_path: Path) -> None:
    assert inkmint("export", "lenet-attention", "--to", "browser", "--ort", runtime).exit_code == 0
    assert {f"ort/{name}" for name in RUNTIME_FILES} < set(files(tmp_path / "browser"))
    assert "npm pack" not in (tmp_path / "browser" / "README.md").read_text()


def test_a_folder_without_the_runtime_s_files_is_refused(inkmint: Command, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "does not hold ort.wasm" in inkmint("export", "--to", "browser", "--ort", "empty").sentence()
    assert files(tmp_path) == []


def test_a_page_has_one_model_of_each_kind(inkmint: Command) -> None:
    sentence = inkmint("export", "house", "acgan-sa", "--to", "browser").sentence()
    assert "one recogniser and one generator" in sentence


# Folders and options


def test_an_earlier_export_is_replaced_only_by_force(inkmint: Command, tmp_path: Path) -> None:
    inkmint("export", "lenet-attention", "-o", "mine")
    before = (tmp_path / "mine" / "export.json").read_text()
    assert "replace it with --force" in inkmint("export", "house", "-o", "mine").sentence()
    assert (tmp_path / "mine" / "export.json").read_text() == before
    assert inkmint("export", "house", "-o", "mine", "--force").exit_code == 0
    assert files(tmp_path / "mine") == ["README.md", "export.json", "model.onnx"]
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize("force", [[], ["--force"]])
def test_a_folder_of_something_else_is_never_replaced(
    inkmint: Command, force: list[str], tmp_path: Path
) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("years")
    assert "no export" in inkmint("export", "house", "-o", "thesis", *force).sentence()
    assert files(tmp_path) == ["thesis/chapter.txt"]


def test_an_export_that_fails_leaves_the_earlier_one(
    inkmint: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inkmint("export", "lenet-attention", "-o", "mine")
    before = files(tmp_path)

    def fail(*_: Any) -> None:
        raise ModelError("It answers otherwise; keep to torch.")

    monkeypatch.setattr("inkmint.exporting.onnx_model.onnx_of_folder", fail)
    assert "answers otherwise" in inkmint("export", "house", "-o", "mine", "--force").sentence()
    assert files(tmp_path) == before and [path.name for path in tmp_path.iterdir()] == ["mine"]
    assert OnnxRecogniser.from_pretrained("mine", threads=1).name == "lenet-attention"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["house", "--ort", "."], "--ort is for the page"),
        (["house", "--licence", "mit"], "--licence is for the hub"),
        (["house", "acgan-sa"], "2 models were named, and --to onnx takes one"),
    ],
)
def test_options_that_do_not_fit_are_refused(inkmint: Command, arguments: list[str], message: str) -> None:
    assert message in inkmint("export", *arguments).sentence()


# The page in a browser


@pytest.fixture(scope="module")
def npm_package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """onnxruntime-web, unpacked."""
    folder = tmp_path_factory.mktemp("npm")
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    packed = subprocess.run(
        ["npm", "pack", "onnxruntime-web"], cwd=folder, capture_output=True, text=True, check=False
    )
    if packed.returncode:
        pytest.skip("npm does not supply onnxruntime-web")
    shutil.unpack_archive(folder / packed.stdout.split()[-1], folder, filter="data")
    return folder


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[[], Any]]:
    """Serve the folder `browser` and open its page in headless Chromium."""
    playwright = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is not installed")

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

    handler = partial(Quiet, directory=str(tmp_path / "browser"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server, playwright.sync_playwright() as driver:
        Thread(target=server.serve_forever, daemon=True).start()
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])

        def open_page() -> Any:
            page = browser.new_page()
            page.goto(f"http://127.0.0.1:{server.server_port}/")
            return page

        yield open_page
        browser.close()
        server.shutdown()


@pytest.mark.slow
def test_the_page_reads_and_mints_in_a_browser(
    inkmint: Command, npm_package: Path, opened: Callable[[], Any]
) -> None:
    assert inkmint("export", "--to", "browser", "--ort", npm_package).exit_code == 0
    page = opened()
    page.wait_for_selector("body[data-ready]", timeout=60_000)
    box = page.locator("#paper").bounding_box()
    places = [(box["x"] + x, box["y"] + y) for x, y in ((70, 60), (200, 60), (120, 230))]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=5)
    page.mouse.up()
    page.wait_for_function("document.getElementById('answer').textContent.startsWith('7, ')")

    def ink() -> int:
        pixels = "document.getElementById('minted').getContext('2d').getImageData(0, 0, 280, 56).data"
        return int(page.evaluate(f"{pixels}.reduce((one, other) => one + other)"))

    sums = [ink()]
    for way in ("3", "-3"):
        page.locator("label", has_text="thickness").locator("input").fill(way)
        page.wait_for_timeout(1000)
        sums.append(ink())
    middle, thick, thin = sums
    assert thick > 1.1 * middle > 1.1 * thin


@pytest.mark.slow
def test_a_page_without_the_runtime_says_so(inkmint: Command, opened: Callable[[], Any]) -> None:
    assert inkmint("export", "--to", "browser").exit_code == 0
    page = opened()
    page.wait_for_selector("#status.problem")
    assert "onnxruntime-web is missing" in page.inner_text("#status")
