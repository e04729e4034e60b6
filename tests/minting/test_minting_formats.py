"""Shards in every format: what is written reads back, also as training data and as digits to measure."""

import csv
import errno
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from pyarrow import parquet

from inkmint.data.digits import DigitSet
from inkmint.data.minted import read_minted
from inkmint.data.parquet import features_of, read_parquet, write_parquet
from inkmint.data.plan import Plan
from inkmint.data.shards import FORMATS, Shard, column_kinds
from inkmint.data.sources import load_splits
from inkmint.errors import DataError, SettingsError, StorageError
from inkmint.evaluation.judge import NamedJudge
from inkmint.evaluation.subjects import holds_digits, read_digits
from inkmint.minting.draw import draw_shard
from inkmint.minting.job import Job
from inkmint.minting.session import make_plan
from inkmint.models import Generator

Contents = Callable[[Path], dict[str, bytes]]


@pytest.fixture(scope="module")
def plan(tiny: Generator, judge: NamedJudge) -> Plan:
    return make_plan(tiny, judge, (7,) * 10, shard_size=40)


@pytest.fixture(scope="module")
def shards(plan: Plan, tiny: Generator, judge: NamedJudge) -> list[Shard]:
    return [draw_shard(plan, number, tiny, judge).shard for number in range(2)]


@pytest.fixture(params=FORMATS)
def job(request: pytest.FixtureRequest, plan: Plan, tmp_path: Path) -> Job:
    return Job.open(tmp_path / "job", plan.model_copy(update={"format": request.param}))


def write(job: Job, shards: list[Shard]) -> None:
    for shard in shards:
        job.format.write(shard, job.format.paths(job.path, shard.number))


def table(digits: DigitSet) -> list[tuple[int, bytes]]:
    """Labels and pixels in an order that does not depend on how the files are named."""
    pairs = zip(digits.labels.tolist(), digits.images, strict=True)
    return sorted((label, image.numpy().tobytes()) for label, image in pairs)


def test_a_job_reads_back_as_digits_and_as_training_data(job: Job, shards: list[Shard]) -> None:
    write(job, shards)
    expected = [pair for shard in shards for pair in table(shard.digits)]
    assert table(read_minted(job.path)) == sorted(expected)
    assert holds_digits(str(job.path))
    assert table(read_digits(job.path)) == sorted(expected)
    splits = load_splits(str(job.path))
    assert [len(splits.train), len(splits.validation), len(splits.test)] == [50, 10, 10]
    assert splits.train.class_names == shards[0].digits.class_names


def test_the_same_shard_gives_the_same_bytes(job: Job, shards: list[Shard], contents: Contents) -> None:
    write(job, shards[:1])
    first = contents(job.path)
    again = Job.open(job.path.with_name("again"), job.plan)
    write(again, shards[:1])
    assert contents(again.path) == first


def records(job: Job, shard: int) -> list[dict[str, str]]:
    """What a shard's files keep of every image, as text, in the order of the images."""
    paths = job.format.paths(job.path, shard)
    if job.plan.format == "npz":
        with np.load(paths[0]) as file:
            names = {"label": "labels"} | {name: name for name in column_kinds(job.plan) if name != "label"}
            rows = zip(*(map(str, file[key]) for key in names.values()), strict=True)
            return [dict(zip(names, row, strict=True)) for row in rows]
    if job.plan.format == "parquet":
        names = list(column_kinds(job.plan))
        return [
            {name: str(value) for name, value in row.items()}
            for row in parquet.read_table(paths[0], columns=names).to_pylist()
        ]
    path = paths[-1] / "manifest.csv" if job.plan.format == "folder" else paths[-1]
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_image_carries_its_record(job: Job, shards: list[Shard]) -> None:
    write(job, shards)
    for shard in shards:
        kept = records(job, shard.number)
        assert len(kept) == len(shard.digits)
        for place, record in enumerate(kept):
            assert record.pop("generator_sha256") == job.plan.generator_sha256
            assert shard.confidence is not None
            assert shard.read is not None
            assert np.float32(record.pop("confidence")) == shard.confidence[place]
            if "file_name" in record:
                picture = job.format.paths(job.path, shard.number)[0] / record.pop("file_name")
                assert np.array_equal(np.array(Image.open(picture)), shard.digits.images[place].numpy())
            whole = {name: int(value) for name, value in record.items()}
            assert whole == {
                "label": int(shard.digits.labels[place]),
                "index": shard.first + place,
                "seed": shard.seeds[place],
                "shard": shard.number,
                "read": shard.read[place],
            }


def test_without_a_judge_nothing_is_said_of_confidence(job: Job, shards: list[Shard]) -> None:
    unjudged = Job(job.path, job.plan.model_copy(update={"judge": None, "judge_sha256": None}))
    write(unjudged, [replace(shards[0], confidence=None, read=None)])
    assert records(unjudged, 0)[0].keys() - {"file_name"} == column_kinds(unjudged.plan).keys()
    assert not {"confidence", "read"} & column_kinds(unjudged.plan).keys()


def test_an_unfinished_job_is_no_data_yet(job: Job, shards: list[Shard]) -> None:
    write(job, shards[1:])
    with pytest.raises(DataError, match=r"has 1 of 2 shards; go on with the same inkmint mint command"):
        read_minted(job.path)


def test_a_damaged_shard_is_refused(job: Job, shards: list[Shard]) -> None:
    write(job, shards)
    path = job.format.paths(job.path, 1)[0]
    path = next(path.rglob("*.png")) if path.is_dir() else path
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(DataError, match=path.name):
        read_minted(job.path)


def test_a_full_disk_leaves_no_part_of_a_shard(
    job: Job,
    plan: Plan,
    tiny: Generator,
    judge: NamedJudge,
    contents: Contents,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn = draw_shard(plan, 0, tiny, judge)

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patches:
        patches.setattr(os, "fsync", full)
        patches.setattr(Image.Image, "save", full if job.plan.format == "folder" else Image.Image.save)
        with pytest.raises(StorageError, match="disk is full"):
            job.save(drawn)
    assert set(contents(job.path)) == {"mint.json"}
    assert not job.is_complete(0)
    job.save(drawn)
    assert job.is_complete(0)


# Parquet by itself


def test_the_schema_tells_datasets_of_images_and_classes(
    plan: Plan, shards: list[Shard], tmp_path: Path
) -> None:
    job = Job.open(tmp_path / "job", plan.model_copy(update={"format": "parquet"}))
    write(job, shards[:1])
    schema = parquet.read_schema(job.format.paths(job.path, 0)[0])
    features = json.loads(schema.metadata[b"huggingface"])["info"]["features"]
    assert features == features_of(plan.class_names, column_kinds(plan))
    assert features["image"] == {"_type": "Image"}
    assert features["label"] == {"names": list("0123456789"), "_type": "ClassLabel"}
    assert list(features) == schema.names


def test_a_parquet_file_is_a_data_source(shards: list[Shard], tmp_path: Path) -> None:
    named = replace(shards[0].digits, class_names=tuple("abcdefghij"))
    write_parquet(named, tmp_path / "a.parquet")
    found = read_parquet(tmp_path / "a.parquet")
    assert torch.equal(found.images, named.images)
    assert torch.equal(found.labels, named.labels)
    assert found.class_names == named.class_names
    assert holds_digits(str(tmp_path / "a.parquet"))
    assert len(read_digits(tmp_path / "a.parquet")) == 40
    assert load_splits(str(tmp_path / "a.parquet")).train.counts() == [2] * 10


def test_parquet_files_of_others_are_read_or_refused(shards: list[Shard], tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    write_parquet(shards[0].digits, path)
    whole = parquet.read_table(path)
    parquet.write_table(whole.select(["label", "image"]).replace_schema_metadata(None), path)
    assert read_parquet(path).class_names == tuple("0123456789")
    parquet.write_table(whole.select(["label"]), path)
    with pytest.raises(DataError, match="has the columns label; name the one of pictures image"):
        read_parquet(path)
    parquet.write_table(whole.set_column(0, "image", whole["label"]), path)
    with pytest.raises(DataError, match="has no pictures in its column image"):
        read_parquet(path)
    path.write_bytes(b"PAR1")
    with pytest.raises(DataError, match="cannot be read as a Parquet file"):
        read_parquet(path)
    with pytest.raises(DataError, match="does not exist"):
        read_parquet(tmp_path / "none.parquet")


def test_without_pyarrow_one_sentence_says_what_to_install(
    tiny: Generator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(SettingsError, match=r"pip install 'inkmint\[parquet\]'"):
        make_plan(tiny, None, (1,) * 10, file_format="parquet")
    with pytest.raises(SettingsError, match=r"pip install 'inkmint\[parquet\]'"):
        read_parquet(tmp_path / "a.parquet")
