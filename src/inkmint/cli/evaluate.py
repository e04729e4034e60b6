"""`inkmint evaluate`: how good minted digits or a recogniser are, with floors and intervals."""

import json
from pathlib import Path

import click

from inkmint.cli.options import data_option, json_option, judge_option, minted_seed_option


@click.command()
@click.argument("subject", metavar="RUN|MODEL|FOLDER|FILE")
@data_option
@click.option(
    "-n", "--number", type=click.IntRange(min=1), default=10_000, show_default=True, help="Digits to mint."
)
@minted_seed_option
@judge_option
@json_option
def evaluate(subject: str, data: str, number: int, seed: int, judge: str, as_json: bool) -> None:
    """Measure a generator, a recogniser, or a set of labelled digits against real test digits.

    A generator mints digits first; a folder of pictures or an NPZ file is taken as it is; a recogniser is
    tested on the real test digits. Figures of a run folder are kept in its evaluation/ folder.
    """
    from inkmint.cli.figures import print_evaluation
    from inkmint.cli.progress import loaded
    from inkmint.evaluation.record import save_evaluation
    from inkmint.evaluation.subjects import evaluate_subject
    from inkmint.models import Recogniser

    evaluation = evaluate_subject(
        subject, loaded(data), lambda: Recogniser.from_pretrained(judge), num_minted=number, seed=seed
    )
    if (Path(subject) / "metrics.jsonl").exists():
        save_evaluation(evaluation, Path(subject))
    if as_json:
        click.echo(json.dumps([figure.model_dump(mode="json") for figure in evaluation.figures], indent=2))
        return
    print_evaluation(evaluation)
