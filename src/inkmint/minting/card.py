"""What is written once all shards are there: the data card, a sheet of samples, and a manifest with every hash.

The card is a README.md as Hugging Face's hub reads it: facts in YAML, then text.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from inkmint import __version__
from inkmint.data.catalogue import SOURCES
from inkmint.data.parquet import CLASS, features_of
from inkmint.data.plan import Plan
from inkmint.data.shards import TABLE_NAME, column_kinds
from inkmint.data.sheet import contact_sheet, save_png, shown_classes
from inkmint.files import write_json, write_text
from inkmint.minting.job import MANIFEST_NAME, Job, ShardRecord
from inkmint.training.weights import ModelConfig

_SIZES = (
    (10**3, "n<1K"),
    (10**4, "1K<n<10K"),
    (10**5, "10K<n<100K"),
    (10**6, "100K<n<1M"),
    (10**7, "1M<n<10M"),
)
_LARGER = "n>10M"
_LOADABLE = {"parquet": "data/*.parquet", "folder": "data/**"}  # by `datasets`, and where it finds the files


@dataclass(frozen=True)
class Totals:
    """Sums over all shards; of every list, one value per class in label order.

    Attributes:
        counts: Images.
        rejected: Images that the filter rejected.
        confidence: Mean confidence of the judge in the label; None without a judge, or of a class without images.
        read_as_asked: Share that the judge reads as their label; likewise.
    """

    counts: tuple[int, ...]
    rejected: tuple[int, ...]
    confidence: tuple[float | None, ...]
    read_as_asked: tuple[float | None, ...]

    @classmethod
    def of(cls, records: Sequence[ShardRecord]) -> "Totals":
        """Add up the records."""
        counts = _sums([record.counts for record in records])
        judged = bool(records[0].confidence)
        confidence = _sums([record.confidence for record in records]) if judged else [0.0] * len(counts)
        as_asked = _sums([record.read_as_asked for record in records]) if judged else [0.0] * len(counts)
        means, shares = (
            tuple(
                value / count if judged and count else None
                for value, count in zip(values, counts, strict=True)
            )
            for values in (confidence, as_asked)
        )
        rejected = _sums([record.rejected for record in records])
        return cls(tuple(map(int, counts)), tuple(map(int, rejected)), means, shares)

    def overall(self, values: Sequence[float | None]) -> float | None:
        """The mean over all images of a mean per class."""
        if all(value is None for value in values):
            return None
        weighted = sum(
            value * count for value, count in zip(values, self.counts, strict=True) if value is not None
        )
        return weighted / sum(self.counts)


def _sums(rows: Sequence[Sequence[float]]) -> list[float]:
    return [sum(column) for column in zip(*rows, strict=True)]


def totals_of(job: Job) -> Totals:
    """What a job whose shards are all complete holds.

    Raises:
        RunError: A record is damaged.
    """
    return Totals.of([job.read_record(shard) for shard in range(job.plan.num_shards)])


def write_summary(job: Job, config: ModelConfig) -> None:
    """Write README.md, samples.png and manifest.json of a job whose shards are all complete.

    Args:
        job: The folder.
        config: Of the generator.

    Raises:
        RunError, DataError: A record or the first shard is damaged.
        StorageError: The folder cannot be written.
    """
    with job.locked():
        if job.is_finished:
            return
        records = [job.read_record(shard) for shard in range(job.plan.num_shards)]
        digits = job.format.read(job.plan, job.format.paths(job.path, 0))
        save_png(contact_sheet(digits), job.path / "samples.png")
        write_text(job.path / "README.md", data_card(job.plan, Totals.of(records), config))
        job.clear_up()
        files = {file: sha256 for record in records for file, sha256 in record.files.items()}
        write_json(job.path / MANIFEST_NAME, {"num_images": job.plan.num_images, "sha256": files})


def data_card(plan: Plan, totals: Totals, config: ModelConfig) -> str:
    """The text of README.md."""
    source = SOURCES.get(config.data)
    sections = [
        _front_matter(plan, source.licence if source else None),
        f"# {_title(plan)}",
        "No person drew these images: a neural network minted each, asked for the class that is its label.\n\n"
        "![Samples, one row per class](samples.png)",
        _facts(plan, totals, config),
        "## Classes\n\n" + _class_table(plan, totals),
        "## What is known of every image\n\n" + _columns(plan),
        "## Reading it\n\n" + _usage(plan),
        "## Limits\n\n"
        + "\n".join(f"- {limit}" for limit in _limits(plan, config, source.title if source else None)),
    ]
    if source:
        sections.append(
            f"## Licence\n\n{source.licence}, that of the data which the generator learnt from: {source.title} "
            f"({source.authors})."
        )
    return "\n\n".join(sections) + "\n"


def _front_matter(plan: Plan, licence: str | None) -> str:
    """Facts for machines. Strings are written as JSON, which YAML includes."""
    title = json.dumps(_title(plan), ensure_ascii=False)
    lines = [
        f"license: {licence.lower().replace(' ', '-') if licence else 'unknown'}",
        f"pretty_name: {title}",
    ]
    lines += ["task_categories:", "- image-classification", "size_categories:", f"- {_size(plan.num_images)}"]
    lines += ["tags:", "- synthetic", "- inkmint"]
    if plan.format in _LOADABLE:
        lines += ["configs:", "- config_name: default", "  data_files:", "  - split: train"]
        lines += [f"    path: {_LOADABLE[plan.format]}", "dataset_info:", "  features:"]
        kinds = column_kinds(plan) if plan.format == "parquet" else {"label": CLASS}
        for name, feature in features_of(plan.class_names, kinds).items():
            lines.append(f"  - name: {name}")
            lines += _yaml_type(feature)
    return "\n".join(["---", *lines, "---"])


def _yaml_type(feature: dict[str, Any]) -> list[str]:
    if "names" not in feature:
        return [f"    dtype: {feature.get('dtype', 'image')}"]
    names = [f"          '{label}': {json.dumps(name)}" for label, name in enumerate(feature["names"])]
    return ["    dtype:", "      class_label:", "        names:", *names]


def _title(plan: Plan) -> str:
    return f"{plan.num_images:,} images minted by {plan.generator}"


def _size(num_images: int) -> str:
    return next((name for bound, name in _SIZES if num_images < bound), _LARGER)


def _facts(plan: Plan, totals: Totals, config: ModelConfig) -> str:
    filtered = "none: every image drawn is kept"
    if plan.min_confidence is not None:
        filtered = (
            f"an image is kept if the judge's confidence in its label is {plan.min_confidence:g} or more, and drawn "
            f"again if not; {sum(totals.rejected):,} were rejected"
        )
    judged = "none: nobody has looked at these images"
    if plan.judge:
        confidence, read = totals.overall(totals.confidence), totals.overall(totals.read_as_asked)
        judged = (
            f"`{plan.judge}`, weights `{plan.judge_sha256}`; mean confidence in the label {_number(confidence)}, "
            f"read as asked {_share(read)}"
        )
    rows = {
        "images": f"{plan.num_images:,}, 28x28 grey, ink bright on dark",
        "generator": f"`{plan.generator}`, recipe `{config.recipe}`, learnt from `{config.data}`, seed {config.seed}",
        "its weights": f"SHA-256 `{plan.generator_sha256}`",
        "seed": str(plan.seed),
        "shards": f"{plan.num_shards:,} of up to {plan.shard_size:,} images",
        "judge": judged,
        "filter": filtered,
        "minted with": f"inkmint {__version__}, torch {torch.__version__}",
    }
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {text} |" for name, text in rows.items())])


def _class_table(plan: Plan, totals: Totals) -> str:
    lines = ["| class | images | mean confidence | read as asked | rejected |", "|---|--:|--:|--:|--:|"]
    shown = shown_classes(len(plan.class_names))
    for label in shown:
        figures = (_number(totals.confidence[label]), _share(totals.read_as_asked[label]))
        name = plan.class_names[label].replace("|", "\\|")
        lines.append(
            f"| {name} | {totals.counts[label]:,} | {' | '.join(figures)} | {totals.rejected[label]:,} |"
        )
    if len(shown) < len(plan.class_names):
        lines.append(f"\n{len(shown)} of {len(plan.class_names):,} classes, evenly spaced.")
    return "\n".join(lines)


def _columns(plan: Plan) -> str:
    place = {
        "folder": f"In the `{TABLE_NAME}` of every shard, a row per picture:",
        "idx": "In a `.csv` beside every pair of IDX files, a row per image in their order:",
        "npz": "In arrays of every `.npz` file beside `images`, and the labels in `labels`:",
        "parquet": "In columns of every file:",
    }
    meanings = {
        "label": "the class that was asked for",
        "index": "its place among all images",
        "seed": "its own: `inkmint sample GENERATOR -n 1 --digit LABEL --seed SEED` mints it again, but for a "
        "level of grey here and there",
        "shard": "the number of the file",
        "generator_sha256": "the weights that drew it",
        "confidence": "the probability that the judge gives to the label",
        "read": "the class that the judge reads",
    }
    return "\n".join(
        [place[plan.format], "", *(f"- `{name}`: {meanings[name]}" for name in column_kinds(plan))]
    )


def _usage(plan: Plan) -> str:
    lines = ["    inkmint train lenet-quick --data THIS_FOLDER", "    inkmint evaluate THIS_FOLDER"]
    if plan.format in _LOADABLE:
        lines += ["", "In Python:", "", "    from datasets import load_dataset"]
        lines += ['    digits = load_dataset("THIS_FOLDER", split="train")']
    return "\n".join(lines)


def _limits(plan: Plan, config: ModelConfig, source: str | None) -> list[str]:
    limits = [
        f"They look like what the generator learnt from, {source or f'`{config.data}`'}, and like nothing else.",
        "A label is what was asked for. Some images show another class, or none.",
        "How varied they are, and whether training on them helps, is not told by this card: "
        "`inkmint evaluate THIS_FOLDER --tstr` measures it.",
        "The bytes can be had again with the same inkmint, libraries and kind of processor; elsewhere sums may be "
        "rounded differently, and single pixels differ by a level of grey.",
    ]
    if plan.judge:
        limits.append(
            "Confidence is one network's opinion. It is a recogniser too, and another may be right where it is wrong."
        )
    if plan.min_confidence is not None:
        limits.append(
            "The filter keeps what is easy to read, so these are less varied than what the generator draws."
        )
    return limits


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _share(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.2f} %"
