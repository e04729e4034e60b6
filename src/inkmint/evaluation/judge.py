"""The fixed digit networks that score digits, and the names under which their figures go.

A judge is a recogniser that learnt from real training images alone, never from validation or test images,
on which its figures are measured. Two come with inkmint, of different architectures and each trained on its
own. A name stands for one network for good: its weights are pinned here, and a judge that is trained again is
a new version.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from numpy.typing import ArrayLike

from inkmint.data.digits import Splits
from inkmint.errors import ModelError
from inkmint.evaluation.readings import Answer, Judge
from inkmint.models import Recogniser, find_model
from inkmint.training.weights import read_config

JUDGE = "judge-v1"
SECOND_JUDGE = "second-judge-v1"
PINS: Mapping[str, str] = {
    JUDGE: "39093ba064a14110cf52dc37f061b6c58aa89d82fbccfe9ecbd8a4a36beb450c",
    SECOND_JUDGE: "a93b0d5eb792e9056eac343856552e2be2bbffcf5d62d3e97a8135530887b503",
}
"""SHA-256 of the weights file of each judge that comes with inkmint; scripts/build_weights.py prints it."""


@dataclass(frozen=True, eq=False)
class NamedJudge:
    """A recogniser as a judge.

    Attributes:
        recogniser: The network.
        name: What its figures are called by: a version that stands for these weights and no others.
    """

    recogniser: Recogniser
    name: str

    @property
    def class_names(self) -> tuple[str, ...]:
        """One name per class, in label order."""
        return self.recogniser.class_names

    @property
    def weights_sha256(self) -> str:
        """SHA-256 of its weights; empty until they are saved."""
        return self.recogniser.weights_sha256

    def predict_proba(self, X: ArrayLike) -> Answer:
        """Probability of every class, float32 (N, K)."""
        return self.recogniser.predict_proba(X)

    def features(self, X: ArrayLike) -> Answer:
        """Activations below the class layer, float32 (N, D)."""
        return self.recogniser.features(X)


def as_judge(recogniser: Recogniser) -> NamedJudge:
    """Give a recogniser the name under which its figures go.

    It is that of a judge which comes with inkmint if the weights are its own, wherever they lie; of others the
    row of the zoo and the beginning of the weights' hash, such as `resnet-3fa2b1c9`; and `resnet-unsaved` of
    one that was never saved, whose figures are compared with no others.
    """
    sha256 = recogniser.weights_sha256
    pinned = (name for name, pin in PINS.items() if sha256 and pin == sha256)
    return NamedJudge(recogniser, next(pinned, f"{recogniser.name}-{sha256[:8] or 'unsaved'}"))


def named(judge: Judge) -> Judge:
    """The judge, or `as_judge` of a plain recogniser, whose own name is a row of the zoo and stands for many."""
    return as_judge(judge) if isinstance(judge, Recogniser) else judge


def load_judge(path_or_name: str | Path) -> NamedJudge:
    """Load a judge from a run folder, a model folder, or by the name of one that comes with inkmint.

    Raises:
        ModelError: There is none, it is damaged or no recogniser, or it goes by the name of a judge whose
            pinned weights it does not have.
    """
    folder = find_model(path_or_name)
    if (kind := read_config(folder).kind) != "recogniser":
        raise ModelError(
            f"{path_or_name} is a {kind}, and a judge is a recogniser; give the folder of one, or {JUDGE}, or train "
            "one with: inkmint judge train"
        )
    recogniser = Recogniser.from_pretrained(folder)
    shipped = not Path(path_or_name).exists()
    pin = PINS.get(str(path_or_name)) if shipped else None
    if pin is not None and pin != recogniser.weights_sha256:
        raise ModelError(
            f"The judge {str(path_or_name)!r} of this installation is not the network that its name stands for "
            f"(weights {recogniser.weights_sha256[:12]}, pinned {pin[:12]}); install inkmint anew."
        )
    return as_judge(recogniser)


def why_not_second(first: Judge, second: Judge, splits: Splits) -> str | None:
    """Why a second judge cannot stand beside one that fits these digits, in a clause; None if it can."""
    if second.class_names != splits.train.class_names:
        return f"knows other classes than {splits.source}"
    if second.weights_sha256 and second.weights_sha256 == first.weights_sha256:
        return "is the first one too"
    return None
