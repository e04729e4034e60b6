"""The table of models. A model is a row: networks, options, objective, and where it comes from.

Adding a model from existing parts is one block in this file; the command line, the contract tests and
the documentation read the table and need no change.
"""

from functools import partial

from inkmint.errors import SettingsError, did_you_mean
from inkmint.nets.classic import KNearestNeighbours, LbpSvm, SparseRepresentation
from inkmint.nets.conv import AcganDiscriminator, AcganGenerator
from inkmint.nets.deep import dcgan_discriminator, dcgan_generator, rzayev_discriminator, rzayev_generator
from inkmint.nets.dense import CganDiscriminator, CganGenerator, DenseDiscriminator, DenseGenerator
from inkmint.nets.guidance import Autoencoder, Guide
from inkmint.nets.latent import CodeAutoencoder, LatentFlowGenerator, Perception
from inkmint.nets.pca import PcaGenerator, ProbabilisticPcaGenerator
from inkmint.nets.reader import Reader
from inkmint.nets.recognisers import AlexNet, LeNet, ResNet18, Vgg16
from inkmint.objectives import ADVERSARIAL
from inkmint.options import Choice, Option, Real, Switch, Whole
from inkmint.specs import FittedSpec, GanSpec, LatentFlowSpec, RecogniserSpec, Spec
from inkmint.supervision import FixMatch

PLAY: dict[str, Option] = {
    "latent_size": Whole(100, 1, 4096, "numbers in a latent"),
    "loss": Choice(tuple(ADVERSARIAL), "what the players minimise"),
    "label_smoothing": Real(0.0, 0, 0.5, "real images have the target 1 minus this (one-sided)"),
    "gradient_penalty": Real(0.0, 0, 1000, "weight of (|gradient| - 1)^2 between real and generated images"),
    "r1": Real(0.0, 0, 1000, "weight of half the squared gradient at real images"),
    "r2": Real(0.0, 0, 1000, "weight of half the squared gradient at generated images"),
    "discriminator_steps": Whole(1, 1, 100, "discriminator steps to one of the generator"),
    "pretrain_steps": Whole(0, 0, 10**6, "steps that the discriminator has ahead of the generator"),
}
"""What may be set of the game between the players, whatever their networks."""

_STDDEV = Switch(False, "the discriminator sees how much the images of a batch differ")

PACKS: dict[str, Option] = {
    "packing": Whole(1, 1, 16, "images that the discriminator judges together (PacGAN)"),
    "minibatch_stddev": _STDDEV,
}
"""Remedies against mode collapse in the discriminator."""

NORMS: dict[str, Option] = {
    "normalisation": Choice(
        ("batch", "half-batch", "reference", "none"),
        "batch; virtual: by half the batch (rzayev2021), by a fixed reference (Salimans et al., 2016); or none",
    )
}
"""How activations are normalised."""

CLASSES: dict[str, Option] = {
    "conditioning": Choice(
        ("auxiliary", "adc", "projection"),
        "class head (ACGAN), one that tells real from generated (ADC-GAN), or none",
    ),
    "class_weight": Real(1.0, 0, 100, "weight of the class term"),
}
"""How a discriminator looks at classes."""

_DENSE: dict[str, Option] = {**PLAY, **PACKS, "dropout": Real(0.3, 0, 0.99, "probability of dropping a unit")}
_DCGAN: dict[str, Option] = {**PLAY, **PACKS, **NORMS, "num_channels": Whole(64, 1, 1024, "maps at 14x14")}
_RZAYEV: dict[str, Option] = {
    **PLAY,
    **PACKS,
    **NORMS,
    "capacity": Whole(1, 1, 3, "F, multiplies the maps of both networks"),
    "depth": Whole(1, 1, 3, "D, one more than the discriminator's extra convolutions"),
}
_ACGAN: dict[str, Option] = {
    **PLAY,
    **CLASSES,
    "minibatch_stddev": _STDDEV,
    "num_channels": Whole(32, 2, 1024, "maps at 14x14"),
    "spectral_norm": Switch(False, "hold the largest singular value of the discriminator's layers at 1"),
}
_MASK = "stage after which the attention mask sits; 0 for none"
_WIDTH: dict[str, Option] = {"width": Real(1.0, 1 / 64, 4, "factor on the maps of every layer")}
_READER: dict[str, Option] = _WIDTH | {"depth": Whole(3, 0, 16, "residual units in each stage")}


_GAN_WIDTHS = (256, 512, 1024)

ROWS: tuple[Spec, ...] = (
    GanSpec(
        name="gan",
        paper="raza2021",
        about="fully connected GAN, 100-256-512-1024-784 against 784-1024-512-256-1",
        generator=partial(DenseGenerator, widths=_GAN_WIDTHS),
        discriminator=partial(DenseDiscriminator, widths=_GAN_WIDTHS[::-1]),
        options=_DENSE,
    ),
    GanSpec(
        name="cgan",
        paper="qin2021",
        about="fully connected GAN with the label joined to latent and image",
        labelled=True,
        generator=partial(CganGenerator, widths=_GAN_WIDTHS),
        discriminator=partial(CganDiscriminator, widths=_GAN_WIDTHS[::-1]),
        options=_DENSE | {"xavier": Switch(True, "Xavier initialisation, else torch's own")},
    ),
    GanSpec(
        name="mggan",
        paper="qin2021",
        about="fully connected GAN with a guidance network over an autoencoder's codes",
        generator=partial(DenseGenerator, widths=_GAN_WIDTHS),
        discriminator=partial(DenseDiscriminator, widths=_GAN_WIDTHS[::-1]),
        encoder=Autoencoder,
        guide=Guide,
        options=_DENSE
        | {
            "code_size": Whole(64, 1, 784, "numbers in the autoencoder's code"),
            "encoder_steps": Whole(1000, 0, 10**6, "steps that the autoencoder has ahead of the GAN"),
        },
    ),
    GanSpec(
        name="dcgan",
        paper="qin2021",
        about="convolutional GAN by the four rules, no dense layer",
        generator=dcgan_generator,
        discriminator=dcgan_discriminator,
        options=_DCGAN,
    ),
    GanSpec(
        name="dcgan-dense",
        paper="rzayev2021",
        about="dense layers, then upsampling and convolution; capacity F, depth D",
        generator=partial(rzayev_generator, conditional=False),
        discriminator=partial(rzayev_discriminator, conditional=False),
        options=_RZAYEV,
        printed_parameters={"generator": 7_000_000, "discriminator": 310_000},
    ),
    GanSpec(
        name="ccgan",
        paper="rzayev2021",
        about="dcgan-dense with the label joined to the latent and, as a channel, to the image",
        labelled=True,
        generator=partial(rzayev_generator, conditional=True),
        discriminator=partial(rzayev_discriminator, conditional=True),
        options=_RZAYEV,
        printed_parameters={"generator": 7_000_000, "discriminator": 310_000},
    ),
    GanSpec(
        name="acgan",
        paper="hu2024",
        about="auxiliary-classifier GAN",
        labelled=True,
        generator=partial(AcganGenerator, attention=False),
        discriminator=partial(AcganDiscriminator, attention=False),
        options=_ACGAN,
    ),
    GanSpec(
        name="acgan-sa",
        paper="hu2024",
        about="auxiliary-classifier GAN with self-attention in both networks",
        labelled=True,
        generator=partial(AcganGenerator, attention=True),
        discriminator=partial(AcganDiscriminator, attention=True),
        options=_ACGAN,
    ),
    LatentFlowSpec(
        name="house",
        paper="inkmint",
        about="flow from noise to an autoencoder's codes, learned by flow matching, then the decoder",
        generator=LatentFlowGenerator,
        autoencoder=CodeAutoencoder,
        perception=Perception,
        options={
            "latent_size": Whole(32, 1, 1024, "numbers in a latent and in a code"),
            "num_channels": Whole(32, 1, 1024, "maps at 14x14 of both halves of the autoencoder"),
            "perception_channels": Whole(
                24, 1, 1024, "maps at 14x14 of what tells how a reconstruction looks; twice as many at 7x7"
            ),
            "flow_width": Whole(256, 1, 4096, "units in each layer of the flow"),
            "flow_depth": Whole(3, 0, 64, "residual units of the flow"),
            "num_steps": Whole(4, 1, 1000, "steps from noise to code, of two velocities each"),
            "autoencoder_share": Real(
                0.25, 0, 0.95, "share of the run in which the autoencoder learns, ahead of the flow"
            ),
            "code_noise": Real(
                0.1, 0, 10, "standard deviation of the noise on codes, whose own is 1, as the decoder learns"
            ),
            "perceptual_weight": Real(
                0.5, 0, 1000, "weight of how a reconstruction looks to a recogniser beside its pixels"
            ),
            "sureness": Real(
                0.99, 0, 2, "probability of the class asked for below which a code is led again; 0: none"
            ),
            "guidance": Real(1.0, 0, 100, "how far these are led away from what digits of all classes have"),
            "label_dropout": Real(0.1, 0, 1, "share of codes whose label the flow is not told, for guidance"),
            "flow_repeats": Whole(4, 1, 1024, "ways from noise that each code of a batch goes in a step"),
        },
    ),
    FittedSpec(
        name="pca",
        paper="rzayev2021",
        about="principal components of each class, Gaussian along them",
        makes="generator",
        labelled=True,
        network=PcaGenerator,
        options={"num_components": Whole(64, 1, 784, "components of each class")},
    ),
    FittedSpec(
        name="ppca",
        paper="rzayev2021",
        about="probabilistic principal components of each class",
        makes="generator",
        labelled=True,
        network=ProbabilisticPcaGenerator,
        options={"num_components": Whole(64, 1, 783, "components of each class")},
    ),
    RecogniserSpec(
        name="lenet",
        paper="hao2020",
        about="LeNet-5",
        network=partial(LeNet, attention=False),
    ),
    RecogniserSpec(
        name="lenet-attention",
        paper="hao2020",
        about="LeNet-5 with an attention mask",
        network=partial(LeNet, attention=True),
    ),
    RecogniserSpec(
        name="alexnet",
        paper="hao2020",
        about="AlexNet for 28x28 images, attention mask after any stage",
        network=AlexNet,
        options=_WIDTH | {"attention": Whole(0, 0, 3, _MASK)},
    ),
    RecogniserSpec(
        name="vgg16",
        paper="hao2020",
        about="VGG-16 with batch normalisation for 28x28 images, attention mask after any stage",
        network=Vgg16,
        options=_WIDTH | {"attention": Whole(0, 0, 5, _MASK)},
    ),
    RecogniserSpec(
        name="resnet",
        paper="hao2020",
        about="ResNet-18 for 28x28 images, attention mask after any stage",
        network=ResNet18,
        options=_WIDTH | {"attention": Whole(0, 0, 4, _MASK)},
    ),
    RecogniserSpec(
        name="house-reader",
        paper="inkmint",
        about="small residual network at 7x7 and 3x3, made for the CPU",
        network=partial(Reader, folded=True),
        options=_READER,
    ),
    RecogniserSpec(
        name="house-reader-fine",
        paper="inkmint",
        about="house-reader with one more stage ahead, at 14x14",
        network=partial(Reader, folded=False),
        options=_READER,
    ),
    RecogniserSpec(
        name="fixmatch",
        paper="sohn2020",
        about="house-reader that learns from unlabelled images too, by its own sure guesses (FixMatch)",
        network=partial(Reader, folded=True),
        objective=FixMatch,
        options=_READER
        | {
            "threshold": Real(0.95, 0, 1, "probability from which on a guess counts"),
            "unlabelled_weight": Real(1.0, 0, 100, "weight of the guesses in the mean over a batch"),
            "temperature": Real(0.0, 0, 1, "sharpens the guesses; 0: their most probable class alone"),
        },
    ),
    FittedSpec(
        name="lbp-svm",
        paper="hao2020",
        about="linear support vector machine on histograms of local binary patterns",
        makes="recogniser",
        network=LbpSvm,
        options={
            "radius": Whole(2, 1, 3, "of a pattern's circle, in pixels"),
            "regularisation": Real(3.0, 1e-6, 1e6, "weight of the squared weights, 1/C"),
        },
    ),
    FittedSpec(
        name="src",
        paper="hao2020",
        about="sparse-representation classification",
        makes="recogniser",
        network=SparseRepresentation,
        options={
            "num_atoms": Whole(200, 1, 300, "training images of each class in the dictionary"),
            "num_nonzero": Whole(5, 1, 784, "dictionary images in a sum"),
        },
    ),
    FittedSpec(
        name="knn",
        paper="classic",
        about="nearest neighbours in pixels",
        makes="recogniser",
        network=KNearestNeighbours,
        options={"num_neighbours": Whole(3, 1, 1000, "images that vote")},
    ),
)
ZOO: dict[str, Spec] = {row.name: row for row in ROWS}


def add(row: Spec) -> None:
    """Make a model of one's own known by its name, for this process.

    Raises:
        SettingsError: The name is taken.
    """
    if row.name in ZOO:
        raise SettingsError(f"There is a model {row.name!r} already; give yours another name.")
    ZOO[row.name] = row


def find(name: str) -> Spec:
    """The row of that name.

    Raises:
        SettingsError: There is none; the message names the nearest and lists all.
    """
    if name not in ZOO:
        raise SettingsError(
            f"There is no model {name!r}{did_you_mean(name, ZOO)}; choose one of {', '.join(ZOO)}."
        )
    return ZOO[name]
