"""The tools that run code: Python and shell commands, each in a supervised process of its own."""

from __future__ import annotations

import errno
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from trouplet.errors import InvalidArguments, ToolError
from trouplet_tools.environment import minimal_environment
from trouplet_tools.plain_text import encoded
from trouplet_tools.process import BYTE_CAP, OUTPUT_LIMIT, ProcessResult, run_process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from trouplet.function_tool import FunctionTool

SNIPPET = Path(__file__).with_name("child") / "snippet.py"
OUR_TAGS = re.compile(r"<(?=/?(?:returncode|stdout|stderr|note)>)")
CLEAN_UP = 10.0
"""Seconds between the longest time-out and the kernel's deadline: to end processes and hand over the output."""


class CodeTools:
    """Code tools with a working directory, an environment and limits.

    ``cwd`` is where the code runs (None: the host's current directory). ``env`` gives variables to the code,
    ``inherit`` names variables of the host's to pass on; besides these it sees ``PATH``, ``HOME``, ``LANG`` and
    ``TMPDIR``. No call runs longer than ``max_timeout`` seconds, whatever the model asks for. ``python`` is the
    interpreter, ``shell`` the command that is given a shell command as its last argument. ``environ`` looks up the
    host's variables.
    """

    def __init__(
        self,
        *,
        cwd: str | os.PathLike[str] | None = None,
        env: Mapping[str, str] | None = None,
        inherit: Iterable[str] = (),
        max_timeout: float = 3600,
        output_limit: int = OUTPUT_LIMIT,
        byte_cap: int = BYTE_CAP,
        python: str = sys.executable,
        shell: Sequence[str] = ("/bin/sh", "-c"),
        environ: Callable[[str], str | None] = os.environ.get,
    ) -> None:
        self._cwd = None if cwd is None else str(Path(cwd).expanduser())
        self._env = dict(env or {})
        self._inherit = tuple(inherit)
        self._max_timeout = max_timeout
        self._output_limit = output_limit
        self._byte_cap = byte_cap
        self._python = python
        self._shell = tuple(shell)
        self._environ = environ

    def tools(self) -> tuple[FunctionTool, ...]:
        """Return the tools; their deadline is such that a program's own time-out always comes first."""
        from trouplet.function_tool import FunctionTool
        from trouplet.tool_io import ToolTraits

        traits = ToolTraits(deadline=self._max_timeout + CLEAN_UP)
        return tuple(
            FunctionTool(function, traits=traits) for function in (self.execute_python_code, self.execute_shell_command)
        )

    async def execute_python_code(self, code: str, timeout: float = 300) -> str:
        """Run Python code in a new process and return what it prints.

        Nothing is kept from one call to the next. Print what you want to see; the value of a last bare expression
        is shown too. Processes that the code leaves in the background are ended when it returns.

        Args:
            code: The Python code to run.
            timeout: The seconds after which the code is stopped.

        Returns:
            The exit code, what was printed to standard output, and the errors.
        """
        command = [self._python, "-I", "-u", "-X", "utf8", str(SNIPPET)]
        return await self._run(command, timeout, stdin=encoded(code, "code") or b"\n")

    async def execute_shell_command(self, command: str, timeout: float = 300) -> str:
        """Run a shell command and return its output.

        Each call has a new shell. Processes that the command leaves in the background are ended when it returns.

        Args:
            command: The command, in the language of /bin/sh.
            timeout: The seconds after which the command is stopped.

        Returns:
            The exit code, standard output and standard error.
        """
        encoded(command, "command")
        return await self._run([*self._shell, command], timeout)

    async def _run(self, argv: Sequence[str], timeout: float, *, stdin: bytes = b"") -> str:
        if not timeout > 0:
            raise InvalidArguments(f"timeout is {timeout}, and has to be a positive number of seconds")
        timeout = min(timeout, self._max_timeout)
        try:
            result = await run_process(
                argv,
                cwd=self._cwd,
                env=minimal_environment(self._env, inherit=self._inherit, environ=self._environ),
                stdin=stdin,
                timeout=timeout,
                output_limit=self._output_limit,
                byte_cap=self._byte_cap,
                interpreter=self._python,
            )
        except (OSError, ValueError) as error:
            raise ToolError("the process could not be started", why=str(error), fix=_fix(error)) from error
        return _as_text(result, timeout)


def _fix(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno == errno.E2BIG:
        return "Write long text to a file first, and let the command read it"
    return ""


def _as_text(result: ProcessResult, timeout: float) -> str:
    """Return a result as the model sees it; no output can imitate the tags."""
    code = -1 if result.ending == "timeout" else result.returncode
    parts = [("returncode", str(code)), ("stdout", result.stdout.text), ("stderr", result.stderr.text)]
    parts += [("note", note) for note in _notes(result, timeout)]
    return "\n".join(f"<{tag}>{OUR_TAGS.sub('&lt;', text)}</{tag}>" for tag, text in parts)


def _notes(result: ProcessResult, timeout: float) -> Iterable[str]:
    if result.ending == "timeout":
        yield f"TimeoutError: stopped after {timeout:g} seconds; the output so far is kept."
    elif result.ending == "overflow":
        yield "Stopped, as it wrote too much. Write less, or write to a file and read the parts that you need."
    elif result.ending == "lost":
        yield "The process was lost: something killed what watched over it. Its exit code is not known."
    elif result.stragglers:
        yield f"{result.stragglers} background process(es) were ended when it returned."
    if result.ending != "overflow" and (result.stdout.dropped or result.stderr.dropped):
        yield "Long output was cut in the middle. Write it to a file to see all of it."


_unconfigured = CodeTools()
execute_python_code = _unconfigured.execute_python_code
execute_shell_command = _unconfigured.execute_shell_command
