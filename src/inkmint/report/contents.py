"""What a report shows, gathered from a demo folder or a single run folder."""

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from pydantic import BaseModel

from inkmint.errors import RunError
from inkmint.evaluation.record import Evaluation, load_evaluations
from inkmint.files import read_json
from inkmint.report.figures import figure_charts, loss_charts
from inkmint.report.pictures import Picture, chart_picture, first_column, pixel_picture, read_pixels
from inkmint.training.runs import Run, RunConfig

MAX_GRIDS = 6

_PARTS = {
    "recogniser": "The reader, trained on real digits",
    "generator": "The generator",
    "synthetic-recogniser": "A recogniser trained on minted digits alone",
    "real-recogniser": "A recogniser trained on as many real digits",
}


@dataclass(frozen=True)
class RunPart:
    """One training run on the page.

    Attributes:
        title: Its role.
        facts: What was run, in brief.
        recipe: Every value of the recipe, by dotted name.
        curves: Losses, and what was measured after each epoch.
        grids: Samples over the epochs, from the same latents.
    """

    title: str
    facts: Mapping[str, str]
    recipe: Mapping[str, str]
    curves: tuple[Picture, ...]
    grids: tuple[Picture, ...]


@dataclass(frozen=True)
class Contents:
    """Everything on the page, in plain data.

    Attributes:
        title: Name of the folder.
        about: One line on what it holds.
        banner: Digits to adorn the head of the page, if any were minted.
        facts: Of the demo as a whole.
        evaluations: What was measured.
        runs: The training runs.
        machine: Where they ran.
        steps: What took how many seconds.
        notes: Whatever the demo has to say.
        commands: How to go on: command and what it does.
    """

    title: str
    about: str
    evaluations: tuple[Evaluation, ...]
    runs: tuple[RunPart, ...]
    machine: Mapping[str, str]
    banner: Picture | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    steps: tuple[tuple[str, float], ...] = ()
    notes: tuple[str, ...] = ()
    commands: tuple[tuple[str, str], ...] = ()


def gather(path: Path) -> Contents:
    """Read a demo folder, or the folder of one run; parts that are not there are left out.

    Raises:
        RunError: It is neither, or a file in it is damaged.
    """
    if (path / "demo.json").is_file():
        return _gather_demo(path)
    if (path / "config.json").is_file():
        return _gather_run(path)
    raise RunError(
        f"{path} is neither a demo folder nor a run folder; give one that `inkmint demo` or `inkmint train` made."
    )


class DemoStep(BaseModel):
    """A step of a demo and the seconds that it took."""

    name: str
    seconds: float


class DemoRecord(BaseModel):
    """What the page tells of demo.json; a demo that has only begun lacks most of it."""

    command: str = ""
    started: str = ""
    seconds: float = 0.0
    data: str = "mnist"
    seed: int = 0
    steps: tuple[DemoStep, ...] = ()
    notes: tuple[str, ...] = ()


def _gather_demo(path: Path) -> Contents:
    demo = _read_demo(path / "demo.json")
    runs = {
        title: Run(path / name) for name, title in _PARTS.items() if (path / name / "config.json").is_file()
    }
    facts = {
        "Command": demo.command,
        "Started": demo.started,
        "Took": _seconds(demo.seconds),
        "Data": demo.data,
        "Seed": str(demo.seed),
    }
    generator, data = _shell(path / "generator"), shlex.quote(demo.data)
    return Contents(
        title=path.resolve().name,
        about="A reader and a generator of handwritten digits, trained, measured and compared.",
        evaluations=load_evaluations(path),
        runs=tuple(_part(title, run) for title, run in runs.items()),
        machine=_machine(runs.values()),
        banner=_banner(runs.values()),
        facts={name: fact for name, fact in facts.items() if fact},
        steps=tuple((step.name, step.seconds) for step in demo.steps),
        notes=demo.notes,
        commands=(
            (f"inkmint sample {generator} --digit 7 -o sevens.png", "Mint sevens into a picture."),
            (f"inkmint sample {generator} -n 10000 -o minted.npz", "Mint a labelled data set."),
            (
                f"inkmint demo --data {data} --seed {demo.seed + 1}",
                "Do it all again with another seed: how far the figures move is their true uncertainty.",
            ),
            ("inkmint recipes", "See what else can be trained, at the documents' full length too."),
        ),
    )


def _read_demo(path: Path) -> DemoRecord:
    try:
        return DemoRecord.model_validate(read_json(path))
    except (OSError, ValueError) as error:
        raise RunError(f"{path} is damaged and cannot be read; run the demo again.") from error


def _gather_run(path: Path) -> Contents:
    run = Run.open(path)
    config = run.read_config()
    return Contents(
        title=path.resolve().name,
        about=f"{config.recipe.name}, trained on {config.data}",
        evaluations=load_evaluations(path),
        runs=(_part(f"The run {path.resolve().name}", run),),
        machine=_machine([run]),
        banner=_banner([run]),
        commands=tuple(_run_commands(run, config)),
    )


def _run_commands(run: Run, config: RunConfig) -> Iterator[tuple[str, str]]:
    folder, recipe, data = _shell(run.path), shlex.quote(config.recipe.name), shlex.quote(config.data)
    if run.read_status().get("state") != "finished":
        yield f"inkmint train --resume {folder}", "Go on with this run, to the same weights."
    if list(run.path.glob("samples/*.png")):
        yield f"inkmint sample {folder} -o digits.png", "Mint digits into a picture."
    yield f"inkmint evaluate {folder} --data {data}", "Measure it against real test digits."
    yield (
        f"inkmint train {recipe} --data {data} --seed {config.seed + 1}",
        "Train it again with another seed, to see how far its figures move.",
    )


def _shell(path: Path) -> str:
    """The path for a command line; an absolute one is cut to its last parts, the machine's being no reader's."""
    return shlex.quote(str(Path(*path.parts[-2:]) if path.is_absolute() else path))


def _part(title: str, run: Run) -> RunPart:
    config, status, records = run.read_config(), run.read_status(), run.read_metrics()
    recipe = config.recipe
    speeds = [record["images_per_sec"] for record in records if "images_per_sec" in record]
    facts = {
        "Recipe": recipe.name,
        "Model": recipe.model,
        "Data": config.data,
        "Length": f"{recipe.epochs} epochs, batches of {recipe.batch_size}",
        "Seed": str(config.seed),
        "Device": f"{config.device}, {_counted(config.threads, 'thread')}, {_counted(config.workers, 'worker')}",
        "State": str(status.get("state", "unknown")),
        "Training took": _seconds(records[-1]["seconds"]) if records else "",
        "Speed": f"{median(speeds):,.0f} images/s" if speeds else "",
    }
    charts = (*figure_charts(records), *loss_charts(records))
    return RunPart(
        title=title,
        facts={name: fact for name, fact in facts.items() if fact},
        recipe=dict(_flatten(recipe.model_dump(mode="json"))),
        curves=tuple(chart_picture(chart) for chart in charts),
        grids=tuple(_grids(run.path / "samples")),
    )


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _flatten(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{prefix}{name}.")
        elif value != "":
            yield f"{prefix}{name}", str(value)


def _seconds(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"


def _machine(runs: Iterable[Run]) -> dict[str, str]:
    """The first run's environment; all runs of a demo share it."""
    for run in runs:
        try:
            environment = read_json(run.path / "environment.json")
        except (OSError, ValueError):
            continue
        return {name.replace("_", " "): value for name, value in _flatten(environment)}
    return {}


def _grids(folder: Path) -> Iterator[Picture]:
    """At most `MAX_GRIDS` sample grids, evenly spread, the first and the last among them."""
    paths = sorted(folder.glob("epoch_*.png"))
    shown = np.unique(np.linspace(0, len(paths) - 1, min(MAX_GRIDS, len(paths))).round().astype(int))
    for path in (paths[index] for index in shown):
        number = re.sub(r"\D", "", path.stem).lstrip("0") or "0"
        pixels_HW = read_pixels(path)
        if pixels_HW is not None:
            alt = f"Grid of digits minted after epoch {number}, one row for each class."
            yield pixel_picture(pixels_HW, f"Epoch {number}", alt)


def _banner(runs: Iterable[Run]) -> Picture | None:
    """One minted digit of every class, from the newest samples."""
    for run in runs:
        for path in sorted(run.path.glob("samples/epoch_*.png"), reverse=True):
            pixels_HW = read_pixels(path)
            if pixels_HW is not None:
                return pixel_picture(
                    first_column(pixels_HW), "", "A minted digit of every class, side by side."
                )
    return None
