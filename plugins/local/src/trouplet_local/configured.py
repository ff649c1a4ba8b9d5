"""Models from a kernel's configuration: which file, which engine, which options."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from trouplet.errors import BadSetting
from trouplet.spelling import did_you_mean
from trouplet_local.catalogue import CATALOGUE, NamedModel, model_info, named_model
from trouplet_local.chat import LocalChatModel
from trouplet_local.engine import Engine
from trouplet_local.llama import Llama
from trouplet_local.settings import LocalOptions
from trouplet_local.weights import Weights

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from trouplet.plugin_context import PluginContext

_SUFFIX = ".gguf"
_YES = frozenset({"1", "true", "yes", "on"})


def configured_model(context: PluginContext, model: str, config: Mapping[str, object]) -> LocalChatModel:
    """Make the model ``local:model``. Nothing is read or loaded before its first call; raises ``BadSetting``."""
    options = LocalOptions.read({**context.config, **config})
    named, settings = named_model(model), options.settings
    locate, key = _path(model) if named is None else _weights(context, named, options)
    info = model_info(model)
    info.context_window = min(settings.n_ctx, info.context_window or settings.n_ctx)
    sampling = options.sampling if named is None else {**named.sampling, **options.sampling}
    engine = context.resource(
        f"local.engine {key} {settings}", lambda: Engine(lambda: Llama(locate(), settings)), Engine.close
    )
    return LocalChatModel(engine, info, stream=options.stream, options=sampling)


def _weights(context: PluginContext, model: NamedModel, options: LocalOptions) -> tuple[Callable[[], Path], str]:
    """Return how to find a named model's file, and its name."""
    download = _may_download(context, options)
    return lambda: Weights(context.cache_dir()).need(model, download=download), model.name


def _path(model: str) -> tuple[Callable[[], Path], str]:
    """Return how to find a file that is named by its path, and what tells it from others."""
    if not model.lower().endswith(_SUFFIX):
        raise _unknown(model)
    path = Path(model).expanduser().absolute()
    return lambda: path, str(path)


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
