"""`inkmint mint`: labelled synthetic sets of any size."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from inkmint.cli.options import generator_argument, json_option, minted_seed_option
from inkmint.errors import SettingsError, did_you_mean

if TYPE_CHECKING:
    from inkmint.minting.session import Minted


@click.command()
@generator_argument
@click.option(
    "-n", "--number", type=click.IntRange(min=1), help="How many images, in equal parts of every class."
)
@click.option("--per-class", type=click.IntRange(min=1), help="How many images of every class.")
@click.option(
    "--counts", metavar="CLASS=NUMBER,...", help="How many images of these classes, and none of others."
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FOLDER",
    help="A new folder, or one with the same job, to go on with it.",
)
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["folder", "idx", "npz", "parquet"]),
    default="npz",
    show_default=True,
    help="Pictures by class, MNIST's format, NumPy's, or Hugging Face's.",
)
@minted_seed_option
@click.option(
    "--shard-size", type=click.IntRange(min=1), default=10_000, show_default=True, help="Images per file."
)
@click.option(
    "--processes",
    type=click.IntRange(min=1),
    show_default="one per core",
    help="Processes to share the work.",
)
@click.option(
    "--part",
    metavar="I/N",
    default="1/1",
    show_default=True,
    help="Mint every N-th shard from the I-th on, where machines share no folder.",
)
@click.option(
    "--judge",
    default="judge-v1",
    show_default=True,
    metavar="MODEL|none",
    help="Reads every image: see `inkmint judge show`; none is faster.",
)
@click.option(
    "--min-confidence",
    type=click.FloatRange(min=0, max=1, min_open=True),
    help="Draw again what the judge gives less confidence in its label.",
)
@json_option
def mint(
    model: str,
    number: int | None,
    per_class: int | None,
    counts: str | None,
    output: Path,
    file_format: str,
    seed: int,
    shard_size: int,
    processes: int | None,
    part: str,
    judge: str,
    min_confidence: float | None,
    as_json: bool,
) -> None:
    """Mint a labelled set with MODEL: a run folder, a saved model, or a generator that comes with inkmint.

    \b
    inkmint mint --per-class 1000 -o digits
    inkmint mint house -n 1000000 -o digits --format parquet --processes 4
    inkmint mint --counts 1=500,7=500 -o ones-and-sevens --min-confidence 0.9

    The set comes in shards, each with the class, the seed and the judge's confidence of every image. The seed and
    a shard's number determine every byte of it. So the same command, given again, goes on after Ctrl-C or worse;
    given several times at once, also on several machines over a shared folder, it shares the work. The last to end
    writes a data card, README.md.
    """  # noqa: D301 - click reads the character \b
    from typing import cast

    from inkmint.cli.progress import image_bar
    from inkmint.data.plan import FormatName, balanced_counts
    from inkmint.minting.session import mint as mint_set
    from inkmint.models import find_model
    from inkmint.training.weights import read_config

    if sum(wanted is not None for wanted in (number, per_class, counts)) != 1:
        raise SettingsError("Say how many images to mint: give one of --number, --per-class and --counts.")
    place, num_parts = _parse_part(part)
    class_names = read_config(find_model(model)).class_names
    if counts is not None:
        wanted = _parse_counts(counts, class_names)
    elif per_class is not None:
        wanted = (per_class,) * len(class_names)
    else:
        wanted = balanced_counts(number or 0, len(class_names))
    with image_bar(output.name) as progress:
        minted = mint_set(
            model,
            output,
            wanted,
            seed=seed,
            shard_size=shard_size,
            file_format=cast("FormatName", file_format),
            judge=None if judge == "none" else judge,
            min_confidence=min_confidence,
            num_processes=processes or _num_cores(),
            part=(place, num_parts),
            progress=progress,
        )
    if minted.num_lost:
        click.echo(
            f"{minted.num_lost} of the processes were lost; the others have done their work.", err=True
        )
    click.echo(json.dumps(_record(minted), indent=2) if as_json else _sentence(minted))


def _record(minted: "Minted") -> dict[str, object]:
    plan, totals = minted.job.plan, minted.totals
    record: dict[str, object] = {
        "output": str(minted.job.path),
        "finished": totals is not None,
        "number": plan.num_images,
        "shards": plan.num_shards,
        "model": plan.generator,
        "weights_sha256": plan.generator_sha256,
        "minted_here": minted.num_minted,
        "seconds": minted.seconds,
    }
    if totals is not None:
        record["counts"] = dict(zip(plan.class_names, totals.counts, strict=True))
        record["rejected"] = dict(zip(plan.class_names, totals.rejected, strict=True))
        record["confidence"] = totals.overall(totals.confidence)
        record["read_as_asked"] = totals.overall(totals.read_as_asked)
    return record


def _sentence(minted: "Minted") -> str:
    job, totals = minted.job, minted.totals
    speed = f"{minted.num_minted / minted.seconds:,.0f} images/s" if minted.num_minted else "complete already"
    if totals is None:
        return f"{job.path}: this part is complete, {speed}; the last part to end writes the data card."
    read = totals.overall(totals.read_as_asked)
    judged = "" if read is None else f", {100 * read:.2f} % read as asked"
    rejected = f", {sum(totals.rejected):,} rejected" if job.plan.min_confidence else ""
    shards = f"{job.plan.num_shards:,} shard{'s' * (job.plan.num_shards > 1)}"
    return f"{job.path}: {job.plan.num_images:,} images by {job.plan.generator} in {shards}{judged}{rejected}; {speed}."


def _parse_part(text: str) -> tuple[int, int]:
    first, _, last = text.partition("/")
    if first.isdecimal() and last.isdecimal():
        return int(first), int(last)
    raise SettingsError(f"{text!r} is no part of a job; write the second of four as --part 2/4.")


def _parse_counts(text: str, class_names: tuple[str, ...]) -> tuple[int, ...]:
    """`0=500,1=20` as a number per class."""
    counts: dict[str, int] = {}
    for pair in text.split(","):
        name, _, number = (part.strip() for part in pair.rpartition("="))
        if name not in class_names:
            raise SettingsError(
                f"{pair!r} names no class{did_you_mean(name, class_names)}; write --counts "
                f"{class_names[0]}=100,{class_names[-1]}=20 with classes of the generator."
            )
        if not number.isdecimal():
            raise SettingsError(f"{pair!r} gives no whole number; write --counts {name}=100.")
        if name in counts:
            raise SettingsError(f"--counts names the class {name} twice; name it once.")
        counts[name] = int(number)
    return tuple(counts.get(name, 0) for name in class_names)


def _num_cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
