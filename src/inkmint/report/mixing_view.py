"""What a mixing experiment has found, in words, for its HTML page and its Markdown document alike."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

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


def kinds_of(findings: Findings) -> list[str]:
    """The columns of the table."""
    return ["with augmentation" if augmented else "as they are" for augmented in findings.settings.kinds]


def sections(findings: Findings, verdict: Verdict) -> list[Section]:
    """One for each number of real digits, rising."""
    return [_section(findings, verdict, pool) for pool in findings.plan.pools]


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


def sheets_of(findings: Findings) -> Iterator[tuple[str, Path]]:
    """Titles and files of minted digits, as far as they were kept: ten digits of every class, one row for each."""
    for pool in findings.plan.pools:
        yield (
            f"Mixed in beside {pool:,} real digits per class, seed {findings.seeds[0]}",
            findings.path / "minted" / f"real-{pool}.png",
        )
