"""One contract suite per port, as pytest classes to subclass: an implementation that passes its suite is usable.

An author writes a class per implementation, gives what the suite asks for, and pytest runs the suite's tests::

    class TestMyMemory(MemoryContract):
        async def make(self):
            return MyMemory()

The suites need pytest and pytest-asyncio.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from trouplet.testing.contracts.contract import Contract as Contract
    from trouplet.testing.contracts.embedding import EmbeddingContract as EmbeddingContract
    from trouplet.testing.contracts.formatter import FormatterContract as FormatterContract
    from trouplet.testing.contracts.http_embedding import EmbeddingWire as EmbeddingWire
    from trouplet.testing.contracts.http_embedding import HTTPEmbeddingContract as HTTPEmbeddingContract
    from trouplet.testing.contracts.http_model.contract import HTTPModelContract as HTTPModelContract
    from trouplet.testing.contracts.memory import MemoryContract as MemoryContract
    from trouplet.testing.contracts.model import ModelContract as ModelContract
    from trouplet.testing.contracts.model import Provider as Provider
    from trouplet.testing.contracts.plugin import PluginContract as PluginContract
    from trouplet.testing.contracts.scenarios import Scenario as Scenario
    from trouplet.testing.contracts.session_store import SessionStoreContract as SessionStoreContract
    from trouplet.testing.contracts.token_counter import TokenCounterContract as TokenCounterContract
    from trouplet.testing.contracts.tool import ToolContract as ToolContract
    from trouplet.testing.contracts.wire import EventStreamWire as EventStreamWire
    from trouplet.testing.contracts.wire import JSONLinesWire as JSONLinesWire
    from trouplet.testing.contracts.wire import Wire as Wire

_HOMES = {
    "Contract": "contract",
    "EmbeddingContract": "embedding",
    "EmbeddingWire": "http_embedding",
    "EventStreamWire": "wire",
    "FormatterContract": "formatter",
    "HTTPEmbeddingContract": "http_embedding",
    "HTTPModelContract": "http_model.contract",
    "JSONLinesWire": "wire",
    "MemoryContract": "memory",
    "ModelContract": "model",
    "PluginContract": "plugin",
    "Provider": "model",
    "Scenario": "scenarios",
    "SessionStoreContract": "session_store",
    "TokenCounterContract": "token_counter",
    "ToolContract": "tool",
    "Wire": "wire",
}

__all__ = [
    "Contract",
    "EmbeddingContract",
    "EmbeddingWire",
    "EventStreamWire",
    "FormatterContract",
    "HTTPEmbeddingContract",
    "HTTPModelContract",
    "JSONLinesWire",
    "MemoryContract",
    "ModelContract",
    "PluginContract",
    "Provider",
    "Scenario",
    "SessionStoreContract",
    "TokenCounterContract",
    "ToolContract",
    "Wire",
]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
