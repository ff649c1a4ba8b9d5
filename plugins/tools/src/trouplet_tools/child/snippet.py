"""Runs the Python code that it reads from standard input, as the main module of a process of its own.

As in a notebook, the value of a last bare expression is shown. Tracebacks have the code's own line numbers and source
lines, and none of this module's frames. The code finds its standard input empty.
"""

from __future__ import annotations

import ast
import linecache
import os
import sys
from types import ModuleType, TracebackType

NAME = "<code>"
FLAGS: int = ast.PyCF_ONLY_AST


def run(source: bytes, namespace: dict[str, object]) -> None:
    """Execute the code; a last expression goes through ``sys.displayhook``."""
    tree: ast.Module = compile(source, NAME, "exec", FLAGS, dont_inherit=True)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, NAME, "exec", dont_inherit=True), namespace)
    if last is not None:
        exec(compile(ast.Interactive([last]), NAME, "single", dont_inherit=True), namespace)


def show_error(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print a traceback from the code's first frame on."""
    import traceback

    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    traceback.print_exception(kind, error, trace)


def _empty_standard_input() -> None:
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)


def main() -> None:
    """Read the code, become its main module and run it."""
    source = sys.stdin.buffer.read()
    _empty_standard_input()
    linecache.cache[NAME] = (len(source), None, source.decode(errors="replace").splitlines(keepends=True), NAME)
    module = ModuleType("__main__")
    sys.modules["__main__"] = module
    sys.argv = ["-c"]
    sys.excepthook = show_error
    run(source, vars(module))


if __name__ == "__main__":
    main()
