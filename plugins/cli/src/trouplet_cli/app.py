"""``trouplet``: the command line, from its arguments to its exit code."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NoReturn

import click

from trouplet_cli.command_group import CommandGroup
from trouplet_cli.failure import INTERRUPTED, Failure

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

_TABLE = {
    name: (f"trouplet_cli.commands.{name}", name, summary)
    for name, summary in {
        "chat": "Talk to a model, or to an agent of a file.",
        "run": "Run an agent or a program of a file; for scripts and pipes.",
        "plugins": "List, make, check, enable and disable plugins.",
        "models": "List the models that the installed plugins know.",
        "keys": "Keep API keys.",
        "config": "Show and change settings.",
        "version": "Print the version; --bug-report for what a bug report needs.",
        "completion": "Print the script that completes commands in a shell.",
    }.items()
}


class CommandLine(CommandGroup):
    """The root command. Errors become messages and exit codes here, and nowhere else."""

    def main(self, args: Sequence[str] | None = None, *_: Any, **settings: Any) -> NoReturn:
        """Run the command line and exit."""
        arguments = list(sys.argv[1:] if args is None else args)
        failure = Failure.asked_for(arguments)
        if failure.traceback:
            arguments.remove("--traceback")
        settings |= {"prog_name": "trouplet", "standalone_mode": False}
        sys.exit(self._run(arguments, settings, failure))

    def _run(self, arguments: list[str], settings: dict[str, Any], failure: Failure) -> int:
        try:
            return super().main(arguments, **settings) or 0
        except click.UsageError as error:
            failure.usage(error.format_message(), _hint(error))
            return error.exit_code
        except click.ClickException as error:
            failure.usage(error.format_message(), "")
            return error.exit_code
        except (click.Abort, KeyboardInterrupt):
            return INTERRUPTED
        except Exception as error:  # the edge of the program: whatever was raised becomes a message
            return failure.report(error)

    def invoke(self, ctx: click.Context) -> int:
        """Run the command that was named; what it returns is not an exit code."""
        super().invoke(ctx)
        return 0


def _hint(error: click.UsageError) -> str:
    if error.ctx is None:
        return ""
    return f"{error.ctx.get_usage()}\nTry '{error.ctx.command_path} --help'."


@click.group(cls=CommandLine, table=_TABLE, name="trouplet", context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--traceback", is_flag=True, expose_value=False, help="Show where an error happened (with any command).")
def cli() -> None:
    """Trouplet: a small kernel and a troupe of plugins for agents."""


def main() -> NoReturn:
    """Run the command line of this process."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character gets an escape, not an error.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    cli.main()
