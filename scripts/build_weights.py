"""Train the models that come with inkmint and write them, each with its card, into src/inkmint/weights/.

    make weights                                              the readers and the generators
    python scripts/build_weights.py judge-v1                  one by its name
    python scripts/build_weights.py house --seeds 5           trained from five seeds, the first of which is shipped
    python scripts/build_weights.py house --run A --run B     from finished runs of its recipe, untrained; A is shipped
    python scripts/build_weights.py house --check             trains one more seed and holds it against the card
    python scripts/build_weights.py house --onnx              only its model.onnx anew, of the weights as they are

The cards' figures are what this script measured on MNIST; cards.py says what a card holds, card_page.py how it reads,
card_measures.py how it is measured. A judge prints the hash to pin in src/inkmint/evaluation/judge.py. A judge that is
pinned already is not trained again without --force, which breaks every comparison with its earlier figures: a new judge
is a new version, with a new name there.
"""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click
from card_measures import Measured, measure
from card_page import LICENCE, SCOPE, write_card
from cards import Card, TrainingRun, Verdict, over_seeds, read_card, require_several_seeds, settings, verdicts

from inkmint import __version__
from inkmint.cli.display import Display
from inkmint.data.digits import Splits
from inkmint.data.sheet import save_png
from inkmint.data.sources import load_splits
from inkmint.errors import InkmintError
from inkmint.evaluation.figure import value_in_words
from inkmint.evaluation.judge import JUDGE, PINS, SECOND_JUDGE, as_judge, load_judge
from inkmint.exporting.onnx_model import to_onnx
from inkmint.inference.onnx_file import FILE_NAME
from inkmint.models import Generator, Recogniser
from inkmint.reading.fitting import calibrate_reader
from inkmint.reading.model import save_reader
from inkmint.reading.reader import Reader
from inkmint.recipes import find_recipe
from inkmint.runtime import machine_in_words
from inkmint.studies.judges import training_facts, write_judge
from inkmint.training.runs import Run
from inkmint.training.session import train
from inkmint.training.weights import ModelConfig, load_model, read_config, save_model
from inkmint.zoo import find

WEIGHTS = Path(__file__).parent.parent / "src" / "inkmint" / "weights"
RECIPES = {
    JUDGE: "inkmint/judge",
    SECOND_JUDGE: "inkmint/second-judge",
    "lenet-attention": "hao2020/lenet-attention-quick",
    "acgan-sa": "hu2024/acgan-sa-quick",
    "house-reader": "inkmint/house-reader",
    "house": "inkmint/house",
}
HALF_PRECISION = ("house", "house-reader")
"""Models whose weights are stored as float16."""

ONNX = ("house", "lenet-attention")
"""Models that are shipped as ONNX too, for what runs without torch."""

NUM_SEEDS = 3


def made(name: str) -> str:
    return f"Made {today()} by `python scripts/build_weights.py {name}`, inkmint {__version__}."


def today() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d}"


def install_judge(name: str, run: Run, splits: Splits) -> None:
    recogniser = Recogniser.from_pretrained(run.path)
    recogniser.config_ = recogniser.config_.model_copy(update={"recipe": RECIPES[name]})
    judge = replace(as_judge(recogniser), name=name)
    folder = WEIGHTS / name
    shutil.rmtree(folder, ignore_errors=True)
    facts = [training_facts(run), made(name), f"Licence: {LICENCE}", SCOPE]
    sheet = write_judge(judge, splits, folder, facts=facts)
    click.echo((folder / "README.md").read_text(encoding="utf-8"))
    click.echo(f'Pin it in src/inkmint/evaluation/judge.py: PINS[{name!r}] = "{sheet.weights_sha256}"')


# A model and its card


@contextmanager
def as_shipped(name: str, run: Run) -> Iterator[Path]:
    """A model folder with the run's network as it is shipped, its numbers rounded to how they are stored."""
    network, config = load_model(run.model_path)
    stored_as = "float16" if name in HALF_PRECISION else "float32"
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / name
        save_model(
            folder,
            network,
            config.model_copy(update={"recipe": RECIPES[name], "stored_as": stored_as}),
        )
        yield folder


def measured(name: str, run: Run, splits: Splits) -> Measured:
    click.echo(f"{name}, seed {run.read_config().seed}: measuring", err=True)
    with as_shipped(name, run) as folder:
        return measure(folder, splits)


def card_of(name: str, runs: Sequence[Run], found: Sequence[Measured], folder: Path) -> Card:
    """What is known of the model in a folder, the first of these runs."""
    config: ModelConfig = read_config(folder)
    recipe = find_recipe(RECIPES[name])
    shipped = found[0]
    return Card(
        name=name,
        kind=config.kind,
        model=config.model,
        recipe=recipe.name,
        settings=settings(recipe),
        made=today(),
        inkmint=config.inkmint,
        runs=tuple(
            TrainingRun(
                seed=run.read_config().seed,
                seconds=run.read_status()["seconds"],
                machine=machine_in_words(run.read_environment()),
                weights_sha256=each.weights_sha256,
            )
            for run, each in zip(runs, found, strict=True)
        ),
        num_parameters=sum(parameter.numel() for parameter in config.build().parameters()),
        num_bytes=(folder / "model.safetensors").stat().st_size,
        stored_as=config.stored_as,
        weights_sha256=config.weights_sha256,
        speed=shipped.speed,
        figures=over_seeds([each.figures for each in found]),
        failures=shipped.failures,
        notes=shipped.notes,
        pictures=dict(shipped.captions),
    )


def install_model(name: str, runs: Sequence[Run], splits: Splits) -> None:
    found = [measured(name, run, splits) for run in runs]
    with as_shipped(name, runs[0]) as folder:
        for picture, pixels in found[0].pictures.items():
            save_png(pixels, folder / f"{picture}.png")
        write_card(card_of(name, runs, found, folder), folder)
        shutil.rmtree(WEIGHTS / name, ignore_errors=True)
        shutil.copytree(folder, WEIGHTS / name)
    click.echo((WEIGHTS / name / "README.md").read_text(encoding="utf-8"))
    if read_config(WEIGHTS / name).kind == "recogniser":
        install_calibration(name, splits)
    if name in ONNX:
        install_onnx(name)


def install_calibration(name: str, splits: Splits) -> None:
    """What `inkmint read` needs beside the weights, as `inkmint read --calibrate` writes it."""
    recogniser = Recogniser.from_pretrained(WEIGHTS / name)
    calibration, familiarity = calibrate_reader(recogniser, splits.validation)
    save_reader(Reader(recogniser, calibration, familiarity), WEIGHTS / name)
    click.echo(
        f"{name}: temperature {calibration.temperature:.3f}, threshold {calibration.threshold:.3f} for reading"
    )


def install_onnx(name: str) -> None:
    folder = WEIGHTS / name
    model = (Generator if read_config(folder).kind == "generator" else Recogniser).from_pretrained(folder)
    config = to_onnx(model, folder)
    num_bytes = (folder / FILE_NAME).stat().st_size
    click.echo(f"{name}: {num_bytes:,} bytes of ONNX, {config.largest_difference:.2g} from torch at most")


def check_model(name: str, run: Run | None, splits: Splits, *, jointly: bool) -> bool:
    """Whether every figure of one more seed falls where the card says; trains that seed unless there is a run of it."""
    card = require_several_seeds(read_card(WEIGHTS / name))
    seed = run.read_config().seed if run else max(card.seeds) + 1
    if seed in card.seeds:
        raise click.UsageError(f"The card rests on seed {seed} itself; give a run of another seed.")
    with tempfile.TemporaryDirectory() as scratch:
        run = run or trained(name, splits, Path(scratch), seed)
        found = verdicts(card, measured(name, run, splits).figures, jointly=jointly)
    for verdict in found:
        click.echo(verdict_in_words(verdict))
    num_outside = sum(not verdict.inside for verdict in found)
    click.echo(
        f"{name}, seed {seed}: {num_outside} of {len(found)} figures outside. Chance alone puts "
        f"{'any' if jointly else 'each'} outside in 5 of 100 training runs."
    )
    return num_outside == 0


def verdict_in_words(verdict: Verdict) -> str:
    figure = verdict.figure
    value, low, high = (value_in_words(number, figure.unit) for number in (figure.value, *verdict.interval))
    return f"{'inside ' if verdict.inside else 'OUTSIDE'}  {figure.name}: {value}, expected {low} to {high}"


# Training runs


def trained(name: str, splits: Splits, scratch: Path, seed: int) -> Run:
    recipe = find_recipe(RECIPES[name])
    watch = load_judge(JUDGE).recogniser.judge if find(recipe.model).kind == "generator" else None
    observers = [Display(f"{name}, seed {seed}")]
    return train(recipe, splits, scratch, seed=seed, judge=watch, observers=observers)


def require_run_of(name: str, run: Run, splits: Splits) -> Run:
    """The run, if it is a finished one of the model's recipe on this data, whatever its seed."""
    config = run.read_config()
    found = {**config.recipe.deciding(), "name": "", "data": config.data_fingerprint}
    wanted = {**find_recipe(RECIPES[name]).deciding(), "name": "", "data": splits.train.fingerprint}
    if differing := [field for field in wanted if found[field] != wanted[field]]:
        raise click.UsageError(f"{run.path} is no run of {RECIPES[name]}: {', '.join(differing)} differ.")
    if run.read_status().get("state") != "finished":
        raise click.UsageError(f"{run.path} is not finished; go on with: inkmint train --resume {run.path}")
    return run


def require_different_seeds(runs: Sequence[Run]) -> None:
    seeds = [run.read_config().seed for run in runs]
    if len(set(seeds)) < len(seeds):
        raise click.UsageError(
            f"The runs are of the seeds {', '.join(map(str, seeds))}; give one run of each."
        )


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(RECIPES)))
@click.option(
    "--run",
    "run_paths",
    type=click.Path(path_type=Path),
    multiple=True,
    help="A finished run in place of training, once for each seed; the first is shipped.",
)
@click.option(
    "--seeds",
    "num_seeds",
    type=click.IntRange(min=1),
    help=f"Training runs of each model, the first of which is shipped; {NUM_SEEDS} unless given, 1 of a judge.",
)
@click.option("--check", is_flag=True, help="Write nothing; hold one more seed against the card.")
@click.option("--jointly", is_flag=True, help="With --check: intervals that hold all at once.")
@click.option(
    "--onnx", "only_onnx", is_flag=True, help="Train nothing; write model.onnx of the weights as they are."
)
@click.option("--force", is_flag=True, help="Replace a judge that is pinned.")
def main(
    names: tuple[str, ...],
    run_paths: tuple[Path, ...],
    num_seeds: int | None,
    check: bool,
    jointly: bool,
    only_onnx: bool,
    force: bool,
) -> None:
    """Build the models of these NAMES; without any, all but the judges."""
    if only_onnx:
        if run_paths or num_seeds or check or jointly or force:
            raise click.UsageError("--onnx trains nothing; give it alone, with names or without.")
        for name in names or ONNX:
            if name not in ONNX:
                raise click.UsageError(f"{name} is not shipped as ONNX; name one of {', '.join(ONNX)}.")
            install_onnx(name)
        return
    names = names or tuple(name for name in RECIPES if name not in PINS)
    judges = [name for name in names if name in PINS]
    for name in judges:
        if check:
            raise click.UsageError(f"{name} is a judge and has one seed for good; check another model.")
        if PINS[name] and not force:
            raise click.UsageError(f"{name} is pinned; give a new judge a new name, or --force.")
    if run_paths and len(names) != 1:
        raise click.UsageError("--run is of one model; name it alone.")
    if len(run_paths) > 1 and (judges or check):
        raise click.UsageError("One run is enough for a judge and for --check; give --run once.")
    if num_seeds and (run_paths or check or judges):
        raise click.UsageError("--seeds is for models that are trained here, and no judges; leave it out.")
    if jointly and not check:
        raise click.UsageError("--jointly goes with --check; give both, or leave it out.")
    try:
        for name in names:
            find_recipe(RECIPES[name])
        complete = build(names, run_paths, num_seeds or NUM_SEEDS, check=check, jointly=jointly)
    except InkmintError as error:
        raise click.ClickException(str(error)) from error
    if not complete:
        raise SystemExit(1)


def build(
    names: Sequence[str], run_paths: Sequence[Path], num_seeds: int, *, check: bool, jointly: bool
) -> bool:
    """Build or check these models, one after the other; whether every check succeeded."""
    splits = load_splits("mnist")
    if splits.source != "mnist":
        raise click.ClickException("The full MNIST is needed; fetch it with: inkmint data fetch mnist")
    succeeded = True
    for name in names:
        runs = [require_run_of(name, Run.open(path), splits) for path in run_paths]
        require_different_seeds(runs)
        if check:
            succeeded &= check_model(name, runs[0] if runs else None, splits, jointly=jointly)
            continue
        with tempfile.TemporaryDirectory() as scratch:
            seeds = range(1 if name in PINS else num_seeds)
            runs = runs or [trained(name, splits, Path(scratch), seed) for seed in seeds]
            if name in PINS:
                install_judge(name, runs[0], splits)
            else:
                install_model(name, runs, splits)
    return succeeded


if __name__ == "__main__":
    main()
