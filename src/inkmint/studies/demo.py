"""The main job from end to end: train, mint, measure, and see whether minted digits teach a recogniser.

runs/demo-0001/
  demo.json             what was run, and how long each step took
  recogniser/  generator/  synthetic-recogniser/  real-recogniser/     run folders
  minted.npz  evaluation/  report.html
"""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from inkmint.data.digits import DigitSet, Splits
from inkmint.data.npz import read_npz, write_npz
from inkmint.errors import RunError, SettingsError
from inkmint.evaluation.judge import NamedJudge, as_judge
from inkmint.evaluation.protocols import accuracy, evaluate_digits
from inkmint.evaluation.record import Evaluation, save_evaluation
from inkmint.evaluation.teaching import train_synthetic_test_real
from inkmint.files import read_json, write_json
from inkmint.models import Generator, Recogniser
from inkmint.recipes import find_recipe
from inkmint.training import session
from inkmint.training.engine import Observer
from inkmint.training.recipe import Recipe
from inkmint.training.runs import Run
from inkmint.training.views import Judge

NUM_MINTED = 10_000
STUDENT_EPOCHS = 20
MINTING_SEED = 1


@dataclass
class Demo:
    """One demonstration in its own folder; what is there already is not done again.

    Args:
        path: The folder.
        splits: Real digits. Recognisers and generator learn from `train`; `test` is for the final figures.
        seed: Of the training runs.
        device: One of `runtime.DEVICES`.
        threads: CPU threads; None for torch's choice.
        judge: Judges the minted digits; None has the reader that is trained here do it, for digits of classes that
            no other judge knows.
        second: Another judge for cross-checking; None does without.
        announce: Told the name of each step as it begins.
        observers: Called with a title; gives the observers of the training run of that title.
    """

    path: Path
    splits: Splits
    seed: int = 0
    device: str = "auto"
    threads: int | None = None
    judge: NamedJudge | None = None
    second: NamedJudge | None = None
    announce: Callable[[str], None] = lambda _: None
    observers: Callable[[str], Sequence[Observer]] = lambda _: ()
    _record: dict[str, Any] = field(default_factory=dict)

    def run(self) -> Evaluation:
        """Do all steps that are not done yet, and keep the record up to date.

        Returns:
            The figures of the minted digits, saved in `evaluation/`.
        """
        self._record = self._opened()
        recogniser = Recogniser.from_pretrained(
            self._train("recogniser", find_recipe("hao2020/lenet-attention-quick"), self.splits).path
        )
        judge = self.judge or as_judge(recogniser)
        watch = judge.recogniser.judge
        generator = Generator.from_pretrained(
            self._train("generator", find_recipe("hu2024/acgan-sa-quick"), self.splits, watch).path
        )
        with self._step("mint digits"):
            minted = self._mint(generator)
        with self._step("measure"):
            evaluation = evaluate_digits(
                minted, self.splits, judge, labelled=True, second=self.second, seeds=(self.seed,)
            )
        student = self._student("synthetic-recogniser", minted)
        rival = self._student("real-recogniser", self._real(len(minted)))
        with self._step("compare"):
            test, seeds = self.splits.test, (self.seed,)
            taught = train_synthetic_test_real(
                [student], [rival], test, learner=student.name, num_train=len(minted), seeds=seeds
            )
            figures = (*evaluation.figures, accuracy(recogniser, test, seeds=seeds), taught)
            evaluation = replace(evaluation, figures=figures)
            save_evaluation(evaluation, self.path)
        return evaluation

    def _opened(self) -> dict[str, Any]:
        path = self.path / "demo.json"
        if not path.exists():
            return {
                "command": " ".join(["inkmint", *sys.argv[1:]]),
                "started": datetime.now(UTC).isoformat(timespec="seconds"),
                "data": self.splits.source,
                "data_fingerprint": self.splits.train.fingerprint,
                "seed": self.seed,
                "seconds": 0.0,
                "steps": [],
                "notes": [],
            }
        try:
            record: dict[str, Any] = read_json(path)
            fits = (record["data_fingerprint"], record["seed"]) == (self.splits.train.fingerprint, self.seed)
        except (ValueError, KeyError, TypeError) as error:
            raise RunError(f"{path} is damaged; start a new demo.") from error
        if not fits:
            raise SettingsError(
                f"{self.path} was begun with the data {record['data']!r} and seed {record['seed']}; give the same."
            )
        return record

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        self.announce(name)
        start = time.perf_counter()
        yield
        steps = [step for step in self._record["steps"] if step["name"] != name]
        self._record["steps"] = [*steps, {"name": name, "seconds": time.perf_counter() - start}]
        self._record["seconds"] = sum(step["seconds"] for step in self._record["steps"])
        write_json(self.path / "demo.json", self._record)

    def _train(self, name: str, recipe: Recipe, splits: Splits, judge: Judge | None = None) -> Run:
        run = Run(self.path / name)
        if run.read_status().get("state") == "finished" and run.model_path.exists():
            return run
        with self._step(f"train {name}"):
            observers = self.observers(name)
            if (run.path / "config.json").exists():
                return session.resume(run, splits, judge=judge, observers=observers)
            return session.train(
                recipe,
                splits,
                self.path,
                name=name,
                seed=self.seed,
                device=self.device,
                threads=self.threads,
                judge=judge,
                observers=observers,
            )

    def _mint(self, generator: Generator) -> DigitSet:
        path = self.path / "minted.npz"
        if not path.exists():
            minted = generator.mint(min(NUM_MINTED, len(self.splits.train)), seed=MINTING_SEED)
            write_npz(minted, path)
        return replace(read_npz(path), name="minted digits")

    def _student(self, name: str, digits: DigitSet) -> Recogniser:
        recipe = find_recipe("hao2020/lenet-attention-quick").derive(epochs=STUDENT_EPOCHS)
        splits = Splits(digits, self.splits.validation, self.splits.test, digits.name)
        return Recogniser.from_pretrained(self._train(name, recipe, splits).path)

    def _real(self, num_images: int) -> DigitSet:
        """As many real training digits as were minted, with the same class balance."""
        train = self.splits.train
        return train.sample_per_class(num_images // train.num_classes, seed=self.seed)
