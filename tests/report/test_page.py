import itertools
import json
import re
from html.parser import HTMLParser

import pytest

from inkmint.data.sheet import save_png
from inkmint.errors import RunError
from inkmint.recipes import find_recipe
from inkmint.report.page import build_report

HOSTILE = "<script>alert('x')</script>\"&{{ 7 * 7 }}"
VOID = {"meta", "img", "link", "br", "input", "hr"}


class Page(HTMLParser):
    """Tags in order, with a check that they nest."""

    def __init__(self, path):
        super().__init__()
        self.tags, self.headings, self.text, self._open = [], [], "", []
        self.source = path.read_text(encoding="utf-8")
        self.feed(self.source)
        assert not self._open, f"left open: {self._open}"

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if self._open[-1:] not in (["style"], ["script"]):
            self.text += data
        if self._open and re.fullmatch("h[1-6]", self._open[-1]):
            self.headings.append((int(self._open[-1][1]), data.strip()))

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def test_a_demo_page_has_every_section_in_order(demo):
    report = build_report(demo)
    assert report == demo / "report.html"
    page = Page(report)
    assert [text for level, text in page.headings if level == 2] == [
        "Figures",
        "Minted beside real",
        "Nearest real digits",
        "Confusion matrix",
        "Learning curves",
        "Learning to write",
        "What was run",
        "How to go on",
    ]
    assert "trained on minted digits alone reads 91.2% of 1,000 real test digits" in page.text
    for expected in (
        "94.7% to 97.1%",
        "frechet_judge-v1_1k",
        "0123456789ab",
        "A remark on the figures.",
    ):
        assert expected in page.text
    for expected in ("A remark on the demo.", "5 min 1 s", "train recogniser", "optimisers.generator.beta1"):
        assert expected in page.text
    assert "demo-0001/generator --digit 7" in page.text


def test_the_page_is_one_file_that_loads_nothing(demo):
    page = Page(build_report(demo))
    addresses = re.findall(r"""(?:src|href|action|data)\s*=\s*["']?([^"'\s>]+)""", page.source)
    assert addresses and all(address.startswith("data:image/") for address in addresses)
    assert not re.search(r"url\(|@import|https?://", page.source)
    assert not page.all("script") and not page.all("link") and not page.all("iframe")
    assert str(demo.parent) not in page.source, "no path of this machine"


def test_the_page_is_accessible(demo):
    page = Page(build_report(demo))
    assert page.all("html")[0]["lang"] == "en"
    assert all(picture["alt"].strip() for picture in page.all("img"))
    assert all(header.get("scope") in ("col", "row") for header in page.all("th"))
    levels = [level for level, _ in page.headings]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    identities = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(identities) == len(set(identities))
    for _, attributes in page.tags:
        assert attributes.get("aria-labelledby", identities[0]) in identities
    assert "prefers-color-scheme: dark" in page.source
    assert page.all("meta")[1]["content"].startswith("width=device-width")


def test_at_most_six_grids_with_the_first_and_the_last(demo):
    page = Page(build_report(demo))
    assert re.findall(r"Epoch (\d+)", page.text) == ["1", "3", "4", "6", "7", "9"]


@pytest.mark.parametrize("recipe", ["hu2024/acgan-sa-quick", "hao2020/lenet-quick"])
def test_a_single_run_has_a_page_too(tmp_path, make_run, recipe):
    recipe = find_recipe(recipe)
    make_run(tmp_path / "run", recipe, num_grids=2 if "generator" in recipe.optimisers else 0)
    page = Page(build_report(tmp_path / "run"))
    titles = [text for level, text in page.headings if level == 2]
    assert titles[0] == "Learning curves" and titles[-2:] == ["What was run", "How to go on"]
    assert ("Learning to write" in titles) == ("generator" in recipe.optimisers)
    assert "Nothing was measured on test images yet" in page.text
    assert "inkmint evaluate" in page.text


def test_hostile_names_stay_text(tmp_path, make_run):
    recipe = find_recipe("hao2020/lenet-quick").derive(about=HOSTILE, choices=HOSTILE)
    run = make_run(tmp_path / "run", recipe, data=HOSTILE)
    record = {"step": 30, "epoch": 3.0, "seconds": 1.0, "losses": {f"{HOSTILE}/_$x^{HOSTILE}": 1.0}}
    run.append_metrics(record)
    page = Page(build_report(run.path))
    assert not page.all("script")
    assert HOSTILE in page.text


def test_hostile_demo_records_stay_text(demo):
    record = json.loads((demo / "demo.json").read_text())
    record |= {"command": HOSTILE, "data": HOSTILE, "started": HOSTILE, "notes": [HOSTILE]}
    record["steps"][0]["name"] = HOSTILE
    (demo / "demo.json").write_text(json.dumps(record))
    path = demo / "evaluation" / "digits.json"
    evaluation = json.loads(path.read_text())
    evaluation["class_names"][3] = evaluation["figures"][0]["protocol"] = HOSTILE
    path.write_text(json.dumps(evaluation))
    page = Page(build_report(demo))
    assert not page.all("script")
    assert page.text.count(HOSTILE) >= 7


def test_missing_cut_and_damaged_parts_are_left_out(demo):
    (demo / "recogniser" / "metrics.jsonl").unlink()
    cut = demo / "generator" / "metrics.jsonl"
    cut.write_bytes(cut.read_bytes()[:-20])
    (demo / "generator" / "samples" / "epoch_0009.png").write_bytes(b"no picture")
    (demo / "evaluation" / "nearest.png").unlink()
    (demo / "real-recogniser" / "environment.json").unlink()
    (demo / "real-recogniser" / "status.json").unlink()
    page = Page(build_report(demo))
    titles = [text for _, text in page.headings]
    assert "Nearest real digits" not in titles
    assert "Learning curves" in titles and "Learning to write" in titles


def test_a_demo_that_has_only_begun_has_a_page(tmp_path):
    (tmp_path / "demo.json").write_text("{}")
    assert "What was run" in Page(build_report(tmp_path)).text


def test_a_folder_of_another_kind_is_refused(tmp_path):
    with pytest.raises(RunError, match="neither a demo folder nor a run folder"):
        build_report(tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", '{"steps": 3}', '{"steps": [{}]}', '{"seconds": "long"}'])
def test_a_damaged_demo_record_is_named(tmp_path, text):
    (tmp_path / "demo.json").write_text(text)
    with pytest.raises(RunError, match=r"demo\.json is damaged"):
        build_report(tmp_path)


def test_an_odd_sample_picture_is_shown_as_it_is(tmp_path, make_run, evaluation):
    run = make_run(tmp_path / "run", find_recipe("raza2021/gan-quick"))
    save_png(evaluation.pictures["samples"][:5, :7], run.path / "samples" / "epoch_0001.png")
    assert "Epoch 1" in Page(build_report(run.path)).text


def test_without_labels_the_classes_read_stand_in_for_the_matrix(demo):
    path = demo / "evaluation" / "digits.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"confusion": None}))
    page = Page(build_report(demo))
    assert (2, "Classes as read") in page.headings and (2, "Confusion matrix") not in page.headings


def test_an_earlier_page_is_replaced(demo):
    (demo / "report.html").write_text("old")
    assert build_report(demo).read_text(encoding="utf-8").startswith("<!doctype html>")
    assert not list(demo.glob(".report*"))
