"""The files of a new plugin's project, as templates: those of every kind, and those of each."""

from __future__ import annotations

_PYPROJECT = """\
[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"

[project]
name = "trouplet-$name"
version = "0.1.0"
description = "A Trouplet plugin."
readme = "README.md"
requires-python = ">=3.11"
dependencies = ["trouplet>=0.1"]

[project.optional-dependencies]
test = ["pytest>=8", "pytest-asyncio>=1"]

# The entry point is the manifest: kind, the name that users type, and the plugin class.
[project.entry-points."trouplet.$kind"]
$name = "$module.plugin:${camel}Plugin"

[tool.hatch.build.targets.wheel]
packages = ["src/$module"]
"""

_README_HEAD = """\
# trouplet-$name

A plugin for [Trouplet](https://github.com/trouplet/trouplet).

"""

_README_TAIL = """
## Develop

```
pip install -e '.[test]'
pytest
python -m trouplet plugins doctor
```
"""

_TOOLS_README = """\
```python
async with Kernel() as kernel:
    agent = kernel.agent("Friday", model="test:echo", tools=["$name"])
```
"""

_TOOLS_PLUGIN = '''\
"""The entry point of trouplet-$name: thin, it imports the rest when that is asked for."""

from __future__ import annotations

from trouplet.hooks import hookimpl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from trouplet.hooks import PluginContext


class ${camel}Plugin:
    """Provides the tools of trouplet-$name."""

    plugin_api = $api

    def __init__(self, context: PluginContext) -> None:
        self._context = context

    @hookimpl
    def provide_tools(self) -> Iterable[Callable[..., object]]:
        from $module.tools import ${function}_count

        return [${function}_count]
'''

_TOOLS_TOOLS = '''\
"""The tools. The model sees a function's name, its docstring and the types of its parameters."""

from __future__ import annotations


def ${function}_count(text: str, letter: str) -> int:
    """Count how often a letter occurs in a text.

    Args:
        text: The text to look at.
        letter: One letter; upper and lower case are the same.
    """
    return text.lower().count(letter.lower())
'''

_TOOLS_TEST = """\
from trouplet.testing import PluginStand
from trouplet.testing.contracts import PluginContract, ToolContract
from trouplet.toolkit import as_tool

from $module.plugin import ${camel}Plugin


class TestPlugin(PluginContract):
    plugin_class = ${camel}Plugin


class TestTool(ToolContract):
    valid = {"text": "strawberry", "letter": "r"}
    invalid = [{"text": "strawberry"}]

    def make(self):
        (function,) = ${camel}Plugin(PluginStand()).provide_tools()
        return as_tool(function)


def test_letters_are_counted():
    (function,) = ${camel}Plugin(PluginStand()).provide_tools()
    assert function("Strawberry", "R") == 3
"""

_MODELS_README = """\
```python
async with Kernel() as kernel:
    agent = kernel.agent("Friday", model="$name:loud")
```
"""

_MODELS_PLUGIN = '''\
"""The entry point of trouplet-$name: thin, it imports the rest when that is asked for."""

from __future__ import annotations

from trouplet.hooks import hookimpl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from trouplet.hooks import PluginContext
    from trouplet.ports import ChatModel


class ${camel}Plugin:
    """Makes the models of the provider $name."""

    plugin_api = $api

    def __init__(self, context: PluginContext) -> None:
        self._context = context

    @hookimpl
    def create_model(self, provider: str, model: str, config: Mapping[str, object]) -> ChatModel | None:
        if provider != "$name":
            return None
        from $module.chat import ${camel}Model

        return ${camel}Model(model)
'''

_MODELS_CHAT = '''\
"""The chat model. This one answers by itself, in capitals; yours asks its provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet.model_io import Finish, ModelInfo, TextChunk

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from trouplet.messages import Msg
    from trouplet.model_io import Chunk, ModelRequest
    from trouplet.ports import Formatter


class ${camel}Formatter:
    """Turns a history into the message list of the provider's API."""

    async def format(self, messages: Sequence[Msg]) -> list[dict[str, object]]:
        return [{"role": message.role, "content": message.text} for message in messages]


class ${camel}Model:
    """One model of the provider $name."""

    def __init__(self, name: str) -> None:
        self.info = ModelInfo("$name", name, frozenset({"streaming", "system"}))
        self.formatter: Formatter = ${camel}Formatter()

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Chunk, None]:
        messages = await self.formatter.format(request.messages)
        for word in str(messages[-1]["content"]).split():
            yield TextChunk(word.upper() + " ")
        yield Finish("stop", model=self.info.name)
'''

_MODELS_TEST = """\
import asyncio

from trouplet.messages import Msg
from trouplet.model_io import Finish, ModelRequest
from trouplet.ports import ChatModel
from trouplet.testing import PluginStand
from trouplet.testing.contracts import PluginContract

from $module.plugin import ${camel}Plugin


class TestPlugin(PluginContract):
    plugin_class = ${camel}Plugin


def test_the_model_answers_and_finishes():
    model = ${camel}Plugin(PluginStand()).create_model("$name", "loud", {})
    assert isinstance(model, ChatModel)

    async def answer():
        return [chunk async for chunk in model.stream(ModelRequest([Msg("Ann", "good morning")]))]

    *pieces, finish = asyncio.run(answer())
    assert "".join(piece.text for piece in pieces) == "GOOD MORNING "
    assert isinstance(finish, Finish)
"""

_HOOKS_README = """\
```python
async with Kernel(plugins=["$name"], config={"$name": {"denied": ["execute_shell_command"]}}) as kernel:
    agent = kernel.agent("Friday", model="test:echo")
```
"""

_HOOKS_PLUGIN = '''\
"""The entry point of trouplet-$name: hooks that take part in every run of a kernel that names the plugin."""

from __future__ import annotations

from trouplet.hooks import hookimpl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from trouplet.hooks import PluginContext
    from trouplet.messages import ToolUseBlock
    from trouplet.tool_io import Deny


class ${camel}Plugin:
    """Refuses calls of the tools that its settings list as ``denied``."""

    plugin_api = $api

    def __init__(self, context: PluginContext) -> None:
        denied = context.config.get("denied", ())
        self._denied = set(denied) if isinstance(denied, (list, tuple)) else set()

    @hookimpl
    async def before_acting(self, call: ToolUseBlock) -> Deny | None:
        if call.name not in self._denied:
            return None
        from trouplet.tool_io import Deny

        return Deny(f"{call.name} is not allowed here")
'''

_HOOKS_TEST = """\
import asyncio

from trouplet.messages import ToolUseBlock
from trouplet.testing import PluginStand
from trouplet.testing.contracts import PluginContract
from trouplet.tool_io import Deny

from $module.plugin import ${camel}Plugin


class TestPlugin(PluginContract):
    plugin_class = ${camel}Plugin


def test_a_denied_tool_is_not_called():
    plugin = ${camel}Plugin(PluginStand(config={"denied": ["rm"]}))
    assert isinstance(asyncio.run(plugin.before_acting(ToolUseBlock("1", "rm", {}))), Deny)
    assert asyncio.run(plugin.before_acting(ToolUseBlock("2", "ls", {}))) is None
"""

COMMON = {
    "pyproject.toml": _PYPROJECT,
    "src/$module/__init__.py": '"""The plugin trouplet-$name."""\n',
    "src/$module/py.typed": "",
}
"""Templates by path, both with ``string.Template`` fields."""

OF_KIND = {
    "tools": {
        "README.md": _README_HEAD + _TOOLS_README + _README_TAIL,
        "src/$module/plugin.py": _TOOLS_PLUGIN,
        "src/$module/tools.py": _TOOLS_TOOLS,
        "tests/test_$function.py": _TOOLS_TEST,
    },
    "models": {
        "README.md": _README_HEAD + _MODELS_README + _README_TAIL,
        "src/$module/plugin.py": _MODELS_PLUGIN,
        "src/$module/chat.py": _MODELS_CHAT,
        "tests/test_$function.py": _MODELS_TEST,
    },
    "hooks": {
        "README.md": _README_HEAD + _HOOKS_README + _README_TAIL,
        "src/$module/plugin.py": _HOOKS_PLUGIN,
        "tests/test_$function.py": _HOOKS_TEST,
    },
}
