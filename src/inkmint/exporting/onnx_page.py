"""README.md of an ONNX folder: what goes into the file and what comes out, for programs in any language."""

from inkmint.inference.onnx_file import FILE_NAME, METADATA_KEY, OnnxConfig


def onnx_page(config: OnnxConfig) -> str:
    """The page as Markdown."""
    inputs, outputs = (
        _generator_tensors(config) if config.kind == "generator" else _recogniser_tensors(config)
    )
    blocks = [
        f"# {config.model}",
        f"A {config.kind} of handwritten digits as ONNX: `{FILE_NAME}`, for any number N of images at a time.",
        "\n".join(
            [
                "| | name | type | what it is |",
                "| --- | --- | --- | --- |",
                *(f"| in | {row} |" for row in inputs),
                *(f"| out | {row} |" for row in outputs),
            ]
        ),
        f"Classes, in this order: {', '.join(config.class_names)}.",
        _python(config),
        f"The file's metadata hold, under the key `{METADATA_KEY}`, a JSON record of where the network comes from and "
        f"how far its answers are from torch's{_and_directions(config)}.",
        f"- Trained by recipe `{config.recipe}` on {config.data}, seed {config.seed}; exported by inkmint "
        f"{config.inkmint}.\n- Weights that it was exported from: SHA-256 `{config.weights_sha256}`.",
    ]
    return "\n\n".join(blocks) + "\n"


def _recogniser_tensors(config: OnnxConfig) -> tuple[list[str], list[str]]:
    outputs = [
        f"`probabilities` | float32 (N, {len(config.class_names)}) | of every class",
        "`features` | float32 (N, D) | activations below the class layer",
    ]
    if config.attention_area:
        area = ", ".join(f"{edge:g}" for edge in config.attention_area)
        outputs.append(
            "`attention` | float32 (N, H, W) | what the attention mask lets through, in (0, 1); it lies on the pixels "
            f"from left, top to right, bottom: {area}"
        )
    return ["`images` | uint8 (N, 28, 28) | ink bright on dark, as in MNIST"], outputs


def _generator_tensors(config: OnnxConfig) -> tuple[list[str], list[str]]:
    labels = f"classes from 0 to {len(config.class_names) - 1}"
    inputs = [
        f"`latents` | float32 (N, {config.latent_size}) | standard normal noise",
        f"`labels` | int64 (N,) | {labels if config.conditional else 'ignored'}",
    ]
    size = "28, 28" if config.image_channels == 1 else f"{config.image_channels}, 28, 28"
    return inputs, [f"`images` | uint8 (N, {size}) | ink bright on dark"]


def _python(config: OnnxConfig) -> str:
    if config.kind == "generator":
        name, use = "generator", 'images = OnnxGenerator.from_pretrained("FOLDER").sample([3, 1, 4], seed=0)'
    else:
        name, use = (
            "recogniser",
            'probabilities = OnnxRecogniser.from_pretrained("FOLDER").probabilities(images)',
        )
    imported = f"from inkmint.inference.{name} import Onnx{name.capitalize()}"
    return f"In Python, without torch:\n\n```python\n{imported}\n\n{use}\n```"


def _and_directions(config: OnnxConfig) -> str:
    if not config.directions:
        return ""
    named = ", ".join(direction.name for direction in config.directions if direction.name)
    return f", and directions through its latents for sliders{f' ({named}, and others)' if named else ''}"
