"""``trouplet keys``."""

from __future__ import annotations

import sys

import click


@click.group()
def keys() -> None:
    """Keep API keys in a file that only you can read.

    A key from the environment (OPENAI_API_KEY and so on) comes before the one of the file.
    """


@keys.command("set")
@click.argument("provider")
def set_key(provider: str) -> None:
    """Store the key of PROVIDER. It is typed unseen, or piped in; never an argument, which others can see."""
    from trouplet_cli.key_file import KeyFile

    file = KeyFile()
    name = _provider(provider)
    key = _typed(name) if sys.stdin.isatty() else sys.stdin.readline()
    key = key.strip()
    if not key.isascii() or not key.isprintable() or not key:
        raise click.UsageError("That is not a key: it is empty, or has characters that no key has.")
    file.set(name, key)
    click.echo(f"Stored the key of {name} in {file.path}.", err=True)


def _typed(name: str) -> str:
    typed: str = click.prompt(f"API key for {name}", hide_input=True, err=True)
    return typed


def _provider(name: str) -> str:
    if name.startswith("-") or not name.isprintable() or not name.strip():
        raise click.UsageError(f"{name!r} is not the name of a provider.")
    return name.strip().removesuffix(":")


@keys.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_keys(as_json: bool) -> None:
    """List the providers that have a key in the file; of a key only its end is shown."""
    from trouplet_cli.key_file import KeyFile, masked
    from trouplet_cli.table import print_table
    from trouplet_cli.terminal import standard_streams

    out, notes = standard_streams()
    file = KeyFile()
    found = {provider: masked(key) for provider, key in file.read().items()}
    if file.is_open_to_others():
        notes.line(f"Others may read {file.path}. Fix: chmod 600 {file.path}", "red")
    if as_json:
        import json

        click.echo(json.dumps(found, indent=2))
    elif found:
        print_table(out, ["PROVIDER", "KEY"], list(found.items()))
    else:
        notes.line("No keys. Store one: trouplet keys set openai")


@keys.command()
def path() -> None:
    """Print where the file of keys is."""
    from trouplet_cli.key_file import KeyFile

    click.echo(KeyFile().path)


@keys.command()
@click.argument("provider")
def rm(provider: str) -> None:
    """Forget the key of PROVIDER."""
    from trouplet.errors import ConfigError
    from trouplet.spelling import did_you_mean
    from trouplet_cli.key_file import KeyFile

    file = KeyFile()
    if not file.remove(provider):
        raise ConfigError(f"there is no key for {provider!r}", fix=did_you_mean(provider, file.read()))
    click.echo(f"Forgot the key of {provider}.", err=True)
