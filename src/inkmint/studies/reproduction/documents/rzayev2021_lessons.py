"""rzayev2021's synthetic digits as lessons, and principal components as generators (sections 4 to 6).

Numbers are those that the text names; most stand in pictures.
"""

from typing import Any

from inkmint.studies.reproduction.claims import Above, Level
from inkmint.studies.reproduction.documents.rzayev2021_arms import READ, READER, SMOOTH, UNNAMED
from inkmint.studies.reproduction.kinds.components import Components
from inkmint.studies.reproduction.kinds.lessons import Lesson, Lessons
from inkmint.studies.reproduction.rows import Arm, Item

_SHARES = tuple(
    Lesson(
        f"{percent} % real",
        real=percent / 100,
        minted=1 - percent / 100,
        generator=SMOOTH,
        place=percent,
        least="quick" if percent in (0, 10, 50, 100) else "laptop",
    )
    for percent in (0, 10, 25, 50, 75, 90, 100)
)
_HYBRID = Lesson("all classes 10 % real", real=0.1, minted=0.9, generator=SMOOTH)
_MORE_ZEROS = Lesson("class 0 at 40 % real", real=0.1, minted=0.9, generator=SMOOTH, own={"0": 0.4})
_SETTINGS = tuple(
    Lesson(
        f"rate {rate:g}, batch {batch}",
        real=0.1,
        minted=0.9,
        generator=SMOOTH,
        changes={"optimisers.recogniser.learning_rate": rate, "batch_size": batch},
        place=rate,
        line=f"batch {batch}",
        least="quick" if batch != 128 else "laptop",
    )
    for batch in (32, 64, 128)
    for rate in (0.0001, 0.001, 0.01)
)
_NUMBERS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
_COMPONENTS = tuple(
    Arm(
        str(number),
        "rzayev2021/pca",
        {"options.num_components": number},
        least="quick" if number in (1, 8, 64, 256) else "laptop",
    )
    for number in _NUMBERS
)


def _lessons(lessons: tuple[Lesson, ...], **others: Any) -> Lessons:
    return Lessons(lessons, "hao2020/lenet", READ, **others)


LESSONS = (
    Item(
        id="rzayev2021/fig9",
        title="Accuracy and loss by the share of real digits",
        place="Figure 9, section 4.2",
        says=(
            "More real digits are better on test images; 10 % of them come close. On training images, mixtures that "
            "are mostly real or mostly synthetic are better than those between."
        ),
        kind=_lessons(
            _SHARES,
            columns=("train", "test", "training loss", "test loss"),
            x_label="share of real digits, %",
        ),
        claims=(
            Above("all real digits teach more than a tenth", "test", "100 % real", "10 % real"),
            Above("a tenth of real digits teaches more than none", "test", "10 % real", "0 % real"),
            Above("mostly synthetic is read better in training than half", "train", "0 % real", "50 % real"),
            Above("mostly real is read better in training than half", "train", "100 % real", "50 % real"),
        ),
        why=(
            "The generator had learned from more real training digits than the learner sees, so that its digits hold "
            "more than the share of real ones says; the document does the same. `inkmint mix` measures it with a "
            "generator that knows no more than the learner. Classes are of equal size here, and as in MNIST there."
        ),
    ),
    Item(
        id="rzayev2021/fig10",
        title="Learning rate and batch size of the recogniser",
        place="Figure 10, section 4.2",
        says="A rate of 0.001 is best; batches of 32 are a little better than others.",
        kind=_lessons(_SETTINGS, x_label="learning rate"),
        claims=(
            Above("0.001 is better than 0.01", "test", "rate 0.001, batch 32", "rate 0.01, batch 32"),
            Above("0.001 is better than 0.0001", "test", "rate 0.001, batch 32", "rate 0.0001, batch 32"),
            Above(
                "batches of 32 are better than of 64", "test", "rate 0.001, batch 32", "rate 0.001, batch 64"
            ),
        ),
        why=f"Which rates and batches were tried stands in the picture only; these are ours. {UNNAMED}",
    ),
    Item(
        id="rzayev2021/fig11",
        title="Confusion matrix on the hybrid data",
        place="Figure 11, section 4.2",
        says="10 % of the digits are real; class 0 is often taken for 2 (section 4.3).",
        kind=_lessons(
            (_HYBRID,), columns=("train", "test", "recall of 0"), matrices=(_HYBRID.name,), about="0"
        ),
        why="The counts stand in the picture only.",
    ),
    Item(
        id="rzayev2021/fig12",
        title="The same with 40 % real digits of class 0",
        place="Figure 12, section 4.3",
        says="With 40 % real digits of class 0 and 10 % of all others, class 0 is read better.",
        kind=_lessons(
            (_HYBRID, _MORE_ZEROS),
            columns=("train", "test", "recall of 0"),
            matrices=(_MORE_ZEROS.name,),
            about="0",
        ),
        claims=(
            Above(
                "more real digits of class 0 help that class",
                "recall of 0",
                _MORE_ZEROS.name,
                _HYBRID.name,
            ),
        ),
        why="The counts stand in the picture only.",
    ),
    Item(
        id="rzayev2021/fig13",
        title="Score by the number of principal components",
        place="Figure 13, section 5.2",
        says="The score rises with the components and saturates after 64; with one it is over 10 points below 97.6 %.",
        kind=Components(READER, tuple(map(str, _NUMBERS))),
        arms=_COMPONENTS,
        claims=(
            Above("64 components score higher than one", "reconstructed", "64", "1"),
            Level(
                "nothing is gained beyond 64 components",
                "reconstructed",
                "256",
                "64",
                within=0.01,
                one_sided=True,
            ),
        ),
        why=(
            "The document projects training images on the components of their own class and calls that generating "
            "(`reconstructed`); digits that are `drawn` along the components are new ones, which is what a generator "
            "is for."
        ),
    ),
    Item(
        id="rzayev2021/ppca",
        title="Probabilistic principal components",
        place="Section 6",
        says="Named as open.",
        kind=Components(READER),
        arms=(
            Arm("probabilistic, 64", "rzayev2021/ppca"),
            Arm("64", "rzayev2021/pca", {"options.num_components": 64}),
        ),
        claims=(
            Above(
                "probabilistic components are worth exploring (implied)",
                "drawn",
                "probabilistic, 64",
                "64",
            ),
        ),
        why="Probabilistic components add the mean of all that they leave out to every pixel by itself, as noise.",
        ours=True,
    ),
)
