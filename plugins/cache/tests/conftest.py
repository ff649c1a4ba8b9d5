"""Kernels with scripted models under names of a test's own, and stores on disk."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from trouplet import Kernel
from trouplet.hooks import hookimpl
from trouplet.model_io import ModelInfo
from trouplet.testing import ScriptedModel
from trouplet_cache import DiskStore


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
def stage(tmp_path: Path) -> Callable[..., Stage]:
    """Makes kernels whose cache folder is the test's own."""

    def make(*plugins: Any, models: dict[str, Any], **options: Any) -> Stage:
        made = {
            name: model if isinstance(model, ScriptedModel) else ScriptedModel(model) for name, model in models.items()
        }
        return Stage(made, list(plugins), {"cache_dir": tmp_path, **options})

    return make


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Callable[..., DiskStore]]:
    """Makes stores on one file, and closes them."""
    made: list[DiskStore] = []

    def make(**options: Any) -> DiskStore:
        made.append(DiskStore(tmp_path / "deep" / "store.sqlite3", **options))
        return made[-1]

    yield make
    for one in made:
        await one.aclose()
