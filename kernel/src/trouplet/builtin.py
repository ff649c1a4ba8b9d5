"""The plugin that the kernel brings along: models under ``test:`` that need no key, no network and no weights."""

from __future__ import annotations

from trouplet.hooks import hookimpl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from trouplet.hooks import PluginContext
    from trouplet.model_io import ModelInfo
    from trouplet.ports import ChatModel


class TestModelsPlugin:
    """Serves ``test:echo`` (also as ``test:``) and ``test:scripted``."""

    plugin_api = (1, 0)
    __test__ = False

    def __init__(self, context: PluginContext) -> None:
        """The models need nothing of the kernel."""

    @hookimpl
    def create_model(self, provider: str, model: str, config: Mapping[str, object]) -> ChatModel | None:
        """Make a test model. ``test:scripted`` takes its script as ``config={"steps": […]}``."""
        if provider != "test":
            return None
        if model in {"", "echo"}:
            from trouplet.testing.echo import EchoModel

            return EchoModel(stream=config.get("stream") is not False)
        if model == "scripted":
            return _scripted(config)
        raise _unknown(model)

    @hookimpl
    def list_models(self) -> list[ModelInfo]:
        """Name the test models."""
        from trouplet.testing.echo import ECHO
        from trouplet.testing.scripted import ScriptedModel

        return [ECHO, ScriptedModel().info]


def _scripted(config: Mapping[str, object]) -> ChatModel:
    from trouplet.errors import BadSetting
    from trouplet.testing.scripted import ScriptedModel

    steps, chunk_size = config.get("steps", ()), config.get("chunk_size")
    if not isinstance(steps, (list, tuple)) or not isinstance(chunk_size, int | None):
        raise BadSetting(
            "test:scripted has no usable script",
            why=f"steps is {steps!r} and chunk_size is {chunk_size!r}",
            fix='Give a list of answers, for example steps=["Hello!", {"tool": "add", "arguments": {"a": 1, "b": 2}}]',
        )
    return ScriptedModel([_step(step) for step in steps], chunk_size=chunk_size)


def _step(step: Any) -> Any:
    """Turn what a configuration file can hold into a step; what is one already stays as it is."""
    from trouplet.testing.scripted import call

    if isinstance(step, list):
        return [_step(part) for part in step]
    if isinstance(step, dict):
        return call(step["tool"], **step.get("arguments", {}))
    return step


def _unknown(model: str) -> Exception:
    from trouplet.errors import BadSetting

    return BadSetting(f"there is no test model {model!r}", fix="Use test:echo or test:scripted")


BUILTIN_PLUGINS: tuple[tuple[str, str, type], ...] = (("models", "test", TestModelsPlugin),)
"""The kernel's own plugins, as (kind, name, class)."""
