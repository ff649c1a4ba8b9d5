"""The entry points of the group ``trouplet.tools``: ``code`` and ``files``."""

from __future__ import annotations

from trouplet.hooks import hookimpl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from trouplet.function_tool import FunctionTool
    from trouplet.plugin_context import PluginContext


class CodePlugin:
    """Tools that run Python code and shell commands."""

    plugin_api = (1, 0)

    def __init__(self, context: PluginContext) -> None:
        self._context = context

    @hookimpl
    def provide_tools(self) -> Iterable[FunctionTool]:
        """Offer ``execute_python_code`` and ``execute_shell_command``."""
        from trouplet_tools.settings import code_tools

        return code_tools(self._context).tools()


class FilesPlugin:
    """Tools that view and edit text files."""

    plugin_api = (1, 0)

    def __init__(self, context: PluginContext) -> None:
        self._context = context

    @hookimpl
    def provide_tools(self) -> Iterable[FunctionTool]:
        """Offer ``view_text_file``, ``write_text_file`` and ``insert_text_file``."""
        from trouplet_tools.settings import file_tools

        return file_tools(self._context).tools()
