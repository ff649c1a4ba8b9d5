"""``trouplet config``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SECRET_WORDS = ("key", "token", "secret", "password", "authorization")


@click.group()
def config() -> None:
    """Show and change settings.

    An argument in code beats the environment, which beats the configuration file, which beats the default.
    """


@config.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(as_json: bool) -> None:
    """Print the settings of the configuration file and of TROUPLET_ variables; what looks like a secret is hidden."""
    from trouplet.config import Settings
    from trouplet_cli.config_file import config_path
    from trouplet_cli.safe_text import one_line
    from trouplet_cli.terminal import standard_streams

    variables = {name: value for name, value in sorted(os.environ.items()) if name.startswith("TROUPLET_")}
    settings = {**dict(_flat(Settings(os.environ).file())), **dict(_flat(variables))}
    if as_json:
        import json

        click.echo(json.dumps(settings, indent=2, default=str))
        return
    out, notes = standard_streams()
    for name, value in settings.items():
        out.line(one_line(f"{name} = {value!r}"))
    if not settings:
        notes.line(f"No settings. The file would be {config_path()}; set one: trouplet config set model provider:model")


def _flat(settings: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, value in settings.items():
        key = f"{prefix}{name}"
        if isinstance(value, dict):
            yield from _flat(value, f"{key}.")
        elif any([word in name.lower() for word in _SECRET_WORDS]):
            yield key, "(hidden)"
        else:
            yield key, value


@config.command()
def path() -> None:
    """Print where the configuration file is, or would be."""
    from trouplet_cli.config_file import config_path

    click.echo(config_path())


@config.command("set")
@click.argument("key")
@click.argument("value")
def set_value(key: str, value: str) -> None:
    """Set KEY to VALUE in the configuration file and leave the rest of it as it is.

    KEY is dotted (config.openai.base_url); VALUE is TOML (true, 3, ["a"]) or else text.
    """
    from trouplet_cli.config_file import ConfigFile, config_path, parsed_value

    if not all(part.replace("-", "").replace("_", "").isalnum() for part in key.split(".")):
        raise click.UsageError(f"{key!r} is not a dotted key, such as config.openai.base_url.")
    file = ConfigFile(config_path())
    file.set(key, parsed_value(value))
    file.save()
    click.echo(f"Set {key} in {file.path}.", err=True)
