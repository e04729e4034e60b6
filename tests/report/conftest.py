import json
from dataclasses import replace

import numpy as np
import pytest

from inkmint.data.sheet import grid, save_png
from inkmint.evaluation.figure import Figure
from inkmint.evaluation.record import Evaluation, NearestPairs, save_evaluation
from inkmint.recipes import find_recipe
from inkmint.training.runs import Run, RunConfig

CLASS_NAMES = tuple("0123456789")


def _figure(name, value, **changes):
    settings = {"unit": "share", "num_images": 1000, "seeds": (0,), "better": "higher", "protocol": "How."}
    return Figure(name=name, value=value, **(settings | changes))


@pytest.fixture
def evaluation():
    random = np.random.default_rng(0)
    confusion = random.integers(0, 5, (10, 10)) + np.diag([90] * 10)
    pictures = random.integers(0, 256, (100, 28, 28), dtype=np.uint8)
    return Evaluation(
        name="digits",
        figures=(
            _figure(
                "label_agreement_judge-v1_1k",
                0.961,
                interval=(0.947, 0.971),
                reference=0.988,
                reference_name="judge on 1,000 real test images",
                judge_sha256="0123456789abcdef" * 4,
            ),
            _figure("frechet_judge-v1_1k", 3.21, unit="distance", reference=0.42, better="lower"),
            _figure(
                "tstr_lenet-attention_10k",
                0.912,
                reference=0.975,
                reference_name="trained on 10,000 real digits",
            ),
            _figure("nearest_distance_pixels_500", 4.9, unit="distance", reference=5.1, better="alike"),
        ),
        class_names=CLASS_NAMES,
        seen_K=confusion.sum(axis=0),
        confusion_KK=confusion,
        nearest=NearestPairs(np.arange(10), np.arange(10), np.linspace(3, 6, 10)),
        pictures={
            "samples": grid(pictures, 10),
            "real": grid(pictures, 10),
            "nearest": grid(pictures[:20], 10),
        },
    )


def _make_run(path, recipe, *, num_grids=0, **changes):
    run = Run(path)
    path.mkdir(parents=True)
    config = RunConfig(
        recipe=recipe,
        data="starter",
        data_fingerprint="0" * 16,
        class_names=CLASS_NAMES,
        seed=0,
        device="cpu",
        threads=1,
        workers=1,
    )
    run.write_config(config.model_copy(update=changes))
    run.write_status("finished", step=20)
    generates = "generator" in recipe.optimisers
    losses = ("discriminator/real", "discriminator/fake", "generator/adversarial")
    for step in range(1, 21):
        place = {"step": step, "epoch": step / 10, "seconds": 0.5 * step}
        names = losses if generates else ("recogniser/cross_entropy",)
        run.append_metrics({**place, "losses": dict.fromkeys(names, 1 / step), "images_per_sec": 1000.0})
        if step % 10 == 0:
            name = "label_agreement" if generates else "validation_accuracy"
            run.append_metrics({**place, "figures": {name: 0.9 + step / 1000}})
    pictures = np.random.default_rng(0).integers(0, 256, (80, 28, 28), dtype=np.uint8)
    for epoch in range(1, num_grids + 1):
        save_png(grid(pictures, 8), path / "samples" / f"epoch_{epoch:04d}.png")
    return run


@pytest.fixture
def make_run():
    """Makes a finished run folder, without networks."""
    return _make_run


@pytest.fixture
def demo(tmp_path, evaluation):
    """A demo folder as `inkmint demo` leaves it, without networks."""
    path = tmp_path / "demo-0001"
    recogniser = find_recipe("hao2020/lenet-attention-quick")
    for name in ("recogniser", "synthetic-recogniser", "real-recogniser"):
        _make_run(path / name, recogniser)
    _make_run(path / "generator", find_recipe("hu2024/acgan-sa-quick"), num_grids=9)
    save_evaluation(replace(evaluation, notes=("A remark on the figures.",)), path)
    record = {
        "command": "inkmint demo --data starter",
        "started": "2025-01-01T00:00:00+00:00",
        "seconds": 301.2,
        "data": "starter",
        "seed": 0,
        "steps": [{"name": "train recogniser", "seconds": 48.1}, {"name": "measure", "seconds": 5.0}],
        "notes": ["A remark on the demo."],
    }
    (path / "demo.json").write_text(json.dumps(record))
    return path
