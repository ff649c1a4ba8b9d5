"""Checks every installed plugin in a process of its own, and says what is wrong with it and what to type.

Whatever a plugin does there (raise, hang, print, exit, crash the interpreter) it does to that process alone: each has a
deadline, several run at a time, and their output is read but never kept beyond a few lines. A plugin is imported and
instantiated as a kernel would do it; its factories are not called, since they may need keys. What a plugin offers to
another plugin (a kind that the kernel does not know) is imported only. What the rules block is not imported at all.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal, NamedTuple, cast

from trouplet.discovery import PluginEntry
from trouplet.errors import ConfigError, TroupletError
from trouplet.loading import DETAILS, KINDS, UNAFFECTED, import_target, load
from trouplet.requirements import unmet

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Iterable, Mapping, Sequence

    from trouplet.discovery import DiscoveryProblem, PluginIndex
    from trouplet.selection import Selection, Standing

Verdict = Literal["ok", "warning", "failed", "blocked"]

DEADLINE = 20.0
KEPT_OUTPUT = 2000


class Diagnosis(NamedTuple):
    """What the doctor found out about one plugin, or about one distribution that cannot be read."""

    plugin: str
    kinds: tuple[str, ...]
    distribution: str
    version: str
    target: str
    verdict: Verdict
    reason: str = ""
    fix: str = ""


def diagnose(index: PluginIndex, selection: Selection, deadline: float = DEADLINE) -> list[Diagnosis]:
    """Check everything that is in the index, from code that runs no event loop; see ``examine``."""
    return asyncio.run(examine(index, selection, deadline))


async def examine(index: PluginIndex, selection: Selection, deadline: float = DEADLINE) -> list[Diagnosis]:
    """Check everything that is in the index: the plugins by name, then the distributions with problems.

    ``deadline`` is in seconds for each plugin. Cancelling it ends the processes.
    """
    slots = asyncio.Semaphore(os.cpu_count() or 1)
    async with asyncio.TaskGroup() as group:
        checks = [
            group.create_task(_diagnosis(standings, slots, deadline))
            for standings in _by_plugin(selection.survey(index))
        ]
    found = sorted((check.result() for check in checks), key=lambda diagnosis: diagnosis.plugin)
    return [*found, *[_of_problem(problem) for problem in index.problems]]


def report(diagnoses: Sequence[Diagnosis], *, plain: bool = False) -> str:
    """Return the diagnoses as lines for a terminal; ``plain`` uses ASCII only."""
    marks = {"ok": "ok", "warning": "!", "failed": "x", "blocked": "-"} if plain else _MARKS
    lines = [line for diagnosis in diagnoses for line in _lines(diagnosis, marks)]
    failed = sum(diagnosis.verdict == "failed" for diagnosis in diagnoses)
    if not diagnoses:
        lines.append("no plugins are installed")
    elif failed:
        lines.append(f"{failed} of {len(diagnoses)} failed; everything else still works")
    return "\n".join(lines)


_MARKS = {"ok": "✓", "warning": "!", "failed": "✗", "blocked": "-"}


def _lines(diagnosis: Diagnosis, marks: Mapping[str, str]) -> Iterable[str]:
    about = [diagnosis.plugin, diagnosis.distribution, diagnosis.version, ", ".join(diagnosis.kinds), diagnosis.reason]
    yield f"{marks[diagnosis.verdict]} {'  '.join(part for part in about if part)}"
    if diagnosis.fix:
        yield f"    fix: {diagnosis.fix}"


def _by_plugin(standings: Iterable[Standing]) -> Iterable[list[Standing]]:
    groups: dict[tuple[str, str], list[Standing]] = {}
    for standing in standings:
        groups.setdefault(standing.entry.identity, []).append(standing)
    return groups.values()


async def _diagnosis(standings: Sequence[Standing], slots: asyncio.Semaphore, deadline: float) -> Diagnosis:
    entry = max((standing.entry for standing in standings), key=lambda entry: entry.kind in KINDS)
    about = Diagnosis(
        plugin=", ".join(dict.fromkeys(standing.entry.name for standing in standings)),
        kinds=tuple(dict.fromkeys(standing.entry.kind for standing in standings)),
        distribution=entry.distribution,
        version=entry.version,
        target=entry.target,
        verdict="ok",
    )
    if all(standing.status == "blocked" for standing in standings):
        return about._replace(verdict="blocked", reason=standings[0].reason)
    async with slots:
        found = await _check(entry, deadline)
    if found is not None:
        return about._replace(verdict=found.verdict, reason=found.reason, fix=found.fix)
    for standing in standings:
        if standing.status == "conflict":
            return about._replace(verdict="failed", reason=standing.reason, fix=standing.fix)
    missing = unmet(entry.distribution)
    if missing:
        wanted = " ".join(f"'{requirement.requirement}'" for requirement in missing)
        return about._replace(verdict="failed", reason="; ".join(map(str, missing)), fix=f"pip install {wanted}")
    return about


def _of_problem(problem: DiscoveryProblem) -> Diagnosis:
    return Diagnosis(
        plugin="",
        kinds=(),
        distribution=problem.distribution,
        version=problem.version,
        target=problem.path,
        verdict="warning" if problem.usable else "failed",
        reason=problem.reason,
        fix=problem.fix,
    )


# --- the process of one plugin, seen from outside


class _Ended(NamedTuple):
    """The exit status, None when the deadline passed, and the beginnings of the output."""

    status: int | None
    printed: str
    complaints: str


class _Finding(NamedTuple):
    """What is wrong; the process of a plugin writes it down as a list, which is empty when nothing is."""

    verdict: Verdict
    reason: str
    fix: str


async def _check(entry: PluginEntry, deadline: float) -> _Finding | None:
    """Load a plugin in a process of its own; None when nothing is wrong with it."""
    with TemporaryDirectory(prefix="trouplet-doctor-", ignore_cleanup_errors=True) as folder:
        answer = Path(folder, "answer.json")
        process = await _start(entry, answer)
        ended = await _watch(process, deadline)
        return _finding(entry, _read(answer), ended, deadline)


def _finding(entry: PluginEntry, outcome: list[str] | None, ended: _Ended, deadline: float) -> _Finding | None:
    update = _update(entry)
    if outcome:
        return _Finding(*cast("tuple[Verdict, str, str]", outcome))
    if outcome is None and ended.status is None:
        block = f"TROUPLET_BLOCK={entry.distribution} keeps it out; {update}"
        return _Finding("failed", f"did not finish loading in {deadline:g} s", block)
    if outcome is None:
        return _Finding("failed", f"{_death(ended.status)} while it was loaded{_fatal(ended.complaints)}", update)
    if ended.printed.strip():
        first = ended.printed.strip().splitlines()[0]
        return _Finding("failed", f"prints when it is loaded: {first[:80]!r}", update)
    return None


async def _start(entry: PluginEntry, answer: Path) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",  # the folder that is the current one by chance is no place to import from
        "-m",
        "trouplet.doctor",
        str(answer),
        *entry,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=answer.parent,
        env=_environment(),
        start_new_session=True,
    )


def _environment() -> dict[str, str]:
    paths = [str(Path(path).absolute()) for path in sys.path if path]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONFAULTHANDLER": "1"}


async def _watch(process: Process, deadline: float) -> _Ended:
    """Wait for the end of a process, or end it after the deadline."""
    async with asyncio.TaskGroup() as group:
        heads = [group.create_task(_head(stream)) for stream in (process.stdout, process.stderr)]
        try:
            async with asyncio.timeout(deadline):
                status = await process.wait()
        except TimeoutError:
            status = None
        finally:
            _kill_all(process.pid)
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await process.wait()
        # What has left the session of its parent may hold the pipes open for ever.
        await asyncio.wait(heads, timeout=1)
        for head in heads:
            head.cancel()
    return _Ended(status, *["" if head.cancelled() else head.result() for head in heads])


async def _head(stream: asyncio.StreamReader | None) -> str:
    """Read a stream to its end and return its beginning."""
    assert stream is not None
    kept = b""
    while chunk := await stream.read(64 * 1024):
        kept += chunk[: KEPT_OUTPUT - len(kept)]
    return kept.decode(errors="replace")


def _kill_all(pid: int) -> None:
    """End a plugin's process, if it is left, and on POSIX what it has started."""
    with suppress(OSError):
        if os.name == "posix":
            os.killpg(pid, signal.SIGKILL)
        else:
            os.kill(pid, signal.SIGTERM)


def _read(answer: Path) -> list[str] | None:
    try:
        found: list[str] = json.loads(answer.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return found


def _death(status: int | None) -> str:
    if status is not None and status < 0:
        with suppress(ValueError):
            return f"the process was killed by {signal.Signals(-status).name}"
    return f"the process ended with exit code {status}"


def _update(entry: PluginEntry) -> str:
    return f"pip install -U {entry.distribution}, or tell its author"


def _fatal(complaints: str) -> str:
    fatal = [line for line in complaints.splitlines() if line.startswith("Fatal")]
    return f" ({fatal[0]})" if fatal else ""


# --- the process of one plugin, seen from inside


def _try_to_load(entry: PluginEntry, folder: Path) -> Sequence[str]:
    from trouplet.testing.plugin_stand import PluginStand

    try:
        if entry.kind in KINDS:
            load(entry, lambda: PluginStand(entry.name, environ=os.environ, folder=folder))
        else:
            import_target(entry)
    except TroupletError as error:
        reason = f"{error.what}: {error.why}" if error.why else error.what
        fix = error.fix.removesuffix(DETAILS).removeprefix(UNAFFECTED).strip(" .").removeprefix("Fix: ")
        verdict: Verdict = "warning" if isinstance(error, ConfigError) else "failed"
        return _Finding(verdict, reason, fix or _update(entry))
    except BaseException as error:  # this process exists to find out what the plugin does
        return _Finding("failed", f"raised {type(error).__name__} when it was loaded", _update(entry))
    return ()


def main(arguments: Sequence[str]) -> None:
    """Load the plugin that the arguments name and write down how that went; ends the process and what it started."""
    answer = Path(arguments[0])
    outcome = _try_to_load(PluginEntry(*arguments[1:]), answer.parent)
    answer.write_text(json.dumps(outcome), "utf-8")
    with suppress(Exception):  # the plugin may have put anything in the place of the streams
        sys.stdout.flush()
        sys.stderr.flush()
    _kill_all(os.getpid())  # threads of the plugin would keep the process, its children the pipes


if __name__ == "__main__":
    main(sys.argv[1:])
