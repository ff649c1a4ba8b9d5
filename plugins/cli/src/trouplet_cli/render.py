"""``Transcript``: the events of a run as lines on a terminal. ``chat``, ``run`` and the demo share it.

Text is passed through as it comes, never rendered again: the cost is linear in what the model writes.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from trouplet import events as ev
from trouplet.messages import TextBlock, ToolUseBlock
from trouplet_cli.safe_text import one_line
from trouplet_cli.terminal import Terminal, standard_streams
from trouplet_cli.tool_lines import call_view, count, result_lines, seconds

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from trouplet.messages import ToolResultBlock
    from trouplet.model_io import Usage

_MARKS = {"ok": "✓", "error": "✗", "interrupted": "■", "not_started": "■", "denied": "✗"}
_WORDS = {"ok": "", "error": "failed", "interrupted": "interrupted", "not_started": "not started", "denied": "denied"}


class Transcript:
    """Shows the events of runs, one after the other, as they come.

    ``out`` gets the text of the agent, ``notes`` everything else: reasoning, tool calls with their results, usage. With
    ``stream_text=False`` the final answer is left to the caller, and what the agent says before its tool calls goes to
    the notes.
    """

    def __init__(self, out: Terminal | None = None, notes: Terminal | None = None, *, stream_text: bool = True) -> None:
        if out is None:
            out, default_notes = standard_streams()
            notes = notes or (out if out.is_tty else default_notes)
        self.out = out
        self.notes = notes or out
        self._stream_text = stream_text
        self._calls: dict[str, ToolUseBlock] = {}
        self._started: dict[str, float] = {}
        self._open_call = ""
        self._began = 0.0
        self._shown: set[str] = set()
        self._show: dict[type[ev.Event], Callable[[Any], None]] = {
            ev.RunStarted: self._run_started,
            ev.ModelCallStarted: self._model_call_started,
            ev.BlockStarted: self._block_started,
            ev.TextDelta: self._text,
            ev.ThinkingDelta: self._thinking,
            ev.ToolCallStarted: self._call_begins,
            ev.ModelCallEnded: self._model_call_ended,
            ev.ToolStarted: self._tool_started,
            ev.ToolEnded: self._tool_ended,
            ev.ApprovalRequested: self._approval_requested,
            ev.NoteAdded: self._note,
            ev.RunEnded: self._run_ended,
        }

    def show(self, event: ev.Event) -> None:
        """Show one event; those that have no look of their own are passed over."""
        show = self._show.get(type(event))
        if show is not None:
            show(event)

    def _run_started(self, event: ev.RunStarted) -> None:
        self._began = monotonic()

    # --- what the model says

    def _model_call_started(self, event: ev.ModelCallStarted) -> None:
        self._shown.add(event.message_id)
        self.notes.transient(f"… {event.model}")

    def _block_started(self, event: ev.BlockStarted) -> None:
        if event.kind == "thinking":
            self.notes.fresh_line()
            if not self.notes.styled:
                self.notes.write("(reasoning) ")
        elif event.kind == "text" and self._stream_text:
            self.out.fresh_line()

    def _text(self, event: ev.TextDelta) -> None:
        if self._stream_text:
            self.out.write(event.text)

    def _thinking(self, event: ev.ThinkingDelta) -> None:
        self.notes.write(event.text, "dim")

    def _call_begins(self, event: ev.ToolCallStarted) -> None:
        self._fresh_line()
        self.notes.transient(f"… calls {event.name}")

    def _model_call_ended(self, event: ev.ModelCallEnded) -> None:
        self.notes.erase_transient()
        calls = event.message.blocks(ToolUseBlock) if event.message is not None else []
        self._calls.update({call.id: call for call in calls})
        if calls and not self._stream_text and event.message is not None and event.message.text:
            self.notes.line(event.message.text)
        if event.finish_reason == "length":
            self.notes.line("The answer was cut off: that is the model's limit of output.", "dim")
        if event.finish_reason == "content_filter":
            self.notes.line("The answer was cut off by the provider's content filter.", "dim")

    # --- what the tools do

    def _tool_started(self, event: ev.ToolStarted) -> None:
        self._started[event.call_id] = monotonic()
        self._write_call(event.call_id, event.name, event.input)

    def _write_call(self, call_id: str, name: str, arguments: Any) -> None:
        self._fresh_line()
        view = call_view(name, arguments, self.notes.width)
        self.notes.write("▸ ", "cyan")
        self.notes.write(view.head, "bold")
        for key, lines in view.blocks:
            self.notes.line(f"    {key}:", "dim")
            for line in lines:
                self.notes.line(f"    │ {line}", "dim")
        self._open_call = call_id

    def _tool_ended(self, event: ev.ToolEnded) -> None:
        result = event.result
        began = self._started.pop(result.id, None)
        if began is None and result.id != self._open_call:
            call = self._calls.get(result.id)
            self._write_call(result.id, result.name, call.input if call is not None else {})
        self._write_outcome(result, "" if began is None else seconds(monotonic() - began))
        text = result.text or ("" if not result.output else _media(result))
        for line in result_lines(text, self.notes.width):
            self.notes.line(f"    {line}", "dim")

    def _write_outcome(self, result: ToolResultBlock, took: str) -> None:
        words = [word for word in (_MARKS[result.status], _WORDS[result.status], took) if word]
        if result.id != self._open_call:
            words.insert(1, one_line(result.name))
            self.notes.fresh_line()
        self._open_call = ""
        self.notes.right(" ".join(words), "green" if result.status == "ok" else "red")

    def _approval_requested(self, event: ev.ApprovalRequested) -> None:
        call = self._calls.get(event.call_id)
        if call is None:
            self.notes.line(f"▸ {event.question}", "bold")
            return
        self._write_call(event.call_id, call.name, call.input)
        self.notes.right("needs approval", "cyan")
        self._open_call = ""

    # --- how the run ends

    def _note(self, event: ev.NoteAdded) -> None:
        self.notes.line(f"Note: {event.note}", "dim")

    def _run_ended(self, event: ev.RunEnded) -> None:
        self.notes.erase_transient()
        if event.status == "parked":
            return
        if event.reply is not None and self._stream_text and event.reply.id not in self._shown:
            self.out.line(event.reply.text)
        if event.status == "interrupted":
            self._finish_answer()
            self.notes.line("■ interrupted", "dim")
        elif event.status == "limit":
            self.notes.line("■ stopped at the limit of steps", "dim")
        self._write_usage(event.usage, event.status != "failed")
        self._shown.clear()
        self._calls.clear()

    def _write_usage(self, usage: Usage, complete: bool) -> None:
        if usage.calls and complete:
            text = f"{usage_text(usage)} · {seconds(monotonic() - self._began)}"
            if self.notes.cursor is not self.out.cursor:
                self._finish_answer()
            self.notes.right(text, "dim")
        else:
            self._finish_answer()

    def _finish_answer(self) -> None:
        self.out.fresh_line()

    def _fresh_line(self) -> None:
        self.out.fresh_line()
        self.notes.fresh_line()


def usage_text(usage: Usage) -> str:
    """Return the tokens of a run: in, cached, out; marked where the provider told only part of it."""
    if usage.unknown >= usage.calls:
        return "tokens unknown"
    cached = f" ({count(usage.cached_tokens)} cached)" if usage.cached_tokens else ""
    more = "+" if usage.unknown else ""
    return f"{count(usage.input_tokens)}{cached}→{count(usage.output_tokens)}{more} tok"


def _media(result: ToolResultBlock) -> str:
    kinds = [block.type for block in result.output if not isinstance(block, TextBlock)]
    return f"[{', '.join(kinds)}]" if kinds else ""
