"""What all formatters share: keeping a message's wire form, folding several speakers, truncation, media in results.

A provider's formatter says how *one* message looks on the wire; everything else is here. The wire form is kept with the
message, so a turn costs what is new in it and not what the history holds.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from trouplet.errors import InvalidArguments, Unsupported
from trouplet.messages import (
    AudioBlock,
    ImageBlock,
    MediaBlock,
    Msg,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
    VideoBlock,
)
from trouplet.response import parse_arguments
from trouplet.scope import note

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trouplet.messages import ContentBlock
    from trouplet.model_io import Capability, ModelInfo, ToolSchema
    from trouplet.ports import Formatter, TokenCounter

MEDIA = (ImageBlock, AudioBlock, VideoBlock)
_NO_OUTPUT = "(no output)"
_SENSES: dict[str, Capability] = {"image": "vision", "audio": "audio", "video": "video"}
HISTORY_PROMPT = "The conversation so far, one speaker a line, is between the <history> tags.\n"


class ChatFormatter:
    """The base of a provider's formatter: each message by itself, in order.

    ``takes`` names the media that the model takes (``image``, ``audio``, ``video``); a model sets it on the formatter
    that it makes. Others become a line of text that names them, with a note in the run that sends them first.
    """

    takes: frozenset[str] = frozenset(_SENSES)

    def fit(self, info: ModelInfo) -> None:
        """Take only the media that this model takes."""
        self.takes = frozenset([kind for kind, needed in _SENSES.items() if needed in info.capabilities])

    async def format(self, messages: Sequence[Msg]) -> list[dict[str, object]]:
        """Return the wire form of a history; what was formatted before is taken as it is."""
        made: list[dict[str, object]] = []
        selects = len(self.takes) < len(_SENSES)
        for msg in messages:
            kept = msg.wire
            if kept is None or kept[0] is not self:
                taken = self._taken(msg) if selects and holds_media(msg.content) else msg
                kept = self, await self.format_message(taken)
                object.__setattr__(msg, "wire", kept)
            made += kept[1]
        return made

    def _taken(self, msg: Msg) -> Msg:
        """The message without the media that the model does not take."""
        content = self._taken_blocks(msg.content)
        return msg if content is msg.content else replace(msg, content=content)

    def _taken_blocks(self, blocks: tuple[ContentBlock, ...]) -> tuple[ContentBlock, ...]:
        taken = tuple([self._taken_block(block) for block in blocks])
        return blocks if all([one is other for one, other in zip(taken, blocks, strict=True)]) else taken

    def _taken_block(self, block: ContentBlock) -> ContentBlock:
        if isinstance(block, ToolResultBlock):
            output = self._taken_blocks(block.output)
            return block if output is block.output else replace(block, output=output)
        if not isinstance(block, MEDIA) or block.type in self.takes:
            return block
        note(f"the model takes no {block.type}: it was told that there is one")
        return TextBlock(f"(There is {_article(block.type)} {block.type} here, which you cannot perceive.)")

    async def format_message(self, msg: Msg) -> list[dict[str, object]]:
        """Return the wire form of one message: none, one or several of the provider's messages."""
        raise NotImplementedError(f"{type(self).__name__} does not say how a message looks")


def holds_media(blocks: Sequence[ContentBlock]) -> bool:
    """Whether there are media among these blocks, or in the results among them."""
    for block in blocks:
        if isinstance(block, MediaBlock) or (isinstance(block, ToolResultBlock) and holds_media(block.output)):
            return True
    return False


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
            else:
                note("reasoning was left out of the history that several speakers share")
    lines.append("</history>")
    content.append(TextBlock("\n".join(lines)))
    return Msg("history", content, "user", id=run[-1].id, timestamp=run[-1].timestamp)


def _plain(text: str) -> str:
    return text.replace("<history>", "<history >").replace("</history>", "</history >")


def result_text(result: ToolResultBlock) -> str:
    """A tool's result as text, for protocols that take nothing else there; media are named."""
    if len(result.output) == 1 and isinstance(result.output[0], TextBlock):
        return result.output[0].text or _NO_OUTPUT
    parts = [block.text if isinstance(block, TextBlock) else _media_line(block) for block in result.output]
    return "\n".join([part for part in parts if part]) or _NO_OUTPUT


def _media_line(block: ContentBlock) -> str:
    if not isinstance(block, MEDIA):
        return ""
    return f"(The {block.type} that the tool returned follows.)"


def arguments_json(call: ToolUseBlock) -> str:
    """The arguments as the model wrote them, which keeps the provider's prompt cache; ``{}`` when that was not JSON."""
    if not call.raw_input:
        import json

        return json.dumps(call.input, ensure_ascii=False) if call.input else "{}"
    if call.input:
        return call.raw_input
    try:
        parse_arguments(call.raw_input)
    except InvalidArguments:
        return "{}"
    return call.raw_input


def promoted_media(msg: Msg) -> list[tuple[ToolResultBlock, MediaBlock]]:
    """Return the media of all results in a tool message, each with its result.

    Protocols that take only text in a result get them in one user message after *all* results of the message: anything
    between two results of parallel calls makes the history invalid.
    """
    if not holds_media(msg.content):
        return []
    results = msg.blocks(ToolResultBlock)
    return [(result, block) for result in results for block in result.output if isinstance(block, MEDIA)]


def own_thinking(msg: Msg, provider: str) -> list[ThinkingBlock]:
    """Return the reasoning that a provider gets back: what it gave, with what it wants to see again in ``extra``.

    The reasoning of other models means nothing to it and is left out, with a note in the run.
    """
    blocks = msg.blocks(ThinkingBlock)
    if not blocks:
        return blocks
    own = [block for block in blocks if block.extra and provider in block.extra]
    if len(own) < len(blocks):
        note(f"reasoning that did not come from {provider} was left out of what it was sent")
    return own


class Truncated:
    """Leaves out the oldest messages of a history that is too long for ``max_tokens``.

    ``counter`` counts the messages in one pass; ``tools`` are counted with them. System messages stay; whole turns go
    first, from one user message to the next, then, within the last turn, its oldest steps. A call and its results stay
    or go together. Raises ``Unsupported`` when what has to stay is too long by itself.
    """

    def __init__(
        self, formatter: Formatter, counter: TokenCounter, *, max_tokens: int, tools: Sequence[ToolSchema] = ()
    ) -> None:
        self.formatter = formatter
        self.counter = counter
        self.max_tokens = max_tokens
        self.tools = tools

    async def format(self, messages: Sequence[Msg]) -> list[dict[str, object]]:
        """Return the wire form of what fits."""
        return await self.formatter.format(await self.truncate(messages))

    async def truncate(self, messages: Sequence[Msg]) -> Sequence[Msg]:
        """Return the messages that fit, the same sequence when all of them do."""
        count = await self.counter.count(messages, self.tools)
        excess = count.total - self.max_tokens
        if excess <= 0:
            return messages
        gone: set[int] = set()
        for places in _expendable(messages):
            gone.update(places)
            excess -= sum([count.messages[place] for place in places])
            if excess <= 0:
                break
        else:
            raise Unsupported(
                f"the history is {excess} tokens too long for {self.max_tokens}, and nothing more can be left out",
                fix="Raise max_tokens, or shorten the last message, the system prompt or the tools",
            )
        note(f"the oldest {len(gone)} of {len(messages)} messages were left out: more than {self.max_tokens} tokens")
        return [msg for place, msg in enumerate(messages) if place not in gone]


def _expendable(messages: Sequence[Msg]) -> list[list[int]]:
    """The places of the messages that may be left out, in the order in which they go, each list as a whole."""
    steps = _steps(messages)
    starts = [number for number, step in enumerate(steps) if _is_question(messages[step[0]])]
    if not starts:
        return steps[:-1]
    bounds = [0, *[start for start in starts if start > 0]]
    turns = [[place for step in steps[a:b] for place in step] for a, b in pairwise(bounds)]
    return [*turns, *steps[starts[-1] + 1 : -1]]


def _steps(messages: Sequence[Msg]) -> list[list[int]]:
    """The places of the messages but for the system's: a call together with its results, any other alone."""
    steps: list[list[int]] = []
    for place, msg in enumerate(messages):
        if msg.role == "tool" and steps:
            steps[-1].append(place)
        elif msg.role != "system":
            steps.append([place])
    return steps


def _is_question(msg: Msg) -> bool:
    """Whether a turn begins here. The system's hints are in the user's role and belong to the turn that they are in."""
    return msg.role == "user" and msg.name != "system"


def _article(word: str) -> str:
    return "an" if word[0] in "aeiou" else "a"
