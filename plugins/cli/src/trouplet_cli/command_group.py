"""The group of all commands: a table of our own, and what plugins add; each is imported when it is called.

A plugin adds a command with an entry point in the group ``trouplet.commands``: its name is the command's, its value a
``click.Command``. It is imported when it is called, and for the list that ``trouplet --help`` prints. One that is
broken costs itself only. The names of the table cannot be taken.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trouplet.discovery import PluginEntry
    from trouplet.selection import Selection


class CommandGroup(click.Group):
    """A group whose commands are imported on use. ``table`` names our own: (module, attribute, summary)."""

    def __init__(self, table: Mapping[str, tuple[str, str, str]], **settings: object) -> None:
        super().__init__(**settings)  # type: ignore[arg-type]
        self._table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name our own commands in their order, then those of plugins."""
        return [*self._table, *[name for name in _added_names() if name not in self._table]]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; None when there is none of that name."""
        if cmd_name in self._table:
            module, attribute, _ = self._table[cmd_name]
            command: click.Command = getattr(import_module(module), attribute)
            return command
        if cmd_name not in _added_names():
            return None
        return _completable(cmd_name) if ctx.resilient_parsing else load_added(cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that was named; suggest one where there is none."""
        name = args[0]
        if name.startswith("-") or self.get_command(ctx, name) is not None:
            return super().resolve_command(ctx, args)
        from trouplet.spelling import did_you_mean

        hint = did_you_mean(name, self.list_commands(ctx))
        raise click.UsageError(f"There is no command {name!r}. {hint}".rstrip(), ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands; our own without importing them."""
        rows = [(name, summary) for name, (_, _, summary) in self._table.items()]
        added = [(name, _summary(name)) for name in self.list_commands(ctx)[len(rows) :]]
        with formatter.section("Commands"):
            formatter.write_dl(rows)
        if added:
            with formatter.section("Commands of plugins"):
                formatter.write_dl(added)


def _added_names() -> list[str]:
    from trouplet.discovery import scan

    return scan().names("commands")


def _completable(name: str) -> click.Command | None:
    from trouplet.errors import TroupletError

    try:
        return load_added(name)
    except TroupletError:  # a shell that completes a word has no use for the error
        return None


def load_added(name: str) -> click.Command:
    """Import the command that a plugin adds; raises ``PluginError`` when it cannot be used."""
    from trouplet.discovery import scan

    entry = _selection().choose(scan(), "commands", name)
    command = _import(entry)
    if not isinstance(command, click.Command):
        from trouplet.errors import PluginContractError

        raise PluginContractError(
            f"{entry} is not a command",
            why=f"{entry.target} is a {type(command).__name__}, not a click.Command",
            **entry.where(),
        )
    return command


def _import(entry: PluginEntry) -> object:
    module, _, attribute = entry.target.partition(":")
    try:
        return getattr(import_module(module), attribute)
    except (Exception, SystemExit) as error:  # a plugin's code: whatever it raises is reported with its name
        from trouplet.errors import PluginLoadError

        why = f"{type(error).__name__}: {error}"
        raise PluginLoadError(f"the command of {entry} cannot be loaded", why=why, **entry.where()) from error


def _selection() -> Selection:
    from os import environ

    from trouplet.config import Settings
    from trouplet.selection import Selection

    return Selection.configured(Settings(environ))


def _summary(name: str) -> str:
    from trouplet.errors import TroupletError

    try:
        return load_added(name).get_short_help_str(limit=70)
    except TroupletError as error:
        return f"(not usable: {error.what})"
