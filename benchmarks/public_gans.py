"""Training time of our conditional generator and of public GAN scripts to equal quality, in one run on one machine.

    git clone https://github.com/eriklindernoren/PyTorch-GAN
    git clone https://github.com/znxlwm/pytorch-generative-model-collections
    python benchmarks/public_gans.py --pytorch-gan PyTorch-GAN --collections pytorch-generative-model-collections

Each script runs as it is, with its own settings, in a process of its own, one after the other, on the CPU and on the
training images that ours learns from. A stand-in for torchvision gives it these (torchvision_stand_in.py). The clock
stands still while a copy of its generator mints 10,000 digits; these are measured when the training has ended. Ours is
timed from the first step to the saved model, and minted from once.

Equal quality is label agreement and Fréchet distance both at least as good as ours, by the judge of `inkmint evaluate`
and on test images. Where there is a choice, the public scripts have the better of it: every snapshot counts, and of
each the better of two ways of batch normalisation and of three ways from 32x32 pixels to ours.

Finished trainings are kept in the folder, and not repeated while their settings, the checkout, the machine and the
versions of inkmint and torch stay the same; the report says which these are, and --again trains them anew.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from public_gan_report import Comparison, Ours, Training
from public_gan_run import SCRIPTS
from public_gan_scores import Score, Scored, due_times, real_scores, scores_of

from inkmint.data.digits import IMAGE_SIZE, Splits
from inkmint.data.sources import load_splits
from inkmint.errors import InkmintError, RunError, SettingsError
from inkmint.evaluation.judge import JUDGE, load_judge
from inkmint.evaluation.readings import Judge
from inkmint.files import make_folder, read_json, write_json
from inkmint.recipes import find_recipe
from inkmint.runtime import environment, set_threads

RUN = Path(__file__).with_name("public_gan_run.py")
CHILD_SETTINGS = {
    "CUDA_VISIBLE_DEVICES": "",
    "MPLBACKEND": "Agg",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONWARNINGS": "ignore",
}
SPIN = {"GOMP_SPINCOUNT": "3000"}
"""As the command line of inkmint sets it; see waiting_threads.py."""


def commit_of(checkout: Path) -> str:
    """The commit of a checkout, marked where a Python file in it was changed; `unknown` where there is no git."""
    git = ["git", "-C", str(checkout)]
    head = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    if head.returncode:
        return "unknown"
    changed = subprocess.run([*git, "diff", "--quiet", "HEAD", "--", "*.py"], check=False).returncode
    return head.stdout.strip() + (", with changes of its own" if changed else "")


def child_environment(threads: int) -> dict[str, str]:
    """Environment variables that both sides train under."""
    counts = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), str(threads))
    return SPIN | dict(os.environ) | CHILD_SETTINGS | counts


def trained(settings: Mapping[str, Any], folder: Path, checkout: Path | None, again: bool) -> dict[str, Any]:
    """The record of a training with these settings: of the folder if it is there, else of a new process.

    Raises:
        RunError: The process failed, or took no snapshot.
    """
    path = folder / "record.json"
    if path.exists() and not again:
        record: dict[str, Any] = read_json(path)
        here = environment()
        if record["settings"] == settings and all(
            record["environment"][key] == here[key] for key in ("processor", "versions")
        ):
            return {**record, "kept": True}
    clear(folder)
    order = folder / "order.json"
    write_json(
        order, {"settings": settings, "folder": str(folder.resolve()), "checkout": str(checkout or "")}
    )
    result = subprocess.run(
        [sys.executable, str(RUN), str(order)], env=child_environment(settings["threads"]), check=False
    )
    if result.returncode:
        raise RunError(f"The training of {settings['name']} failed; what it printed stands above.")
    record = read_json(path)
    if not record.get("snapshots", True):
        raise RunError(f"{settings['name']} {record['ended']} before a snapshot; read {folder / 'log.txt'}.")
    return {**record, "kept": False}


def clear(folder: Path) -> None:
    """Make a folder, or empty the one that an earlier training left."""
    make_folder(folder)
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()


def read_digits(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Images and labels, as `public_gan_run.save_digits` writes them."""
    with np.load(path) as arrays:
        return arrays["images"], arrays["labels"]


def scored(record: Mapping[str, Any], folder: Path, splits: Splits, judge: Judge) -> tuple[Scored, ...]:
    """Every snapshot of a record with the scores of its images."""
    found = []
    for snapshot in record["snapshots"]:
        scores: list[Score] = []
        for mode, name in snapshot["files"].items():
            scores += scores_of(*read_digits(folder / name), splits, judge, mode)
        found.append(Scored(snapshot["seconds"], snapshot["steps"], snapshot["images"], tuple(scores)))
    return tuple(found)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--pytorch-gan", type=Path, metavar="PATH", help="checkout of eriklindernoren/PyTorch-GAN"
    )
    parser.add_argument(
        "--collections",
        type=Path,
        metavar="PATH",
        help="checkout of znxlwm/pytorch-generative-model-collections",
    )
    parser.add_argument(
        "--minutes", type=float, default=40, help="of training for each public script; default 40"
    )
    parser.add_argument("--seeds", type=int, default=1, help="how many, from 0; default 1")
    parser.add_argument("--threads", type=int, default=2, help="default 2")
    parser.add_argument("--only", nargs="+", choices=SCRIPTS, metavar="NAME", help=f"of {', '.join(SCRIPTS)}")
    parser.add_argument(
        "--ours", default="inkmint/house-quick", metavar="RECIPE", help="default inkmint/house-quick"
    )
    parser.add_argument("--data", default="mnist", help="as inkmint takes it; default mnist")
    parser.add_argument(
        "--runs", type=Path, default=Path("runs/public-gans"), help="default runs/public-gans"
    )
    parser.add_argument("--again", action="store_true", help="train anew what is there already")
    return parser.parse_args()


def chosen_scripts(only: Sequence[str] | None, checkouts: Mapping[str, Path | None]) -> dict[str, Path]:
    """The checkout of every script to run.

    Raises:
        SettingsError: One is missing; the message says how to get it.
    """
    found = {}
    for name in only or SCRIPTS:
        script = SCRIPTS[name]
        option, checkout = f"--{name.partition('/')[0]}", checkouts[name.partition("/")[0]]
        if checkout is None or not (checkout / script.path).is_file():
            raise SettingsError(
                f"There is no {script.path} in {option} {checkout or '(not given)'}; run `git clone "
                f"https://github.com/{script.repository}` and give its path, or leave {name} out with --only."
            )
        found[name] = checkout
    return found


def compared(arguments: argparse.Namespace) -> Comparison:
    """Train, one after the other, and measure."""
    checkouts = chosen_scripts(
        arguments.only, {"pytorch-gan": arguments.pytorch_gan, "collections": arguments.collections}
    )
    recipe = find_recipe(arguments.ours)
    set_threads(arguments.threads)
    splits, judge = load_splits(arguments.data), load_judge(JUDGE)
    commits = {name: commit_of(checkout) for name, checkout in checkouts.items()}
    common = {"data": arguments.data, "fingerprint": splits.train.fingerprint, "threads": arguments.threads}
    ours: dict[int, Ours] = {}
    trainings: list[Training] = []
    for seed in range(arguments.seeds):
        folder = arguments.runs / f"{recipe.name.replace('/', '-')}-s{seed}"
        settings = {"name": recipe.name, "seed": seed, **common, "recipe": recipe.model_dump(mode="json")}
        record = trained(settings, folder, None, arguments.again)
        [found] = scores_of(*read_digits(folder / "minted.npz"), splits, judge, mode="")
        ours[seed] = Ours(recipe.name, found, record)
        for name, checkout in checkouts.items():
            folder = arguments.runs / f"{name.replace('/', '-')}-s{seed}"
            settings = {
                "name": name,
                "seed": seed,
                **common,
                "commit": commits[name],
                "arguments": list(SCRIPTS[name].arguments),
                "due_sec": due_times(60 * arguments.minutes),
            }
            record = trained(settings, folder, checkout, arguments.again)
            print(f"{name}, seed {seed}: measuring", file=sys.stderr, flush=True)
            trainings.append(Training(name, seed, scored(record, folder, splits, judge), record, ours[seed]))
    sizes = {SCRIPTS[name].image_px for name in checkouts} - {IMAGE_SIZE}
    conditions = child_environment(arguments.threads)
    return Comparison(
        splits,
        {SCRIPTS[name].repository: commit for name, commit in commits.items()},
        ", ".join(f"{name}={conditions[name]}" for name in SPIN),
        arguments.threads,
        ours,
        trainings,
        {size: real_scores(splits, judge, size) for size in sorted(sizes)},
    )


def main() -> None:
    arguments = parsed()
    try:
        comparison = compared(arguments)
        write_json(arguments.runs / "results.json", comparison.figures())
    except InkmintError as error:
        sys.exit(f"Error: {error}")
    print("\n".join(comparison.text()))


if __name__ == "__main__":
    main()
