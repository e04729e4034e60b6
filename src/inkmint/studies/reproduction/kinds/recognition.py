"""Tables of recognisers: accuracy on training and on test images.

Shape suffixes: N images.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import numpy as np

from inkmint.data.digits import DigitSet
from inkmint.evaluation import metrics
from inkmint.evaluation.samples import random_rows
from inkmint.models import Recogniser
from inkmint.studies.reproduction.bench import Bench, Measurement
from inkmint.studies.reproduction.costs import seconds_of_use
from inkmint.studies.reproduction.kinds.common import OfOneRun, of_arms, values_of
from inkmint.studies.reproduction.plan import Plan
from inkmint.studies.reproduction.rows import Found, Item, Kind
from inkmint.studies.reproduction.shown import Column, Row, Shown, Table

MNIST_TEST = 10_000


@dataclass(frozen=True, eq=False)
class Reading(OfOneRun):
    """What a recogniser reads of test images, all once, and of the images that it was trained on.

    Attributes:
        num_train: Of the latter, drawn at random, at most.
    """

    num_train: int

    @property
    def settings(self) -> str:
        """What is measured."""
        return f"reading of {self.num_train} training images and all test images"

    @property
    def seconds(self) -> float:
        """Expected."""
        return seconds_of_use(self.training.recipe, self.num_train + MNIST_TEST)

    def measure(self, bench: Bench) -> dict[str, Any]:
        """Accuracies with their numbers of images, and the confusion matrix of test images."""
        recogniser, train = bench.recogniser(self.training), bench.learned_from(self.training).labelled()
        rows_N = random_rows(train, min(len(train), self.num_train))
        right_N, _ = read(recogniser, train.subset(train.labels.new_tensor(rows_N)))
        test = bench.splits.test
        test_right_N, seen_N = read(recogniser, test)
        return {
            "train": float(right_N.mean()),
            "num_train": len(right_N),
            "train_interval": metrics.wilson_interval(int(right_N.sum()), len(right_N)),
            "test": float(test_right_N.mean()),
            "num_test": len(test),
            "test_interval": metrics.wilson_interval(int(test_right_N.sum()), len(test)),
            "confusion": metrics.confusion_matrix(test.labels.numpy(), seen_N, test.num_classes).tolist(),
            "class_names": list(test.class_names),
        }


def read(recogniser: Recogniser, digits: DigitSet) -> tuple[Any, Any]:
    """Which images are read correctly, bool (N,), and the class read in each, int64 (N,)."""
    seen_N = recogniser.predict_indices(digits.images.numpy())
    return np.equal(seen_N, digits.labels.numpy()), seen_N


@dataclass(frozen=True)
class Recognition(Kind):
    """Recognisers in a table.

    Attributes:
        columns: Of `train` and `test`.
    """

    columns: tuple[str, ...] = ("train", "test")

    def measurements(self, item: Item, plan: Plan) -> Sequence[Measurement]:
        """A reading of every run."""
        return of_arms(plan.arms(item), plan, lambda training: Reading(training, plan.scale.num_read))

    def show(self, item: Item, plan: Plan, found: Found) -> Shown:
        """The table."""
        rows = tuple(
            Row(
                arm.name,
                {
                    column: values_of(
                        plan,
                        arm,
                        found,
                        lambda training: Reading(training, plan.scale.num_read),
                        itemgetter(column),
                        itemgetter(f"{column}_interval"),
                        column,
                    )
                    for column in self.columns
                },
            )
            for arm in plan.arms(item)
        )
        is_read = "train" in self.columns and any(row.values["train"].by_seed for row in rows)
        words = (
            f"Training accuracy is over {plan.scale.num_read:,} of the images that were trained on, at most."
        )
        return Shown(
            Table(tuple(Column(column) for column in self.columns), rows),
            sentences=(words,) if is_read else (),
        )
