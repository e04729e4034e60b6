"""Measuring whatever a user points at: a generator, a recogniser, or a set of labelled digits."""

from collections.abc import Callable
from pathlib import Path

from inkmint.data.digits import DigitSet, Splits
from inkmint.data.folder import read_folder
from inkmint.data.minted import read_minted
from inkmint.data.npz import read_npz
from inkmint.data.parquet import read_parquet
from inkmint.data.plan import holds_minted
from inkmint.data.stacked import is_stacked
from inkmint.evaluation.protocols import evaluate_digits, evaluate_recogniser
from inkmint.evaluation.readings import Judge
from inkmint.evaluation.record import Evaluation
from inkmint.evaluation.samples import SAMPLE_IMAGES, require_judges
from inkmint.evaluation.stacked import NUM_MINTED, evaluate_stacked, require_alike
from inkmint.models import Generator, Recogniser, find_model
from inkmint.training.weights import read_config


def evaluate_subject(
    subject: str,
    splits: Splits,
    judge: Callable[[], Judge],
    *,
    num_minted: int | None,
    seed: int,
    second: Callable[[], Judge | None] | None = None,
) -> Evaluation:
    """Measure a run, a model, or a file or folder of digits against the real test digits.

    Args:
        subject: A run or model folder, the name of a shipped model, a `.npz` or `.parquet` file, a folder
            of `inkmint mint`, or a folder of pictures in one sub-folder per class.
        splits: Real digits of the same classes.
        judge: Gives the judge of digits; called only if one is needed.
        num_minted: How many digits a generator mints for it; None for as many as its protocols take, 10,000 or
            26,000 stacked ones.
        seed: Of the minted digits.
        second: Gives another judge for cross-checking, which has to agree before a digit counts as
            recognisable, or None.

    Raises:
        DataError, ModelError: The subject is missing, damaged, or of other classes.
    """
    if holds_digits(subject):
        digits = read_digits(Path(subject))
        require_alike(subject, digits, splits)
        return evaluate_digits(digits, splits, judge(), second=second and second(), labelled=True)
    config = read_config(find_model(subject))
    require_alike(subject, config, splits)
    if config.kind == "recogniser":
        return evaluate_recogniser(Recogniser.from_pretrained(subject), splits.test, seeds=(config.seed,))
    generator = Generator.from_pretrained(subject)
    if is_stacked(config):
        stacked = generator.mint(num_minted or NUM_MINTED, seed=seed)
        return evaluate_stacked(
            stacked, splits, judge(), labelled=generator.conditional, seeds=(config.seed,)
        )
    require_judges(generator.class_names, splits, judge())
    minted = generator.mint(num_minted or SAMPLE_IMAGES, seed=seed)
    return evaluate_digits(
        minted,
        splits,
        judge(),
        second=second and second(),
        labelled=generator.conditional,
        seeds=(config.seed,),
    )


def holds_digits(subject: str) -> bool:
    """Whether the subject is a file or folder of digits, and not a model, by its name and files alone."""
    path = Path(subject)
    is_model = (path / "config.json").is_file() or (path / "model").is_dir()
    return path.suffix in (".npz", ".parquet") or (path.is_dir() and not is_model)


def read_digits(path: Path) -> DigitSet:
    """The labelled digits of an NPZ or Parquet file, of a folder of `inkmint mint`, or of a picture folder.

    Raises:
        DataError: They are missing or damaged.
    """
    if holds_minted(path):
        return read_minted(path)
    readers = {".npz": read_npz, ".parquet": read_parquet}
    return readers.get(path.suffix, read_folder)(path)
