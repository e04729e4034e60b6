"""raza2021: a fully connected GAN and a count of what is recognisable; slides without numbers on figures."""

from inkmint.studies.reproduction.claims import Above
from inkmint.studies.reproduction.kinds.built import Built
from inkmint.studies.reproduction.kinds.curves import Training
from inkmint.studies.reproduction.kinds.drawing import Drawing
from inkmint.studies.reproduction.kinds.scores import Scores
from inkmint.studies.reproduction.rows import Arm, Item, Paper, Reduction, Scale

_GAN = Arm("GAN", "raza2021/gan")

PAPER = Paper(
    name="raza2021",
    title="Generation of Handwritten Digits using GAN",
    authors="Hany Raza",
    items=(
        Item(
            id="raza2021/architecture",
            title="The architecture of a GAN",
            place="Slide “GAN's Architecture”",
            says="Noise, generator, discriminator.",
            kind=Drawing(),
            why="A drawing of the general scheme, without a result.",
        ),
        Item(
            id="raza2021/networks",
            title="The layers of both networks",
            place="Slide “Building the network”",
            says="Discriminator 784-1024-512-256-1, generator 100-256-512-1024-784, all dense, with biases.",
            kind=Built({"GAN": {"generator": "256-512-1024-784", "discriminator": "1024-512-256-1"}}),
            arms=(_GAN,),
            why="The listing is torch's own, so that layers can be held against it unit by unit.",
        ),
        Item(
            id="raza2021/output",
            title="Generated digits",
            place="Slides “Output” and “Result”",
            says="A row of digits; in the beginning pure noise, later recognisable digits.",
            kind=Scores(sheets=True, stages=True),
            arms=(_GAN,),
            why="How the digits on the slide were chosen is not said; these are two hundred as they come.",
        ),
        Item(
            id="raza2021/count",
            title="How many are recognisable",
            place="Slide “Result”",
            says="Of 100 generated images 95 are recognisable after 200 epochs.",
            kind=Scores(("recognisable", "frechet", "classes"), with_hundred=True),
            arms=(Arm("GAN", "raza2021/gan", says={"recognisable": 0.95}),),
            why=(
                "Who looked, and what counted as recognisable, is not said. Here two judges, recognisers of different "
                "architecture, must read a digit alike and as surely as 95 % of real ones, which a lenient eye need "
                "not ask for. Batch, rate, dropout and slope are not printed either."
            ),
        ),
        Item(
            id="raza2021/losses",
            title="Losses at the end",
            place="Slide “Result”",
            says="After 200 epochs the discriminator's loss is higher than the generator's.",
            kind=Training(
                ("discriminator", "generator"), ("Loss of the discriminator", "Loss of the generator")
            ),
            arms=(_GAN,),
            claims=(
                Above(
                    "the discriminator's loss, real and fake added, ends higher than the generator's",
                    "discriminator loss at the end",
                    "GAN",
                    "GAN",
                    than_column="generator loss at the end",
                ),
            ),
            why=(
                "A discriminator that guesses has a loss of 1.39, real and fake added, and its generator 0.69: the "
                "discriminator's is the higher one for as long as it cannot tell, and the lower one when it can."
            ),
        ),
    ),
    scales={
        "quick": Scale({"": Reduction(seeds=2, epochs=0.04, images=10_000)}, num_minted=2000),
        "laptop": Scale({"": Reduction(seeds=3, epochs=0.1)}),
        "full": Scale({"": Reduction(seeds=3)}),
    },
)
