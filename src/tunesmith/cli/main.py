"""`tunesmith`: the command line. Each command is a thin skin over the library."""

from __future__ import annotations

import importlib
import sys
from typing import Final, NoReturn, final

import click

from tunesmith.errors import USAGE, TunesmithError

_COMMANDS: Final = {
    "run": ("run", "Tune a Python function, a sweep file or any program."),
    "guide": ("guide", "Tune a Python function in stages, and tell what each has learned."),
    "ls": ("show", "List the studies of a store."),
    "show": ("show", "A study at a glance."),
    "best": ("show", "The best configuration of a study."),
    "trial": ("show", "One trial: what happened to it, and why."),
    "rerun": ("rerun", "Train a recorded trial again, and compare."),
    "recipe": ("recipe", "Write what it takes to train or serve a trial elsewhere."),
    "top": ("top", "All studies of a store, live in the terminal."),
    "ui": ("ui", "The dashboard: all studies of a store in the browser, live."),
    "importance": ("explain", "Which parameters the outcome depends on."),
    "ablate": ("ablate", "Measure which change from the default to the winner brought what."),
    "health": ("explain", "What is wrong with a study, and what to do about it."),
    "report": ("files", "Write a study's HTML report."),
    "export": ("files", "Write a study's trials as CSV or JSON."),
    "check": ("check", "Replay a study's log and compare it with what the store shows."),
    "delete": ("files", "Remove a study from a store."),
    "doctor": ("doctor", "What works here, and what an extra would add."),
    "demo": ("demo", "Tune a neural network on handwritten digits, in two minutes."),
}


@final
class _Lazy(click.Group):
    """Loads a command's module when the command is used: `tunesmith ls` need not load what only `run` needs."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"tunesmith.cli.{_COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, f"{cmd_name}_command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


@click.command(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tunesmith")
def cli() -> None:
    """Finds good hyperparameters for models that people train.

    Begin with `tunesmith demo`, or `tunesmith run train.py:train --minimize val_loss --trials 60`.
    """


def main() -> NoReturn:
    """Run the command line; exit code 2 for a mistake in the request, 1 for what went wrong in carrying it out."""
    try:
        cli.main(standalone_mode=False)
    except click.NoSuchOption as error:
        error.show()
        if sys.argv[1:2] == ["run"]:
            click.echo(
                "If it belongs to your program, put -- before the program: tunesmith run ... -- python train.py ...",
                err=True,
            )
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(130)
    except click.exceptions.Exit as end:
        sys.exit(end.exit_code)
    except TunesmithError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(2 if isinstance(error, USAGE) else 1)
    except BrokenPipeError:
        # The reader of our output, such as `head`, has seen enough.
        sys.stderr.close()
        sys.exit(0)
    sys.exit(0)
