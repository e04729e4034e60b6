"""rzayev2021: DCGAN and class-conditional DCGAN by capacity and depth, synthetic digits as lessons, and components.

Most figures are curves of which the text names a few values; those are typed in.
"""

from inkmint.studies.reproduction.claims import Above, Best, Level
from inkmint.studies.reproduction.documents.rzayev2021_arms import (
    BEST_DCGAN,
    CCGAN,
    CCGAN_BEST,
    DCGAN,
    DCGAN_BEST,
    HALVES,
    HALVES_OF_CLASSES,
    ON_CLASS_GRID,
    ON_GRID,
    PRETRAINED,
    READER,
    ROUGH,
    SMOOTH,
    UNNAMED,
    changes_of,
)
from inkmint.studies.reproduction.documents.rzayev2021_lessons import LESSONS
from inkmint.studies.reproduction.kinds.built import Built
from inkmint.studies.reproduction.kinds.confusion import Confusion
from inkmint.studies.reproduction.kinds.curves import Training
from inkmint.studies.reproduction.kinds.recognition import Recognition
from inkmint.studies.reproduction.kinds.scores import Scores
from inkmint.studies.reproduction.rows import Arm, Item, Paper, Reduction, Scale

_PLAYERS = {
    "discriminator_accuracy": "Accuracy of the discriminator",
    "discriminator": "Loss of the discriminator",
    "generator": "Loss of the generator",
}
_SIMPLEST = (
    "The document does not say whether the best discriminator is one that is right often or one that can only guess. "
    "Its text gives 20 to 25 epochs without saying which curve had which."
)


def _watched(*series: str) -> Training:
    return Training(series, tuple(_PLAYERS[name] for name in series))


def _curves(number: int, series: str, says: str) -> Item:
    return Item(
        id=f"rzayev2021/fig{number}",
        title=f"{_PLAYERS[series]}, DCGANs",
        place=f"Figure {number}, section 2.3",
        says=says,
        kind=_watched(series),
        arms=ON_GRID,
        why=f"{UNNAMED} {_SIMPLEST}",
    )


def _virtual(number: int, series: str) -> Item:
    return Item(
        id=f"rzayev2021/fig{number}",
        title=f"{_PLAYERS[series]}, with virtual batch normalisation",
        place=f"Figure {number}, after the references",
        says="F = D = 1, B = 32; no considerable improvement on the network without it (section 2.3).",
        kind=_watched(series),
        arms=(HALVES, BEST_DCGAN),
        why=f"{UNNAMED} The network without virtual batch normalisation stands beside it.",
    )


ITEMS = (
    Item(
        id="rzayev2021/fig1",
        title="The architecture of the DCGAN",
        place="Figure 1, sections 2.1 and 2.3",
        says="At F = D = 1 about 7 million parameters in the generator and 310,000 in the discriminator.",
        kind=Built(),
        arms=(Arm("DCGAN", DCGAN), Arm("CCGAN", CCGAN)),
        why="The order of the layers is printed and their sizes are not; ours were chosen to come near these counts.",
    ),
    _curves(2, "discriminator_accuracy", "The combination F = D = 1, B = 32 is best."),
    _curves(3, "discriminator", "The loss converges fastest for F = D = 1, B = 32."),
    _curves(4, "generator", "The loss converges fastest for F = D = 1, B = 32."),
    Item(
        id="rzayev2021/best-dcgan",
        title="Which DCGAN is best, by what it mints",
        place="Section 2.3",
        says="F = D = 1, B = 32 outperforms larger networks.",
        kind=Scores(("recognisable", "frechet", "classes")),
        arms=ON_GRID,
        claims=(Best("F = D = 1, B = 32 is the best combination", "recognisable", DCGAN_BEST),),
        why="The document looks at its discriminator and its samples; the judges look at what is minted.",
        ours=True,
    ),
    Item(
        id="rzayev2021/fig5",
        title="Samples of the DCGAN with F = D = 1, B = 32",
        place="Figure 5, section 2.3",
        says="Samples at several epochs.",
        kind=Scores(sheets=True, stages=True),
        arms=(Arm("DCGAN", DCGAN, protocol="samples"),),
    ),
    Item(
        id="rzayev2021/virtual",
        title="Virtual batch normalisation, by what is minted",
        place="Section 2.3",
        says="No considerable improvement; unrecognisable numbers.",
        kind=Scores(("recognisable", "frechet", "classes"), sheets=True),
        arms=(HALVES, BEST_DCGAN),
        claims=(
            Level(
                "virtual batch normalisation is no considerable improvement",
                "recognisable",
                "virtual",
                DCGAN_BEST,
                within=0.05,
                one_sided=True,
            ),
        ),
        why="Half of a batch gives the statistics of all of it, as the document describes; how single images are "
        "normalised afterwards it leaves open.",
        ours=True,
    ),
    Item(
        id="rzayev2021/lenet",
        title="The LeNet that scores generated digits",
        place="Section 3.3",
        says="99.4 % of training and 98.8 % of test images after 5 epochs of Adam.",
        kind=Recognition(("train", "test")),
        arms=(READER,),
        why="Rate, batch and layers of this LeNet are not printed: hao2020's layers, Adam at 0.001 and batches of 32.",
    ),
    Item(
        id="rzayev2021/fig6",
        title="Scores of the CCGANs",
        place="Figure 6, section 3.3",
        says="F = D = 1, B = 64 is best with 94.7 %; larger networks are marginally worse.",
        kind=Scores(("score", "agreement", "frechet"), READER),
        arms=ON_CLASS_GRID,
        claims=(Best("F = D = 1, B = 64 is the best combination", "score", CCGAN_BEST),),
        why=(
            "What the document calls inception score is the share of generated digits that its LeNet reads as the "
            "class asked for (`score`); the judge's reading stands beside it (`agreement`)."
        ),
    ),
    Item(
        id="rzayev2021/fig7",
        title="Samples of the CCGAN with smoothed labels",
        place="Figure 7, section 3.3",
        says="F = D = 1, B = 64 with label smoothing.",
        kind=Scores(reader=READER, sheets=True, stages=True),
        arms=(SMOOTH,),
    ),
    Item(
        id="rzayev2021/smoothing",
        title="What smoothed labels gain",
        place="Section 3.3",
        says="About 3 points per epoch on average, and 97.6 % at best; 94.7 % without.",
        kind=Scores(("score", "agreement", "frechet"), READER),
        arms=(SMOOTH, ROUGH),
        claims=(Above("smoothed labels raise the score", "score", "smoothed labels", "without smoothing"),),
        why="The document prints no amount of smoothing; ours is 0.1 on one side, that of Salimans et al. (2016).",
    ),
    Item(
        id="rzayev2021/smoothing-by-epoch",
        title="Score by epoch, with and without smoothed labels",
        place="Section 3.3",
        says="Smoothing improves the score by about 3 points per epoch on average.",
        kind=Training(("label_agreement",), ("Digits read as the class asked for, by the judge",)),
        arms=(SMOOTH, ROUGH),
        claims=(
            Above(
                "smoothed labels raise the score in every epoch (here: in the first ones)",
                "label agreement at the start",
                "smoothed labels",
                "without smoothing",
            ),
        ),
    ),
    Item(
        id="rzayev2021/virtual-ccgan",
        title="Virtual batch normalisation of the CCGAN, by what is minted",
        place="Section 3.3",
        says="No better, as with the DCGAN.",
        kind=Scores(("score", "agreement", "frechet"), READER),
        arms=(HALVES_OF_CLASSES, ROUGH),
        claims=(
            Level(
                "virtual batch normalisation does not make the CCGAN better",
                "score",
                "virtual",
                "without smoothing",
                within=0.01,
                one_sided=True,
            ),
        ),
        ours=True,
    ),
    Item(
        id="rzayev2021/fig8",
        title="Confusion matrix of the CCGAN with smoothed labels",
        place="Figure 8, section 3.3",
        says="97.6 % are right; 2 and 4 are among the classes read wrong most often.",
        kind=Confusion(READER, worst=("2", "4")),
        arms=(SMOOTH,),
        why="Only these two classes are named in the text; the counts stand in the picture.",
    ),
    *LESSONS,
    Item(
        id="rzayev2021/pretraining",
        title="A discriminator that is trained ahead of the generator",
        place="Section 6",
        says="Named as open.",
        kind=Scores(("score", "agreement", "frechet"), READER),
        arms=(PRETRAINED, SMOOTH),
        claims=(
            Above(
                "training the discriminator ahead improves the training (implied)",
                "score",
                "pre-trained discriminator",
                "smoothed labels",
            ),
        ),
        why="For how long is not said: here for 500 steps, which the generator lacks in the same number of epochs.",
        ours=True,
    ),
    _virtual(14, "generator"),
    _virtual(15, "discriminator"),
    _virtual(16, "discriminator_accuracy"),
    Item(
        id="rzayev2021/fig17",
        title="Accuracy of the discriminator, CCGANs",
        place="Figure 17, after the references (section 3.3)",
        says="Almost constant from the beginning, unlike the DCGAN's.",
        kind=_watched("discriminator_accuracy"),
        arms=(*ON_CLASS_GRID, Arm("DCGAN 1-1-32", DCGAN, changes_of(DCGAN_BEST), "grid")),
        claims=(
            Above(
                "the CCGAN's discriminator varies less over training than the DCGAN's",
                "spread of discriminator accuracy over training",
                CCGAN_BEST,
                "DCGAN 1-1-32",
                lower=True,
            ),
        ),
        why=(
            f"{UNNAMED} The document's rates of the two, 0.0001 and 0.002, differ by a factor of twenty, which may "
            "steady it."
        ),
    ),
)

PAPER = Paper(
    name="rzayev2021",
    title="CS492(A) Machine Learning for Computer Vision",
    authors="Anar Rzayev, Berhane Weldegebriel",
    items=ITEMS,
    scales={
        "quick": Scale(
            {
                "": Reduction(seeds=1, images=10_000),
                "grid": Reduction(seeds=1, images=1500, hurried=True),
                "samples": Reduction(seeds=1, images=1500, hurried=True, changes={"epochs": 2}),
                "best": Reduction(seeds=1, images=2500, hurried=True, changes={"epochs": 2}),
                "reader": Reduction(seeds=1, images=10_000),
            },
            num_minted=500,
            num_read=2000,
            lesson_per_class=200,
            lesson_images=10_000,
            learner_seeds=1,
        ),
        "laptop": Scale(
            {
                "": Reduction(seeds=1),
                "grid": Reduction(seeds=2, images=3500, hurried=True, changes={"epochs": 2}),
                "samples": Reduction(seeds=1, images=8000, hurried=True, changes={"epochs": 4}),
                "best": Reduction(seeds=2, images=6500, hurried=True, changes={"epochs": 4}),
                "reader": Reduction(seeds=1),
            },
            num_minted=2500,
            lesson_per_class=1000,
            lesson_images=20_000,
            learner_seeds=3,
        ),
        "full": Scale(
            {"": Reduction(seeds=1), "best": Reduction(seeds=3), "reader": Reduction(seeds=3)},
            num_read=50_000,
            lesson_per_class=4000,
            lesson_images=250_000,
            learner_seeds=5,
        ),
    },
    watched=("discriminator",),
    note=(
        "Names such as 1-1-32 are F-D-B, as in the document. Smaller budgets train the quick recipes, whose rate is "
        "higher and falls, on few images, and have the arms in which one of F, D and B differs from the document's "
        "best. The accuracy of a discriminator is that on 64 real and 64 generated images, ten times in an epoch."
    ),
)
