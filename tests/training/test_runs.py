"""The run folder: numbering, the lock, and what happens to damaged files."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from inkmint.errors import RunError, StorageError
from inkmint.recipes import RECIPES
from inkmint.training.runs import FORMAT, Run, RunConfig, differences

STATE = {
    "step": 3,
    "seconds": 1.5,
    "networks": {"recogniser": {"weight": torch.arange(300.0)}},
    "average": None,
}


def config() -> RunConfig:
    return RunConfig(
        recipe=RECIPES["hao2020/lenet"],
        data="few",
        data_fingerprint="0123456789abcdef",
        class_names=tuple("0123456789"),
        seed=0,
        device="cpu",
        threads=1,
        workers=1,
    )


@pytest.fixture
def run(tmp_path: Path) -> Run:
    run = Run.create(tmp_path / "run")
    run.write_config(config())
    return run


def test_runs_are_numbered_after_the_highest_number_there_is(tmp_path: Path) -> None:
    paths = [Run.create_numbered(tmp_path / "runs", "a-s0").path.name for _ in range(3)]
    assert paths == ["a-s0-0001", "a-s0-0002", "a-s0-0003"]
    (tmp_path / "runs" / "a-s0-0001").rmdir()
    (tmp_path / "runs" / "a-s0-0007").mkdir()
    (tmp_path / "runs" / "a-s0-notes").mkdir()
    assert Run.create_numbered(tmp_path / "runs", "a-s0").path.name == "a-s0-0008"
    assert Run.create_numbered(tmp_path / "runs", "b-s0").path.name == "b-s0-0001"


def test_after_ten_thousand_runs_numbers_grow_longer(tmp_path: Path) -> None:
    (tmp_path / "a-9999").mkdir()
    assert [Run.create_numbered(tmp_path, "a").path.name for _ in range(2)] == ["a-10000", "a-10001"]


def test_a_named_run_does_not_replace_an_earlier_one(run: Run) -> None:
    with pytest.raises(StorageError, match="in the way"):
        Run.create(run.path)


@pytest.mark.parametrize("name", ["absent", ""])
def test_a_folder_without_a_configuration_is_no_run(name: str, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="not a run folder"):
        Run.open(tmp_path / name)


def test_the_environment_is_that_of_the_run_or_refused(run: Run) -> None:
    path = run.path / "environment.json"
    path.write_text('{"threads": 7}')
    assert run.read_environment() == {"threads": 7}
    path.write_text("{")
    with pytest.raises(RunError, match="missing or damaged"):
        run.read_environment()
    path.unlink()
    with pytest.raises(RunError, match="missing or damaged"):
        run.read_environment()


def test_a_configuration_survives(run: Run) -> None:
    assert Run.open(run.path).read_config() == config()
    assert json.loads((run.path / "environment.json").read_text())["threads"] == torch.get_num_threads()


HOLD = """
import sys, time
from pathlib import Path
from inkmint.training.runs import Run

with Run(Path(sys.argv[1])).locked():
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(run: Run) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the run."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(run.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_run_is_held_by_one_process_and_free_again_once_that_is_killed(
    run: Run, holder: subprocess.Popen[str]
) -> None:
    with pytest.raises(RunError, match="in use by another process"), run.locked():
        pass
    holder.kill()
    holder.wait()
    with run.locked():
        pass


def test_within_one_process_a_run_is_held_once(run: Run) -> None:
    with run.locked(), pytest.raises(RunError, match="in use"), Run(run.path).locked():
        pass
    with run.locked():
        pass


def records(*steps: int) -> list[dict[str, Any]]:
    return [{"step": step, "losses": {"a": step / 3}} for step in steps]


def test_records_of_repeated_steps_are_forgotten(run: Run) -> None:
    for record in records(1, 2, 2, 3, 4):
        run.append_metrics(record)
    run.forget_after(2)
    assert run.read_metrics() == records(1, 2, 2)


@pytest.mark.parametrize("torn", ['{"step": 3, "los', '{"step": 3', "\0\0\0", '{"step": 3}{'])
def test_a_last_line_cut_off_by_a_crash_is_left_out_and_repaired(run: Run, torn: str) -> None:
    for record in records(1, 2):
        run.append_metrics(record)
    with run.metrics_path.open("a") as file:
        file.write(torn)
    assert run.read_metrics() == records(1, 2)
    run.forget_after(2)
    run.append_metrics(records(3)[0])
    assert run.read_metrics() == records(1, 2, 3)


def test_a_run_without_records_or_status_has_none(run: Run) -> None:
    assert run.read_metrics() == []
    assert run.read_status() == {}
    run.forget_after(0)
    assert run.read_metrics() == []


def test_a_status_is_kept_with_its_details(run: Run) -> None:
    run.write_status("failed", step=7, error="too hot")
    status = run.read_status()
    assert (status["state"], status["step"], status["error"]) == ("failed", 7, "too hot")


def test_another_layout_is_refused_and_both_versions_named(run: Run) -> None:
    path = run.path / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": FORMAT + 1, "inkmint": "9.9"}))
    with pytest.raises(RunError, match=rf"version {FORMAT + 1}.*version {FORMAT}.*9\.9"):
        run.read_config()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        "7",
        "{}",
        f'{{"format": {FORMAT}}}',
        f'{{"format": {FORMAT}, "recipe": {{"name": "x"}}}}',
        f'{{"format": {FORMAT}, "recipe": {{"model": "none"}}}}',
        "\ufeff\ufeff",
    ],
)
def test_a_damaged_configuration_is_refused(run: Run, text: str) -> None:
    (run.path / "config.json").write_text(text, encoding="utf-8")
    with pytest.raises(RunError, match="damaged"):
        run.read_config()


def test_a_configuration_that_is_no_text_is_refused(run: Run) -> None:
    (run.path / "config.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RunError, match="damaged"):
        run.read_config()


def test_a_run_without_a_checkpoint_has_none(run: Run) -> None:
    assert run.load_checkpoint() is None


def test_a_checkpoint_survives_and_replaces_the_earlier_one(run: Run) -> None:
    for step in (1, 2):
        run.save_checkpoint({**STATE, "step": step})
    state = run.load_checkpoint()
    assert state is not None
    assert state["step"] == 2
    assert torch.equal(state["networks"]["recogniser"]["weight"], torch.arange(300.0))
    assert [path.name for path in run.checkpoint_path.parent.iterdir()] == ["last.pt"]


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.999])
def test_a_checkpoint_that_was_cut_off_is_refused(run: Run, share: float) -> None:
    run.save_checkpoint(STATE)
    content = run.checkpoint_path.read_bytes()
    run.checkpoint_path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(RunError, match="damaged"):
        run.load_checkpoint()


def test_a_byte_that_changed_on_the_disk_is_noticed_wherever_it_matters(run: Run) -> None:
    run.save_checkpoint(STATE)
    content = run.checkpoint_path.read_bytes()
    num_refused = 0
    for place in range(0, len(content), 3):
        changed = bytearray(content)
        changed[place] ^= 0x41
        run.checkpoint_path.write_bytes(changed)
        try:
            state = run.load_checkpoint()
        except RunError:
            num_refused += 1
        else:
            assert state is not None
            assert torch.equal(state["networks"]["recogniser"]["weight"], torch.arange(300.0)), place
            assert {**state, "networks": None} == {**STATE, "networks": None}, place
    assert num_refused > 400  # of 1,200 bytes of weights, every third


def test_a_checkpoint_that_would_run_code_is_refused(run: Run) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (run.path / "sprung",))

    run.checkpoint_path.parent.mkdir()
    torch.save({"step": Trap()}, run.checkpoint_path)
    with pytest.raises(RunError):
        run.load_checkpoint()
    assert not (run.path / "sprung").exists()


def test_a_failed_write_keeps_the_last_checkpoint(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run.save_checkpoint(STATE)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(StorageError, match="disk is full"):
        run.save_checkpoint({**STATE, "step": 4})
    monkeypatch.undo()
    state = run.load_checkpoint()
    assert state is not None
    assert state["step"] == 3


def test_what_a_killed_writer_left_is_swept_and_nothing_else(run: Run) -> None:
    run.save_checkpoint(STATE)
    leftover = run.checkpoint_path.parent / ".unfinished-last.pt.xyz.pt"
    leftover.write_bytes(b"half")
    before = {path for path in run.path.rglob("*") if path != leftover}
    run.sweep()
    assert set(run.path.rglob("*")) == before


def test_differences_are_named_by_their_dotted_fields() -> None:
    one = {"seed": 0, "recipe": {"epochs": 3, "options": {"a": 1}}, "same": 5}
    other = {"seed": 1, "recipe": {"epochs": 4, "options": {}}, "same": 5}
    assert list(differences(one, other)) == [
        ("recipe.epochs", 3, 4),
        ("recipe.options.a", 1, None),
        ("seed", 0, 1),
    ]
