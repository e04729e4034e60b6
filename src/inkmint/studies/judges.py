"""Judges of one's own: what they are trained by, and the card that says what they are.

<judge>/
  model.safetensors  config.json     what `load_judge` reads
  judge.json                         its accuracy on validation and test images
  README.md                          the same for people
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from inkmint.data.digits import DigitSet, Splits
from inkmint.errors import ModelError, SettingsError
from inkmint.evaluation.figure import Figure, interval_in_words, short_count, value_in_words
from inkmint.evaluation.judge import PINS, NamedJudge, load_judge
from inkmint.evaluation.protocols import accuracy
from inkmint.files import read_json, write_json, write_text
from inkmint.models import find_model, sized
from inkmint.runtime import machine_in_words
from inkmint.training.recipe import Recipe
from inkmint.training.runs import Run
from inkmint.zoo import find

FIGURES = "judge.json"


@dataclass(frozen=True)
class JudgeSheet:
    """What a judge is.

    Attributes:
        name: What its figures are called by.
        model: Row of the zoo.
        about: What that is, in words.
        recipe: Name of the recipe that trained it.
        data: Name of the data whose training images it learnt from.
        seed: Of the training run.
        class_names: One name per class, in label order.
        weights_sha256: Of its weights file.
        num_bytes: Size of that file.
        num_parameters: What training changed; 0 of a fitted model.
        figures: Its accuracy on validation and test images; empty if it was never recorded.
    """

    name: str
    model: str
    about: str
    recipe: str
    data: str
    seed: int
    class_names: tuple[str, ...]
    weights_sha256: str
    num_bytes: int
    num_parameters: int
    figures: tuple[Figure, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return {**asdict(self), "figures": [figure.model_dump(mode="json") for figure in self.figures]}


def judge_recipe(recipe: Recipe, num_images: int, epochs: int | None = None) -> Recipe:
    """The recipe of a judge for a training set of this size, with more epochs for a small one.

    Args:
        recipe: Of a recogniser.
        num_images: Of the training set.
        epochs: Passes over the images; None takes the recipe's, or as many as make 1,000 steps.

    Raises:
        SettingsError: The recipe trains a generator.
    """
    if (kind := find(recipe.model).kind) != "recogniser":
        raise SettingsError(
            f"The recipe {recipe.name!r} trains a {kind}, and a judge is a recogniser; name a recipe of one, such as "
            "inkmint/judge."
        )
    return sized(recipe, num_images, epochs)


def training_facts(run: Run) -> str:
    """Recipe, seed, time and machine of a finished run, in a sentence."""
    config, machine = run.read_config(), machine_in_words(run.read_environment())
    return (
        f"Recipe `{config.recipe.name}`, {config.recipe.epochs} epochs, seed {config.seed}; "
        f"{run.read_status()['seconds']:.0f} s of training on {machine}."
    )


def write_judge(judge: NamedJudge, splits: Splits, folder: Path, *, facts: Sequence[str] = ()) -> JudgeSheet:
    """Save a judge with its figures and its card.

    Args:
        judge: Trained on `splits.train` alone.
        splits: The real digits.
        folder: A model folder, new or that of the judge itself.
        facts: Sentences for the card.

    Raises:
        StorageError: It cannot be written.
    """
    judge.recogniser.save_pretrained(folder)
    figures = (_on("validation", judge, splits.validation), _on("test", judge, splits.test))
    write_json(folder / FIGURES, {"figures": [figure.model_dump(mode="json") for figure in figures]})
    sheet = _sheet(judge, folder, figures)
    write_text(folder / "README.md", _card(sheet, splits, facts))
    return sheet


def _on(part: str, judge: NamedJudge, digits: DigitSet) -> Figure:
    figure = accuracy(judge, digits, seeds=(judge.recogniser.config_.seed,))
    return figure.model_copy(
        update={
            "name": f"{part}_accuracy_{judge.name}_{short_count(len(digits))}",
            "protocol": f"Share of the real {part} images that the judge reads correctly.",
        }
    )


def read_sheet(path_or_name: str | Path) -> JudgeSheet:
    """What is known of a judge: a run folder, a model folder, or the name of one that comes with inkmint.

    Raises:
        ModelError: There is none, it is damaged, or it is no recogniser.
    """
    judge, folder = load_judge(path_or_name), find_model(path_or_name)
    path = folder / FIGURES
    try:
        recorded = read_json(path)["figures"] if path.exists() else []
        figures = tuple(Figure.model_validate(figure) for figure in recorded)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path} is damaged; copy the whole folder again.") from error
    of_it = all(figure.judge_sha256 == judge.weights_sha256 for figure in figures)
    return _sheet(judge, folder, figures if of_it else ())


def _sheet(judge: NamedJudge, folder: Path, figures: tuple[Figure, ...]) -> JudgeSheet:
    config = judge.recogniser.config_
    return JudgeSheet(
        name=judge.name,
        model=config.model,
        about=config.spec.about,
        recipe=config.recipe,
        data=config.data,
        seed=config.seed,
        class_names=config.class_names,
        weights_sha256=config.weights_sha256,
        num_bytes=(folder / "model.safetensors").stat().st_size,
        num_parameters=sum(parameter.numel() for parameter in judge.recogniser.network_.parameters()),
        figures=figures,
    )


def _card(sheet: JudgeSheet, splits: Splits, facts: Sequence[str]) -> str:
    points = "\n".join(f"- {fact}" for fact in facts)
    rows = "\n".join(
        f"| {figure.name} | {value_in_words(figure.value, figure.unit)} | {interval_in_words(figure)} "
        f"| {figure.num_images:,} |"
        for figure in sheet.figures
    )
    return f"""# {sheet.name}

A judge of digits for `--judge`: {sheet.about} (`{sheet.model}`).

{points}
- Data: {sheet.data}. It learnt from the {len(splits.train):,} training images alone; validation and test images were
  looked at for the figures below.
- Classes: {", ".join(sheet.class_names)}.
- Weights: SHA-256 `{sheet.weights_sha256}`, {sheet.num_bytes:,} bytes, {sheet.num_parameters:,} parameters.
- Version: {_version_rule(sheet.name)}

| figure | value | 95 % interval | images |
|---|---:|---:|---:|
{rows}

One training run: the intervals are over images, not over seeds.
"""


def _version_rule(name: str) -> str:
    """Two lines of a list's point."""
    if name in PINS:
        return (
            f"its figures are called by `{name}`, a name that stands for these weights for good.\n"
            "  A judge that is trained again is a new version, and figures of two versions are never compared."
        )
    return (
        f"its figures are called by `{name}`, which ends with the beginning of the weights' hash.\n"
        "  Trained again it is another judge, and figures of two judges are never compared."
    )
