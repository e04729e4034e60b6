"""Images per second that the generator which comes with inkmint mints, by torch and without it.

    python benchmarks/sampling.py [--rounds 5] [--images 5000] [--threads 2] [--model house]

Both mint the same digits, in turns. The time is that from a seed to uint8 images in memory.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np

from inkmint.inference.generator import OnnxGenerator
from inkmint.models import Generator, find_model
from inkmint.runtime import environment, set_threads


def images_per_sec(mint: Callable[[], object], num_images: int) -> float:
    start = time.perf_counter()
    mint()
    return num_images / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--images", type=int, default=5000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--model", default="house")
    arguments = parser.parse_args()
    threads, num_images = set_threads(arguments.threads), arguments.images
    folder = find_model(arguments.model)
    generator = Generator.from_pretrained(folder)
    without_torch = OnnxGenerator.from_pretrained(arguments.model, threads=threads)
    labels = np.arange(num_images) % len(generator.class_names)
    ways = {
        "torch": lambda: generator.sample(num_images, labels=labels, seed=0),
        "onnxruntime": lambda: without_torch.sample(labels, seed=0),
    }
    for mint in ways.values():
        mint()
    turns = [
        {name: images_per_sec(mint, num_images) for name, mint in ways.items()}
        for _ in range(arguments.rounds)
    ]
    machine = environment()
    num_bytes = (folder / "model.safetensors").stat().st_size
    print(f"command   python {' '.join(sys.argv)}")
    print(f"machine   {machine['processor']}, {machine['num_cpus']} CPUs, {threads} threads")
    print(f"versions  Python {machine['python']}, {machine['versions']}")
    print(f"{generator.name}, weights of {num_bytes:,} bytes; {num_images:,} digits a turn")
    for name in ways:
        speeds = [turn[name] for turn in turns]
        print(
            f"  {name:12}{statistics.median(speeds):,.0f} images/s "
            f"(median of {len(turns)}; {min(speeds):,.0f} to {max(speeds):,.0f})"
        )


if __name__ == "__main__":
    main()
