"""Images per second: inkmint's loop against a plain per-item DataLoader loop, same networks, one paired run.

    python benchmarks/loop_speed.py [--rounds 7] [--images 6400] [--threads N] [--recipes NAME ...]

The plain loop is what most published GAN scripts do: a Dataset that turns one image at a time into a PIL picture,
a tensor, and a normalised tensor; a DataLoader that collates them, in the training process or in two workers; both
networks trainable throughout; Adam as torch sets it. Batch, losses and number of updates are the same, and so are the
networks, layer by layer, but that the plain loop's are built of torch's own nn.Linear and nn.Dropout. No weights are
averaged. The loops take turns, so that a machine whose speed drifts slows them all; the ratios are taken turn by turn.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from inkmint.data.digits import DigitSet
from inkmint.data.sources import load_splits
from inkmint.nets.blocks import Critique, Dropout
from inkmint.nets.dense import DenseDiscriminator, DenseGenerator
from inkmint.recipes import find_recipe
from inkmint.runtime import environment, set_threads
from inkmint.specs import GanSpec
from inkmint.training.build import build_task
from inkmint.training.engine import Engine, initialise
from inkmint.training.recipe import Recipe
from inkmint.zoo import find


class PlainDataset(Dataset[tuple[Tensor, int]]):
    """One image at a time, as torchvision's MNIST with ToTensor and Normalize does it."""

    def __init__(self, digits: DigitSet) -> None:
        self.images, self.labels = digits.images, digits.labels

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        picture = Image.fromarray(self.images[index].numpy())
        x_HWC = torch.from_numpy(np.array(picture, copy=True)).view(28, 28, 1)
        x_CHW = x_HWC.permute(2, 0, 1).contiguous().float().div(255)
        mean, spread = torch.tensor([0.5]), torch.tensor([0.5])
        return x_CHW.clone().sub_(mean[:, None, None]).div_(spread[:, None, None]), int(self.labels[index])


def plain_loop(recipe: Recipe, digits: DigitSet, loader_workers: int) -> Callable[[], None]:
    spec = find(recipe.model)
    assert isinstance(spec, GanSpec)
    networks = spec.build(recipe.options, digits.num_classes)
    latent_size = networks["generator"].latent_size
    generator, discriminator = (_of_torch_layers(networks[role]) for role in ("generator", "discriminator"))
    settings = recipe.optimisers["generator"]
    adam_g, adam_d = (
        torch.optim.Adam(
            network.parameters(), lr=settings.learning_rate, betas=(settings.beta1, settings.beta2)
        )
        for network in (generator, discriminator)
    )
    adversarial, auxiliary = nn.BCEWithLogitsLoss(), nn.CrossEntropyLoss()
    loader = DataLoader(
        PlainDataset(digits), recipe.batch_size, shuffle=True, drop_last=True, num_workers=loader_workers
    )

    def epoch() -> None:
        for x, y in loader:
            real, fake = torch.ones(len(x)), torch.zeros(len(x))

            adam_d.zero_grad()
            wanted = torch.randint(digits.num_classes, (len(x),))
            made = generator(torch.randn(len(x), latent_size), wanted)
            on_real, on_fake = discriminator(x, y), discriminator(made.detach(), wanted)
            loss = adversarial(on_real.real_logit_N, real) + adversarial(on_fake.real_logit_N, fake)
            if on_real.class_logits_NK is not None:
                loss = loss + auxiliary(on_real.class_logits_NK, y)
            loss.backward()
            adam_d.step()

            adam_g.zero_grad()
            wanted = torch.randint(digits.num_classes, (len(x),))
            critique = discriminator(generator(torch.randn(len(x), latent_size), wanted), wanted)
            loss = adversarial(critique.real_logit_N, real)
            if critique.class_logits_NK is not None:
                loss = loss + auxiliary(critique.class_logits_NK, wanted)
            loss.backward()
            adam_g.step()

    return epoch


class _PlainDense(nn.Module):
    """One of our dense networks as a script writes it; weights are shared with the original."""

    def __init__(self, network: DenseGenerator | DenseDiscriminator) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for layer in network.layers:
            if isinstance(layer, nn.Linear):
                plain = nn.Linear(layer.in_features, layer.out_features)
                plain.weight, plain.bias = layer.weight, layer.bias
                layers.append(plain)
            elif isinstance(layer, Dropout):
                layers.append(nn.Dropout(layer.p))
            else:
                layers.append(nn.LeakyReLU(0.2))
        self.layers = nn.Sequential(*layers)
        self.generates = isinstance(network, DenseGenerator)

    def forward(self, x: Tensor, _y: Tensor) -> Tensor | Critique:
        if self.generates:
            return torch.tanh(self.layers(x)).view(-1, 1, 28, 28)
        return Critique(self.layers(x.flatten(1)).squeeze(1))


def _of_torch_layers(network: nn.Module) -> nn.Module:
    return _PlainDense(network) if isinstance(network, DenseGenerator | DenseDiscriminator) else network


def our_loop(recipe: Recipe, digits: DigitSet) -> Callable[[], None]:
    initialise(0)
    engine = Engine(recipe, build_task(recipe, digits), digits, seed=0, device=torch.device("cpu"))

    def epoch() -> None:
        engine.step = 0  # The networks stay as they are, as the plain loop's do; only the count starts again.
        engine.train()

    return epoch


def images_per_sec(epoch: Callable[[], None], num_images: int) -> float:
    start = time.perf_counter()
    epoch()
    return num_images / (time.perf_counter() - start)


def spread(values: list[float], digits: int = 0) -> str:
    return f"{statistics.median(values):,.{digits}f} ({min(values):,.{digits}f} to {max(values):,.{digits}f})"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--images", type=int, default=6400)
    parser.add_argument("--threads", type=int)
    parser.add_argument(
        "--recipes", nargs="+", default=["raza2021/gan", "raza2021/gan-quick", "hu2024/acgan-sa"]
    )
    arguments = parser.parse_args()
    set_threads(arguments.threads)
    digits = load_splits("mnist").train
    digits = digits.subset(torch.arange(arguments.images))

    machine = environment()
    print(f"command   python {' '.join(sys.argv)}")
    print(f"machine   {machine['processor']}, {machine['num_cpus']} CPUs, {machine['threads']} threads")
    print(f"versions  Python {machine['python']}, {machine['versions']}")
    print(
        f"{arguments.images:,} images a turn, {arguments.rounds} turns each after one to warm up; median (range)\n"
    )
    for name in arguments.recipes:
        recipe = find_recipe(name).derive(epochs=1, average=0.0)
        loops = {
            "inkmint": our_loop(recipe, digits),
            "plain, loader in process": plain_loop(recipe, digits, 0),
            "plain, two loader workers": plain_loop(recipe, digits, 2),
        }
        for loop in loops.values():
            loop()
        turns = [
            {name: images_per_sec(loop, len(digits)) for name, loop in loops.items()}
            for _ in range(arguments.rounds)
        ]
        print(f"{recipe.name}, batch {recipe.batch_size}")
        for name in loops:
            print(f"  {name:26}{spread([turn[name] for turn in turns])} images/s")
            if name != "inkmint":
                print(
                    f"  {'  inkmint is':26}{spread([turn['inkmint'] / turn[name] for turn in turns], 2)} times as fast"
                )
        print(flush=True)


if __name__ == "__main__":
    main()
