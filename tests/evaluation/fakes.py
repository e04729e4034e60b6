"""Digits without meaning, and a judge that reads them as it is told."""

from dataclasses import dataclass

import numpy as np

from inkmint.data.digits import DIGIT_NAMES, DigitSet

NUM_FEATURES = 12


@dataclass
class FakeJudge:
    """Reads the class from the brightness of the first pixel and is as sure as the second is bright.

    `error_every` misreads one image in that many; `broken` answers with NaN.
    """

    error_every: int = 0
    broken: bool = False
    name: str = "fake"
    class_names: tuple[str, ...] = DIGIT_NAMES

    @property
    def weights_sha256(self):
        return f"{self.error_every:064x}"

    def predict_proba(self, images):
        images = np.asarray(images)
        classes = images[:, 0, 0].astype(int) // 20
        if self.error_every:
            wrong = np.arange(len(classes)) % self.error_every == 0
            classes = np.where(wrong, (classes + 1) % 10, classes)
        doubt = 0.2 * (1 - images[:, 0, 1:2] / 255)
        answer = np.eye(10)[classes] * (1 - doubt) + doubt / 10
        return (answer * (np.nan if self.broken else 1)).astype(np.float32)

    def features(self, images):
        rows = np.asarray(images).reshape(len(images), -1)[:, :NUM_FEATURES].astype(np.float32)
        return rows * np.float32(np.nan if self.broken else 1)


def digit_set(num_images, seed, name="digits"):
    random = np.random.default_rng(seed)
    images = random.integers(0, 256, (num_images, 28, 28), dtype=np.uint8)
    labels = np.arange(num_images) % 10
    images[:, 0, 0] = labels * 20
    return DigitSet.from_arrays(images, labels, name=name)


def figures_of(evaluation):
    return {figure.name: figure for figure in evaluation.figures}
