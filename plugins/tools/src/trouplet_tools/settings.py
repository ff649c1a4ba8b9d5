"""The settings of the two plugins, as a kernel's configuration gives them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ConfigDict, PositiveFloat, PositiveInt, ValidationError

from trouplet.errors import BadSetting
from trouplet_tools.code import CodeTools
from trouplet_tools.files import SIZE_LIMIT, FileTools
from trouplet_tools.process import BYTE_CAP, OUTPUT_LIMIT

if TYPE_CHECKING:
    from trouplet.plugin_context import PluginContext

S = TypeVar("S", bound=BaseModel)


class CodeSettings(BaseModel):
    """``config={"code": …}``: where code runs, what it sees and how much it may take."""

    model_config = ConfigDict(extra="forbid")

    cwd: Path | None = None
    env: dict[str, str] = {}
    inherit: tuple[str, ...] = ()
    timeout: PositiveFloat = 3600
    output_limit: PositiveInt = OUTPUT_LIMIT
    byte_cap: PositiveInt = BYTE_CAP


class FileSettings(BaseModel):
    """``config={"files": …}``: where files may be and how large."""

    model_config = ConfigDict(extra="forbid")

    root: Path | None = None
    size_limit: PositiveInt = SIZE_LIMIT


def code_tools(context: PluginContext) -> CodeTools:
    """Make the code tools that a kernel's configuration describes."""
    settings = _read(CodeSettings, context)
    return CodeTools(
        cwd=settings.cwd,
        env=settings.env,
        inherit=settings.inherit,
        max_timeout=settings.timeout,
        output_limit=settings.output_limit,
        byte_cap=settings.byte_cap,
        environ=context.environ,
    )


def file_tools(context: PluginContext) -> FileTools:
    """Make the file tools that a kernel's configuration describes."""
    settings = _read(FileSettings, context)
    return FileTools(root=settings.root, size_limit=settings.size_limit)


def _read(model: type[S], context: PluginContext) -> S:
    try:
        return model.model_validate(dict(context.config))
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        setting = ".".join([context.plugin, *map(str, problem["loc"])])
        known = ", ".join(model.model_fields)
        raise BadSetting(
            f"the setting {setting} is not usable", why=str(problem["msg"]), fix=f"The settings are: {known}"
        ) from error
