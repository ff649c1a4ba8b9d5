"""Code, shell and file tools for agents."""

from __future__ import annotations

import importlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from trouplet_tools.code import CodeTools as CodeTools
    from trouplet_tools.code import execute_python_code as execute_python_code
    from trouplet_tools.code import execute_shell_command as execute_shell_command
    from trouplet_tools.environment import minimal_environment as minimal_environment
    from trouplet_tools.files import FileTools as FileTools
    from trouplet_tools.files import insert_text_file as insert_text_file
    from trouplet_tools.files import view_text_file as view_text_file
    from trouplet_tools.files import write_text_file as write_text_file
    from trouplet_tools.process import ProcessResult as ProcessResult
    from trouplet_tools.process import run_process as run_process

_MODULES = {
    "CodeTools": "code",
    "FileTools": "files",
    "ProcessResult": "process",
    "execute_python_code": "code",
    "execute_shell_command": "code",
    "insert_text_file": "files",
    "minimal_environment": "environment",
    "run_process": "process",
    "view_text_file": "files",
    "write_text_file": "files",
}

__all__ = [
    "CodeTools",
    "FileTools",
    "ProcessResult",
    "execute_python_code",
    "execute_shell_command",
    "insert_text_file",
    "minimal_environment",
    "run_process",
    "view_text_file",
    "write_text_file",
]


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
