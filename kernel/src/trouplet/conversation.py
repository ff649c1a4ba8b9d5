"""What all formatters share: keeping a message's wire form, folding several speakers, results as text, promoted media.

A provider's formatter says how *one* message looks on the wire; everything else is here. The wire form is kept with the
message, so a turn costs what is new in it and not what the history holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet.messages import AudioBlock, ImageBlock, Msg, TextBlock, ToolResultBlock, ToolUseBlock, VideoBlock

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trouplet.messages import ContentBlock, MediaBlock
    from trouplet.ports import Formatter

MEDIA = (ImageBlock, AudioBlock, VideoBlock)
HISTORY_PROMPT = "The conversation so far, one speaker a line, is between the <history> tags.\n"


class ChatFormatter:
    """The base of a provider's formatter: each message by itself, in order."""

    async def format(self, messages: Sequence[Msg]) -> list[dict[str, object]]:
        """Return the wire form of a history; what was formatted before is taken as it is."""
        made: list[dict[str, object]] = []
        for msg in messages:
            kept = msg.wire
            if kept is not None and kept[0] is self:
                made += kept[1]
            else:
                made += await self._format_new(msg)
        return made

    async def _format_new(self, msg: Msg) -> list[dict[str, object]]:
        parts = await self.format_message(msg)
        object.__setattr__(msg, "wire", (self, parts))
        return parts

    async def format_message(self, msg: Msg) -> list[dict[str, object]]:
        """Return the wire form of one message: none, one or several of the provider's messages."""
        raise NotImplementedError(f"{type(self).__name__} does not say how a message looks")


class MultiAgentFormatter:
    """Fits a conversation of several agents into a protocol that knows one user and one assistant.

    What the speakers said is folded into user messages, ``Name: text`` between ``<history>`` tags, and the first of
    them is preceded by ``prompt``. System messages, and tool calls with their results, go through the provider's own
    formatter. Media stay in their place. A name or text that imitates the tags is defused.
    """

    def __init__(self, chat: Formatter, *, prompt: str = HISTORY_PROMPT) -> None:
        self.chat = chat
        self.prompt = prompt

    async def format(self, messages: Sequence[Msg]) -> list[dict[str, object]]:
        """Return the wire form of the folded history."""
        return await self.chat.format(list(self._fold(messages)))

    def _fold(self, messages: Sequence[Msg]) -> Iterator[Msg]:
        prompt, run = self.prompt, list[Msg]()
        for msg in messages:
            if msg.role not in ("system", "tool") and not msg.blocks(ToolUseBlock):
                run.append(msg)
                continue
            if run:
                yield _folded(run, prompt)
                prompt, run = "", []
            yield msg
        if run:
            yield _folded(run, prompt)


def _folded(run: Sequence[Msg], prompt: str) -> Msg:
    content: list[ContentBlock] = []
    lines = [prompt + "<history>"]
    for msg in run:
        for block in msg.content:
            if isinstance(block, TextBlock):
                lines.append(f"{_plain(msg.name)}: {_plain(block.text)}")
            elif isinstance(block, MEDIA):
                content += [TextBlock("\n".join(lines)), block]
                lines = []
    lines.append("</history>")
    content.append(TextBlock("\n".join(lines)))
    return Msg("history", content, "user", id=run[-1].id, timestamp=run[-1].timestamp)


def _plain(text: str) -> str:
    return text.replace("<history>", "<history >").replace("</history>", "</history >")


def result_text(result: ToolResultBlock) -> str:
    """A tool's result as text, for protocols that take nothing else there; media are named."""
    parts = [block.text if isinstance(block, TextBlock) else _media_line(block) for block in result.output]
    return "\n".join([part for part in parts if part]) or "(no output)"


def _media_line(block: ContentBlock) -> str:
    if not isinstance(block, MEDIA):
        return ""
    return f"(The {block.type} that the tool returned follows.)"


def promoted_media(msg: Msg) -> list[tuple[ToolResultBlock, MediaBlock]]:
    """Return the media of all results in a tool message, each with its result.

    Protocols that take only text in a result get them in one user message after *all* results of the message: anything
    between two results of parallel calls makes the history invalid.
    """
    results = msg.blocks(ToolResultBlock)
    return [(result, block) for result in results for block in result.output if isinstance(block, MEDIA)]
