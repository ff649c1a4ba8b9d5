"""How models are shown: a table of many, a page about one, and both as data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet_cli.models_prices import GET_PRICES, UNKNOWN, price_cells, price_data, price_lines
from trouplet_cli.table import print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trouplet.model_io import Capability, ModelInfo
    from trouplet_cli.models_installed import Provider
    from trouplet_cli.terminal import Terminal
    from trouplet_usage import PriceList

_MEANINGS: dict[Capability, str] = {
    "tools": "calls tools",
    "tool_choice": "can be made to call a tool",
    "parallel_tools": "calls several tools at once",
    "json_schema": "answers in JSON of a given schema",
    "json_schema_tools": "does so in a request with tools",
    "vision": "takes images",
    "audio": "takes audio",
    "video": "takes video",
    "thinking": "thinks before it answers",
    "streaming": "streams its answer",
    "system": "takes a system prompt",
}
_OF_EMBEDDINGS = ("vision", "audio", "video")


def print_models(terminal: Terminal, providers: Sequence[Provider], prices: PriceList | None) -> None:
    """Print a table of all models; a provider that has none here has a row that says why."""
    header = ["$ IN", "$ CACHED", "$ OUT"] if prices is not None else [f"PRICE ({GET_PRICES})"]
    rows: list[list[str]] = []
    for provider in providers:
        if not provider.models:
            hint = "any: write its name as the service does"
            if provider.models is None:
                hint = f"ask: {ask_command(provider)}"
            rows.append([f"{provider.name}:", "", "", *[""] * len(header), hint])
        for info in provider.models or ():
            cells = [UNKNOWN] if prices is None else price_cells(prices.price(info))
            rows.append([info.id, _short(info.context_window), _short(info.max_output), *cells, _can(info)])
    print_table(terminal, ["MODEL", "CONTEXT", "OUTPUT", *header, "CAN"], rows)


def print_model(terminal: Terminal, provider: Provider, info: ModelInfo, prices: PriceList | None, key: str) -> None:
    """Print all that is known about one model."""
    terminal.line(info.id, "bold")
    known = provider.known_name(info.name)
    if known is None:
        terminal.line(f"  not in the catalogue of {provider.source}; shown is what is assumed", "red")
    elif known != info.name:
        terminal.line(f"  known as {known}", "dim")
    lines = [
        ("plugin", provider.source),
        ("key", key),
        ("context window", _tokens(info.context_window)),
        *([("dimensions", str(info.dimensions or UNKNOWN))] if info.kind == "embedding" else []),
        *([("max output", _tokens(info.max_output))] if info.kind == "chat" else []),
        *price_lines(prices, info),
    ]
    for label, text in lines:
        terminal.line(f"  {label:<16}{text}")
    for capability, meaning in _MEANINGS.items():
        if info.kind == "chat" or capability in _OF_EMBEDDINGS:
            can = capability in info.capabilities
            terminal.line(f"  {capability:<20}{'yes' if can else 'no':<5}{meaning}", "" if can else "dim")


def model_data(info: ModelInfo, prices: PriceList | None) -> dict[str, object]:
    """Return a model as JSON-able data; it has a price only when prices can be looked up."""
    data: dict[str, object] = {
        "id": info.id,
        "provider": info.provider,
        "name": info.name,
        "kind": info.kind,
        "context_window": info.context_window,
        "max_output": info.max_output,
        "dimensions": info.dimensions,
        "capabilities": sorted(info.capabilities),
    }
    if prices is not None:
        data["price"] = price_data(prices.price(info))
    return data


def ask_command(provider: Provider) -> str:
    """Return what to type to have a provider list its models."""
    return f"trouplet models --provider {provider.name}"


def _can(info: ModelInfo) -> str:
    dimensions = f" {info.dimensions}" if info.dimensions else ""
    embedding = [f"embedding{dimensions}"] if info.kind == "embedding" else []
    return " ".join([*embedding, *sorted(info.capabilities)])


def _short(tokens: int | None) -> str:
    from trouplet_cli.tool_lines import count

    return UNKNOWN if tokens is None else count(tokens)


def _tokens(number: int | None) -> str:
    return f"{UNKNOWN} (unknown)" if number is None else f"{number:,} tokens"
