"""Training runs of one recipe from several seeds, as one column of a comparison.

A figure's own interval is over images; what another training run would give is told by several seeds alone.
Shape suffixes: S seeds.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np

from inkmint.errors import SettingsError
from inkmint.evaluation.comparisons import paired_difference
from inkmint.evaluation.distributions import mean_interval
from inkmint.evaluation.figure import Figure, require_same_protocol
from inkmint.evaluation.record import Evaluation
from inkmint.studies.comparison import Comparison, PairedSeeds, Row, Subject, best_of
from inkmint.training.runs import Run, RunConfig


@dataclass(frozen=True)
class _Column:
    """Places of the subjects that share a column, in the order of their seeds; None where it is no recipe's."""

    places: tuple[int, ...]
    seeds: tuple[int, ...] | None = None
    recipe: str = ""


def group_by_recipe(comparison: Comparison) -> Comparison:
    """Lay runs of the same recipe and data from different seeds into one column.

    Its figures are means over the seeds with Student's 95 % interval over these. Two such columns are also
    compared pair by pair over the seeds that both have. Subjects without a partner stay as they are, and
    McNemar's test stays for these alone: it knows nothing of seeds.

    Args:
        comparison: Of single subjects.

    Raises:
        SettingsError: Two runs are of the same recipe, data and seed.
    """
    columns = _columns(comparison.subjects)
    if all(column.seeds is None for column in columns):
        return comparison
    names = _names(columns, comparison.subjects)
    rows = tuple(row for row in (_pooled_row(row, columns) for row in comparison.rows) if any(row.figures))
    subjects = tuple(
        _pooled_subject(name, column, comparison.subjects, [row.figures[place] for row in rows])
        for place, (name, column) in enumerate(zip(names, columns, strict=True))
    )
    alone = {name for name, column in zip(names, columns, strict=True) if column.seeds is None}
    return replace(
        comparison,
        subjects=subjects,
        rows=rows,
        tests=tuple(test for test in comparison.tests if {test.first, test.second} <= alone),
        paired=tuple(_paired(comparison.rows, columns, names)),
    )


def _columns(subjects: Sequence[Subject]) -> list[_Column]:
    runs: dict[str, dict[int, int]] = {}
    recipes: dict[str, str] = {}
    for place, subject in enumerate(subjects):
        config = _config(subject.source)
        if config is None:
            runs[f"place {place}"] = {0: place}
            continue
        key = repr((sorted(config.recipe.deciding().items()), config.data_fingerprint))
        by_seed = runs.setdefault(key, {})
        if config.seed in by_seed:
            raise SettingsError(
                f"{subjects[by_seed[config.seed]].name} and {subject.name} are runs of the same recipe from the same "
                f"seed, {config.seed}; give runs of different seeds, or leave --by-recipe out."
            )
        by_seed[config.seed] = place
        recipes[key] = config.recipe.name
    return [
        _Column(tuple(by_seed[seed] for seed in sorted(by_seed)), tuple(sorted(by_seed)), recipes[key])
        if len(by_seed) > 1
        else _Column(tuple(by_seed.values()))
        for key, by_seed in runs.items()
    ]


def _config(source: str) -> RunConfig | None:
    """The configuration of a run folder; None of anything else."""
    run = Run(Path(source))
    return run.read_config() if (run.model_path / "config.json").is_file() else None


def _names(columns: Sequence[_Column], subjects: Sequence[Subject]) -> list[str]:
    names = [
        subjects[column.places[0]].name
        if column.seeds is None
        else f"{column.recipe}, seeds {', '.join(map(str, column.seeds))}"
        for column in columns
    ]
    taken, seen = Counter(names), Counter[str]()
    for place, name in enumerate(names):
        seen[name] += 1
        if taken[name] > 1:
            names[place] = f"{name} #{seen[name]}"
    return names


def _pooled_row(row: Row, columns: Sequence[_Column]) -> Row:
    figures = tuple(pooled([row.figures[place] for place in column.places]) for column in columns)
    return Row(row.name, figures, best_of(figures))


def pooled(figures: Sequence[Figure | None]) -> Figure | None:
    """One figure of several seeds: their mean, with Student's 95 % interval, within a share's bounds.

    Args:
        figures: Of one protocol, one for each seed.

    Returns:
        A single figure as it is; None if some seed has none.

    Raises:
        DataError: They are of different protocols or judges.
    """
    known = [figure for figure in figures if figure]
    require_same_protocol(*known)
    if len(known) < len(figures):
        return None
    if len(known) == 1:
        return known[0]
    values_S = np.array([figure.value for figure in known])
    low, high = mean_interval(values_S)
    if known[0].unit == "share":
        low, high = max(0.0, low), min(1.0, high)
    return known[0].model_copy(
        update={
            "value": float(values_S.mean()),
            "interval": (low, high),
            "seeds": tuple(seed for figure in known for seed in figure.seeds),
        }
    )


def _pooled_subject(
    name: str, column: _Column, subjects: Sequence[Subject], figures: Sequence[Figure | None]
) -> Subject:
    members = tuple(subjects[place] for place in column.places)
    first = members[0]
    if column.seeds is None:
        return first
    evaluation = Evaluation(
        name=first.evaluation.name,
        figures=tuple(figure for figure in figures if figure),
        class_names=first.evaluation.class_names,
        pictures=first.evaluation.pictures,
        notes=tuple(dict.fromkeys(note for member in members for note in member.evaluation.notes)),
    )
    return Subject(name, ", ".join(member.source for member in members), evaluation, members)


def _paired(rows: Sequence[Row], columns: Sequence[_Column], names: Sequence[str]) -> list[PairedSeeds]:
    """Of every two columns that have at least two seeds in common, every figure that both have for these."""
    found = []
    for first, second in combinations(range(len(columns)), 2):
        mine, theirs = (
            dict(zip(columns[at].seeds or (), columns[at].places, strict=False)) for at in (first, second)
        )
        seeds = sorted(mine.keys() & theirs.keys())
        if len(seeds) < 2:
            continue
        for row in rows:
            ours = [row.figures[mine[seed]] for seed in seeds]
            others = [row.figures[theirs[seed]] for seed in seeds]
            if not all((*ours, *others)):
                continue
            difference, interval = paired_difference(
                np.array([figure.value for figure in ours if figure]),
                np.array([figure.value for figure in others if figure]),
            )
            found.append(
                PairedSeeds(
                    first=names[first],
                    second=names[second],
                    figure=row.name,
                    unit=row.example.unit,
                    seeds=tuple(seeds),
                    difference=difference,
                    interval=interval,
                )
            )
    return found
