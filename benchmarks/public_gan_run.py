"""One training in a process of its own for `public_gans.py`: a public script as it is, or a recipe of ours.

    python benchmarks/public_gan_run.py ORDER.json

The order says what to train and where to put what came of it: record.json, and an NPZ file of images per snapshot.
"""

import contextlib
import copy
import gc
import json
import os
import runpy
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim.optimizer import Optimizer, register_optimizer_step_post_hook
from torchvision_stand_in import MNIST, install

from inkmint.cli.display import Display
from inkmint.data.digits import DIGIT_NAMES, DigitSet
from inkmint.data.pixels import to_pixels
from inkmint.data.sources import load_splits
from inkmint.evaluation.samples import SAMPLE_IMAGES
from inkmint.files import write_json
from inkmint.models import Generator
from inkmint.recipes import find_recipe
from inkmint.runtime import environment, set_threads
from inkmint.training.session import train

NUM_CLASSES = len(DIGIT_NAMES)
BATCH_IMAGES = 100
"""Images of a batch when a public generator draws: ten of each class, as these scripts' own pictures have it."""

MODES = {"running": False, "batch": True}
"""Whose statistics batch normalisation takes while the generator draws, and whether that is torch's training mode."""


@dataclass(frozen=True)
class Script:
    """A public script, and how its generator is asked for digits.

    Attributes:
        repository: Its name on GitHub.
        path: In the checkout.
        arguments: Of the command line; what they leave out is as the script sets it.
        latent_size: Numbers that a digit is drawn from.
        latent: How they are distributed.
        one_hot: Whether a class is given as ten numbers, and not as one.
        image_px: Width and height of what it draws.
    """

    repository: str
    path: str
    latent_size: int
    latent: Literal["normal", "uniform"]
    one_hot: bool
    image_px: int
    arguments: tuple[str, ...] = ()

    def inputs(self, num_images: int) -> tuple[Tensor, Tensor]:
        """The same latents every time, and the classes asked for, in turn."""
        random = torch.Generator().manual_seed(0)
        draw = torch.randn if self.latent == "normal" else torch.rand
        labels_N = torch.arange(num_images) % NUM_CLASSES
        z_NZ = draw(num_images, self.latent_size, generator=random)
        return z_NZ, nn.functional.one_hot(labels_N, NUM_CLASSES).float() if self.one_hot else labels_N


_PYTORCH_GAN = "eriklindernoren/PyTorch-GAN"
_COLLECTIONS = "znxlwm/pytorch-generative-model-collections"
SCRIPTS = {
    **{
        f"pytorch-gan/{name}": Script(
            _PYTORCH_GAN, f"implementations/{name}/{name}.py", 100, "normal", one_hot=False, image_px=32
        )
        for name in ("acgan", "cgan")
    },
    **{
        f"collections/{name.lower()}": Script(
            _COLLECTIONS,
            "main.py",
            62,
            "uniform",
            one_hot=True,
            image_px=28,
            # An empty text is how these scripts are told to do without a GPU: any other is true.
            arguments=("--gan_type", name, "--dataset", "mnist", "--gpu_mode", ""),
        )
        for name in ("ACGAN", "CGAN")
    },
}


@dataclass
class Clock:
    """Seconds since the training images were opened, less those of snapshots."""

    started: float | None = None
    paused_sec: float = 0.0

    def start(self) -> None:
        if self.started is None:
            self.started = time.perf_counter()

    @property
    def seconds(self) -> float:
        return 0.0 if self.started is None else time.perf_counter() - self.started - self.paused_sec

    @contextmanager
    def pause(self) -> Iterator[None]:
        before = time.perf_counter()
        try:
            yield
        finally:
            self.paused_sec += time.perf_counter() - before


class TimeIsUp(BaseException):
    """Ends a script whose time is over; no script's own handlers of errors are meant to see it."""


@dataclass
class Snapshot:
    """A generator's digits at one moment of its training.

    Attributes:
        seconds: On the clock, of training alone.
        steps: Of the generator's optimiser.
        images: Real images read until then.
        files: NPZ files of uint8 images (N, H, W) and labels by mode.
    """

    seconds: float
    steps: int
    images: int
    files: dict[str, str]


@dataclass
class Watch:
    """Called after every step of any optimiser, it takes snapshots of the generator when they are due.

    Args:
        script: What trains.
        due_sec: When to take a snapshot, ascending; after the last the script is ended.
        folder: For the images.
        clock: Stands still meanwhile.
        tell: Told of progress.
    """

    script: Script
    due_sec: Sequence[float]
    folder: Path
    clock: Clock
    tell: Callable[[str], None] = print
    generator: nn.Module | None = None
    steps: int = 0
    last_step_sec: float = 0.0
    snapshots: list[Snapshot] = field(default_factory=list)
    _first_weight: Tensor | None = None

    def __call__(self, optimiser: Optimizer, _arguments: Any, _options: Any) -> None:
        if self.generator is None:
            with self.clock.pause():
                self.generator = only_generator()
                self._first_weight = next(self.generator.parameters())
        if not any(weight is self._first_weight for weight in optimiser.param_groups[0]["params"][:1]):
            return
        self.steps += 1
        self.last_step_sec = self.clock.seconds
        num_passed = sum(due <= self.last_step_sec for due in self.due_sec)
        if num_passed:
            with self.clock.pause():
                self.take()
            self.due_sec = self.due_sec[num_passed:]
            if not self.due_sec:
                raise TimeIsUp

    def take(self) -> None:
        """Mint digits with a copy of the generator as it is now."""
        assert self.generator is not None
        number = len(self.snapshots)
        files = {}
        for mode in MODES:
            files[mode] = f"snapshot-{number:02d}-{mode}.npz"
            save_digits(self.folder / files[mode], *minted(self.generator, self.script, mode))
        self.snapshots.append(Snapshot(self.last_step_sec, self.steps, MNIST.num_taken, files))
        self.tell(f"{self.last_step_sec:,.0f} s, {self.steps:,} steps, {MNIST.num_taken:,} images")


def only_generator() -> nn.Module:
    """The one network of this process whose class is called generator.

    Raises:
        LookupError: There is none, or there are several.
    """
    gc.collect()
    found: list[nn.Module] = [
        thing
        for thing in gc.get_objects()
        if issubclass(type(thing), nn.Module) and type(thing).__name__.lower() == "generator"
    ]
    if len(found) != 1:
        raise LookupError(f"The script has {len(found)} networks called generator, and one is expected.")
    return found[0]


def minted(
    generator: nn.Module, script: Script, mode: str, num_images: int = SAMPLE_IMAGES
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Digits of a copy of the generator, which leaves it and all random numbers as they are.

    Args:
        generator: In any mode.
        script: How to ask it.
        mode: One of `MODES`.
        num_images: How many.

    Returns:
        Images uint8 (N, H, W), and the labels asked for, int64 (N,).
    """
    drawer = copy.deepcopy(generator).train(MODES[mode])
    z_NZ, y_N = script.inputs(num_images)
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        batches = zip(z_NZ.split(BATCH_IMAGES), y_N.split(BATCH_IMAGES), strict=True)
        images_NHW = torch.cat([to_pixels(drawer(z, y)) for z, y in batches])
    return images_NHW.numpy(), np.arange(num_images) % NUM_CLASSES


def save_digits(path: Path, images_NHW: NDArray[np.uint8], labels_N: NDArray[np.int64]) -> None:
    np.savez_compressed(path, images=images_NHW, labels=labels_N)


def run_script(
    script: Script,
    checkout: Path,
    digits: DigitSet,
    due_sec: Sequence[float],
    folder: Path,
    *,
    seed: int,
    tell: Callable[[str], None],
) -> dict[str, Any]:
    """Run a public script until its time is up or it ends, and say what came of it.

    It works in a temporary folder, and what it prints goes to log.txt. Its clock starts when it opens the training
    images: starting Python, importing and reading the data are not counted.
    """
    clock = Clock()
    watch = Watch(script, due_sec, folder, clock, tell)
    install(digits, clock.start)
    torch.manual_seed(seed)
    np.random.seed(seed)
    path = (checkout / script.path).resolve()
    ended = "ended by the clock"
    argv, search, place = sys.argv, list(sys.path), Path.cwd()
    hook = register_optimizer_step_post_hook(watch)
    with tempfile.TemporaryDirectory() as temporary, (folder / "log.txt").open("w", encoding="utf-8") as log:
        work = Path(temporary) / "implementations" / "script"  # some write to ../../data
        work.mkdir(parents=True)
        os.chdir(work)
        sys.argv, sys.path[:0] = [str(path), *script.arguments], [str(path.parent)]
        try:
            with contextlib.redirect_stdout(log), contextlib.redirect_stderr(log):
                runpy.run_path(str(path), run_name="__main__")
            ended = "came to its own end"
        except TimeIsUp:
            pass
        except (Exception, SystemExit) as error:
            log.write(traceback.format_exc())
            ended = f"failed with {type(error).__name__}: {error}"
        finally:
            hook.remove()
            os.chdir(place)
            sys.argv, sys.path[:] = argv, search
    if watch.steps and watch.due_sec:
        watch.take()
    return {"snapshots": [asdict(snapshot) for snapshot in watch.snapshots], "ended": ended}


def run_ours(
    name: str, data: str, folder: Path, *, seed: int, threads: int, tell: Callable[[str], None]
) -> dict[str, Any]:
    """Train a recipe of ours and mint with it; the wall clock starts when the data are read and stops with the model
    on disk.
    """
    recipe, splits = find_recipe(name), load_splits(data)
    start = time.perf_counter()
    run = train(
        recipe,
        splits,
        folder,
        name="run",
        seed=seed,
        device="cpu",
        threads=threads,
        observers=[Display(name)],
    )
    seconds = time.perf_counter() - start
    tell(f"{seconds:,.1f} s")
    digits = Generator.from_pretrained(run.path).mint(SAMPLE_IMAGES, seed=0)
    save_digits(folder / "minted.npz", digits.images.numpy(), digits.labels.numpy())
    return {"seconds": seconds, "images": recipe.epochs * len(splits.train), "epochs": recipe.epochs}


def main() -> None:
    order = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    settings, folder = order["settings"], Path(order["folder"])
    set_threads(settings["threads"])
    import_module("torch._dynamo")  # or the first optimiser would import it, on the clock of either side

    def tell(text: str) -> None:
        print(f"{settings['name']}, seed {settings['seed']}: {text}", file=sys.__stderr__, flush=True)

    if settings["name"] in SCRIPTS:
        found = run_script(
            SCRIPTS[settings["name"]],
            Path(order["checkout"]),
            load_splits(settings["data"]).train,
            settings["due_sec"],
            folder,
            seed=settings["seed"],
            tell=tell,
        )
    else:
        found = run_ours(
            settings["name"],
            settings["data"],
            folder,
            seed=settings["seed"],
            threads=settings["threads"],
            tell=tell,
        )
    record = {"settings": settings, "environment": environment(), "finished": time.time(), **found}
    write_json(folder / "record.json", record)


if __name__ == "__main__":
    main()
