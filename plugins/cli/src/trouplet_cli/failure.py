"""How a command that failed says so: the text on stderr, or a JSON object on stdout, and the exit code."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trouplet.errors import TroupletError

FAILED = 1
USAGE = 2
CONFIGURATION = 3
INTERRUPTED = 130


@dataclass(slots=True)
class Failure:
    """Reports errors in the way that the command line was asked to."""

    as_json: bool = False
    traceback: bool = False

    @classmethod
    def asked_for(cls, arguments: Sequence[str]) -> Failure:
        """Read the flags from the command line itself: they count even where it cannot be parsed."""
        options = arguments[: arguments.index("--")] if "--" in arguments else arguments
        return cls("--json" in options, "--traceback" in options)

    def usage(self, message: str, hint: str) -> None:
        """Report a command line that cannot be understood."""
        if self.as_json:
            self._print_json({"error": "UsageError", "what": message, "fix": hint})
        else:
            _print(f"✗ {message}\n{hint}" if hint else f"✗ {message}")

    def report(self, error: BaseException) -> int:
        """Report an error and return the exit code."""
        if self.traceback:
            import traceback

            traceback.print_exception(error)
        if self.as_json:
            from trouplet_cli.event_json import error_data

            self._print_json(error_data(error))
        elif not self.traceback:
            for line in _lines(error):
                _print(line)
        return exit_code(error)

    @staticmethod
    def _print_json(error: dict[str, object]) -> None:
        from trouplet_cli.event_json import json_line

        sys.stdout.write(json_line({"error": error}) + "\n")
        sys.stdout.flush()


def exit_code(error: BaseException) -> int:
    """Return the exit code that tells the kind of an error."""
    from trouplet.errors import ConfigError, PluginError

    return CONFIGURATION if isinstance(error, (ConfigError, PluginError)) else FAILED


def _lines(error: BaseException) -> list[str]:
    from trouplet.errors import TroupletError

    if isinstance(error, TroupletError):
        return [describe(error)]
    if isinstance(error, BaseExceptionGroup):
        return [f"✗ {error.message}:", *["  " + line for part in error.exceptions for line in _lines(part)]]
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return [f"✗ {text}", "  Where it happened: run the command again with --traceback"]


def describe(error: TroupletError) -> str:
    """Return one of our errors as the command line shows it: code, what, why, and the fix."""
    sentences = [part.strip().rstrip(".") + "." for part in (error.what, error.why) if part]
    label = "" if not error.fix or error.fix.startswith(("Did you mean", "Details:", "See:")) else "Fix: "
    return f"✗ {error.code} {' '.join(sentences)} {label}{error.fix}".rstrip()


def _print(text: str) -> None:
    from trouplet_cli.terminal import standard_streams

    standard_streams()[1].line(text)
