"""``trouplet models``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trouplet.errors import TroupletError
    from trouplet_cli.models_installed import InstalledModels, Provider
    from trouplet_usage import PriceList


def complete_model(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Complete ``provider:model`` from what is known without asking a plugin."""
    from trouplet.errors import TroupletError
    from trouplet_cli.models_installed import InstalledModels

    try:
        providers, _ = InstalledModels().providers()
    except TroupletError:  # a shell that completes a word has no use for the error
        return []
    ids = [info.id for provider in providers for info in provider.models or ()]
    return [id for id in ids if id.startswith(incomplete)]


def complete_provider(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Complete the name of a provider."""
    from trouplet.errors import TroupletError
    from trouplet_cli.models_installed import InstalledModels

    try:
        names = InstalledModels().names()
    except TroupletError:  # as above
        return []
    return [name for name in names if name.startswith(incomplete)]


@click.command()
@click.argument("model", required=False, shell_complete=complete_model)
@click.option("--provider", "-p", metavar="P", help="Only this provider.", shell_complete=complete_provider)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def models(model: str | None, provider: str | None, as_json: bool) -> None:
    """List the models that the installed plugins know, or tell all about one MODEL (provider:model).

    Prices are dollars per million tokens. A provider may have more models than it lists: write their names as it does.
    No plugin is imported, unless it is asked for with --provider and lists its models only by itself.
    """
    from trouplet_cli.models_installed import InstalledModels

    installed = InstalledModels()
    if model is not None:
        if provider is not None:
            raise click.UsageError("Give a MODEL or a --provider, not both.")
        _show(installed, model, as_json)
    elif provider is not None:
        _list(installed, [installed.ask(installed.provider(provider))], as_json)
    else:
        found, failures = installed.providers()
        _report(failures)
        _list(installed, found, as_json)


def _list(installed: InstalledModels, providers: list[Provider], as_json: bool) -> None:
    from trouplet_cli.models_view import ask_command, model_data, print_models
    from trouplet_cli.terminal import standard_streams

    prices = _prices(installed)
    if not as_json:
        print_models(standard_streams()[0], providers, prices)
        _report_problems(providers)
        return
    data: list[dict[str, object]] = []
    for provider in providers:
        if provider.models is None:
            data.append({"id": None, "provider": provider.name, "ask": ask_command(provider)})
        data += [model_data(info, prices) for info in provider.models or ()]
    _print_json(data)


def _show(installed: InstalledModels, id: str, as_json: bool) -> None:
    from trouplet.kernel import split_model_id
    from trouplet_cli.models_keys import key_place, key_text
    from trouplet_cli.models_view import model_data, print_model
    from trouplet_cli.terminal import standard_streams

    if id.removesuffix(":") in installed.names():
        raise click.UsageError(f"{id!r} is a provider. Did you mean: trouplet models --provider {id.removesuffix(':')}")
    name, model = split_model_id(id)
    provider = installed.ask(installed.provider(name, model))
    info, prices = provider.info(model), _prices(installed)
    if as_json:
        key = key_place(provider, installed.settings)
        more = {
            "plugin": provider.source,
            "known_as": provider.known_name(model),
            "key_set": None if key is None else bool(key),
        }
        _print_json([model_data(info, prices) | more])
        return
    print_model(standard_streams()[0], provider, info, prices, key_text(provider, installed.settings))
    _suggest(provider, model)


def _suggest(provider: Provider, model: str) -> None:
    from trouplet.spelling import did_you_mean
    from trouplet_cli.terminal import standard_streams

    hint = did_you_mean(model, [info.name for info in provider.models or ()])
    if provider.known_name(model) is None and hint:
        standard_streams()[1].line(hint)


def _prices(installed: InstalledModels) -> PriceList | None:
    from trouplet.errors import ConfigError
    from trouplet_cli.models_prices import price_list

    try:
        return price_list(installed)
    except ConfigError as error:
        _report([error])
        return None


def _report(failures: Iterable[TroupletError]) -> None:
    from trouplet_cli.failure import describe
    from trouplet_cli.terminal import standard_streams

    for failure in failures:
        standard_streams()[1].line(describe(failure), "red")


def _report_problems(providers: Iterable[Provider]) -> None:
    from trouplet_cli.terminal import standard_streams

    for path, problems in {provider.catalogue.path: provider.catalogue.problems for provider in providers}.items():
        for problem in problems:
            standard_streams()[1].line(f"left out of {path}: {problem}", "dim")


def _print_json(data: object) -> None:
    import json

    click.echo(json.dumps(data, indent=2))
