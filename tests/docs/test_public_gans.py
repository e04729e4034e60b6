"""benchmarks/public_gans.py: the stand-in for torchvision, harmless snapshots, and when a target is reached."""

import json
import sys
from collections.abc import Iterator
from importlib import import_module
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from inkmint.data.digits import Splits
from inkmint.errors import SettingsError
from inkmint.evaluation.figure import Figure

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
NAMES = ("public_gans", "public_gan_report", "public_gan_run", "public_gan_scores", "torchvision_stand_in")

A_SCRIPT = """
import argparse
import scipy.misc
import torch
from torch.utils.data import DataLoader
from torchvision import datasets, transforms
from torchvision.utils import save_image

parser = argparse.ArgumentParser()
parser.add_argument("--steps", type=int, default=8)
steps = parser.parse_args().steps


class Generator(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = torch.nn.Sequential(torch.nn.Linear(14, 784), torch.nn.BatchNorm1d(784), torch.nn.Dropout(0.1))

    def forward(self, z, y):
        return torch.tanh(self.layers(torch.cat([z, y], 1))).view(-1, 1, 28, 28)


generator = Generator()
judge = torch.nn.Linear(784, 1)
optimisers = [torch.optim.Adam(network.parameters()) for network in (judge, generator)]
half = (0.5, 0.5, 0.5)
to_tensor = transforms.Compose([transforms.Resize((28, 28)), transforms.ToTensor(), transforms.Normalize(half, half)])
loader = DataLoader(datasets.MNIST("../../data", train=True, download=True, transform=to_tensor), 16, shuffle=True)
for (x, y), step in zip(loader, range(steps)):
    z = torch.rand(len(x), 4)
    made = generator(z, torch.nn.functional.one_hot(y, 10).float())
    for optimiser in optimisers:
        optimiser.zero_grad()
    (judge(made.flatten(1)) - judge(x.flatten(1))).pow(2).mean().backward()
    for optimiser in optimisers:
        optimiser.step()
save_image(made, "made.png", nrow=4, normalize=True)
scipy.misc.imsave("one.png", made[0, 0].detach().numpy())
print("the end")
torch.save(generator.state_dict(), WEIGHTS)
"""


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Its modules by name; what they put in torchvision's place is taken away again."""
    import scipy

    monkeypatch.syspath_prepend(BENCHMARKS)
    yield SimpleNamespace(**{name: import_module(name) for name in NAMES})
    for name in [*NAMES, "scipy.misc", *(name for name in sys.modules if name.startswith("torchvision"))]:
        sys.modules.pop(name, None)
    vars(scipy).pop("misc", None)


def picture_of(few: Splits) -> Image.Image:
    return Image.fromarray(few.train.images[3].numpy())


def test_pictures_become_tensors_as_pil_has_them(benchmark: Any, few: Splits) -> None:
    stand_in, picture = benchmark.torchvision_stand_in, picture_of(few)
    large = picture.resize((32, 32), Image.Resampling.BILINEAR)
    assert stand_in.Resize(32)(picture) == stand_in.Resize((32, 32))(picture) == large
    assert stand_in.Resize((14, 20))(picture).size == (20, 14)
    assert stand_in.Resize(14)(picture.crop((0, 0, 28, 21))).size == (18, 14)
    transform = stand_in.Compose(
        [stand_in.Resize(32), stand_in.ToTensor(), stand_in.Normalize((0.5, 9.0), (0.25, 9.0))]
    )
    expected = (np.asarray(large, dtype=np.float64)[None] / 255 - 0.5) / 0.25
    assert transform(picture).dtype == torch.float32
    np.testing.assert_allclose(transform(picture), expected, atol=1e-6)


def test_the_stand_in_gives_training_digits_alone(benchmark: Any, few: Splits) -> None:
    opened: list[bool] = []
    benchmark.torchvision_stand_in.install(few.train, lambda: opened.append(True))
    from torchvision import datasets

    digits = datasets.MNIST("anywhere", train=True, download=True)
    assert opened == [True]
    assert len(digits) == len(few.train)
    assert (digits[3][0], digits[3][1]) == (picture_of(few), int(few.train.labels[3]))
    with pytest.raises(ValueError, match="test images"):
        datasets.MNIST("anywhere", train=False)


def run_script(
    benchmark: Any, few: Splits, folder: Path, due_sec: list[float], arguments: tuple[str, ...] = ()
) -> tuple[dict[str, Any], Path]:
    """A small script's record, and the file of its generator's weights."""
    checkout, weights = folder / "checkout", folder / "weights.pt"
    checkout.mkdir(parents=True)
    (checkout / "main.py").write_text(A_SCRIPT.replace("WEIGHTS", repr(str(weights))))
    run = benchmark.public_gan_run
    script = run.Script("a/b", "main.py", 4, "uniform", one_hot=True, image_px=28, arguments=arguments)
    return run.run_script(script, checkout, few.train, due_sec, folder, seed=1, tell=lambda _: None), weights


def test_snapshots_leave_the_training_as_it_is(
    benchmark: Any, few: Splits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(benchmark.public_gan_run.minted, "__defaults__", (200,))
    step = count(1)
    with monkeypatch.context() as ticking:
        ticking.setattr(benchmark.public_gan_run.Clock, "seconds", property(lambda _: float(next(step))))
        often, weights = run_script(benchmark, few, tmp_path / "often", [2.0, 5.0, 5.5, 1e9])
    never, others = run_script(benchmark, few, tmp_path / "never", [1e9])
    one, other = torch.load(weights, weights_only=True), torch.load(others, weights_only=True)
    assert all(torch.equal(value, other[name]) for name, value in one.items())
    assert [snapshot["steps"] for snapshot in often["snapshots"]] == [2, 5, 6, 8]
    assert len(never["snapshots"]) == 1
    assert often["ended"] == never["ended"] == "came to its own end"
    last = never["snapshots"][0]
    assert (last["steps"], last["images"]) == (8, 8 * 16 + 16), "the loader reads a batch ahead of zip"
    assert (tmp_path / "never" / "log.txt").read_text() == "the end\n"
    digits = {
        mode: benchmark.public_gans.read_digits(tmp_path / "never" / name)
        for mode, name in last["files"].items()
    }
    assert digits["batch"][0].shape == digits["running"][0].shape == (200, 28, 28)
    assert not np.array_equal(digits["batch"][0], digits["running"][0])
    assert digits["batch"][1].tolist() == [index % 10 for index in range(200)]


def test_a_script_is_ended_by_the_clock_and_its_failure_is_told(
    benchmark: Any, few: Splits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(benchmark.public_gan_run.minted, "__defaults__", (20,))
    ended, weights = run_script(benchmark, few, tmp_path / "ended", [0.0])
    assert (ended["ended"], len(ended["snapshots"])) == ("ended by the clock", 1)
    assert ended["snapshots"][0]["steps"] == 1
    assert not weights.exists()
    failed, _ = run_script(benchmark, few, tmp_path / "failed", [1e9], ("--steps", "0"))
    assert failed["ended"].startswith("failed with NameError")
    assert failed["snapshots"] == []


def test_the_clock_stands_still_in_a_pause(benchmark: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [10.0]
    monkeypatch.setattr(benchmark.public_gan_run.time, "perf_counter", lambda: now[0])
    clock = benchmark.public_gan_run.Clock()
    assert clock.seconds == 0
    clock.start()
    now[0] = 12.0
    clock.start()
    with clock.pause():
        now[0] = 50.0
    now[0] = 51.0
    assert clock.seconds == 3


def figure(name: str, value: float) -> Figure:
    return Figure(name=name, value=value, unit="score", num_images=1, better="higher", protocol="")


def score(benchmark: Any, agreement: float, frechet: float) -> Any:
    return benchmark.public_gan_scores.Score("running", "way", figure("a", agreement), figure("f", frechet))


def snapshots(benchmark: Any, *rows: tuple[float, list[tuple[float, float]]]) -> list[Any]:
    scored = benchmark.public_gan_scores.Scored
    return [
        scored(seconds, 1, 64, tuple(score(benchmark, *pair) for pair in pairs)) for seconds, pairs in rows
    ]


def test_reached_is_when_one_score_is_as_good_in_both(benchmark: Any) -> None:
    target = score(benchmark, 0.98, 1.0)
    rows = snapshots(
        benchmark,
        (15.0, [(0.5, 9.0), (0.6, 8.0)]),
        (30.0, [(0.99, 3.0), (0.9, 0.5)]),
        (60.0, [(0.9, 0.5), (0.98, 1.0)]),
        (120.0, [(0.5, 9.0)]),
    )
    first = benchmark.public_gan_scores.first_reached
    both = first(rows, target.reached_by)
    assert (both.after_sec, both.at_sec) == (30.0, 60.0)
    assert both.times(20.0) == "reached between 30 and 60 s: 1.5 to 3.0 times as long"
    never = first(rows[:2], target.reached_by)
    assert never.times(20.0) == "not reached in 30 s: at least 1.5 times as long"
    assert rows[2].best(target).agreement.value == 0.98
    assert rows[1].best(target).frechet.value == 0.5


def test_the_report_says_when_each_script_was_as_good(benchmark: Any, few: Splits) -> None:
    report, target = benchmark.public_gan_report, score(benchmark, 0.98, 1.0)
    ours = report.Ours("our/recipe", target, {"seconds": 20.0, "images": 4000, "kept": False})
    rows = snapshots(benchmark, (15.0, [(0.99, 3.0)]), (30.0, [(0.6, 0.9), (0.98, 1.0)]))
    earlier = {"ended": "ended by the clock", "kept": True, "finished": 0.0}
    comparison = report.Comparison(
        splits=few,
        commits={"a/b": "c0ffee"},
        conditions="X=1",
        threads=2,
        ours={0: ours},
        trainings=[
            report.Training("a/good", 0, tuple(rows), {**earlier, "kept": False}, ours),
            report.Training("a/poor", 0, tuple(rows[:1]), earlier, ours),
        ],
        real={32: [target]},
    )
    text = "\n".join(comparison.text())
    for line in (
        "commit    a/b c0ffee",
        "| a/good | 0 | reached between 15 and 30 s: 0.8 to 1.5 times as long | 2 |",
        "| a/poor | 0 | not reached in 15 s: at least 0.8 times as long | 4 |",
        "| 30 | 1 | 0 | 0.98 | 1.00 | running statistics, way | yes |",
        "- label agreement alone: reached between 0 and 15 s: 0.0 to 0.8 times as long",
        "- best seen, each for itself: label agreement 0.99 at 15 s, Fréchet distance 0.90 at 30 s",
        "- throughput of its loop: 4 images/s (ours 200); ended by the clock",
    ):
        assert line in text.splitlines()
    assert "### a/poor, seed 0 (trained in an earlier call, 19" in text
    assert "### a/good, seed 0\n" in text
    good, poor = json.loads(json.dumps(comparison.figures(), allow_nan=False))["trainings"]
    assert (good["times_ours"], poor["times_ours"], poor["times_ours_at_least"]) == (1.5, None, 0.75)


def test_snapshots_are_due_twice_in_a_doubling_and_at_the_end(benchmark: Any) -> None:
    due = benchmark.public_gan_scores.due_times
    assert due(900.0) == [120.0, 180.0, 240.0, 360.0, 480.0, 720.0, 900.0]
    assert due(480.0) == [120.0, 180.0, 240.0, 360.0, 480.0]
    assert due(6.0) == [6.0]


def test_real_digits_come_back_from_a_larger_size(benchmark: Any, few: Splits) -> None:
    images = few.test.images.numpy()
    enlarge = benchmark.torchvision_stand_in.Resize(32)
    large = np.stack([np.asarray(enlarge(Image.fromarray(image))) for image in images])
    away = {
        way: np.abs(shrink(large).astype(int) - images).mean()
        for way, shrink in benchmark.public_gan_scores.WAYS.items()
    }
    assert away["least squares"] < 0.2
    assert away["least squares"] < away["Lanczos"] < away["bilinear"] < 10


def test_a_missing_checkout_is_said_with_what_to_do(benchmark: Any, tmp_path: Path) -> None:
    chosen = benchmark.public_gans.chosen_scripts
    (tmp_path / "main.py").touch()
    with pytest.raises(SettingsError, match=r"git clone https://github.com/eriklindernoren/PyTorch-GAN"):
        chosen(None, {"pytorch-gan": tmp_path, "collections": tmp_path})
    assert chosen(["collections/cgan"], {"pytorch-gan": None, "collections": tmp_path}) == {
        "collections/cgan": tmp_path
    }


def test_a_training_is_kept_while_its_settings_are_the_same(
    benchmark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, calls = benchmark.public_gans, []

    def child(command: list[str], **_: Any) -> SimpleNamespace:
        order = json.loads(Path(command[-1]).read_text())
        calls.append(order["settings"])
        record = {"settings": order["settings"], "environment": module.environment(), "seconds": 1.0}
        module.write_json(Path(order["folder"]) / "record.json", record)
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr(module.subprocess, "run", child)
    settings = {"name": "recipe", "seed": 0, "threads": 1}
    folder = tmp_path / "one"
    kept = [
        module.trained({**settings, **change}, folder, None, again)["kept"]
        for change, again in (({}, False), ({}, False), ({"threads": 2}, False), ({"threads": 2}, True))
    ]
    assert kept == [False, True, False, False]
    assert len(calls) == 3
