"""``trouplet plugins``. None of its commands imports a plugin; the doctor does, each in a process of its own."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from trouplet_cli.failure import CONFIGURATION

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from trouplet.discovery import DiscoveryProblem
    from trouplet.selection import Selection, Standing

_NAMED_IN_USE = frozenset({"hooks", "tracers", "tools"})
"""Kinds that take part in runs, and so only when they are named."""


@click.group(invoke_without_command=True)
@click.pass_context
def plugins(ctx: click.Context) -> None:
    """List, make, check, enable and disable plugins."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_plugins)


@plugins.command("list")
@click.option("--kind", help="Only plugins of this kind, such as models or tools.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_plugins(kind: str | None = None, as_json: bool = False) -> None:
    """List the installed plugins. Imports none of them."""
    from trouplet.discovery import scan
    from trouplet_cli.table import print_table
    from trouplet_cli.terminal import standard_streams

    index = scan()
    found = [standing for standing in _rules().survey(index) if kind in (None, standing.entry.kind)]
    if as_json:
        problems = [problem._asdict() for problem in index.problems]
        _print_json({"plugins": [_as_data(standing) for standing in found], "problems": problems})
        return
    header = ["KIND", "NAME", "DISTRIBUTION", "VERSION", "STATUS"]
    print_table(standard_streams()[0], header, [_row(standing) for standing in found])
    _print_problems(index.problems)


def _row(standing: Standing) -> list[str]:
    entry = standing.entry
    status = f"{standing.status}: {standing.reason}" if standing.reason else standing.status
    return [entry.kind, entry.name, entry.distribution, entry.version, status]


def _as_data(standing: Standing) -> dict[str, str]:
    entry, (_, status, reason, fix) = standing.entry, standing
    return {**entry._asdict(), "status": status, "reason": reason, "fix": fix}


def _print_json(value: object) -> None:
    import json

    click.echo(json.dumps(value, indent=2))


def _print_problems(problems: Iterable[DiscoveryProblem]) -> None:
    from trouplet_cli.terminal import standard_streams

    notes = standard_streams()[1]
    for problem in problems:
        notes.line(f"✗ {problem.distribution} {problem.version} ({problem.path}): {problem.reason}", "red")
        notes.line(f"    fix: {problem.fix}")


@plugins.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def info(name: str, as_json: bool) -> None:
    """Tell what is installed under NAME: kinds, distribution, status, requirements. Imports nothing."""
    from trouplet.discovery import requires
    from trouplet_cli.terminal import standard_streams

    found = _standings_of(name)
    if as_json:
        _print_json([_as_data(standing) for standing in found])
        return
    out = standard_streams()[0]
    for standing in found:
        entry = standing.entry
        out.line(f"{entry.kind}:{entry.name}", "bold")
        out.line(
            f"  distribution  {entry.source}\n  target        {entry.target}\n  status        {_row(standing)[-1]}"
        )
        if standing.fix:
            out.line(f"  fix           {standing.fix}")
        out.line(f"  requires      {', '.join(requires(entry.distribution)) or 'nothing'}")


@plugins.command()
@click.argument("name")
@click.option("--kind", default="tools", show_default=True, help="tools, models or hooks.")
@click.option("--directory", default=".", type=click.Path(file_okay=False), help="Where to make the project's folder.")
def new(name: str, kind: str, directory: str) -> None:
    """Write the project of a new plugin: small, working, tested, ready to be installed."""
    from trouplet.scaffold import new_plugin

    folder = new_plugin(name, kind=kind, directory=directory)
    click.echo(
        f"Wrote {folder}. Next:\n    pip install -e {folder}\n    trouplet plugins doctor\n    cd {folder} && pytest"
    )


@plugins.command()
@click.option("--deadline", type=click.FloatRange(min=0, min_open=True), default=20.0, show_default=True, metavar="S")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def doctor(ctx: click.Context, deadline: float, as_json: bool) -> None:
    """Load each plugin in a process of its own and say what is wrong. Exit code 3 when one has a problem."""
    from trouplet.discovery import scan
    from trouplet.doctor import diagnose, report
    from trouplet_cli.terminal import standard_streams

    diagnoses = diagnose(scan(), _rules(), deadline)
    if as_json:
        _print_json([diagnosis._asdict() for diagnosis in diagnoses])
    else:
        standard_streams()[0].line(report(diagnoses))
    if any([diagnosis.verdict == "failed" for diagnosis in diagnoses]):
        ctx.exit(CONFIGURATION)


@plugins.command()
@click.argument("name")
def enable(name: str) -> None:
    """Let NAME be used: it is no longer blocked, and one that takes part in runs is named in the configuration."""
    from trouplet_cli.config_file import ConfigFile, config_path

    kinds = {standing.entry.kind for standing in _standings_of(name)}
    file = ConfigFile(config_path())
    file.exclude("block", name)
    if kinds & _NAMED_IN_USE:
        file.include("plugins", name)
    file.save()
    how = "takes part in runs" if kinds & _NAMED_IN_USE else "is loaded when its name is asked for"
    click.echo(f"{name} {how} ({file.path}).", err=True)


@plugins.command()
@click.argument("name")
def disable(name: str) -> None:
    """Block NAME: it is not imported any more, whoever asks for it."""
    from trouplet_cli.config_file import ConfigFile, config_path

    _standings_of(name)
    file = ConfigFile(config_path())
    file.exclude("plugins", name)
    file.include("block", name)
    file.save()
    click.echo(f"{name} is blocked ({file.path}).", err=True)


def _standings_of(name: str) -> Sequence[Standing]:
    """Return how everything of a name stands; raises ``PluginNotFound`` with what may have been meant."""
    from trouplet.discovery import scan
    from trouplet.errors import PluginNotFound
    from trouplet.spelling import did_you_mean

    index = scan()
    found = [
        standing for standing in _rules().survey(index) if name in (standing.entry.name, standing.entry.distribution)
    ]
    if found:
        return found
    hint = did_you_mean(name, {entry.name for entry in index.entries})
    raise PluginNotFound(
        f"no installed plugin is named {name!r}", plugin=name, fix=f"{hint} See: trouplet plugins list".strip()
    )


def _rules() -> Selection:
    """Return the rules in force; without the file's when it cannot be read: these commands have to work then."""
    from trouplet.config import Settings
    from trouplet.errors import ConfigError
    from trouplet.selection import Selection
    from trouplet_cli.failure import describe
    from trouplet_cli.terminal import standard_streams

    try:
        return Selection.configured(Settings(os.environ))
    except ConfigError as error:
        standard_streams()[1].line(f"{describe(error)} Its rules are not applied here.", "red")
        return Selection()
