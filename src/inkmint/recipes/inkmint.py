"""inkmint: our own recipes, of the judges that score digits, and of a reader and a generator for the CPU."""

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

_READER = Recipe(
    name="inkmint/house-reader",
    model="house-reader-fine",
    about="a stage at 14x14, 16 epochs of shifts, turns, sizes, slants and bends, averaged weights",
    choices=(
        "Our own, for accuracy per second on two CPU cores, chosen on MNIST's validation images. The quick one folds "
        "pixels, has half the channels and depth and small shifts alone, the sprint a quarter of the channels and no "
        "shifts."
    ),
    options={"width": 1.0, "depth": 2},
    epochs=16,
    batch_size=256,
    optimisers={"recogniser": Optimiser(kind="sgd", learning_rate=0.4, beta1=0.9, weight_decay=5e-4)},
    schedule=Schedule(kind="one-cycle", turn=0.25),
    average=0.998,
    augment=Augment(shift_px=2, rotate_deg=10, scale=0.1, shear=0.15, elastic_px=0.7),
)

_READER_QUICK = _READER.derive(
    name="inkmint/house-reader-quick",
    model="house-reader",
    about="half the channels and depth, small shifts, 5 epochs",
    options={"width": 0.5, "depth": 1},
    epochs=5,
    batch_size=128,
    average=0.0,
    augment=Augment(shift_px=1.5),
    **{"optimisers.recogniser.learning_rate": 0.2},
)

_READER_SPRINT = _READER_QUICK.derive(
    name="inkmint/house-reader-sprint",
    about="a quarter of the channels, half the depth, 3 epochs",
    options={"width": 0.25, "depth": 1},
    epochs=3,
    batch_size=256,
    augment=Augment(),
    **{"optimisers.recogniser.learning_rate": 0.4},
)

_HOUSE = Recipe(
    name="inkmint/house",
    model="house",
    about="the autoencoder for a sixth of 96 epochs, then the flow",
    choices=(
        "No document has a model of this kind. Codes of 32 numbers; each of the two stages has a learning rate that "
        "rises and falls of its own, every code goes three ways from noise in a step, and one label in ten is not "
        "told, so that minting can be guided. Chosen on MNIST's validation images."
    ),
    options={"autoencoder_share": 1 / 6, "flow_repeats": 3},
    epochs=96,
    batch_size=128,
    optimisers={role: Optimiser(learning_rate=2e-3) for role in ("generator", "autoencoder", "perception")},
    schedule=Schedule(kind="one-cycle", turn=0.1),
    average=0.999,
)

_SHORT = _HOUSE.options | {"sureness": 0.9, "perception_channels": 16}

_HOUSE_QUICK = _HOUSE.derive(
    name="inkmint/house-quick",
    about="the autoencoder for 3 of 11 epochs, then the flow",
    epochs=11,
    options=_SHORT | {"autoencoder_share": 3 / 11},
)

_HOUSE_MINUTE = _HOUSE.derive(
    name="inkmint/house-minute",
    about="the autoencoder for 1 of 4 epochs, then the flow",
    epochs=4,
    options=_SHORT | {"autoencoder_share": 1 / 4},
)

RECIPES = (
    _JUDGE,
    _SECOND_JUDGE,
    _READER,
    _READER_QUICK,
    _READER_SPRINT,
    _HOUSE,
    _HOUSE_QUICK,
    _HOUSE_MINUTE,
)
