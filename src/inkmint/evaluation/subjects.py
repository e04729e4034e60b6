"""Measuring whatever a user points at: a generator, a recogniser, or a set of labelled digits."""

from collections.abc import Callable
from pathlib import Path

from inkmint.data.digits import DigitSet, Splits
from inkmint.data.folder import read_folder
from inkmint.data.npz import read_npz
from inkmint.evaluation.protocols import evaluate_digits, evaluate_recogniser
from inkmint.evaluation.record import Evaluation
from inkmint.models import Generator, Recogniser, find_model
from inkmint.training.weights import read_config


def evaluate_subject(
    subject: str,
    splits: Splits,
    judge: Callable[[], Recogniser],
    *,
    num_minted: int,
    seed: int,
    second: Callable[[], Recogniser] | None = None,
) -> Evaluation:
    """Measure a run, a model, an NPZ file or a picture folder against the real test digits.

    Args:
        subject: A run or model folder, the name of a shipped model, a `.npz` file, or a folder of
            pictures in one sub-folder per class.
        splits: Real digits of the same classes.
        judge: Gives the recogniser that judges digits; called only if one is needed.
        num_minted: How many digits a generator mints for it.
        seed: Of the minted digits.
        second: Gives another recogniser that has to agree before a digit counts as recognisable.

    Raises:
        DataError, ModelError: The subject is missing, damaged, or of other classes.
    """
    if holds_digits(subject):
        digits = _digits(Path(subject))
        return evaluate_digits(digits, splits, judge(), second=second and second(), labelled=True)
    config = read_config(find_model(subject))
    if config.kind == "recogniser":
        return evaluate_recogniser(Recogniser.from_pretrained(subject), splits.test, seeds=(config.seed,))
    generator = Generator.from_pretrained(subject)
    minted = generator.mint(num_minted, seed=seed)
    return evaluate_digits(
        minted,
        splits,
        judge(),
        second=second and second(),
        labelled=generator.conditional,
        seeds=(config.seed,),
    )


def holds_digits(subject: str) -> bool:
    """Whether the subject is an NPZ file or a picture folder, and not a model, by its name and files alone."""
    path = Path(subject)
    is_model = (path / "config.json").is_file() or (path / "model").is_dir()
    return path.suffix == ".npz" or (path.is_dir() and not is_model)


def _digits(path: Path) -> DigitSet:
    return read_npz(path) if path.suffix == ".npz" else read_folder(path)
