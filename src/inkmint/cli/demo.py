"""`inkmint demo`: the main job in six minutes, with a report at the end."""

import json
from pathlib import Path

import click

from inkmint.cli.options import (
    data_option,
    device_option,
    json_option,
    judge_option,
    runs_option,
    second_judge_option,
    seed_option,
    threads_option,
)


@click.command()
@data_option
@seed_option
@device_option
@threads_option
@judge_option
@second_judge_option
@runs_option
@click.option(
    "--resume", type=click.Path(path_type=Path), metavar="DEMO", help="Go on with this demo folder."
)
@json_option
def demo(
    data: str,
    seed: int,
    device: str,
    threads: int | None,
    judge: str,
    second_judge: str | None,
    runs: Path,
    resume: Path | None,
    as_json: bool,
) -> None:
    """Train a reader and a generator, mint 10,000 digits, measure them, write a report.

    The judge measures what the generator (acgan-sa) mints; where it knows other classes than the data, the
    reader (lenet-attention) that is trained on them does. Then a second reader learns from minted digits
    alone and a third from as many real ones, and both are tested on real digits. About six minutes on two
    cores.
    """
    from inkmint.cli.display import Display, duration
    from inkmint.cli.figures import print_evaluation
    from inkmint.cli.judging import judges
    from inkmint.cli.progress import loaded
    from inkmint.errors import RunError
    from inkmint.files import read_json
    from inkmint.report.page import build_report
    from inkmint.studies.demo import Demo
    from inkmint.training.runs import Run

    if resume is not None and not resume.is_dir():
        raise RunError(f"{resume} is not a demo folder; give one that `inkmint demo` made.")
    splits = loaded(data)
    path = resume or Run.create_numbered(runs, "demo").path
    first, second = judges(judge, second_judge, splits)
    fits = first().class_names == splits.train.class_names
    if not fits:
        click.echo(
            f"The judge {judge!r} knows other classes than {splits.source}: the reader judges.", err=True
        )
    study = Demo(
        path,
        splits,
        seed=seed,
        device=device,
        threads=threads,
        judge=first() if fits else None,
        second=second() if fits else None,
        announce=lambda step: click.echo(f"{step} ...", err=True),
        observers=lambda title: [Display(title)],
    )
    evaluation = study.run()
    report = build_report(path)
    seconds = read_json(path / "demo.json")["seconds"]
    if as_json:
        figures = [figure.model_dump(mode="json") for figure in evaluation.figures]
        record = {"demo": str(path), "report": str(report), "seconds": seconds, "figures": figures}
        click.echo(json.dumps(record, indent=2))
        return
    print_evaluation(evaluation)
    click.echo(f"{report}: done in {duration(seconds)}; open it in a browser.")
