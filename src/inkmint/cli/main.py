"""The `inkmint` command."""

import os
import sys
import warnings
from collections.abc import Sequence
from importlib import import_module

import click

from inkmint import __version__
from inkmint.errors import InkmintError, SettingsError, did_you_mean

# Threads of OpenMP spin while they wait for each other, by default so long that other busy programs slow
# training out of proportion; benchmarks/waiting_threads.py measures it. It is read when torch is imported.
os.environ.setdefault("GOMP_SPINCOUNT", "3000")

# Each command is the function of its name in the module of its name.
COMMANDS = {
    "demo": "Train, mint 10,000 digits, measure them, write a report.",
    "recipes": "List what can be trained, or show one recipe in full.",
    "train": "Train a recipe into a new run folder, or go on with a run.",
    "read": "Read the digits in photographs, scans and drawings.",
    "sample": "Mint digits into a picture or a data file.",
    "write": "Write numbers in one person's hand, as a picture.",
    "morph": "Let one digit become another, as a film or a strip.",
    "mint": "Mint a labelled set of any size, in any number of processes.",
    "sweep": "Try many settings of a recipe, on one machine or many.",
    "evaluate": "Measure digits, a generator or a recogniser.",
    "mix": "Tell whether minted digits help a reader of few real ones.",
    "reproduce": "Measure the tables and figures of the five documents anew.",
    "judge": "Train a judge of other digits, or show one.",
    "compare": "Lay several generators or recognisers side by side.",
    "export": "Write a model for other programs, the Hugging Face hub or a browser.",
    "serve": "Open the local web page, and the same for other programs.",
    "data": "List, fetch and show digit data.",
}


class _Commands(click.Group):
    """Imports a command when it is called, so that the list of them is answered at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            raise SettingsError(
                f"There is no command {cmd_name!r}{did_you_mean(cmd_name, COMMANDS)}; "
                f"choose one of {', '.join(COMMANDS)}."
            )
        command: click.Command = getattr(import_module(f"inkmint.cli.{cmd_name}"), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="inkmint")
def cli() -> None:
    """Mint handwritten digits, read them, and measure whether they are worth anything.

    Start with `inkmint demo`: six minutes on a laptop, a report at the end.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; an `InkmintError` becomes one sentence and its exit code.

    Args:
        arguments: Without the program's name; None takes those of the process.
    """
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        try:
            cli(arguments, standalone_mode=False)
        except InkmintError as error:
            _fail(str(error), error.exit_code)
        except click.ClickException as error:
            _fail(error.format_message(), error.exit_code)
        except (click.exceptions.Abort, KeyboardInterrupt):
            _fail("Stopped.", 130)


def _fail(message: str, exit_code: int) -> None:
    click.echo(f"inkmint: {message}", err=True)
    sys.exit(exit_code)


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    click.echo(f"inkmint: warning: {message}", err=True)
