"""qin2021: GAN, DCGAN and CGAN compared, and mode collapse; its figures carry no numbers."""

from inkmint.studies.reproduction.claims import Above, Level
from inkmint.studies.reproduction.kinds.curves import Training
from inkmint.studies.reproduction.kinds.drawing import Drawing
from inkmint.studies.reproduction.kinds.real import RealDigits
from inkmint.studies.reproduction.kinds.scores import Scores
from inkmint.studies.reproduction.rows import Arm, Item, Paper, Reduction, Scale

_GAN = Arm("GAN", "qin2021/gan")
_DCGAN = Arm("DCGAN", "qin2021/dcgan")
_CGAN = Arm("CGAN", "qin2021/cgan")
_MGGAN = Arm("MGGAN", "qin2021/mggan")
_LOSSES = Training(("generator", "discriminator"), ("Loss of the generator", "Loss of the discriminator"))
_BESIDE = Scores(sheets=True, stages=True, beside_real=True)


def _drawing(number: int, title: str, section: str, says: str, why: str) -> Item:
    return Item(
        f"qin2021/fig{number}", title, f"Figure {number}, section {section}", says, Drawing(), why=why
    )


_SCHEME = "A drawing of the scheme, without a result; the recipes say what was built."
_SETTINGS = (
    "The settings stand in a picture, of which the text repeats some; the rest is ours: see the recipe."
)

PAPER = Paper(
    name="qin2021",
    title="Generation of Handwritten Numbers Using Generative Adversarial Networks",
    authors="Zhaoxiang Qin, Yuntao Shan",
    items=(
        Item(
            id="qin2021/fig1",
            title="Sample images of the training set",
            place="Figure 1, section 2.1",
            says="The first twenty training images.",
            kind=RealDigits(),
            why="Ours are drawn at random, ten of each class.",
        ),
        _drawing(2, "The structure of a GAN", "2.2", "Generator, discriminator, real and fake.", _SCHEME),
        _drawing(
            3,
            "The generator of the DCGAN",
            "2.3",
            "Transposed convolutions, without sizes in the text.",
            _SCHEME,
        ),
        _drawing(4, "The architecture of the CGAN", "2.4", "Labels joined to both inputs.", _SCHEME),
        _drawing(5, "Training details of the GAN", "2.5", "Batch, rate, epochs, dropout.", _SETTINGS),
        _drawing(6, "Training details of the DCGAN", "2.5", "LeakyReLU, Adam with its beta1.", _SETTINGS),
        _drawing(7, "Training details of the CGAN", "2.5", "Xavier initialisation.", _SETTINGS),
        Item(
            id="qin2021/fig8",
            title="Losses of the GAN by epoch",
            place="Figure 8, section 3",
            says="Generator and discriminator over 100 epochs, batch 100, rate 0.0002; the text names no value.",
            kind=_LOSSES,
            arms=(_GAN,),
            why="The generator's loss is that of equation 1, which it minimises and which is below 0.",
        ),
        Item(
            id="qin2021/fig9",
            title="Raw images beside the GAN's",
            place="Figure 9, section 3",
            says="After 100 epochs the digits are “not particularly good”.",
            kind=_BESIDE,
            arms=(_GAN,),
        ),
        Item(
            id="qin2021/fig10",
            title="Digits of the DCGAN",
            place="Figure 10, section 3",
            says="After 20 epochs.",
            kind=_BESIDE,
            arms=(_DCGAN,),
        ),
        Item(
            id="qin2021/fig11",
            title="Losses of the CGAN by epoch",
            place="Figure 11, section 3",
            says="Generator and discriminator over 100 epochs; the text names no value.",
            kind=_LOSSES,
            arms=(_CGAN,),
            why="The generator's loss is that of equation 2, which it minimises and which is below 0.",
        ),
        Item(
            id="qin2021/fig12",
            title="Raw images beside the CGAN's",
            place="Figure 12, section 3",
            says="After 100 epochs.",
            kind=_BESIDE,
            arms=(_CGAN,),
        ),
        Item(
            id="qin2021/comparison",
            title="The three compared",
            place="Section 4",
            says="DCGAN needs fewer epochs and is clearer; CGAN is about as clear as GAN.",
            kind=Scores(("recognisable", "frechet", "classes")),
            arms=(_GAN, _DCGAN, _CGAN),
            claims=(
                Above(
                    "DCGAN is clearer than GAN after a fifth of the epochs", "recognisable", "DCGAN", "GAN"
                ),
                Above(
                    "DCGAN is clearer than CGAN after a fifth of the epochs", "recognisable", "DCGAN", "CGAN"
                ),
                Level("CGAN is about as clear as GAN", "recognisable", "CGAN", "GAN", within=0.05),
            ),
            why=(
                "“Clearer” is judged by eye in the document. Here a digit counts as clear if two judges read it alike, "
                "each as surely as 95 % of real digits; the Fréchet distance says how near all together come to real "
                "ones, and the classes how many a generator still draws."
            ),
            ours=True,
        ),
        Item(
            id="qin2021/collapse",
            title="Mode collapse and the guidance network",
            place="Section 5",
            says="Some epochs draw only some digits; a guidance network (MGGAN) is named as the remedy and not tried.",
            kind=Scores(("classes", "recognisable", "frechet"), sheets=True),
            arms=(_GAN, _MGGAN),
            claims=(Above("a guidance network makes the classes more even", "classes", "MGGAN", "GAN"),),
            why=(
                "Both have the same layers. MGGAN's players use the non-saturating loss and the GAN's the minimax of "
                "equation 1, so that the guidance network is not the only difference."
            ),
            ours=True,
        ),
    ),
    scales={
        "quick": Scale(
            {
                "": Reduction(seeds=2, epochs=0.04, images=8000),
                "qin2021/mggan": Reduction(
                    seeds=2, epochs=0.04, images=8000, changes={"options.encoder_steps": 60}
                ),
            },
            num_minted=2000,
        ),
        "laptop": Scale(
            {
                "": Reduction(seeds=3, epochs=0.08),
                "qin2021/mggan": Reduction(seeds=2, epochs=0.08, changes={"options.encoder_steps": 400}),
            }
        ),
        "full": Scale({"": Reduction(seeds=3)}),
    },
    note=(
        "Neither layer sizes nor optimisers are printed for GAN and CGAN; each recipe's choices say what stands in "
        "their place."
    ),
)
