"""Models from a kernel's configuration: which file, which engine, which options."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from trouplet.errors import BadSetting
from trouplet.model_io import ModelInfo
from trouplet.spelling import did_you_mean
from trouplet_local.catalogue import CAPABILITIES, CATALOGUE, NamedModel, named_model
from trouplet_local.chat import LocalChatModel
from trouplet_local.engine import Engine
from trouplet_local.llama import Llama
from trouplet_local.settings import LocalOptions
from trouplet_local.weights import Weights

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from trouplet.plugin_context import PluginContext
    from trouplet_local.settings import LocalSettings

_SUFFIX = ".gguf"
_YES = frozenset({"1", "true", "yes", "on"})


def configured_model(context: PluginContext, model: str, config: Mapping[str, object]) -> LocalChatModel:
    """Make the model ``local:model``. Nothing is read or loaded before its first call; raises ``BadSetting``."""
    options = LocalOptions.read({**context.config, **config})
    locate, key, window = _source(context, model, options)
    settings = options.settings
    info = ModelInfo("local", model, CAPABILITIES, min(window or settings.n_ctx, settings.n_ctx))
    engine = context.resource(f"local.engine {key} {settings}", lambda: _engine(locate, settings), Engine.close)
    return LocalChatModel(engine, info, stream=options.stream, options=options.sampling)


def _engine(locate: Callable[[], Path], settings: LocalSettings) -> Engine:
    return Engine(lambda: Llama(locate(), settings))


def _source(context: PluginContext, model: str, options: LocalOptions) -> tuple[Callable[[], Path], str, int | None]:
    """Return how to find the file, what tells it from others, and the model's largest context if that is known."""
    named = named_model(model)
    if named is not None:
        download = _may_download(context, options)
        return lambda: _weights_of(context, named, download), named.name, named.context_window
    if not model.lower().endswith(_SUFFIX):
        raise _unknown(model)
    path = Path(model).expanduser().absolute()
    return lambda: path, str(path), None


def _weights_of(context: PluginContext, model: NamedModel, download: bool) -> Path:
    return Weights(context.cache_dir()).need(model, download=download)


def _may_download(context: PluginContext, options: LocalOptions) -> bool:
    if options.download is not None:
        return options.download
    return (context.environ("TROUPLET_LOCAL_DOWNLOAD") or "").strip().lower() in _YES


def _unknown(model: str) -> BadSetting:
    names = [known.name for known in CATALOGUE]
    return BadSetting(
        f"there is no local model {model!r}",
        why=did_you_mean(model, names),
        fix=f"Use {' or '.join([f'local:{name}' for name in names])}, or the path of a {_SUFFIX} file",
    )
