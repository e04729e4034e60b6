"""Turns a mixing experiment into one HTML page that needs nothing else."""

from dataclasses import dataclass
from pathlib import Path

from inkmint.files import write_text
from inkmint.report.mixing_figures import mixing_charts
from inkmint.report.page import REPORT_NAME
from inkmint.report.pictures import Picture, chart_picture, pixel_picture, read_pixels
from inkmint.report.templates import filled
from inkmint.studies.mixing import Findings
from inkmint.studies.mixing_verdict import Point, Verdict, points_of, share
from inkmint.studies.mixtures import Mixture


@dataclass(frozen=True)
class Entry:
    """A cell of the table in words; empty strings stand for what there is not."""

    value: str
    interval: str
    gain: str
    sure: bool


@dataclass(frozen=True)
class Row:
    """A mixture with its accuracy for every kind of contender."""

    name: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Section:
    """All there is on one number of real digits."""

    title: str
    sentences: tuple[str, ...]
    rows: tuple[Row, ...]


def write_mixing(findings: Findings, verdict: Verdict) -> Path:
    """Write `report.html` into the folder of the experiment.

    Returns:
        The file.

    Raises:
        StorageError: The page cannot be written; an earlier one is untouched.
    """
    report = findings.path / REPORT_NAME
    write_text(report, render_mixing(findings, verdict))
    return report


def render_mixing(findings: Findings, verdict: Verdict) -> str:
    """The page as HTML."""
    return filled(
        "mixing.html",
        data=findings.splits.source,
        kinds=["with augmentation" if augmented else "as they are" for augmented in findings.settings.kinds],
        sections=[_section(findings, verdict, pool) for pool in findings.plan.pools],
        charts=[chart_picture(chart) for chart in mixing_charts(findings, verdict)],
        sheets=list(_sheets(findings)),
        notes=notes_of(findings),
        warning=findings.warning,
    )


def notes_of(findings: Findings) -> list[str]:
    """How it was measured, one sentence each."""
    settings, splits = findings.settings, findings.splits
    changes = ", ".join(
        f"{name} {value:g}" for name, value in settings.augmentation.model_dump().items() if value
    )
    seeds = ", ".join(map(str, findings.seeds))
    notes = [
        f"Minted digits: {findings.about_minter}.",
        f"Every learner is {settings.learner.name}, trained for {settings.num_steps:,} steps of "
        f"{settings.learner.batch_size} images, whatever its mixture; every class makes up the same part of them. "
        f"Augmentation: {changes or 'none'}.",
        f"Seeds {seeds}: each draws other real digits, minted digits and first weights, the same for all contenders. "
        "Differences are paired by seed; intervals are Student's over seeds, 95 %, and not corrected for the number "
        "of comparisons.",
        f"{len(splits.validation):,} validation images chose the mixtures of which sentences speak: more labelled "
        "images than some learners saw. "
        f"The {len(splits.test):,} test images were read once by each finished learner.",
        f"{len(findings.cells):,} learners, {findings.seconds / 60:,.0f} minutes of computing; "
        f"{'; '.join(findings.machines)}.",
    ]
    if findings.plan.mode == "counts" and settings.least_real:
        notes.insert(
            2,
            f"Where minted digits outnumber real ones, the real ones are repeated until they are "
            f"{settings.least_real:.0%} of what is passed over.",
        )
    if findings.plan.mode == "shares":
        notes.insert(
            2, "The generator learned from all the real digits of the mixture that has no minted ones."
        )
    return notes


def _section(findings: Findings, verdict: Verdict, pool: int) -> Section:
    counts = findings.plan.mode == "counts"
    mixtures = list({p.mixture: None for p in verdict.points if p.mixture.pool == pool})
    by_place = {(point.mixture, point.augmented): point for point in verdict.points}
    rows = tuple(
        Row(
            mixture_name(findings, mixture),
            tuple(_entry(by_place.get((mixture, augmented))) for augmented in findings.settings.kinds),
        )
        for mixture in mixtures
    )
    title = f"{pool:,} real digits per class" if counts else f"{pool:,} digits per class in all"
    return Section(title, tuple(finding.sentence for finding in verdict.of(pool)), rows)


def mixture_name(findings: Findings, mixture: Mixture) -> str:
    """What a mixture is called in a table."""
    counts = findings.plan.mode == "counts"
    common = f"{mixture.level:,.0f} minted" if counts else f"{mixture.level:g} % real"
    numbers = mixture.minted if counts else mixture.real
    if mixture.kind == "chosen":
        names = findings.splits.train.class_names
        each = ", ".join(f"{name}: {number:,}" for name, number in zip(names, numbers, strict=True))
        return f"chosen class by class ({'minted' if counts else 'real'}: {each})"
    return f"{common}, some classes by hand" if mixture.kind == "by hand" else common


def _entry(point: Point | None) -> Entry:
    if point is None:
        return Entry("", "", "", False)
    fine = point.test >= 0.98
    interval = ""
    if point.interval:
        interval = f"{share(point.interval[0], fine)} to {share(point.interval[1], fine)}"
    if point.gain is None:
        return Entry(f"{share(point.test, fine)} %", interval, "", False)
    return Entry(f"{share(point.test, fine)} %", interval, points_of(point.gain), point.gain.direction != 0)


def _sheets(findings: Findings) -> list[Picture]:
    found = []
    for pool in findings.plan.pools:
        pixels = read_pixels(findings.path / "minted" / f"real-{pool}.png")
        if pixels is not None:
            title = f"Mixed in beside {pool:,} real digits per class, seed {findings.seeds[0]}"
            found.append(
                pixel_picture(pixels, title, f"{title}: ten digits of every class, one row for each.")
            )
    return found
