"""Records of metrics.jsonl as columns for charts, thinned out to what a chart can show."""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from inkmint.serving.answers import Column, Curves

MOST_POINTS = 500
_PLACE = ("step", "epoch", "seconds")
_GROUPS = ("losses", "figures")
_MOST_BYTES = 2**26
"""Of a file that are read at a time."""

Record = dict[str, Any]
Row = dict[str, float | None]


def read_records(path: Path, offset: int = 0, most_bytes: int = _MOST_BYTES) -> tuple[list[Record], int]:
    """The records from a place in the file on, and the place where they end.

    A last line without its end is left for the next time, a damaged line is left out; a missing file has none.

    Args:
        path: metrics.jsonl.
        offset: Bytes to skip: the beginning of a line.
        most_bytes: To read.
    """
    try:
        with path.open("rb") as file:
            file.seek(offset)
            content = file.read(most_bytes)
    except OSError:
        return [], offset
    end = content.rfind(b"\n") + 1
    return list(_parsed(content[:end])), offset + end


def last_records(path: Path, num_bytes: int = 2**16) -> list[Record]:
    """The records in the last bytes of the file."""
    try:
        size = path.stat().st_size
    except OSError:
        return []
    start = max(0, size - num_bytes)
    records, _ = read_records(path, start)
    return records


def _parsed(content: bytes) -> Iterator[Record]:
    for line in content.splitlines():
        try:
            record = json.loads(line, parse_constant=lambda _: None)
        except (ValueError, RecursionError):
            continue
        if isinstance(record, dict):
            yield record


def row_of(record: Record) -> Row:
    """The numbers of a record by the names of their columns, such as `losses.generator/adversarial`."""
    row: Row = {name: _number(record[name]) for name in (*_PLACE, "images_per_sec") if name in record}
    for group in _GROUPS:
        values = record.get(group)
        if isinstance(values, dict):
            row |= {f"{group}.{name}": _number(value) for name, value in values.items()}
    return row


def _number(value: Any) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool) or abs(value) > sys.float_info.max:
        return None
    return value


def curves_of(records: Sequence[Record], offset: int) -> Curves:
    """The columns of a run; records with figures, of which there is one an epoch, are kept before others."""
    rows = [row_of(record) for record in records]
    kept = _thinned(rows)
    names = dict.fromkeys(name for row in kept for name in row)
    columns: dict[str, Column] = {name: [row.get(name) for row in kept] for name in names}
    return Curves(columns=columns, points=len(kept), records=len(rows), offset=offset)


def _thinned(rows: list[Row]) -> list[Row]:
    if len(rows) <= MOST_POINTS:
        return rows
    measured = [index for index, row in enumerate(rows) if any(name.startswith("figures.") for name in row)]
    others = sorted(set(range(len(rows))) - set(measured))
    num_measured = min(len(measured), max(MOST_POINTS // 2, MOST_POINTS - len(others)))
    kept = [*_evenly(measured, num_measured), *_evenly(others, MOST_POINTS - num_measured)]
    return [rows[index] for index in sorted(kept)]


def _evenly(indices: list[int], most: int) -> list[int]:
    """At most so many of them, the first and the last among them."""
    if len(indices) <= most:
        return indices
    step = (len(indices) - 1) / max(1, most - 1)
    return [indices[round(place * step)] for place in range(most)]
