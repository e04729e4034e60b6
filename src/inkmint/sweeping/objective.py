"""What a sweep measures of a trained model, on validation digits and never on test digits."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from inkmint.data.digits import DigitSet, Splits
from inkmint.data.stacked import is_stacked
from inkmint.errors import RunError, SettingsError, did_you_mean
from inkmint.evaluation import metrics
from inkmint.evaluation.figure import Unit
from inkmint.evaluation.metrics import TooFewError
from inkmint.evaluation.readings import Judge, OnceAsked, features, seen_classes
from inkmint.evaluation.samples import SAMPLE_IMAGES, random_rows, require_judges
from inkmint.models import Generator
from inkmint.training.recipe import Recipe
from inkmint.training.runs import Run
from inkmint.zoo import find

_MINTED_SEED = 0


@dataclass(frozen=True)
class Metric:
    """A figure that a sweep can go after.

    Attributes:
        name: What `--metric` calls it.
        kind: Of the models that have it.
        better: Which direction is.
        unit: Of its value.
        about: What it is, in a sentence.
    """

    name: str
    kind: Literal["generator", "recogniser"]
    better: Literal["higher", "lower"]
    unit: Unit
    about: str


# The first of its kind is the default. Label agreement alone would be won by a generator that draws one picture of
# each class; the Fréchet distance sees both what digits look like and how varied they are.
METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(
            "validation-accuracy",
            "recogniser",
            "higher",
            "share",
            "Share of the validation digits that the trained recogniser reads correctly.",
        ),
        Metric(
            "frechet",
            "generator",
            "lower",
            "distance",
            "Fréchet distance between the judge's features of minted digits and of as many validation digits.",
        ),
        Metric(
            "label-agreement",
            "generator",
            "higher",
            "share",
            "Share of minted digits that the judge reads as the class they were asked to be.",
        ),
    )
}


def metric_of(recipe: Recipe, name: str | None = None) -> Metric:
    """The metric of that name, or the default for the recipe's model.

    Raises:
        SettingsError: There is none of that name, or models of this kind do not have it.
    """
    spec = find(recipe.model)
    fitting = [metric for metric in METRICS.values() if metric.kind == spec.kind]
    if not spec.conditional:
        fitting = [metric for metric in fitting if metric.name != "label-agreement"]
    found = next((metric for metric in fitting if name in (None, metric.name)), None)
    if found is None:
        raise SettingsError(
            f"The model {recipe.model!r} is not measured by {name!r}{did_you_mean(name or '', METRICS)}; "
            f"choose --metric {' or '.join(metric.name for metric in fitting)}."
        )
    return found


class Objective:
    """Measures trained models on validation digits.

    Args:
        metric: What of them.
        splits: The digits; the test digits are not looked at.
        judge: Of generators; None of recognisers.

    Raises:
        SettingsError: The metric does not fit the digits.
        DataError: The judge knows other classes.
    """

    def __init__(self, metric: Metric, splits: Splits, judge: Judge | None) -> None:
        self.metric = metric
        self._validation = splits.validation
        self._judge = judge and OnceAsked(judge)
        if self._judge is None:
            return
        if is_stacked(splits.train):
            raise SettingsError(
                "Stacked digits have no metric for sweeps; sweep a generator of single digits."
            )
        require_judges(splits.train.class_names, splits, self._judge)
        if metric.name == "frechet" and self.num_images <= self._real_ND.shape[1]:
            raise TooFewError(
                f"A Fréchet distance over {self._real_ND.shape[1]} features cannot be told from "
                f"{self.num_images} validation images; choose --metric label-agreement, or give more data."
            )

    @property
    def num_images(self) -> int:
        """Images that a value rests on: those of validation, and at most 10,000 of them beside minted ones."""
        return len(self._validation) if self._judge is None else min(SAMPLE_IMAGES, len(self._validation))

    def measure(self, run: Run) -> float:
        """The metric's value of a finished run.

        Raises:
            RunError: The run did not record it.
        """
        if self._judge is None:
            return _last_figure(run, "validation_accuracy")
        minted = Generator.from_pretrained(run.path).mint(self.num_images, seed=_MINTED_SEED)
        judge = OnceAsked(self._judge)
        if self.metric.name == "label-agreement":
            return metrics.label_agreement(minted.labels.numpy(), seen_classes(judge, minted))
        return metrics.frechet_distance(self._rows(judge, minted), self._real_ND)

    @cached_property
    def _real_ND(self) -> NDArray[np.float32]:  # noqa: N802
        assert self._judge is not None
        return self._rows(self._judge, self._validation)

    def _rows(self, judge: Judge, digits: DigitSet) -> NDArray[np.float32]:
        found: NDArray[np.float32] = features(judge, digits)[random_rows(digits, self.num_images)]
        return found


def _last_figure(run: Run, name: str) -> float:
    for record in reversed(run.read_metrics()):
        if name in record.get("figures", {}):
            return float(record["figures"][name])
    raise RunError(f"{run.path} records no {name}; delete the folder, and the sweep trains it again.")
