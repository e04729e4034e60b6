"""What a reproduction has found, as its folder holds it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from inkmint.data.digits import Splits
from inkmint.errors import RunError
from inkmint.evaluation.judge import NamedJudge
from inkmint.files import read_json
from inkmint.studies.reproduction.plan import Plan
from inkmint.studies.reproduction.rows import BUDGETS, Budget
from inkmint.studies.shared_record import FILE_NAME

FORMAT = 1


def protocol_of(plan: Plan, splits: Splits, *judges: NamedJudge) -> dict[str, Any]:
    """What decides every result, apart from what the names of measurements tell."""
    parts = {"train": splits.train, "validation": splits.validation, "test": splits.test}
    return {
        "paper": plan.paper.name,
        "budget": plan.budget,
        "data": {
            "name": splits.source,
            **{name: digits.fingerprint for name, digits in parts.items()},
            **{f"num_{name}": len(digits) for name, digits in parts.items()},
        },
        "judges": {judge.name: judge.weights_sha256 for judge in judges},
    }


@dataclass(frozen=True)
class Results:
    """Everything that was measured so far.

    Attributes:
        folder: Of the reproduction, which holds the pictures.
        paper: Short name of the document.
        budget: How much of its protocol was kept.
        data: Name, fingerprints and sizes of the real digits.
        judges: Hashes of their weights, by name.
        found: Measurements by key.
    """

    folder: Path
    paper: str
    budget: Budget
    data: dict[str, Any]
    judges: dict[str, str]
    found: dict[str, dict[str, Any]]

    @classmethod
    def read(cls, folder: Path, name: str = FILE_NAME) -> "Results":
        """What the folder holds.

        Raises:
            RunError: There is none, or it is damaged or of another version.
        """
        path = folder / name
        try:
            data = read_json(path)
            protocol, budget = data["protocol"], data["protocol"]["budget"]
            if data["format"] != FORMAT or budget not in BUDGETS:
                raise RunError(f"{path} is of another version of inkmint; reproduce the document again.")
            return cls(
                folder,
                protocol["paper"],
                cast("Budget", budget),
                dict(protocol["data"]),
                dict(protocol["judges"]),
                dict(data["cells"]),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RunError(f"{path} is missing or damaged; reproduce the document again.") from error

    def machines(self) -> list[str]:
        """Where it was measured, and by which versions."""
        return sorted({plain["machine"] for plain in self.found.values() if "machine" in plain})
