"""Tables of generators: figures of the digits that they mint."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from inkmint.studies.plot import Unit
from inkmint.studies.reproduction.bench import Measurement
from inkmint.studies.reproduction.kinds.common import Of, found_of, of_arms, values_of
from inkmint.studies.reproduction.kinds.minted import Minted, figure_of, interval_of
from inkmint.studies.reproduction.kinds.real import RealSheet, real_sheet
from inkmint.studies.reproduction.plan import Plan
from inkmint.studies.reproduction.rows import Arm, Found, Item, Kind
from inkmint.studies.reproduction.shown import Column, Row, Sheet, Shown, Strip, Table, in_words

UNITS: Mapping[str, Unit] = {
    "score": "share",
    "agreement": "share",
    "recognisable": "share",
    "frechet": "distance",
    "classes": "classes",
}
"""Of figures of minted digits."""

COLUMNS_IN_WORDS = (
    "Of minted digits, agreement is the share that the judge reads as the class asked for, and score the same by the "
    "document's own reader; recognisable is the share that all judges read alike, each as surely as 95 % of real "
    "digits; frechet is the distance of the judge's features to those of real test digits, lower is better; classes is "
    "how many equally frequent ones would be as varied."
)


@dataclass(frozen=True)
class Scores(Kind):
    """Generators in a table, with or without pictures of what they mint.

    Attributes:
        columns: Names of `UNITS`.
        reader: The document's own reader; None if it has none.
        sheets: Whether to show the digits of the first seed of each arm.
        stages: Whether to show how they came to be.
        with_hundred: Whether to say how many of a hundred are recognisable, seed by seed.
        beside_real: Whether to show real digits too.
    """

    columns: tuple[str, ...] = ()
    reader: Arm | None = None
    sheets: bool = False
    stages: bool = False
    with_hundred: bool = False
    beside_real: bool = False

    def minted(self, plan: Plan) -> Of:
        """The measurement."""
        reader = plan.trainings(self.reader)[0] if self.reader else None
        return lambda training: Minted(training, plan.scale.num_minted, reader)

    def measurements(self, item: Item, plan: Plan) -> Sequence[Measurement]:
        """Digits of every run."""
        own = of_arms(plan.arms(item), plan, self.minted(plan))
        return [*own, RealSheet()] if self.beside_real else own

    def show(self, item: Item, plan: Plan, found: Found) -> Shown:
        """The table, and pictures if they are wanted."""
        of, arms = self.minted(plan), plan.arms(item)
        rows = tuple(
            Row(
                arm.name,
                {
                    name: values_of(
                        plan, arm, found, of, partial(figure_of, name), partial(interval_of, name), name
                    )
                    for name in self.columns
                },
            )
            for arm in arms
        )
        table = Table(tuple(Column(name, UNITS[name]) for name in self.columns), rows)
        return Shown(
            table if self.columns else None,
            sheets=(
                *(sheet for arm in arms for sheet in self._sheets(plan, arm, found)),
                *(real_sheet(found) if self.beside_real else ()),
            ),
            strips=tuple(strip for arm in arms for strip in self._strips(plan, arm, found)),
            sentences=(
                *(words for arm in arms for words in self._hundred(plan, arm, found)),
                *self._references(plan, arms, found),
            ),
        )

    def _sheets(self, plan: Plan, arm: Arm, found: Found) -> list[Sheet]:
        known = found_of(plan, arm, found, self.minted(plan)) if self.sheets else {}
        return [
            Sheet(plain["picture"], f"{arm.name}, seed {seed}: digits as minted, none chosen", plain["paper"])
            for seed, plain in list(known.items())[:1]
        ]

    def _strips(self, plan: Plan, arm: Arm, found: Found) -> list[Strip]:
        known = found_of(plan, arm, found, self.minted(plan)) if self.stages else {}
        return [
            Strip(
                f"{arm.name}, seed {seed}: the same latents",
                tuple((epoch, path) for epoch, path in plain["stages"]),
                plain["paper"],
            )
            for seed, plain in list(known.items())[:1]
        ]

    def _hundred(self, plan: Plan, arm: Arm, found: Found) -> list[str]:
        known = found_of(plan, arm, found, self.minted(plan)) if self.with_hundred else {}
        if not known:
            return []
        counts = ", ".join(str(plain["of_hundred"]) for plain in known.values())
        return [f"{arm.name}: of the first 100 digits of each seed, {counts} are recognisable."]

    def _references(self, plan: Plan, arms: Sequence[Arm], found: Found) -> list[str]:
        """What real digits have, measured alike, and the names of the protocols."""
        known = [plain for arm in arms for plain in found_of(plan, arm, found, self.minted(plan)).values()]
        told, protocols = [], []
        for name in self.columns:
            figures = (plain["figures"][name] for plain in known if name in plain["figures"])
            figure = next(figures, None)
            if figure:
                protocols.append(figure["name"])
            if figure and figure["reference"] is not None:
                value = in_words(figure["reference"], UNITS[name])
                where = figure["reference_name"].replace("judge", "reader" if name == "score" else "judge")
                told.append(f"{name} {value} ({where})")
        sentences = [f"Real digits, measured alike: {', '.join(told)}."] if told else []
        if protocols:
            count = f"{plan.scale.num_minted:,}"
            sentences.append(f"Every run mints {count} digits; protocols: {', '.join(protocols)}.")
        return sentences
