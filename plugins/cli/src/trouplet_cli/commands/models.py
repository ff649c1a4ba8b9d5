"""``trouplet models``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trouplet.errors import TroupletError
    from trouplet.model_io import ModelInfo


@click.command()
@click.option("--provider", "-p", metavar="P", help="Only the models of this provider.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def models(provider: str | None, as_json: bool) -> None:
    """List the models that the installed plugins know by themselves; a provider may have more.

    A plugin that fails is named on standard error and left out.
    """
    from trouplet import Kernel
    from trouplet_cli.terminal import standard_streams

    manager = Kernel().plugins
    infos, failures = manager.list_models()
    _check(provider, manager.names("models"))
    found = sorted([info for info in infos if provider in (None, info.provider)], key=lambda info: info.id)
    _report(failures)
    if as_json:
        import json

        click.echo(json.dumps([_as_data(info) for info in found], indent=2))
    elif found:
        _print(found)
    else:
        standard_streams()[1].line(
            "No plugin lists any model here. Write the name as the provider does: provider:model"
        )


def _check(provider: str | None, installed: Sequence[str]) -> None:
    if provider is not None and provider not in installed:
        from trouplet.providers import absent

        raise absent(provider, "", installed=installed)


def _report(failures: Sequence[TroupletError]) -> None:
    from trouplet_cli.failure import describe
    from trouplet_cli.terminal import standard_streams

    for failure in failures:
        standard_streams()[1].line(describe(failure))


def _print(infos: Sequence[ModelInfo]) -> None:
    from trouplet_cli.table import print_table
    from trouplet_cli.terminal import standard_streams

    header = ["MODEL", "CONTEXT", "OUTPUT", "CAN"]
    rows = [
        [info.id, _size(info.context_window), _size(info.max_output), " ".join(sorted(info.capabilities))]
        for info in infos
    ]
    print_table(standard_streams()[0], header, rows)


def _size(tokens: int | None) -> str:
    from trouplet_cli.tool_lines import count

    return "" if tokens is None else count(tokens)


def _as_data(info: ModelInfo) -> dict[str, object]:
    return {
        "id": info.id,
        "provider": info.provider,
        "context_window": info.context_window,
        "max_output": info.max_output,
        "capabilities": sorted(info.capabilities),
    }
