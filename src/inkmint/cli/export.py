"""`inkmint export`: models for other programs, for the Hugging Face hub, for a browser."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from inkmint.cli.options import json_option
from inkmint.errors import SettingsError

if TYPE_CHECKING:
    from inkmint.inference.onnx_file import OnnxConfig

_GENERATOR, _RECOGNISER = "house", "lenet-attention"


@click.command()
@click.argument("models", nargs=-1, metavar="[MODEL]...")
@click.option(
    "--to",
    "target",
    type=click.Choice(["onnx", "hub", "browser"]),
    default="onnx",
    show_default=True,
    help="One file for onnxruntime and others, a folder for the Hugging Face hub, or a static web page.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    show_default="MODEL-onnx, MODEL-hub or browser",
    help="Where to; a new or empty folder.",
)
@click.option(
    "--ort",
    "runtime",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="With --to browser: where onnxruntime-web's npm package is unpacked, to put its files into the page's folder.",
)
@click.option(
    "--licence",
    metavar="NAME",
    show_default="mit for models that come with inkmint, else unknown",
    help="With --to hub: of the weights, as the hub calls it.",
)
@click.option("--force", is_flag=True, help="Replace an earlier export.")
@json_option
def export(
    models: tuple[str, ...],
    target: str,
    output: Path | None,
    runtime: Path | None,
    licence: str | None,
    force: bool,
    as_json: bool,
) -> None:
    """Write MODEL for other programs: a run folder, a saved model, or one that comes with inkmint (default: house).

    \b
    inkmint export house
    inkmint export runs/inkmint-house-s0-0001 --to hub -o my-digits
    inkmint export --to browser --ort package

    Of onnx, every file is held against torch before it is kept. A browser's page has a recogniser and a generator:
    name one, the other or both, and the rest comes with inkmint.
    """  # noqa: D301 - click reads the character \b
    if runtime is not None and target != "browser":
        raise SettingsError("--ort is for the page; give --to browser too, or leave it out.")
    if licence is not None and target != "hub":
        raise SettingsError("--licence is for the hub's card; give --to hub too, or leave it out.")
    if len(models) > 1 and target != "browser":
        raise SettingsError(
            f"{len(models)} models were named, and --to {target} takes one; export them one by one."
        )

    from rich.console import Console

    from inkmint.exporting.folders import export_folder
    from inkmint.inference.folders import find_model

    sources = [find_model(model) for model in models]
    if not sources and target != "browser":
        sources = [find_model(_GENERATOR)]
    path = output or Path("browser" if target == "browser" else f"{_name(sources[0])}-{target}")
    record: dict[str, Any] = {"to": target}
    waiting = Console(stderr=True).status("exporting; a network of many steps takes a minute")
    with export_folder(path, force=force, record=record) as folder, waiting:
        match target:
            case "onnx":
                record["models"] = [_write_onnx(sources[0], folder)]
            case "hub":
                record["models"] = [_write_hub(sources[0], folder, licence)]
            case _:
                record["models"] = _write_browser(sources, folder, runtime)
    if as_json:
        files = sorted(str(file.relative_to(path)) for file in path.rglob("*") if file.is_file())
        click.echo(json.dumps({"output": str(path), **record, "files": files}, indent=2))
        return
    for model in record["models"]:
        click.echo(f"{path}: {_in_words(model)}")
    if target == "browser":
        click.echo(f"{path / 'README.md'} says how to serve it.")


def _name(source: Path) -> str:
    """What a model folder is called: a run's own is called as the run."""
    source = source.resolve()
    return source.parent.name if source.name == "model" else source.name


def _write_onnx(source: Path, folder: Path) -> dict[str, Any]:
    from inkmint.exporting.onnx_model import onnx_of_folder
    from inkmint.exporting.onnx_page import onnx_page
    from inkmint.files import write_text
    from inkmint.inference.onnx_file import FILE_NAME

    config = onnx_of_folder(source, folder)
    write_text(folder / "README.md", onnx_page(config))
    return _onnx_record(config, folder / FILE_NAME)


def _write_hub(source: Path, folder: Path, licence: str | None) -> dict[str, Any]:
    from inkmint.exporting.hub import write_hub

    config = write_hub(source, folder, licence)
    num_bytes = (folder / "model.safetensors").stat().st_size
    return {
        "kind": config.kind,
        "model": config.model,
        "weights_sha256": config.weights_sha256,
        "bytes": num_bytes,
    }


def _write_browser(sources: list[Path], folder: Path, runtime: Path | None) -> list[dict[str, Any]]:
    from inkmint.exporting.browser import write_browser
    from inkmint.inference.folders import find_model
    from inkmint.training.weights import read_config

    by_kind = {read_config(source).kind: source for source in sources}
    if len(by_kind) < len(sources):
        raise SettingsError("The page has one recogniser and one generator; name one of each, or fewer.")
    recogniser, generator = (
        by_kind.get(kind) or find_model(name)
        for kind, name in (("recogniser", _RECOGNISER), ("generator", _GENERATOR))
    )
    configs = write_browser(recogniser, generator, folder, runtime)
    return [_onnx_record(config, folder / f"{config.kind}.onnx") for config in configs]


def _onnx_record(config: "OnnxConfig", path: Path) -> dict[str, Any]:
    return {
        "kind": config.kind,
        "model": config.model,
        "weights_sha256": config.weights_sha256,
        "bytes": path.stat().st_size,
        "largest_difference": config.largest_difference,
        "differing_share": config.differing_share,
    }


def _in_words(record: dict[str, Any]) -> str:
    written = f"{record['kind']} {record['model']}, {record['bytes']:,} bytes"
    if "largest_difference" not in record:
        return f"{written}."
    if record["kind"] == "recogniser":
        return (
            f"{written}; its probabilities differ from torch's by {record['largest_difference']:.2g} at most."
        )
    levels = round(record["largest_difference"])
    return (
        f"{written}; its pixels differ from torch's by {levels} level{'s' * (levels != 1)} of grey at most, by "
        f"more than one in {record['differing_share']:.2%} of them."
    )
