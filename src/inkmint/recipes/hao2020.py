"""hao2020: LeNet with an attention mask against its elders."""

from inkmint.data.augment import Augment
from inkmint.training.recipe import Optimiser, Recipe, Schedule

_FITTED = "Fitted once to all images, without epochs. "


def _paper(model: str, note: str = "") -> Recipe:
    return Recipe(
        name=f"hao2020/{model}",
        model=model,
        about="SGD at 0.01, batch 96, 100 epochs, flip and jitter as printed",
        choices=(
            "Plain SGD, as no momentum is named. The document names horizontal flips and 'image jittering' without "
            "sizes: a flip with probability one half, and brightness and contrast by up to 20 %. A flip turns some "
            f"digits into no digit at all; it is kept because it is printed.{note}"
        ),
        epochs=100,
        batch_size=96,
        optimisers={"recogniser": Optimiser(kind="sgd", learning_rate=0.01, beta1=0.0)},
        augment=Augment(flip=True, jitter=0.2),
    )


def _quick(paper: Recipe) -> Recipe:
    return paper.derive(
        name=f"{paper.name}-quick",
        about="one-cycle SGD with momentum, small shifts, 8 epochs",
        choices="For a laptop: momentum, a one-cycle rate and shifts by up to 1.5 pixels in place of 100 epochs.",
        epochs=8,
        optimisers={"recogniser": Optimiser(kind="sgd", learning_rate=0.1, beta1=0.9, weight_decay=5e-4)},
        schedule=Schedule(kind="one-cycle", turn=0.2),
        augment=Augment(shift_px=1.5),
    )


def _quick_and_narrow(paper: Recipe, width: float, epochs: int, learning_rate: float) -> Recipe:
    return _quick(paper).derive(
        about=f"one-cycle SGD with momentum, small shifts, {epochs} epochs, {width:g} of the width",
        choices=(
            f"For a laptop: {width:g} of the channels, momentum, a one-cycle rate and shifts by up to 1.5 pixels, and "
            f"{epochs} epochs in place of 100."
        ),
        epochs=epochs,
        options={"width": width},
        **{"optimisers.recogniser.learning_rate": learning_rate},
    )


def _fitted(model: str, choices: str) -> Recipe:
    return Recipe(
        name=f"{'classic' if model == 'knn' else 'hao2020'}/{model}",
        model=model,
        about="fitted once",
        choices=_FITTED + choices,
        epochs=1,
        batch_size=100,
        optimisers={},
    )


_SIZES = " The document gives no layer sizes: see the network's documentation for what 28x28 images changed."

_LENET, _LENET_ATTENTION = _paper("lenet"), _paper("lenet-attention")
_ALEXNET, _VGG16, _RESNET = (_paper(model, _SIZES) for model in ("alexnet", "vgg16", "resnet"))

RECIPES = (
    _LENET,
    _LENET_ATTENTION,
    _ALEXNET,
    _VGG16,
    _RESNET,
    _quick(_LENET),
    _quick(_LENET_ATTENTION),
    _quick_and_narrow(_ALEXNET, width=0.25, epochs=4, learning_rate=0.02),
    _quick_and_narrow(_VGG16, width=0.25, epochs=3, learning_rate=0.05),
    _quick_and_narrow(_RESNET, width=0.25, epochs=4, learning_rate=0.1),
    _fitted("lbp-svm", "The document names local binary patterns as an older approach, without a setting."),
    _fitted(
        "src",
        "The document names sparse-representation classification as an older approach, without a setting.",
    ),
    _fitted("knn", "No document names it; it is the yardstick that every other recogniser must beat."),
)
