"""Whether the digits of a hand look like one person's: how far they differ within a hand and across hands.

python benchmarks/hands.py [--model house] [--hands 40]

A trait is taken as its distance from the mean of the digit's class, which no hand can help. Within: the standard
deviation between the ten digits of a hand, the root mean square over hands. Across: the standard deviation between
the hands' means.
"""

import argparse
import sys
from collections.abc import Iterator

import numpy as np
import torch

from inkmint.models import Generator
from inkmint.runtime import environment, generator_of, machine_in_words
from inkmint.writing.hand import Hand
from inkmint.writing.traits import TRAITS, measure_traits


def alphabets(generator: Generator, num_hands: int) -> Iterator[tuple[str, torch.Tensor]]:
    """Latents (hands, K, Z) by three ways to choose them."""
    num_classes = len(generator.class_names)
    random = generator_of(0, 99)
    yield "any digits", torch.randn(num_hands, num_classes, generator.latent_size, generator=random)
    shared = torch.randn(num_hands, 1, generator.latent_size, generator=random)
    yield "one latent for all classes", shared.expand(-1, num_classes, -1)
    hands = [Hand.draw(generator, seed) for seed in range(num_hands)]
    yield "a hand", torch.stack([hand.latents_KZ for hand in hands])
    labels = np.arange(num_classes)
    yield "a hand, with variation", torch.stack([hand.vary(labels) for hand in hands])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="house")
    parser.add_argument("--hands", type=int, default=40)
    arguments = parser.parse_args()
    generator = Generator.from_pretrained(arguments.model)
    labels = np.arange(len(generator.class_names))
    everybody = measure_traits(generator.sample(100 * len(labels), seed=0))
    usual = everybody.reshape(100, len(labels), -1).mean(axis=0)
    print(f"command   python {' '.join(sys.argv)}")
    print(f"machine   {machine_in_words(environment())}; weights {generator.weights_sha256[:12]}")
    print(f"{'':28}" + "".join(f"{trait:>24}" for trait in TRAITS))
    print(f"{'':28}" + f"{'within   across':>24}" * len(TRAITS))
    for name, latents in alphabets(generator, arguments.hands):
        images = generator.draw(latents.flatten(0, 1), np.tile(labels, len(latents)))
        strays = measure_traits(images).reshape(len(latents), len(labels), -1) - usual
        within = np.sqrt(strays.var(axis=1, ddof=1).mean(axis=0))
        across = strays.mean(axis=1).std(axis=0, ddof=1)
        pairs = "".join(
            f"{f'{one:.3f}    {other:.3f}':>24}" for one, other in zip(within, across, strict=True)
        )
        print(f"{name:28}{pairs}")


if __name__ == "__main__":
    main()
