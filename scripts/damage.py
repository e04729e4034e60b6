"""Damage real MNIST digits on purpose and write which figures notice it, for docs/evidence.md.

    python scripts/damage.py

Writes docs/evidence/damage.json; `make docs` turns it into a table. A few minutes on two cores.
"""

import json
from pathlib import Path
from typing import Any

import click

from inkmint.data.sources import load_splits
from inkmint.evaluation.judge import JUDGE, load_judge
from inkmint.files import write_json
from inkmint.studies.damage import UNDAMAGED, caught_by, measure_damages

DAMAGE = Path(__file__).parent.parent / "docs" / "evidence" / "damage.json"


def read_damage() -> dict[str, Any] | None:
    """What was measured; None if nothing was yet."""
    data: dict[str, Any] | None = json.loads(DAMAGE.read_text(encoding="utf-8")) if DAMAGE.exists() else None
    return data


@click.command()
def main() -> None:
    """Measure every damage."""
    splits = load_splits("mnist")
    if splits.source != "mnist":
        raise click.ClickException("The full MNIST is needed; fetch it with: inkmint data fetch mnist")
    judge = load_judge(JUDGE)
    found = measure_damages(splits, judge)
    undamaged = found[UNDAMAGED]
    write_json(
        DAMAGE,
        {
            "judge": judge.name,
            "judge_sha256": judge.weights_sha256,
            "num_images": undamaged["recognisable"].num_images,
            "damages": list(found),
            "figures": {
                name: {
                    "unit": figure.unit,
                    "reference": figure.reference,
                    "values": {damage: figures[name].value for damage, figures in found.items()},
                    "caught": [damage for damage in found if name in caught_by(found, damage)],
                }
                for name, figure in undamaged.items()
            },
        },
    )
    click.echo(DAMAGE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
