"""Claims on trials: each to one worker, taken over from those that are gone, and never ended twice."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from inkmint.errors import RunError, SettingsError, StorageError
from inkmint.sweeping import study
from inkmint.sweeping.plan import Plan
from inkmint.sweeping.storage import Store, open_store
from inkmint.sweeping.study import Sweep
from inkmint.sweeping.trial import best_of

MakePlan = Callable[..., Plan]
NAME = "sizes"


def on(store: Store, folder: Path) -> Sweep:
    return Sweep(store, NAME, folder)


def test_a_grid_gives_every_cell_once_and_then_nothing(
    make_plan: MakePlan, store: Store, tmp_path: Path
) -> None:
    sweep, other = on(store, tmp_path), on(open_store(store.place), tmp_path)
    plan = make_plan(is_grid=True)
    for each in (sweep, other):
        each.begin(plan, None)
    seen = []
    for turn in range(4):
        with (sweep, other)[turn % 2].next_claim() as claim:
            assert claim is not None
            seen.append(tuple(claim.settings.values()))
            assert (sweep, other)[turn % 2].finish(claim, (0.5 + turn / 10,), 1.0)
    assert seen == [(20, 0.01), (20, 0.1), (40, 0.01), (40, 0.1)]
    with other.next_claim() as claim:
        assert claim is None
    assert sweep.is_done()
    best = best_of(other.trials(), sweep.metric)
    assert best is not None
    assert (best.number, best.value, best.seconds) == (3, 0.8, 1.0)


def test_a_trial_at_work_is_not_given_twice_and_one_given_up_is_taken_over(
    make_plan: MakePlan, store: Store, tmp_path: Path
) -> None:
    sweep, other = on(store, tmp_path), on(open_store(store.place), tmp_path)
    sweep.begin(make_plan(), 1)
    with sweep.next_claim() as claim:
        assert claim is not None
        assert not claim.taken_over
        with other.next_claim() as theirs:
            assert theirs is None
    with other.next_claim() as theirs:  # the lock is free, as if the first were killed
        assert theirs is not None
        assert theirs.taken_over
        assert (theirs.number, theirs.settings) == (claim.number, claim.settings)
        assert not sweep.beat(claim, 1, 0.5)
        assert not sweep.finish(claim, (0.1,), 1.0)
        sweep.give_up(claim)  # which is not the first's to give
        assert other.beat(theirs, 1, 0.25)
        assert other.finish(theirs, (0.2, 0.4), 2.0)
    (trial,) = sweep.trials()
    assert (trial.state, trial.values) == ("done", (0.2, 0.4))
    assert trial.value == pytest.approx(0.3)


def test_from_another_machine_a_trial_is_taken_over_after_silence_only(
    make_plan: MakePlan, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = on(store, tmp_path / "here"), on(open_store(store.place), tmp_path / "there")
    here.begin(make_plan(), 1)
    with here.next_claim() as claim:
        assert claim is not None
    with there.next_claim() as theirs:
        assert theirs is None  # its lock cannot be seen from there, and it was only just begun
    now = study.time.monotonic()
    monkeypatch.setattr(study.time, "monotonic", lambda: now + study.SILENCE_SEC - 1)
    here.beat(claim, 1, 0.1)
    with there.next_claim() as theirs:
        assert theirs is None
    monkeypatch.setattr(study.time, "monotonic", lambda: now + study.SILENCE_SEC + 1)
    with there.next_claim() as theirs:
        assert theirs is None  # the beat that was seen a moment ago counts
    monkeypatch.setattr(study.time, "monotonic", lambda: now + 2 * study.SILENCE_SEC + 1)
    with there.next_claim() as theirs:
        assert theirs is not None
        assert theirs.taken_over
    assert not here.beat(claim, 2, 0.2)


def test_one_killed_while_it_began_a_trial_leaves_it_whole(
    make_plan: MakePlan, store: Store, tmp_path: Path
) -> None:
    sweep = on(store, tmp_path)
    sweep.begin(make_plan("batch_size=10..40", "average=0.0..0.9"), 1)
    sweep.study().ask()  # neither settings nor holder were written any more
    with sweep.next_claim() as claim:
        assert claim is not None
        assert set(claim.settings) == {"batch_size", "average"}
    assert len(sweep.trials()) == 1


def test_one_killed_while_it_began_a_grid_leaves_the_other_cells_to_the_next(
    make_plan: MakePlan, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import optuna

    enqueue, left = optuna.Study.enqueue_trial, [None] * 3

    def die_in_the_end(self: optuna.Study, cell: dict[str, object]) -> None:
        left.pop()
        if not left:
            raise KeyboardInterrupt
        enqueue(self, cell)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(optuna.Study, "enqueue_trial", die_in_the_end)
        on(store, tmp_path).begin(make_plan(is_grid=True), None)
    sweep = on(store, tmp_path)
    sweep.begin(make_plan(is_grid=True), None)
    assert [tuple(trial.settings.values()) for trial in sweep.trials()] == [
        (20, 0.01),
        (20, 0.1),
        (40, 0.01),
        (40, 0.1),
    ]


def test_a_search_depends_on_its_seed_and_the_number_of_the_trial(
    make_plan: MakePlan, tmp_path: Path
) -> None:
    def first_three(name: str, seed: int) -> list[dict[str, object]]:
        sweep = Sweep(open_store(str(tmp_path / name)), NAME, tmp_path / f"{name}-runs")
        sweep.begin(make_plan("batch_size=10..40", "average=0.0..0.9", seed=seed), 3)
        for _ in range(3):
            with sweep.next_claim() as claim:
                assert claim is not None
                sweep.finish(claim, (0.5,), 1.0)
        return [dict(trial.settings) for trial in sweep.trials()]

    once = first_three("a", seed=0)
    assert once == first_three("b", seed=0)
    assert once != first_three("c", seed=1)
    assert len({json.dumps(settings) for settings in once}) == 3


def test_a_sweep_is_extended_and_never_cut(make_plan: MakePlan, store: Store, tmp_path: Path) -> None:
    sweep = on(store, tmp_path)
    for asked, wanted in ((3, 3), (None, 3), (5, 5), (2, 5)):
        sweep.begin(make_plan("batch_size=10..40"), asked)
        assert sweep.num_trials == wanted


def test_a_broken_trial_counts_as_ended_and_is_not_the_best(
    make_plan: MakePlan, store: Store, tmp_path: Path
) -> None:
    sweep = on(store, tmp_path)
    sweep.begin(make_plan(), 1)
    with sweep.next_claim() as claim:
        assert claim is not None
        sweep.finish(claim, (), None, "Training broke down.")
    (trial,) = sweep.trials()
    assert (trial.state, trial.error, trial.value) == ("broken", "Training broke down.", None)
    assert sweep.is_done()
    assert best_of(sweep.trials(), sweep.metric) is None


def test_other_plans_folders_and_studies_are_refused(
    make_plan: MakePlan, store: Store, tmp_path: Path
) -> None:
    import optuna

    sweep = on(store, tmp_path)
    with pytest.raises(RunError, match="There is no sweep 'sizes'"):
        _ = sweep.plan
    sweep.begin(make_plan(), 1)
    for other in (make_plan(num_seeds=2), make_plan("batch_size=20,30"), make_plan(epochs=3)):
        with pytest.raises(
            SettingsError, match=r"'sizes' was begun with another .*; join it with `inkmint sweep"
        ):
            sweep.begin(other, 1)
    (tmp_path / "old" / "trial-0000").mkdir(parents=True)
    fresh = Sweep(open_store(str(tmp_path / "other.journal")), NAME, tmp_path / "old")
    with pytest.raises(RunError, match="holds trials of an earlier sweep"):
        fresh.begin(make_plan(), 1)
    optuna.create_study(storage=store.trials, study_name="theirs").ask()
    with pytest.raises(RunError, match="of another program"):
        Sweep(store, "theirs", tmp_path / "new").begin(make_plan(), 1)


def test_half_a_line_of_a_killed_writer_is_cut_off(make_plan: MakePlan, store: Store, tmp_path: Path) -> None:
    on(store, tmp_path).begin(make_plan(is_grid=True), None)
    with Path(store.place).open("ab") as file:
        file.write(b'{"op_code": 5, "wor')
    sweep = on(open_store(store.place), tmp_path)
    with sweep.next_claim() as claim:
        assert claim is not None
        assert sweep.finish(claim, (0.5,), 1.0)
    assert on(open_store(store.place), tmp_path).trials()[0].state == "done"


def test_what_is_no_journal_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine\n")
    with pytest.raises(StorageError, match=r"notes.txt is no journal of a sweep"):
        open_store(str(tmp_path / "notes.txt"))
    with pytest.raises(StorageError, match="is a folder"):
        open_store(str(tmp_path))
    assert (tmp_path / "notes.txt").read_text() == "mine\n"


def test_a_server_that_is_not_there_and_other_servers_are_refused() -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(
        StorageError, match=r"postgresql://me:\*\*\*@127.0.0.1:1/x cannot be used .*check that it runs"
    ) as told:
        open_store("postgresql://me:secret@127.0.0.1:1/x")
    assert "secret" not in str(told.value)
    for address in ("mysql://host/x", "sqlite:///x.db"):
        with pytest.raises(SettingsError, match="is no storage for sweeps"):
            open_store(address)


def test_without_optuna_one_sentence_says_what_to_install(tmp_path: Path) -> None:
    hidden = "import sys; sys.modules['optuna'] = None; from inkmint.cli.main import main; main(sys.argv[1:])"
    told = subprocess.run(
        [sys.executable, "-c", hidden, "sweep", "lenet-quick", "x"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert told.returncode == 2
    assert (
        told.stderr
        == "inkmint: Sweeps need Optuna, which is not installed; run: pip install 'inkmint[sweep]'\n"
    )
