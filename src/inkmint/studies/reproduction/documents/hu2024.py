"""hu2024: ACGAN with self-attention; its claims carry no number, so that measuring them is our part."""

from collections.abc import Mapping
from typing import Any

from inkmint.studies.reproduction.claims import Above
from inkmint.studies.reproduction.kinds.curves import Training
from inkmint.studies.reproduction.kinds.drawing import Drawing
from inkmint.studies.reproduction.kinds.lessons import Lesson, Lessons
from inkmint.studies.reproduction.kinds.milestones import Mark, Milestones
from inkmint.studies.reproduction.kinds.scores import Scores
from inkmint.studies.reproduction.rows import Arm, Item, Paper, Reduction, Scale

_SA = Arm("ACGAN with self-attention", "hu2024/acgan-sa")
_PLAIN = Arm("ACGAN", "hu2024/acgan")
_ON_PAPER = Arm(
    "ACGAN with self-attention, shown white paper (ours)", "hu2024/acgan-sa", {"background": "paper"}, "paper"
)

_MARKS = (
    Mark("agreement", 0.8, "80 % read as asked"),
    Mark("agreement", 0.9, "90 % read as asked"),
    Mark("agreement", 0.95, "95 % read as asked"),
    Mark("frechet", 2.0, "Fréchet distance 2"),
    Mark("frechet", 1.0, "Fréchet distance 1"),
)
_WATCHED = Training(
    ("agreement", "frechet"),
    ("Digits read as the class asked for, by the judge", "Fréchet distance to validation digits"),
)
_SHIFTS: Mapping[str, Any] = {"augment.shift_px": 2.0}


def _lessons(per_class: int) -> Lessons:
    return Lessons(
        (
            Lesson("real digits alone"),
            Lesson("real digits, shifted at random", changes=_SHIFTS),
            Lesson("real and ACGAN", minted=1.0, generator=_PLAIN),
            Lesson("real and ACGAN with self-attention", minted=1.0, generator=_SA),
        ),
        "hao2020/lenet-attention-quick",
        {"augment.shift_px": 0.0},
        columns=("test", "train", "test loss"),
        per_class=per_class,
    )


_TEACHES = (
    Above(
        "digits of the ACGAN with self-attention improve recognition",
        "test",
        "real and ACGAN with self-attention",
        "real digits alone",
    ),
    Above(
        "self-attention is what improves it",
        "test",
        "real and ACGAN with self-attention",
        "real and ACGAN",
    ),
)
_KNOWS_MORE = (
    "The generator had learned from more real digits than a learner of few sees, which flatters it there: "
    "`inkmint mix` measures the gain with a generator that knows no more than the learner. Random shifts of the real "
    "digits, which need no generator, stand beside it."
)

PAPER = Paper(
    name="hu2024",
    title=(
        "Enhancing Handwritten Digit Recognition using Auxiliary Classifier Generative Adversarial Networks and "
        "Self-attention Mechanism"
    ),
    authors="Tingkai Hu",
    items=(
        Item(
            id="hu2024/fig1",
            title="The flow chart of self-attention",
            place="Figure 1, section 3.1",
            says="Three 1x1 convolutions, a softmax map, and the weighted sum.",
            kind=Drawing(),
            why="A drawing of the layer, without a result.",
        ),
        Item(
            id="hu2024/fig2",
            title="The flow chart of the ACGAN",
            place="Figure 2, section 3.2",
            says="Noise and label in, an image out, real or fake and its class.",
            kind=Drawing(),
            why="A drawing of the scheme, without a result.",
        ),
        Item(
            id="hu2024/fig3",
            title="Losses of generator and discriminator",
            place="Figure 3, section 4.1",
            says="The generator's loss is low at first and rises as training goes on; the text names no value.",
            kind=Training(
                ("generator", "discriminator"), ("Loss of the generator", "Loss of the discriminator")
            ),
            arms=(_SA, _PLAIN),
            claims=(
                Above(
                    "the generator's loss rises with self-attention",
                    "generator loss at the end",
                    "ACGAN with self-attention",
                    "ACGAN with self-attention",
                    than_column="generator loss at the start",
                ),
                Above(
                    "self-attention is why it rises",
                    "generator loss at the end",
                    "ACGAN with self-attention",
                    "ACGAN",
                ),
            ),
            why=(
                "A generator's loss rises when its discriminator learns faster than it does, with attention or "
                "without; it is held against a moving opponent, so that it says little of the digits. Losses here are "
                "those of equations 1 and 2 as the text means them: equation 2 has slips of sign as printed."
            ),
        ),
        Item(
            id="hu2024/fig4",
            title="Generated beside real digits at several stages",
            place="Figure 4, section 4.2",
            says="From blurry to clear; at the end the background is a bright white.",
            kind=Scores(sheets=True, stages=True, beside_real=True),
            arms=(_SA, _ON_PAPER),
            why=(
                "The document does not say how a generator that is shown white ink on black comes to draw black on "
                "white. Ours draws what it is shown: the second arm was shown dark ink on white paper."
            ),
        ),
        Item(
            id="hu2024/background",
            title="Does the background turn bright?",
            place="Sections 4.1 and 4.2",
            says="With deeper training the background turns from dark to bright white, owing to self-attention.",
            kind=Training(
                ("background", "contrast"),
                ("Brightness around the ink", "By how much the ink stands out"),
            ),
            arms=(_SA, _PLAIN, _ON_PAPER),
            claims=(
                Above(
                    "the background turns brighter as training goes on",
                    "background at the end",
                    "ACGAN with self-attention",
                    "ACGAN with self-attention",
                    than_column="background at the start",
                ),
                Above(
                    "self-attention is why",
                    "background at the end",
                    "ACGAN with self-attention",
                    "ACGAN",
                ),
            ),
            why=(
                "A discriminator that sees dark backgrounds in all real images can tell a bright one at a glance, so "
                "that nothing in the printed losses leads there. Pictures may have been drawn in another scale of "
                "greys."
            ),
            ours=True,
        ),
        Item(
            id="hu2024/iterations",
            title="Iterations and time to a given quality",
            place="Section 5",
            says="With self-attention fewer iterations are needed, and less time; no number is given.",
            kind=Milestones(_MARKS, _WATCHED),
            arms=(_SA, _PLAIN),
            claims=tuple(
                Above(
                    f"self-attention needs {what} (here: to {mark.name})",
                    f"{unit} to {mark.name}",
                    "ACGAN with self-attention",
                    "ACGAN",
                    lower=True,
                )
                for unit, what in (("steps", "fewer iterations"), ("seconds", "less time"))
                for mark in _MARKS
            ),
            why=(
                "Quality is that of 1,000 digits minted ten times in an epoch, by the judge and against validation "
                "digits. A step with self-attention takes longer, so that seconds stand beside steps; the machine may "
                "have had other work meanwhile."
            ),
            ours=True,
        ),
        Item(
            id="hu2024/quality",
            title="What both mint in the end",
            place="Sections 4.2 and 5",
            says="Self-attention makes digits clearer and better labelled; no number is given.",
            kind=Scores(("agreement", "recognisable", "frechet", "classes"), sheets=True),
            arms=(_SA, _PLAIN),
            claims=(
                Above(
                    "self-attention labels digits better", "agreement", "ACGAN with self-attention", "ACGAN"
                ),
                Above(
                    "self-attention makes digits clearer",
                    "recognisable",
                    "ACGAN with self-attention",
                    "ACGAN",
                ),
            ),
            ours=True,
        ),
        Item(
            id="hu2024/recognition-few",
            title="Recognition with and without its digits: 100 real ones of each class",
            place="Abstract and section 5",
            says="Recognition accuracy is significantly boosted; no number is given.",
            kind=_lessons(100),
            claims=_TEACHES,
            why=_KNOWS_MORE,
            ours=True,
        ),
        Item(
            id="hu2024/recognition",
            title="Recognition with and without its digits: many real ones",
            place="Abstract and section 5",
            says="Recognition accuracy is significantly boosted; no number is given.",
            kind=_lessons(0),
            claims=_TEACHES,
            why=_KNOWS_MORE,
            ours=True,
        ),
    ),
    scales={
        "quick": Scale(
            {
                "": Reduction(seeds=2, images=12_000, hurried=True, epochs=0.3),
                "paper": Reduction(seeds=1, images=12_000, hurried=True, epochs=0.3),
            },
            num_minted=2000,
            num_read=2000,
            lesson_per_class=500,
            lesson_images=20_000,
            learner_seeds=2,
        ),
        "laptop": Scale(
            {"": Reduction(seeds=3, hurried=True), "paper": Reduction(seeds=1, hurried=True)},
            num_read=5000,
            lesson_per_class=4000,
            lesson_images=100_000,
            learner_seeds=3,
        ),
        "full": Scale(
            {"": Reduction(seeds=3)},
            lesson_per_class=4000,
            lesson_images=400_000,
            learner_seeds=5,
        ),
    },
    watched=("quality",),
    note=(
        "The document prints no sizes, optimiser, batch or epochs; each recipe's choices say what stands in their "
        "place. Smaller budgets train the quick recipes, whose rate is higher and falls."
    ),
)
