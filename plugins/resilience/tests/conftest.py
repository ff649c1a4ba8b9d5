"""Kernels with scripted models under names of a test's own, and a server that counts requests."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from trouplet import Kernel
from trouplet.hooks import hookimpl
from trouplet.model_io import ModelInfo
from trouplet.testing import FaultServer, ScriptedModel
from trouplet.testing.fault_server import READ, event_stream, response


class Stage:
    """A kernel whose models are those of a test: ``stage.kernel``, ``stage.models["a:1"]``."""

    def __init__(self, models: dict[str, ScriptedModel], plugins: list[Any], options: dict[str, Any]) -> None:
        self.models = models
        for name, model in models.items():
            provider, _, own = name.partition(":")
            model.info = ModelInfo(provider, own, model.info.capabilities)
        self.kernel = Kernel(plugins=[*plugins, self._plugin()], environ={}, **options)

    def _plugin(self) -> type:
        models = self.models

        class Models:
            plugin_api = (1, 0)

            def __init__(self, context: object) -> None:
                pass

            @hookimpl
            def create_model(self, provider: str, model: str) -> ScriptedModel | None:
                return models.get(f"{provider}:{model}")

        return Models


@pytest.fixture
def stage() -> Callable[..., Stage]:
    def make(*plugins: Any, models: dict[str, Any], **options: Any) -> Stage:
        made = {
            name: model if isinstance(model, ScriptedModel) else ScriptedModel(model) for name, model in models.items()
        }
        return Stage(made, list(plugins), options)

    return make


class Service:
    """A Chat Completions service on loopback: each model answers with its script for ever, ``ok`` for a good answer."""

    def __init__(self, scripts: dict[str, Any]) -> None:
        self.scripts = scripts
        self.asked: list[str] = []
        self.server = FaultServer(respond=self._respond)

    def _respond(self, request: Any) -> Any:
        model = json.loads(request.body)["model"]
        self.asked.append(model)
        script = self.scripts[model]
        if script == "ok":
            return (good(f"I am {model}."), READ)
        if isinstance(script, int):
            return (response(b'{"error": {"message": "no"}}', status=script), READ)
        return script


@pytest.fixture(name="good")
def good_answers() -> Callable[[str], bytes]:
    """Makes the bytes of a whole answer."""
    return good


def good(text: str) -> bytes:
    chunk = {"id": "1", "object": "chat.completion.chunk", "model": "m"}
    delta = {"index": 0, "delta": {"content": text}, "finish_reason": None}
    end = {"index": 0, "delta": {}, "finish_reason": "stop"}
    events = [json.dumps({**chunk, "choices": [choice]}) for choice in (delta, end)]
    return event_stream(*events, "[DONE]")


@pytest.fixture
async def service() -> AsyncIterator[Callable[..., Any]]:
    running: list[FaultServer] = []

    async def start(**scripts: Any) -> Service:
        made = Service(scripts)
        running.append(await made.server.__aenter__())
        return made

    yield start
    for server in running:
        await server.__aexit__(None, None, None)
