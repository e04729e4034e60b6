"""The page of a reproduction and its Markdown document, from hand-made results of the real rows."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from inkmint.data.sheet import grid, save_png
from inkmint.files import write_json
from inkmint.report.plots import plot_chart, plot_png
from inkmint.report.reproduction import render_reproduction, write_reproduction
from inkmint.report.reproduction_docs import index_page, write_docs
from inkmint.report.reproduction_view import sections, strip_title
from inkmint.studies.plot import Line, Plot
from inkmint.studies.reproduction.claims import STATUS_IN_WORDS
from inkmint.studies.reproduction.documents import hao2020
from inkmint.studies.reproduction.kinds.curves import Curves
from inkmint.studies.reproduction.kinds.masks import Masks
from inkmint.studies.reproduction.kinds.minted import Minted
from inkmint.studies.reproduction.kinds.real import RealSheet
from inkmint.studies.reproduction.kinds.recognition import Reading
from inkmint.studies.reproduction.papers import make_plan
from inkmint.studies.reproduction.results import FORMAT, Results
from inkmint.studies.reproduction.rows import BROKEN
from inkmint.studies.reproduction.shown import Strip

PROTOCOL = {
    "budget": "laptop",
    "data": {"name": "<few>", "num_train": 200, "num_validation": 100, "num_test": 100},
    "judges": {"judge-v1": "0123456789abcdef"},
}
ATTENTION = "hao2020-lenet-attention"


@pytest.fixture
def results_of(tmp_path: Path) -> Callable[[str], Results]:
    """Made-up results of everything that a paper asks for at the laptop's budget."""

    def make(paper: str) -> Results:
        folder = tmp_path / paper
        digits = np.random.default_rng(0).integers(0, 256, (80, 28, 28), dtype=np.uint8)
        save_png(grid(digits, 8), folder / "picture.png")
        cells = {key: _made_up(each, key) for key, each in make_plan(paper, "laptop").measurements.items()}
        cells = {key: cell | {"machine": "A machine"} for key, cell in cells.items()}
        write_json(
            folder / "results.json",
            {"format": FORMAT, "protocol": PROTOCOL | {"paper": paper}, "cells": cells},
        )
        return Results.read(folder)

    return make


def _made_up(measurement: Any, key: str) -> dict[str, Any]:
    figure = {"interval": [0.4, 0.6], "reference": 0.9, "reference_name": "judge on 100 real test images"}
    match measurement:
        case Reading(training=training):
            good = 0.993 if training.recipe.model == "lenet-attention" else 0.95
            value = good + 0.0005 * training.seed
            confusion = [[90 if row == column else 1 for column in range(10)] for row in range(10)]
            interval = {"train_interval": [0.9, 1.0], "test_interval": [0.9, 1.0]}
            return {"train": value, "test": value, **interval, "confusion": confusion}
        case Masks():
            return {"ink": 0.9, "background": 0.2, "range": [0.1, 0.95], "picture": "picture.png"}
        case Minted():
            names = ("recognisable", "frechet", "classes", "agreement")
            return {
                "figures": {name: {"name": f"{name}_10k", "value": 0.5, **figure} for name in names},
                "picture": "picture.png",
                "paper": False,
                "of_hundred": 43,
                "stages": [[1, "picture.png"], [25, "picture.png"]],
            }
        case Curves():
            points = [[0.5, 1.0], [1.0, 2.0], [1.5, 3.0]]
            return {"series": {"generator": points, "discriminator": points}}
        case RealSheet():
            return {"picture": "picture.png", "data": "few"}
    raise AssertionError(key)


def test_the_page_holds_every_item_with_its_numbers(results_of: Callable[[str], Results]) -> None:
    results = results_of("hao2020")
    page = render_reproduction(results)
    for item in hao2020.PAPER.items:
        assert f'<h2 id="{item.name}">{item.title}</h2>' in page
        assert page.count(f'<span class="name">{item.id}</span>') == 1
    section = page.split('<h2 id="table1">')[1].split("</section>")[0]
    assert '<span class="status differs">differs</span>' in section
    assert "document 86.5%, ours 8.5 points above" in section
    assert "ResNet, test: the document has 86.5%, here it is 95.0%" in section
    assert "The document: the attention mask improves LeNet." in section
    assert "Training accuracy is over 10,000 of the images that were trained on, at most." in section
    assert "Explanation, ours and not measured." in section
    assert "What was trained: LeNet, LeNet + attention: 5 of 100 epochs, 3 seeds;" in section
    assert "&lt;few&gt;, 200 to train on" in page
    assert not re.search(r'(src|href)="(?!data:|#)', page)
    assert "<script" not in page
    assert write_reproduction(results) == results.folder / "report.html"


def test_curves_and_stages_are_shown(results_of: Callable[[str], Results]) -> None:
    page = render_reproduction(results_of("raza2021"))
    section = page.split('<h2 id="losses">')[1].split("</section>")[0]
    assert section.count("data:image/svg+xml;base64,") == 2
    output = page.split('<h2 id="output">')[1].split("</section>")[0]
    assert "GAN, seed 0: the same latents, a row after each of the epochs 1, 25" in output
    assert output.count('<img class="digits"') == 2
    assert "of the first 100 digits of each seed, 43, 43, 43 are recognisable" in page
    assert "Every run mints 10,000 digits; protocols: recognisable_10k, frechet_10k, classes_10k." in page
    assert "256-512-1024-784, as printed" in page


def test_what_is_not_there_is_told(results_of: Callable[[str], Results]) -> None:
    results = results_of("hao2020")
    for key in list(results.found):
        if "hao2020-vgg16" in key or "masks" in key:
            del results.found[key]
        elif "hao2020-resnet" in key and key.endswith("s1"):
            results.found[key] = {BROKEN: "It broke."}
    found = {section.item.name: section for section in sections(hao2020.PAPER, results)}
    assert found["table1"].status == "measured in part"
    assert found["fig3"].status == "not run yet"
    assert found["fig1"].status == "not reproducible from the text"
    assert found["fig4"].status == "reproduced, to be looked at"
    entries = {line.name: line.entries for line in found["table1"].lines}
    assert entries["VGG 16"][1].value == ""
    assert entries["ResNet"][1].spread == "90.0% to 100.00%, over images, 1 broke down"
    assert render_reproduction(results)
    assert all(section.status in STATUS_IN_WORDS.values() for section in sections(hao2020.PAPER, None))


def test_documents_have_tables_pictures_and_an_index(
    results_of: Callable[[str], Results], tmp_path: Path
) -> None:
    docs = tmp_path / "docs"
    assert write_docs(results_of("hao2020"), docs) == docs / "hao2020.md"
    text = (docs / "hao2020.md").read_text()
    assert (
        "| ResNet | 95.0%; 94.7% to 95.3%, 2 seeds | 95.0%; 94.7% to 95.3%, 2 seeds; document 86.5%, ours"
        in text
    )
    assert "*Explanation, ours and not measured:*" in text
    pictures = re.findall(r"!\[.*\]\((.*)\)", text)
    assert pictures == ["hao2020/fig3-1.png", "hao2020/fig4-1.png"]
    shown, masks = (np.asarray(Image.open(docs / path).convert("L")) for path in reversed(pictures))
    assert np.array_equal(shown, 255 - masks), "digits are dark on paper, masks as their title says"
    with Image.open(docs / pictures[0]) as picture:
        assert picture.width <= 640
        assert picture.width > 300
    index = (docs / "index.md").read_text()
    assert "[Numbers and pictures](hao2020.md); budget laptop, digits of <few>." in index
    assert "| [table1](hao2020.md#test-accuracy-of-five-recognisers) | Table 1, section 3.3 |" in index
    assert "## Test accuracy of five recognisers" in text
    row = next(line for line in index.splitlines() if line.startswith("| [table1]"))
    assert "| differs: ResNet, test: the document has 86.5%" in row
    assert "*Explanation, ours:*" in row
    assert "not reproducible from the text: A drawing that explains a term" in index
    row = next(line for line in index.splitlines() if line.startswith("| [flip]"))
    assert (
        "| cannot be told yet: The document: augmentation by flips helps (implied by its use). It cannot"
        in row
    )
    assert "Not run yet: `inkmint reproduce hu2024 --docs" in index
    assert sum(line.startswith("| fig") for line in index.splitlines()) == 12 + 17 + 4


def test_documents_of_all_papers_meet_in_the_index(
    results_of: Callable[[str], Results], tmp_path: Path
) -> None:
    docs = tmp_path / "docs"
    write_docs(results_of("hao2020"), docs)
    write_docs(results_of("qin2021"), docs)
    (docs / "qin2021" / "older-1.png").write_bytes(b"")
    write_docs(results_of("qin2021"), docs)
    assert not (docs / "qin2021" / "older-1.png").exists()
    pictures = re.findall(r"!\[.*\]\((.*)\)", (docs / "qin2021.md").read_text())
    assert pictures.count("qin2021/fig1-1.png") > 1, "the same picture is kept once"
    assert index_page(docs) == (docs / "index.md").read_text()
    assert index_page(docs).count("[Numbers and pictures]") == 2


def test_the_same_plot_for_pages_and_documents() -> None:
    lines = tuple(
        Line(f"arm {number}", {seed: [(1, 0.1 * number), (10, 0.2 + 0.01 * seed)] for seed in range(2)})
        for number in range(6)
    )
    for by_place in (False, True):
        plot = Plot("Some curves", "epoch", "share", lines, by_place)
        chart = plot_chart(plot)
        assert chart.alt == (
            "Some curves: arm 0 from 0.00% to 20.5%; arm 1 from 10.0% to 20.5%; arm 2 from 20.0% to 20.5%; arm 3 from "
            "30.0% to 20.5%; and 2 others."
        )
        assert b"<svg" in chart.svg
        assert plot_png(plot).startswith(b"\x89PNG")
        assert plot_png(plot) == plot_png(plot)
    unequal = Plot("Some curves", "epoch", "loss", (Line("a", {0: [(1, 1), (2, 2)], 1: [(1, 3)]}),))
    assert plot_chart(unequal).alt == "Some curves: a from 2.000 to 2.000."


def test_strips_name_their_epochs() -> None:
    strip = Strip("Digits", ())
    assert strip_title(strip, [3]) == "Digits, after epoch 3"
    assert strip_title(strip, [1, 3]) == "Digits, a row after each of the epochs 1, 3"
