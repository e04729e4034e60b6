"""`inkmint reproduce`: every table and figure of the five documents, measured beside what they print."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from inkmint.cli.options import data_option, device_option, given, json_option, judge_option, threads_option
from inkmint.errors import SettingsError

if TYPE_CHECKING:
    from inkmint.report.reproduction_view import Section
    from inkmint.studies.reproduction.plan import Plan
    from inkmint.studies.reproduction.results import Results
    from inkmint.studies.reproduction.session import Advance

BUDGETS = ("quick", "laptop", "full")


@click.command()
@click.argument("name", metavar="PAPER[/ITEM]", required=False)
@click.option(
    "--budget",
    type=click.Choice(BUDGETS),
    default="laptop",
    show_default=True,
    help="On two cores: five minutes for a paper, 45 minutes, or the paper's own protocol, which takes days.",
)
@data_option
@click.option("--list", "as_list", is_flag=True, help="List papers and items, and what each takes.")
@click.option(
    "--dry-run", is_flag=True, help="Say what would be trained and how long it would take, and stop."
)
@click.option(
    "--docs",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Write PAPER.md with its pictures and an index.md of all papers there too.",
)
@judge_option
@device_option
@threads_option
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("runs/reproduce"),
    show_default=True,
    metavar="FOLDER",
    help="For PAPER/BUDGET-DATA/, which a further call goes on with.",
)
@json_option
@click.pass_context
def reproduce(
    context: click.Context,
    name: str | None,
    budget: str,
    data: str,
    as_list: bool,
    dry_run: bool,
    docs: Path | None,
    judge: str,
    device: str,
    threads: int | None,
    output: Path,
    as_json: bool,
) -> None:
    """Measure the tables and figures of a paper, or one of them, and write a page with both sides.

    \b
    inkmint reproduce --list
    inkmint reproduce hao2020/table1 --budget quick
    inkmint reproduce rzayev2021 --docs docs/papers

    Items share their training runs, and every finished measurement is kept: the same command goes on after Ctrl-C, and
    given in several terminals at once (with --threads 1) it shares the work. What a budget leaves out of a paper's
    protocol stands on the page with every item.
    """  # noqa: D301 - click reads the character \b
    from inkmint.studies.reproduction.papers import PAPERS, make_plan

    if as_list:
        plans = [make_plan(name, each) for each in BUDGETS] if name else []  # type: ignore[arg-type]
        papers = [plans] if plans else [[make_plan(p, b) for b in BUDGETS] for p in PAPERS]  # type: ignore[arg-type]
        _print_list(papers, as_json)
        return
    if name is None:
        raise SettingsError(
            f"Name a paper, or an item of one: {', '.join(PAPERS)}; `inkmint reproduce --list` lists all items."
        )
    plan = make_plan(name, budget)  # type: ignore[arg-type]
    folder = output / plan.paper.name / f"{budget}-{Path(data).stem}"
    if dry_run:
        _print_plan(plan, folder, as_json)
        return
    results = _run(plan, folder, data, judge if given(context, "judge") else None, device, threads)
    _report(plan, results, docs, as_json)


def _run(
    plan: "Plan", folder: Path, data: str, judge: str | None, device: str, threads: int | None
) -> "Results":
    from inkmint.cli.progress import loaded, step_bar
    from inkmint.evaluation.judge import JUDGE, SECOND_JUDGE, load_judge
    from inkmint.studies.reproduction.session import Reproduction

    splits = loaded(data)
    with step_bar(f"{plan.paper.name}, {plan.budget}") as report:

        def told(advance: "Advance") -> None:
            report(advance.num_done, advance.num_all, advance.seconds_left, advance.doing)

        return Reproduction(
            folder,
            splits,
            plan,
            judge=load_judge(judge or JUDGE),
            second=None if judge else load_judge(SECOND_JUDGE),
            device=device,
            threads=threads,
            told=told,
        ).run()


def _report(plan: "Plan", results: "Results", docs: Path | None, as_json: bool) -> None:
    from inkmint.report.reproduction import write_reproduction
    from inkmint.report.reproduction_docs import write_docs
    from inkmint.report.reproduction_view import sections

    page = write_reproduction(results)
    written = write_docs(results, docs) if docs else None
    wanted = {item.id for item in plan.items}
    shown = [section for section in sections(plan.paper, results) if section.item.id in wanted]
    if as_json:
        record = {
            "folder": str(results.folder),
            "report": str(page),
            "docs": str(written) if written else None,
            "paper": results.paper,
            "budget": results.budget,
            "data": results.data,
            "items": [
                {
                    "id": section.item.id,
                    "status": section.verdict.status,
                    "numbers": _numbers(section),
                    "sentences": section.sentences,
                    "reduced": list(section.reduced),
                }
                for section in shown
            ],
        }
        click.echo(json.dumps(record, indent=2))
        return
    for section in shown:
        click.echo(f"{section.item.id}: {section.status}")
        for sentence in section.verdict.differences:
            click.echo(f"  {sentence}")
    click.echo(f"{page}: open it in a browser.")
    if written:
        click.echo(f"{written}: written.")


def _numbers(section: "Section") -> list[dict[str, Any]]:
    """Every cell of the table, with the document's number where it prints one."""
    table = section.shown.table
    return [
        {
            "arm": row.name,
            "column": column.name,
            "unit": column.unit,
            "mean": values.mean,
            "interval": values.interval(column.unit),
            "by_seed": values.by_seed,
            "document": values.says,
        }
        for row in (table.rows if table else ())
        for column in (table.columns if table else ())
        if (values := row.values.get(column.name)) is not None
    ]


def _print_list(papers: "list[list[Plan]]", as_json: bool) -> None:
    from rich.console import Console
    from rich.text import Text

    if as_json:
        click.echo(json.dumps([_paper_as_json(plans) for plans in papers], indent=2))
        return
    console = Console(highlight=False, soft_wrap=True)
    console.print(Text(f"{'item':28}{'quick':>8}{'laptop':>9}{'full':>10}  what it shows", style="bold"))
    for plans in papers:
        paper = plans[0].paper
        console.print()
        console.print(Text(paper.name, style="bold"), f": {paper.title}", sep="", markup=False)
        for item in plans[0].items:
            console.print(_list_line(item.id, _seconds(plans, item.id), item.title), markup=False)
        console.print(
            _list_line("together", _seconds(plans), "shared training runs count once"), markup=False
        )
    console.print("\nTimes are expected on two cores with the full MNIST; `--dry-run` tells what is trained.")


def _list_line(name: str, seconds: list[float], words: str) -> str:
    times = "".join(f"{_time(each):>{width}}" for each, width in zip(seconds, (8, 9, 10), strict=True))
    return f"{name:28}{times}  {words}"


def _time(seconds: float) -> str:
    if not seconds:
        return "-"
    for unit, size in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _seconds(plans: "list[Plan]", item: str = "") -> list[float]:
    """Of one item, or of all, by budget."""
    found = []
    for plan in plans:
        wanted = [each for each in plan.items if item in ("", each.id)]
        measurements = {each.key: each for one in wanted for each in plan.measurements_of(one)}
        found.append(plan.seconds(measurements.values()))
    return found


def _paper_as_json(plans: "list[Plan]") -> dict[str, Any]:
    paper = plans[0].paper
    return {
        "paper": paper.name,
        "title": paper.title,
        "authors": paper.authors,
        "seconds": dict(zip(BUDGETS, _seconds(plans), strict=True)),
        "items": [
            {
                "id": item.id,
                "title": item.title,
                "place": item.place,
                "says": item.says,
                "ours": item.ours,
                "seconds": dict(zip(BUDGETS, _seconds(plans, item.id), strict=True)),
                "reduced": {plan.budget: plan.reduced(item) for plan in plans},
            }
            for item in plans[0].items
        ],
    }


def _print_plan(plan: "Plan", folder: Path, as_json: bool) -> None:
    from inkmint.studies.reproduction.bench import TRAININGS
    from inkmint.studies.reproduction.results import Results
    from inkmint.studies.reproduction.trainings import is_finished
    from inkmint.studies.shared_record import FILE_NAME
    from inkmint.training.runs import Run

    known = Results.read(folder).found if (folder / FILE_NAME).exists() else {}
    missing = [each for key, each in plan.measurements.items() if key not in known]
    trainings = {training.key: training for each in missing for training in each.needs}
    finished = [key for key in trainings if is_finished(Run(folder / TRAININGS / key))]
    due = [training for key, training in trainings.items() if key not in finished]
    record: dict[str, Any] = {
        "folder": str(folder),
        "measurements": len(plan.measurements),
        "measured": len(plan.measurements) - len(missing),
        "seconds": plan.seconds(missing, finished),
        "trainings": [
            {
                "name": training.key,
                "recipe": training.recipe.name,
                "seed": training.seed,
                "epochs": training.recipe.epochs,
                "images": training.num_images or "all",
                "seconds": training.seconds(),
            }
            for training in due
        ],
    }
    if as_json:
        click.echo(json.dumps(record, indent=2))
        return
    for each in record["trainings"]:
        epochs = "1 epoch" if each["epochs"] == 1 else f"{each['epochs']} epochs"
        click.echo(f"{each['name']}: {epochs} of {each['images']} images, {_time(each['seconds'])}")
    click.echo(
        f"{folder}: {len(due)} training runs and {len(missing)} measurements are to be done, "
        f"{record['measured']} are there; about {_time(record['seconds'])} on two cores with the full MNIST."
    )
