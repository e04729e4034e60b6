"""A job by one process, by several, killed and resumed: always the same bytes."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from inkmint.errors import DataError, Interrupted, ModelError, RunError, SettingsError, StorageError
from inkmint.minting import session
from inkmint.minting.job import Job
from inkmint.minting.session import Minted
from inkmint.minting.work import work

Contents = Callable[[Path], dict[str, bytes]]
COUNTS = (40, 3, *(20,) * 8)


@pytest.fixture(scope="module")
def mint(tiny_path: Path) -> Callable[..., Minted]:
    def start(path: Path, **options: Any) -> Minted:
        return session.mint(tiny_path, path, COUNTS, **({"shard_size": 25} | options))

    return start


Mint = Callable[..., Minted]


@pytest.fixture(scope="module")
def whole(mint: Mint, tmp_path_factory: pytest.TempPathFactory) -> Minted:
    """The job as one process does it."""
    return mint(tmp_path_factory.mktemp("whole") / "job")


def test_counts_are_exact_and_the_card_tells_them(whole: Minted, contents: Contents) -> None:
    assert whole.totals is not None
    assert whole.totals.counts == COUNTS
    assert whole.num_minted == sum(COUNTS)
    assert {"README.md", "manifest.json", "mint.json", "samples.png", "data/shard-00008.npz"} <= set(
        contents(whole.job.path)
    )
    card = (whole.job.path / "README.md").read_text()
    assert card.startswith("---\nlicense: unknown\n")  # learnt from a test's own digits
    assert "- n<1K\n" in card
    assert "| 1 | 3 |" in card
    assert whole.job.plan.generator_sha256 in card
    assert "judge-v1" in card
    with Image.open(whole.job.path / "samples.png") as sheet:
        assert sheet.width > 280


def test_the_manifest_knows_every_file(whole: Minted) -> None:
    from inkmint.files import sha256_file

    manifest = json.loads((whole.job.path / "manifest.json").read_text())
    assert manifest["num_images"] == sum(COUNTS)
    assert len(manifest["sha256"]) == whole.job.plan.num_shards == 9
    for file, sha256 in manifest["sha256"].items():
        assert sha256_file(whole.job.path / file) == sha256


def test_three_processes_of_which_one_is_killed_write_the_same_bytes(
    mint: Mint, whole: Minted, contents: Contents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # where the processes do not begin
    killed: list[int] = []

    def kill_one(num_done: int, _: int) -> None:
        if num_done and not killed:
            killed.append(multiprocessing.active_children()[0].pid or 0)
            os.kill(killed[0], signal.SIGKILL)

    minted = mint(Path("job"), num_processes=3, progress=kill_one)
    assert killed
    assert minted.num_lost == 1
    assert contents(tmp_path / "job") == contents(whole.job.path)


def test_when_all_processes_are_killed_the_same_call_goes_on(
    mint: Mint, whole: Minted, contents: Contents, tmp_path: Path
) -> None:
    def kill_all(num_done: int, _: int) -> None:
        for child in multiprocessing.active_children() if num_done else ():
            child.kill()

    with pytest.raises(RunError, match="All 2 processes ended before their work"):
        mint(tmp_path / "job", num_processes=2, progress=kill_all)
    mint(tmp_path / "job")
    assert contents(tmp_path / "job") == contents(whole.job.path)


def test_a_command_killed_at_work_goes_on_to_the_same_bytes(
    whole: Minted, tiny_path: Path, contents: Contents, tmp_path: Path
) -> None:
    path = tmp_path / "job"
    counts = ",".join(f"{label}={count}" for label, count in enumerate(COUNTS))
    command = [
        sys.executable,
        "-m",
        "inkmint",
        "mint",
        str(tiny_path),
        "--counts",
        counts,
        "--shard-size",
        "25",
    ]
    command += ["-o", str(path), "--processes", "1"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and len(list(path.glob("records/*"))) < 2:
        time.sleep(0.002)
    process.kill()
    process.wait()
    assert process.returncode == -signal.SIGKILL
    assert not (path / "README.md").exists()
    (path / "data" / ".unfinished-shard-00005.npz.x.npz").write_bytes(b"left behind")
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "212" not in done.stdout
    assert "203 images by acgan-sa in 9 shards" in done.stdout
    assert contents(path) == contents(whole.job.path)


def test_ctrl_c_leaves_a_job_that_goes_on(
    mint: Mint, whole: Minted, contents: Contents, tmp_path: Path
) -> None:
    def interrupt(num_done: int, _: int) -> None:
        if num_done > 60:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted, match="Stopped with 2 of 9 shards complete; the same command goes on"):
        mint(tmp_path / "job", progress=interrupt)
    minted = mint(tmp_path / "job")
    assert minted.num_minted == sum(COUNTS) - 50
    assert contents(tmp_path / "job") == contents(whole.job.path)


def test_parts_make_the_whole_and_the_last_writes_the_card(
    mint: Mint, whole: Minted, contents: Contents, tmp_path: Path
) -> None:
    first = mint(tmp_path / "job", part=(1, 2))
    assert first.totals is None
    assert first.num_minted == 5 * 25 - (225 - sum(COUNTS))
    assert not (tmp_path / "job" / "README.md").exists()
    last = mint(tmp_path / "job", part=(2, 2))
    assert last.totals == whole.totals
    assert contents(tmp_path / "job") == contents(whole.job.path)


def test_a_finished_job_is_left_as_it_is(mint: Mint, whole: Minted, contents: Contents) -> None:
    before = contents(whole.job.path)
    again = mint(whole.job.path)
    assert again.num_minted == 0
    assert again.totals == whole.totals
    assert contents(whole.job.path) == before


def test_a_shard_that_is_deleted_is_minted_again(
    mint: Mint, whole: Minted, contents: Contents, tmp_path: Path
) -> None:
    mint(tmp_path / "job")
    (tmp_path / "job" / "data" / "shard-00004.npz").unlink()
    assert mint(tmp_path / "job").num_minted == 25
    assert contents(tmp_path / "job") == contents(whole.job.path)


def test_another_seed_makes_other_images(mint: Mint, whole: Minted, tmp_path: Path) -> None:
    other = mint(tmp_path / "job", seed=1)
    sha256 = [{*minted.job.read_record(0).files.values()} for minted in (whole, other)]
    assert sha256[0] != sha256[1]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"seed": 1}, "whose seed is 0, not 1"),
        ({"shard_size": 30}, "whose shard_size is 25, not 30"),
        ({"file_format": "idx"}, "whose format is 'npz', not 'idx'"),
        ({"judge": None}, "whose judge is 'judge-v1', not None"),
        ({"judge": "second-judge-v1"}, "whose judge is 'judge-v1', not 'second-judge-v1'"),
        ({"min_confidence": 0.5}, "whose min_confidence is None, not 0.5"),
    ],
)
def test_another_plan_is_refused_by_the_field(
    mint: Mint, whole: Minted, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(RunError, match=words):
        mint(whole.job.path, **changes)


def test_another_generator_or_other_counts_are_refused(whole: Minted, tiny_path: Path) -> None:
    with pytest.raises(RunError, match=r"whose counts is \(40, 3, .*not \(1, 1, "):
        session.mint(tiny_path, whole.job.path, (1,) * 10, shard_size=25)
    with pytest.raises(RunError, match="whose generator_sha256 is "):
        session.mint("acgan-sa", whole.job.path, COUNTS, shard_size=25)


def test_folders_of_others_are_left_alone(mint: Mint, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(StorageError, match="holds other files; choose a new or empty folder"):
        mint(tmp_path)
    with pytest.raises(StorageError, match="is a file; choose a new or empty folder"):
        mint(tmp_path / "notes.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_claim_is_one_process_s_and_is_free_again_after_it(whole: Minted, tmp_path: Path) -> None:
    first, second = (Job.open(tmp_path / "job", whole.job.plan) for _ in range(2))
    with first.claimed(3) as ours:
        assert ours
        with second.claimed(3) as theirs, second.claimed(4) as other:
            assert not theirs
            assert other
    with second.claimed(3) as theirs:
        assert theirs


def test_who_waits_for_another_takes_over_what_it_leaves(
    mint: Mint, whole: Minted, contents: Contents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Job.open(tmp_path / "job", whole.job.plan)
    claim = other.claimed(2)
    claim.__enter__()

    def give_up(_: float) -> None:
        claim.__exit__(None, None, None)

    monkeypatch.setattr(session.time, "sleep", give_up)
    assert mint(tmp_path / "job").num_minted == sum(COUNTS)
    assert contents(tmp_path / "job") == contents(whole.job.path)


def test_a_damaged_record_names_its_file(mint: Mint, tmp_path: Path) -> None:
    mint(tmp_path / "job", part=(1, 2))
    (tmp_path / "job" / "records" / "shard-00000.json").write_text("{")
    with pytest.raises(RunError, match=r"shard-00000.json is damaged; delete it"):
        mint(tmp_path / "job")
    (tmp_path / "job" / "mint.json").write_text("{")
    with pytest.raises(DataError, match=r"mint.json is damaged"):
        mint(tmp_path / "job")


def test_networks_that_were_replaced_meanwhile_are_refused(whole: Minted, tmp_path: Path) -> None:
    from inkmint.models import Generator

    job = Job.open(tmp_path / "job", whole.job.plan)
    with pytest.raises(ModelError, match="was replaced since"):
        work(job, Generator.from_pretrained("acgan-sa"), None, [0], lambda *_: None, lambda: None)


def test_a_worker_s_refusal_is_told_here(mint: Mint, whole: Minted, tmp_path: Path) -> None:
    Job.open(tmp_path / "job", whole.job.plan)
    (tmp_path / "job" / "data").write_text("")
    with pytest.raises(StorageError, match="a file of that name is in the way"):
        mint(tmp_path / "job", num_processes=2)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"seed": -1}, "The job's seed is -1: input should be greater than or equal to 0"),
        ({"shard_size": 0}, "The job's shard_size is 0: "),
        ({"file_format": "tfrecord"}, "The job's format is 'tfrecord': "),
        ({"min_confidence": 2.0}, "The job's min_confidence is 2.0: "),
        ({"part": (0, 2)}, "0/2 is no part of a job"),
    ],
)
def test_a_library_user_is_refused_as_a_command_is(
    mint: Mint, options: dict[str, Any], words: str, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match=words):
        mint(tmp_path / "job", **options)
    assert not (tmp_path / "job").exists()
