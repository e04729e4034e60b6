"""Model folders as the Hugging Face hub shows them: configuration, weights, and a card that begins with YAML."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from inkmint.errors import ModelError
from inkmint.files import read_json, write_text
from inkmint.inference.folders import is_shipped
from inkmint.reading import familiarity
from inkmint.reading import model as reading
from inkmint.training.weights import ModelConfig, load_model

_FILES = ("config.json", "model.safetensors", reading.FILE_NAME, familiarity.FILE_NAME)
_TASKS = {
    "generator": ("unconditional-image-generation", "Minting handwritten digits"),
    "recogniser": ("image-classification", "Reading handwritten digits"),
}
_DATASETS = {
    "mnist": ("ylecun/mnist", "MNIST"),
    "fashion-mnist": ("zalando-datasets/fashion_mnist", "Fashion-MNIST"),
}


def write_hub(source: Path, folder: Path, licence: str | None = None) -> ModelConfig:
    """Write a folder to be uploaded as it is, which `from_pretrained` reads as well.

    Args:
        source: A model folder; of a run, its evaluations are quoted in the card.
        folder: Where to; it exists.
        licence: Of the weights, as the hub calls it; None for `mit` of models that come with inkmint, else `unknown`.

    Returns:
        What the folder holds.

    Raises:
        ModelError: The model is damaged.
    """
    _, config = load_model(source)
    for name in _FILES:
        if (source / name).is_file():
            shutil.copyfile(source / name, folder / name)
    for picture in source.glob("*.png"):
        shutil.copyfile(picture, folder / picture.name)
    licence = licence or ("mit" if is_shipped(source) else "unknown")
    figures = list(_figures(source))
    write_text(
        folder / "README.md", f"{_front_matter(config, licence, figures)}\n{_body(source, config, figures)}"
    )
    return config


def _front_matter(config: ModelConfig, licence: str, figures: list[dict[str, Any]]) -> str:
    """The hub's metadata; strings are quoted as in JSON, which YAML reads."""
    task, about = _TASKS[config.kind]
    dataset, name = _DATASETS.get(config.data, (config.data, config.data))
    tags = ["inkmint", config.kind, config.model, "handwritten-digits", "safetensors"]
    lines = [
        f"license: {json.dumps(licence)}",
        'library_name: "inkmint"',
        f"pipeline_tag: {json.dumps(task)}",
        f"tags: {json.dumps(tags)}",
    ]
    if config.data in _DATASETS:
        lines.append(f"datasets: {json.dumps([dataset])}")
    if figures:
        metrics = [{"type": each["name"], "name": each["name"], "value": each["value"]} for each in figures]
        result = {
            "task": {"type": task, "name": about},
            "dataset": {"type": dataset, "name": name},
            "metrics": metrics,
        }
        lines += [
            f"metrics: {json.dumps([each['name'] for each in figures])}",
            f"model-index: {json.dumps([{'name': config.model, 'results': [result]}])}",
        ]
    return "\n".join(["---", *lines, "---", ""])


def _figures(source: Path) -> Iterator[dict[str, Any]]:
    """What was measured of the weights: by the card that lies beside them, or by evaluations of their run."""
    evaluations = source.parent.glob("evaluation/*.json") if source.name == "model" else ()
    paths = [source / "figures.json", source / "judge.json", *sorted(evaluations)]
    seen: set[str] = set()
    for path in filter(Path.is_file, paths):
        try:
            figures = [figure.get("shipped", figure) for figure in read_json(path)["figures"]]
            found = [{"name": str(figure["name"]), "value": float(figure["value"])} for figure in figures]
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ModelError(f"{path} is damaged; delete it, or evaluate again.") from error
        yield from (figure for figure in found if figure["name"] not in seen)
        seen |= {str(figure["name"]) for figure in found}


def _body(source: Path, config: ModelConfig, figures: list[dict[str, Any]]) -> str:
    page = source / "README.md"
    text = (
        _without_front_matter(page.read_text(encoding="utf-8")) if page.is_file() else _about(config, figures)
    )
    return f"{text.rstrip()}\n\n{_usage(config)}"


def _without_front_matter(text: str) -> str:
    return text.split("\n---\n", 1)[-1].lstrip() if text.startswith("---\n") else text


def _about(config: ModelConfig, figures: list[dict[str, Any]]) -> str:
    blocks = [
        f"# {config.model}",
        f"{config.spec.about[0].upper()}{config.spec.about[1:]}.",
        f"- Data: {config.data}; classes {', '.join(config.class_names)}.\n- Training: recipe `{config.recipe}`, seed "
        f"{config.seed}, inkmint {config.inkmint}.\n- Weights: SHA-256 `{config.weights_sha256}`, kept in "
        f"{config.stored_as}.",
    ]
    if figures:
        rows = "\n".join(f"| {figure['name']} | {figure['value']:.4g} |" for figure in figures)
        blocks.append(f"## Figures\n\n| figure | value |\n| --- | ---: |\n{rows}")
    return "\n\n".join(blocks)


def _usage(config: ModelConfig) -> str:
    if config.kind == "generator":
        code = (
            'from inkmint import Generator\n\nimages = Generator.from_pretrained("FOLDER").sample(10, seed=0)'
        )
        returns = (
            "uint8 (10, 28, 28), ink bright on dark"
            if config.image_channels == 1
            else "uint8 (10, C, 28, 28)"
        )
    else:
        code = 'from inkmint import Recogniser\n\nreading = Recogniser.from_pretrained("FOLDER").read("receipt.jpg")'
        returns = "`reading.text` holds the digits, line by line"
    return (
        f"## Use\n\n```python\n{code}\n```\n\n{returns}. `FOLDER` is a copy of this repository, and nothing is "
        "fetched; with huggingface_hub installed, `OWNER/NAME` in its place fetches one.\n"
    )
