"""hao2020: LeNet with an attention mask against its elders, and what its settings do.

Numbers are those of the document's tables 1 to 4.
"""

from typing import Any

from inkmint.recipes import find_recipe
from inkmint.studies.reproduction.claims import Above, Best, Claim
from inkmint.studies.reproduction.kinds.built import Built
from inkmint.studies.reproduction.kinds.drawing import Drawing
from inkmint.studies.reproduction.kinds.masks import MaskPictures
from inkmint.studies.reproduction.kinds.real import RealDigits
from inkmint.studies.reproduction.kinds.recognition import Recognition
from inkmint.studies.reproduction.rows import Arm, Item, Paper, Reduction, Scale

_LENET, _OURS = "LeNet", "LeNet + attention"
_ATTENTION = "hao2020/lenet-attention"
_QUICK_LENET, _QUICK_OURS = "hao2020/lenet-quick", "hao2020/lenet-attention-quick"
_RATE, _MOMENTUM = "optimisers.recogniser.learning_rate", "optimisers.recogniser.beta1"


_PRINTED = find_recipe(_ATTENTION).augment.model_dump()


def _ours(name: str, changes: dict[str, Any], train: float | None, test: float | None) -> Arm:
    """The document's model with one setting changed."""
    says = {"train": train, "test": test}
    return Arm(
        name, _ATTENTION, changes, says={column: value for column, value in says.items() if value is not None}
    )


_TABLE_1 = Item(
    id="hao2020/table1",
    title="Test accuracy of five recognisers",
    place="Table 1, section 3.3",
    says="LeNet 97.7 %, AlexNet 98.7 %, VGG 16 98.9 %, ResNet 86.5 %, LeNet with the attention mask 99.3 %.",
    kind=Recognition(("train", "test")),
    arms=(
        Arm(_LENET, "hao2020/lenet", says={"test": 0.977}),
        Arm("AlexNet", "hao2020/alexnet", says={"test": 0.987}),
        Arm("VGG 16", "hao2020/vgg16", says={"test": 0.989}),
        Arm("ResNet", "hao2020/resnet", says={"test": 0.865}),
        Arm(_OURS, _ATTENTION, says={"test": 0.993}),
    ),
    claims=(
        Above("the attention mask improves LeNet", "test", _OURS, _LENET),
        Best("LeNet with the attention mask is the best of the five", "test", _OURS),
        Best("ResNet is the worst of the five", "test", "ResNet", lower=True),
    ),
    why=(
        "The document puts ResNet's 86.5 % down to over-fitting and prints no training accuracy that would show it: a "
        "network that over-fits reads its training images far better than test images, and the two columns here say "
        "whether it does. Which ResNet it was, and how 28x28 images were fitted to it, is not printed. The document "
        "counts 20,000 test images; MNIST has 10,000, so its test set is not known."
    ),
)

_FAST = Item(
    id="hao2020/converged",
    title="The recognisers by recipes that learn fast",
    place="Section 3.3",
    says="The attention mask improves LeNet; ResNet is the worst.",
    kind=Recognition(("train", "test")),
    arms=(
        Arm(_LENET, _QUICK_LENET),
        Arm("AlexNet", "hao2020/alexnet-quick", least="full"),
        Arm("VGG 16", "hao2020/vgg16-quick", least="full"),
        Arm("ResNet", "hao2020/resnet-quick", least="laptop"),
        Arm(_OURS, _QUICK_OURS),
    ),
    claims=(
        Above("the attention mask improves LeNet", "test", _OURS, _LENET),
        Above("ResNet is worse than LeNet", "test", "ResNet", _LENET, lower=True),
    ),
    why=(
        "The document's rate, without momentum, takes a LeNet some tens of epochs; smaller budgets end long before. "
        "Here the recognisers learn by the quick recipes, whose rate rises and falls, so that networks are compared "
        "and not how far they have come."
    ),
    ours=True,
)

_TABLE_2 = Item(
    id="hao2020/table2",
    title="Accuracy by learning rate",
    place="Table 2, section 3.4.1",
    says="Train and test: 88.3 and 80.9 % at 0.1, 99.7 and 99.3 % at 0.01, 81.1 and 79.8 % at 0.001.",
    kind=Recognition(("train", "test")),
    arms=(
        _ours("0.1", {_RATE: 0.1}, 0.883, 0.809),
        _ours("0.01", {}, 0.997, 0.993),
        _ours("0.001", {_RATE: 0.001}, 0.811, 0.798),
        _ours("0.1 with momentum 0.9 (ours)", {_RATE: 0.1, _MOMENTUM: 0.9}, None, None),
    ),
    claims=(
        Above("0.01 is better than 0.1", "test", "0.01", "0.1"),
        Above("0.01 is better than 0.001", "test", "0.01", "0.001"),
    ),
    why=(
        "The document names stochastic gradient descent without momentum. A momentum of 0.9 multiplies the length of "
        "the way by ten in the long run, so that 0.1 with momentum steps as plain descent at 1 would: the last row, "
        "which is ours, shows what that does. At 0.001 the outcome is a matter of how many epochs there are."
    ),
)

_TABLE_3 = Item(
    id="hao2020/table3",
    title="Training accuracy by batch size",
    place="Table 3, section 3.4.2",
    says="95.9 % for batches of 48, 98.2 % for 64, 99.7 % for 96, 99.7 % for 128, 99.8 % for 256.",
    kind=Recognition(("train",)),
    arms=(
        _ours("48", {"batch_size": 48}, 0.959, None),
        _ours("64", {"batch_size": 64}, 0.982, None),
        _ours("96", {}, 0.997, None),
        _ours("128", {"batch_size": 128}, 0.997, None),
        _ours("256", {"batch_size": 256}, 0.998, None),
    ),
    claims=(
        Above("96 is better than 48", "train", "96", "48"),
        Above("256 is better than 48", "train", "256", "48"),
    ),
    why=(
        "At one rate for all, small batches make more steps in as many epochs and so come further, until a rate that "
        "suits them less holds them back; the document finds the reverse and does not say whether the rate was changed "
        "with the batch."
    ),
)

_TABLE_4 = Item(
    id="hao2020/table4",
    title="Accuracy by number of epochs",
    place="Table 4, section 3.4.3",
    says="Train and test: 94.2 and 93.4 % after 50, 99.7 and 99.3 % after 100, 99.9 and 99.3 % after 150 epochs.",
    kind=Recognition(("train", "test")),
    arms=(
        _ours("50", {"epochs": 50}, 0.942, 0.934),
        _ours("100", {}, 0.997, 0.993),
        _ours("150", {"epochs": 150}, 0.999, 0.993),
    ),
    claims=(
        Above("100 epochs are better than 50", "test", "100", "50"),
        Above("150 epochs read training images better than 100", "train", "150", "100"),
    ),
    why=(
        "What makes accuracy rise by six points between the epochs 50 and 100, at the settings that the document "
        "prints for its table 1, is not said."
    ),
)

_CLAIM_OF_THE_MASK: tuple[Claim, ...] = (
    Above(
        "the mask filters out background and lets the digit through",
        "ink",
        _OURS,
        _OURS,
        than_column="background",
    ),
)

PAPER = Paper(
    name="hao2020",
    title="Deep Neural Network for Handwritten Digital Recognition Based on Attention Mechanism",
    authors="Yibo Hao, Jianbo Chen",
    items=(
        Item(
            id="hao2020/fig1",
            title="Local binary pattern",
            place="Figure 1, section 1",
            says="Nine grey values, thresholded by the middle one, make a number of eight bits.",
            kind=Drawing(),
            why="A drawing that explains a term, without a result; `hao2020/elders` measures a recogniser built on it.",
        ),
        Item(
            id="hao2020/fig2",
            title="The framework of the model",
            place="Figure 2, section 2.1",
            says="32x32 in, six maps of 28x28, halved, more maps, halved, two dense layers.",
            kind=Built(),
            arms=(Arm(_LENET, "hao2020/lenet"), Arm(_OURS, _ATTENTION)),
            why="The text gives no other size; 16 maps, 120 and 84 units (LeNet-5's) and the mask's place are ours.",
        ),
        Item(
            id="hao2020/fig3",
            title="What the attention mask lets through",
            place="Figure 3, section 2.2",
            says="A 1x1 convolution makes one mask, which is multiplied into the feature map to filter out background.",
            kind=MaskPictures(),
            arms=(Arm(_OURS, _QUICK_OURS),),
            claims=_CLAIM_OF_THE_MASK,
            why="The document draws the module and shows no mask; these are masks of the runs of `hao2020/converged`.",
        ),
        Item(
            id="hao2020/fig4",
            title="Examples of the digits",
            place="Figure 4, section 3.1",
            says="Examples of each class, and one digit in detail.",
            kind=RealDigits(),
        ),
        _TABLE_1,
        _FAST,
        _TABLE_2,
        _TABLE_3,
        _TABLE_4,
        Item(
            id="hao2020/flip",
            title="What the horizontal flip costs",
            place="Section 3.2",
            says="Horizontal flip and jitter are used in training; what they change is not measured.",
            kind=Recognition(("train", "test")),
            arms=(
                Arm("flip and jitter, as printed", _QUICK_OURS, {"augment": _PRINTED}),
                Arm("jitter alone", _QUICK_OURS, {"augment": _PRINTED | {"flip": False}}),
            ),
            claims=(
                Above(
                    "augmentation by flips helps (implied by its use)",
                    "test",
                    "flip and jitter, as printed",
                    "jitter alone",
                ),
            ),
            why=(
                "A mirrored 2, 3, 4, 5, 6, 7 or 9 is none any more, and half of the training images are mirrored. "
                "Learned by the quick recipe, but for the random changes, so that runs end near their best."
            ),
            ours=True,
        ),
        Item(
            id="hao2020/elders",
            title="The approaches that the document argues against",
            place="Section 1",
            says="Local binary patterns and sparse representations are named as flawed, without a number.",
            kind=Recognition(("train", "test")),
            arms=(
                Arm("LBP and SVM", "hao2020/lbp-svm"),
                Arm("sparse representation", "hao2020/src", least="laptop"),
                Arm(_OURS, _QUICK_OURS),
            ),
            claims=(Above("attention is better than local binary patterns", "test", _OURS, "LBP and SVM"),),
            why="The older two have no random part, so they are fitted once and no seed tells their spread.",
            ours=True,
        ),
    ),
    scales={
        "quick": Scale(
            reductions={
                "": Reduction(seeds=2, epochs=0.03, images=8000),
                **{
                    f"hao2020/{wide}": Reduction(
                        seeds=2, epochs=0.03, images=8000, changes={"options.width": 0.125}
                    )
                    for wide in ("alexnet", "vgg16", "resnet")
                },
                **{f"hao2020/{fitted}": Reduction(seeds=1, images=8000) for fitted in ("lbp-svm", "src")},
                _QUICK_LENET: Reduction(seeds=2, epochs=0.25, images=8000),
                _QUICK_OURS: Reduction(seeds=2, epochs=0.25, images=8000),
            },
            num_read=2000,
        ),
        "laptop": Scale(
            reductions={
                "": Reduction(seeds=3, epochs=0.05),
                **{
                    f"hao2020/{wide}": Reduction(seeds=2, epochs=0.05, changes={"options.width": 0.25})
                    for wide in ("alexnet", "vgg16", "resnet")
                },
                **{f"hao2020/{fitted}": Reduction(seeds=1) for fitted in ("lbp-svm", "src")},
                _QUICK_LENET: Reduction(seeds=3, epochs=0.5),
                _QUICK_OURS: Reduction(seeds=3, epochs=0.5),
                "hao2020/resnet-quick": Reduction(seeds=2, epochs=0.5),
            },
        ),
        "full": Scale(reductions={"": Reduction(seeds=3)}, num_read=50_000),
    },
    note=(
        "The document counts 80,000 images, 60,000 to train on and 20,000 to test on. MNIST has 60,000 and 10,000; of "
        "the former, 10,000 are kept for validation here."
    ),
)
