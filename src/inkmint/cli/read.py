"""`inkmint read`: the digits in photographs, scans and drawings."""

import csv
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from inkmint.cli.options import data_option, given, json_option
from inkmint.errors import DataError, InkmintError, SettingsError
from inkmint.reading import DEFAULT_MODEL

if TYPE_CHECKING:
    from inkmint.reading.ink import Polarity
    from inkmint.reading.pages import Page
    from inkmint.reading.reader import Reader, Reading

_COLUMNS = (
    "picture",
    "line",
    "place",
    "digit",
    "guess",
    "confidence",
    "second",
    "second_confidence",
    "left",
    "top",
    "right",
    "bottom",
)
_PROGRESS_FROM = 5  # files


@click.command()
@click.argument("pictures", nargs=-1, metavar="[PICTURE|FOLDER|-]...")
@click.option(
    "--model",
    default=DEFAULT_MODEL,
    show_default=True,
    metavar="MODEL",
    help="Reads the digits: a run folder, a saved recogniser, or the name of one that comes with inkmint.",
)
@click.option(
    "--threshold",
    type=click.FloatRange(min=0, max=1),
    show_default="the model's",
    help="Confidence below which a place is rejected; 0 rejects only what looks like no digit.",
)
@click.option(
    "--ink",
    type=click.Choice(["auto", "dark", "bright"]),
    default="auto",
    show_default=True,
    help="Dark ink on bright paper, or the reverse.",
)
@click.option(
    "--max-digits",
    type=click.IntRange(min=1),
    default=200,
    show_default=True,
    help="A page with more places that look like ink is taken for a texture, and nothing is read on it.",
)
@click.option(
    "--annotate",
    type=click.Path(path_type=Path),
    metavar="FILE.png|FOLDER",
    help="Also write the pictures with a box around each place: one picture to a file, several to a folder.",
)
@json_option
@click.option("--csv", "as_csv", is_flag=True, help="Print a table with one row for each place.")
@click.option(
    "--calibrate",
    is_flag=True,
    help="Measure the model's confidence on validation digits, and keep temperature and threshold beside its weights.",
)
@data_option
@click.pass_context
def read(
    context: click.Context,
    pictures: tuple[str, ...],
    model: str,
    threshold: float | None,
    ink: str,
    max_digits: int,
    annotate: Path | None,
    as_json: bool,
    as_csv: bool,
    calibrate: bool,
    data: str,
) -> None:
    """Read the digits in pictures (PNG, JPEG, TIFF, WebP, BMP, GIF, PDF), in folders of them, or from a pipe (-).

    \b
    inkmint read receipt.jpg
    inkmint read scans --csv > digits.csv
    inkmint read meter.jpg --annotate meter-read.png

    A line of print for each page: the digits line by line, a blank where a wide gap parts two numbers, ? for what is no
    digit or none that is sure, and then the confidence of each. A file that cannot be read is told on stderr and the
    others are read; the exit code is then 1. PDF needs: pip install 'inkmint[pdf]'
    """  # noqa: D301 - click reads the character \b
    from inkmint.models import Recogniser

    if as_json and as_csv:
        raise SettingsError("Both --json and --csv were given; give one of them.")
    if given(context, "data") and not calibrate:
        raise SettingsError(
            "--data says what --calibrate measures on; give --calibrate too, or leave it out."
        )
    if calibrate:
        if pictures:
            raise SettingsError("--calibrate takes no pictures; give it alone, then read.")
        _calibrate(model, data, as_json)
        return
    if not pictures:
        raise SettingsError("There is nothing to read; give a picture or a folder: inkmint read receipt.jpg")
    files = _files(pictures)
    if annotate is not None and annotate.suffix and len(files) > 1:
        raise SettingsError(f"--annotate {annotate} holds one picture, {len(files)} are read; give a folder.")
    reader = Recogniser.from_pretrained(model).reader(threshold)
    if not reader.calibration.measured:
        click.echo(
            f"{model} is not calibrated, so its confidence is taken as it is; see --calibrate.", err=True
        )
    _Printer(reader, as_json=as_json, as_csv=as_csv, annotate=annotate).read_all(
        files, cast("Polarity", ink), max_digits
    )


class _Printer:
    """Reads files one by one and prints each page as soon as it is read.

    Args:
        reader: It.
        as_json: Whether to print one JSON list of pages, at the end.
        as_csv: Whether to print rows.
        annotate: Where pictures with boxes go.
    """

    def __init__(self, reader: "Reader", *, as_json: bool, as_csv: bool, annotate: Path | None) -> None:
        self._reader, self._as_json, self._as_csv, self._annotate = reader, as_json, as_csv, annotate
        self._records: list[dict[str, Any]] = []
        self._rows = csv.writer(sys.stdout, lineterminator="\n")
        self._num_pages = 0

    def read_all(self, files: Sequence[Path], ink: "Polarity", max_digits: int) -> None:
        """Read every file; those that cannot be read are told, and counted in the error at the end."""
        from contextlib import nullcontext

        from inkmint.cli.progress import image_bar

        if self._as_csv:
            self._rows.writerow(_COLUMNS)
        errors: list[InkmintError] = []
        bar = image_bar("reading") if len(files) >= _PROGRESS_FROM else nullcontext(lambda _done, _all: None)
        with bar as progress:
            for number, file in enumerate(files):
                progress(number, len(files))
                try:
                    for page in _pages(file):
                        self._show(self._reader.read_page(page, ink=ink, most=max_digits))
                except InkmintError as error:
                    errors.append(error)
                    if len(files) > 1:
                        click.echo(f"inkmint: {error}", err=True)
            progress(len(files), len(files))
        if self._as_json and (self._records or not errors):
            click.echo(json.dumps(self._records, indent=2))
        if errors and len(files) == 1:
            raise errors[0]
        if errors:
            raise DataError(
                f"{len(errors)} of {len(files)} files could not be read; mend them or leave them out, as said above."
            )

    def _show(self, reading: "Reading") -> None:
        self._num_pages += 1
        if self._annotate is not None:
            self._save(reading, self._annotate)
        if self._as_json:
            self._records.append(reading.record())
        elif self._as_csv:
            self._rows.writerows(_table(reading))
        else:
            click.echo(_sentence(reading))

    def _save(self, reading: "Reading", where: Path) -> None:
        from inkmint.data.sheet import save_png
        from inkmint.reading.annotate import annotated

        if where.suffix:
            if self._num_pages > 1:
                raise SettingsError(
                    f"--annotate {where} holds one page and there are several; give a folder."
                )
            path = where
        else:
            path = where / f"{self._num_pages:04d}-{Path(reading.page.name).name.removesuffix('.png')}.png"
        save_png(annotated(reading), path)


def _pages(file: Path) -> "Iterator[Page]":
    from inkmint.reading.pages import open_pages, stream_pages

    return stream_pages(sys.stdin.buffer, "standard input") if str(file) == "-" else open_pages(file)


def _files(pictures: Sequence[str]) -> list[Path]:
    """The named files, and those of pictures below the named folders in the order of their names."""
    from inkmint.reading.pages import SUFFIXES

    files: list[Path] = []
    for path in map(Path, pictures):
        if not path.is_dir():
            files.append(path)
            continue
        below = (
            file for file in sorted(path.rglob("*")) if file.suffix.lower() in SUFFIXES and file.is_file()
        )
        found = [
            file for file in below if not any(part.startswith(".") for part in file.relative_to(path).parts)
        ]
        if not found:
            raise DataError(
                f"{path} holds no pictures; give a folder with some, named as {', '.join(sorted(SUFFIXES))}."
            )
        files += found
    return files


def _sentence(reading: "Reading") -> str:
    note = f" [{reading.note}]" if reading.note else ""
    if not reading.digits:
        return f"{reading.page.name}: no digits found{note}"
    confidence = " ".join(f"{digit.confidence:.2f}" for digit in reading.digits)
    return f"{reading.page.name}: {reading.text.replace(chr(10), ' ')} ({confidence}){note}"


def _table(reading: "Reading") -> Iterator[tuple[Any, ...]]:
    for number, line in enumerate(reading.lines, 1):
        for place, digit in enumerate(line, 1):
            yield (
                reading.page.name,
                number,
                place,
                "" if digit.digit is None else digit.digit,
                digit.guess,
                f"{digit.confidence:.4f}",
                digit.second,
                f"{digit.second_confidence:.4f}",
                *digit.box,
            )


def _calibrate(model: str, data: str, as_json: bool) -> None:
    from inkmint.cli.progress import loaded
    from inkmint.models import Recogniser, find_model
    from inkmint.reading.fitting import calibrate_reader
    from inkmint.reading.model import save_reader
    from inkmint.reading.reader import Reader

    folder = find_model(model)
    recogniser = Recogniser.from_pretrained(folder)
    calibration, familiarity = calibrate_reader(recogniser, loaded(data).validation)
    path = save_reader(Reader(recogniser, calibration, familiarity), folder)
    if as_json:
        click.echo(json.dumps({"output": str(path), **calibration.model_dump(mode="json")}, indent=2))
        return
    assert calibration.calibration_error is not None
    before, after = calibration.calibration_error
    click.echo(
        f"{path}: temperature {calibration.temperature:.3f}, threshold {calibration.threshold:.3f}, from "
        f"{calibration.num_images:,} images; expected calibration error {before:.4f} before, {after:.4f} after."
    )
    for point in calibration.curve:
        click.echo(f"  {point.rejected:6.2%} rejected  {point.error:.3%} wrong of the others")
