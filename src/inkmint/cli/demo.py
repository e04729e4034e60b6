"""`inkmint demo`: the main job in six minutes, with a report at the end."""

import json
from pathlib import Path

import click

from inkmint.cli.options import (
    data_option,
    device_option,
    json_option,
    runs_option,
    seed_option,
    threads_option,
)


@click.command()
@data_option
@seed_option
@device_option
@threads_option
@runs_option
@click.option(
    "--resume", type=click.Path(path_type=Path), metavar="DEMO", help="Go on with this demo folder."
)
@json_option
def demo(
    data: str, seed: int, device: str, threads: int | None, runs: Path, resume: Path | None, as_json: bool
) -> None:
    """Train a reader and a generator, mint 10,000 digits, measure them, write a report.

    The reader (lenet-attention) judges the generator (acgan-sa). Then a second reader learns from minted
    digits alone and a third from as many real ones, and both are tested on real digits. About six minutes
    on two cores.
    """
    from inkmint.cli.display import Display, duration
    from inkmint.cli.figures import print_evaluation
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
    study = Demo(
        path,
        splits,
        seed=seed,
        device=device,
        threads=threads,
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
