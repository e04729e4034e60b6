"""inkmint: our own recipes, of the judges that score digits."""

from inkmint.data.augment import Augment
from inkmint.training.recipe import Optimiser, Recipe, Schedule

_JUDGE = Recipe(
    name="inkmint/judge",
    model="resnet",
    about="the judge: an eighth of the width, one-cycle SGD with momentum, small shifts, 12 epochs",
    choices=(
        "No document prints a digit network for its scores. A ResNet-18 of an eighth of the width, small enough to "
        "come with the package, with 64 features below its class layer."
    ),
    options={"width": 0.125},
    epochs=12,
    batch_size=96,
    optimisers={"recogniser": Optimiser(kind="sgd", learning_rate=0.1, beta1=0.9, weight_decay=5e-4)},
    schedule=Schedule(kind="one-cycle", turn=0.2),
    augment=Augment(shift_px=1.5),
)

_SECOND_JUDGE = _JUDGE.derive(
    name="inkmint/second-judge",
    model="vgg16",
    about="the second judge: a sixteenth of the width, one-cycle SGD with momentum, small shifts, 8 epochs",
    choices=(
        "A judge of another architecture for cross-checking: a figure that depends on which network judges says more "
        "of the judge than of the digits. A VGG-16 of a sixteenth of the width, with 256 features."
    ),
    epochs=8,
    **{"options": {"width": 0.0625}, "optimisers.recogniser.learning_rate": 0.05},
)

RECIPES = (_JUDGE, _SECOND_JUDGE)
