"""`inkmint evaluate`: how good minted digits or a recogniser are, with floors and intervals."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from inkmint.cli.options import (
    data_option,
    given,
    json_option,
    judge_option,
    minted_seed_option,
    number_option,
    second_judge_option,
)
from inkmint.errors import SettingsError

if TYPE_CHECKING:
    from inkmint.data.digits import DigitSet, Splits
    from inkmint.evaluation.record import Evaluation


@click.command()
@click.argument("subject", metavar="RUN|MODEL|FOLDER|FILE")
@data_option
@number_option
@minted_seed_option
@judge_option
@second_judge_option
@click.option(
    "--tstr",
    is_flag=True,
    help="Also train a reader on minted digits alone, and one on as many real ones: a minute or two a seed.",
)
@click.option(
    "--learner", default="lenet-quick", show_default=True, metavar="RECIPE", help="With --tstr: the reader."
)
@click.option(
    "--seeds",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="With --tstr: how many times each is trained.",
)
@json_option
@click.pass_context
def evaluate(
    context: click.Context,
    subject: str,
    data: str,
    number: int | None,
    seed: int,
    judge: str,
    second_judge: str | None,
    tstr: bool,
    learner: str,
    seeds: int,
    as_json: bool,
) -> None:
    """Measure a generator, a recogniser, or a set of labelled digits against real test digits.

    A generator mints digits first; a folder of pictures or an NPZ file is taken as it is; a recogniser is
    tested on the real test digits. Figures of a run folder are kept in its evaluation/ folder.

    --tstr tells what digits are worth as training data: a generator mints as many as there are real training
    digits, a reader learns from them alone, and both it and one taught by real digits are tested on real
    ones, and the latter on minted ones too. Readers of real digits are kept for the next time.
    """
    from inkmint.cli.figures import print_evaluation
    from inkmint.cli.judging import judges
    from inkmint.cli.progress import loaded
    from inkmint.evaluation.record import save_evaluation
    from inkmint.evaluation.subjects import evaluate_subject

    if not tstr and any(given(context, name) for name in ("learner", "seeds")):
        raise SettingsError(
            "--learner and --seeds say how --tstr trains; give --tstr too, or leave them out."
        )
    splits = loaded(data)
    first, second = judges(judge, second_judge, splits)
    lesson = _lesson(subject, splits, learner, seed) if tstr else None
    evaluations = [evaluate_subject(subject, splits, first, num_minted=number, seed=seed, second=second)]
    if lesson:
        evaluations.append(_taught(lesson, splits, learner, seeds))
    if (Path(subject) / "metrics.jsonl").exists():
        for evaluation in evaluations:
            save_evaluation(evaluation, Path(subject))
    if as_json:
        figures = [figure for evaluation in evaluations for figure in evaluation.figures]
        click.echo(json.dumps([figure.model_dump(mode="json") for figure in figures], indent=2))
        return
    for evaluation in evaluations:
        print_evaluation(evaluation)


def _lesson(subject: str, splits: "Splits", learner: str, seed: int) -> "DigitSet":
    """The digits to learn from; what does not fit is refused before anything is measured."""
    from inkmint.recipes import find_recipe
    from inkmint.studies.synthetic import digits_to_learn_from, require_recogniser

    require_recogniser(find_recipe(learner))
    return digits_to_learn_from(subject, splits, seed=seed)


def _taught(lesson: "DigitSet", splits: "Splits", learner: str, num_seeds: int) -> "Evaluation":
    from inkmint.cli.display import Display
    from inkmint.evaluation.record import Evaluation
    from inkmint.recipes import find_recipe
    from inkmint.studies.synthetic import train_on_synthetic

    found = train_on_synthetic(
        lesson,
        splits,
        learner=find_recipe(learner),
        seeds=range(num_seeds),
        observers=lambda title: [Display(title)],
    )
    return Evaluation("teaching", found.figures, lesson.class_names, notes=found.notes)
