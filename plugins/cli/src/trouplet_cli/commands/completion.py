"""``trouplet completion``."""

from __future__ import annotations

import click

_PLACES = {
    "bash": 'eval "$(trouplet completion bash)"   in ~/.bashrc',
    "zsh": 'eval "$(trouplet completion zsh)"   in ~/.zshrc',
    "fish": "trouplet completion fish > ~/.config/fish/completions/trouplet.fish",
}


@click.command()
@click.argument("shell", type=click.Choice(list(_PLACES)))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script that completes trouplet's commands and options in a shell."""
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    assert found is not None, "click completes these three"
    click.echo(found(ctx.find_root().command, {}, "trouplet", "_TROUPLET_COMPLETE").source())
    click.echo(f"# To keep it: {_PLACES[shell]}")
