"""`inkmint mix`: do minted digits help a recogniser that has few real ones, and how many of them?"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from inkmint.cli.options import data_option, device_option, given, json_option, threads_option
from inkmint.errors import SettingsError

if TYPE_CHECKING:
    from inkmint.data.augment import Augment
    from inkmint.data.digits import Splits
    from inkmint.studies.mixing import Advance, Findings
    from inkmint.studies.mixing_verdict import Verdict
    from inkmint.studies.mixtures import PerClass, Plan

GENERATOR = "rzayev2021/pca"
"""Fitted in a second where house-minute took a hundred or more; learners with augmentation read within 0.2 points of
each other on the starter set's validation images, in a trial of one seed with ten real digits per class."""
REAL = (10, 50, 100, 500)
MINTED = (0, 100, 500, 2000)
TOTAL = 5000


@click.command()
@data_option
@click.option(
    "--generator",
    default=GENERATOR,
    show_default=True,
    metavar="RECIPE|RUN|MODEL|FOLDER|FILE",
    help="A recipe is trained on the learner's real digits alone; what was trained or minted before may know more.",
)
@click.option(
    "--learner", default="few-labels-only", show_default=True, metavar="RECIPE", help="Of a recogniser."
)
@click.option(
    "--real",
    metavar="N,...",
    show_default="10,50,100,500, as far as there are so many",
    help="Real digits of every class.",
)
@click.option(
    "--minted",
    default=",".join(map(str, MINTED)),
    show_default=True,
    metavar="M,...",
    help="Minted digits of every class; none is always among them.",
)
@click.option(
    "--shares",
    metavar="PERCENT,...",
    help="In place of --real and --minted: shares of real digits at an equal total, such as 0,25,50,75,100.",
)
@click.option(
    "--total",
    type=click.IntRange(min=1),
    show_default="5,000, or as many as there are",
    help="With --shares: digits of all classes.",
)
@click.option(
    "--per-class",
    metavar="CLASS=NUMBER,...|auto",
    help="Some classes apart: minted digits, or with --shares a share of real ones in 0..1; auto chooses every "
    "class's on validation images.",
)
@click.option(
    "--seeds",
    type=click.IntRange(min=1),
    default=5,
    show_default=True,
    help="How many times each is trained.",
)
@click.option(
    "--steps", type=click.IntRange(min=1), default=1000, show_default=True, help="Of every learner."
)
@click.option(
    "--augment",
    metavar="FIELD=AMOUNT,...",
    show_default="the learner's",
    help="Classical augmentation, such as shift_px=2,rotate_deg=10.",
)
@click.option(
    "--plain/--no-plain", default=True, show_default=True, help="Whether to train without augmentation too."
)
@click.option(
    "--least-real",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.5,
    show_default=True,
    help="With --minted: real digits are repeated until they are this share of what is learned from; 0: never.",
)
@click.option(
    "--docs",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Write a Markdown page with its pictures there too.",
)
@device_option
@threads_option
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    show_default="runs/mix-DATA",
    help="A new folder, or one with the same settings, to go on with it.",
)
@json_option
@click.pass_context
def mix(
    context: click.Context,
    data: str,
    generator: str,
    learner: str,
    real: str | None,
    minted: str,
    shares: str | None,
    total: int | None,
    per_class: str | None,
    seeds: int,
    steps: int,
    augment: str | None,
    plain: bool,
    least_real: float,
    docs: Path | None,
    device: str,
    threads: int | None,
    output: Path | None,
    as_json: bool,
) -> None:
    """Measure whether minted digits help a recogniser that learns from few real ones, and write a report.

    \b
    inkmint mix --data my-digits/ --real 20 --minted 500,2000
    inkmint mix --generator house-minute --seeds 10
    inkmint mix --shares 0,25,50,75,100 --total 5000 --per-class 4=0.5

    Learners of real digits alone and of real and minted ones, each with and without classical augmentation, make
    equally many steps from the same first weights. The mixture is chosen on validation images; its gain is measured on
    test images over the seeds. Every finished learner is kept, so that the same command goes on after Ctrl-C, with more
    numbers or seeds too; given in several terminals at once it shares the work.
    """  # noqa: D301 - click reads the character \b
    from inkmint.cli.progress import loaded, step_bar
    from inkmint.recipes import find_recipe
    from inkmint.report.mixing import write_mixing
    from inkmint.report.mixing_docs import write_mixing_docs
    from inkmint.studies.minters import find_minter
    from inkmint.studies.mixing import Mixing, Settings
    from inkmint.studies.mixing_verdict import judge_mixing

    if shares is not None and any(given(context, name) for name in ("real", "minted", "least_real")):
        raise SettingsError(
            "--shares mixes at an equal total, --real and --minted by counts; give one or the other."
        )
    if shares is None and total is not None:
        raise SettingsError("--total is of mixtures by --shares; give both, or leave it out.")
    settings = Settings(find_recipe(learner), steps, _augment(augment), least_real, plain)
    splits = loaded(data)
    splits.train.labelled().require_every_class()
    plan = _plan(splits, real, minted, shares, total, per_class)
    path = output or Path("runs") / f"mix-{Path(splits.source).stem}{'-shares' if shares else ''}"
    minter = find_minter(generator, splits, path / "generators", device=device, threads=threads)
    if minter.warning:
        click.echo(f"inkmint: warning: {minter.warning}", err=True)
    with step_bar(path.name) as report:

        def told(advance: "Advance") -> None:
            report(advance.num_done, advance.num_learners, advance.seconds_left, advance.doing)

        findings = Mixing(
            path,
            splits,
            plan,
            minter,
            settings,
            seeds=range(seeds),
            device=device,
            threads=threads,
            told=told,
        ).run()
    verdict = judge_mixing(findings)
    page = write_mixing(findings, verdict)
    written = write_mixing_docs(findings, verdict, docs) if docs else None
    if as_json:
        click.echo(json.dumps(_record(findings, verdict, page, written), indent=2))
        return
    for finding in verdict.findings:
        click.echo(finding.sentence)
    if written:
        click.echo(f"{written}: written.")
    click.echo(f"{page}: {len(findings.cells):,} learners; open it in a browser.")


def _plan(
    splits: "Splits",
    real: str | None,
    minted: str,
    shares: str | None,
    total: int | None,
    per_class: str | None,
) -> "Plan":
    from inkmint.studies.mixtures import counts_plan, shares_plan

    names, fewest = splits.train.class_names, min(splits.train.labelled().counts())
    own = _per_class(per_class)
    if shares is not None:
        most = min(TOTAL // len(names), fewest) * len(names)
        return shares_plan(total or max(most, len(names)), _numbers(shares, "--shares"), names, own)
    known = [number for number in REAL if number <= fewest] or [fewest]
    counts = known if real is None else _whole(real, "--real")
    return counts_plan(counts, _whole(minted, "--minted"), names, own)


def _numbers(text: str, option: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError as error:
        raise SettingsError(
            f"{text!r} is no list of numbers; write {option} 10,50 with commas between."
        ) from error


def _whole(text: str, option: str) -> list[int]:
    numbers = _numbers(text, option)
    if not all(number.is_integer() for number in numbers):
        raise SettingsError(
            f"{text!r} is no list of whole numbers; write {option} 10,50 with commas between."
        )
    return [int(number) for number in numbers]


def _assignments(text: str, option: str, example: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for pair in text.split(","):
        name, _, value = (part.strip() for part in pair.rpartition("="))
        try:
            number = float(value)
        except ValueError as error:
            raise SettingsError(f"{pair!r} gives no number; write {option} {example}.") from error
        if not name or name in found:
            raise SettingsError(f"{pair!r} is not one name and one number; write {option} {example}.")
        found[name] = number
    return found


def _per_class(text: str | None) -> "PerClass":
    if text is None:
        return None
    return "auto" if text.strip() == "auto" else _assignments(text, "--per-class", "4=0.5,9=0.8")


def _augment(text: str | None) -> "Augment | None":
    from pydantic import ValidationError

    from inkmint.data.augment import Augment

    if text is None:
        return None
    amounts = _assignments(text, "--augment", "shift_px=2,rotate_deg=10")
    try:
        return Augment.model_validate(amounts)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        raise SettingsError(
            f"{problem['loc'][0]!r} does not fit ({problem['msg'].lower()}); the fields of --augment are "
            f"{', '.join(Augment.model_fields)}."
        ) from error


def _record(findings: "Findings", verdict: "Verdict", report: Path, docs: Path | None) -> dict[str, Any]:
    from dataclasses import asdict

    from inkmint.report.mixing_view import notes_of

    return {
        "output": str(findings.path),
        "report": str(report),
        "docs": str(docs) if docs else None,
        "data": findings.splits.source,
        "mode": findings.plan.mode,
        "class_names": list(findings.splits.train.class_names),
        "seeds": list(findings.seeds),
        "generator": findings.about_minter,
        "warning": findings.warning,
        "notes": notes_of(findings),
        **verdict.as_json(),
        "learners": [asdict(cell) for cell in findings.cells.values()],
    }
