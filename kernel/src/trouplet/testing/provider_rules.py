"""The rules by which providers refuse a history, each on the messages as their formatters send them.

What a formatter is expected to do first is done here too, so that only what it cannot repair is a violation: messages
of one role that follow each other are one turn, text that a model wrote after a call is put before it, and where system
text is a field of the request (Anthropic, Gemini) system messages are no part of the turns.

The rules are those that the providers are documented or known to enforce with an error 400:

- OpenAI Chat Completions: the tool messages for all calls come right after the assistant message that makes them; call
  ids have at most 40 characters (newer models: 64), names match ``[a-zA-Z0-9_-]{1,64}``.
- OpenAI Responses: every function call has one output and the other way round, right after it where compatible servers
  are stricter than OpenAI's own; a reasoning item is followed by what it led to; call ids have at most 64 characters.
- Anthropic: the first turn is the user's; the results are in the turn right after the calls and come first in it; ids
  match ``[a-zA-Z0-9_-]+`` and are unique; no text is empty or blank; thinking goes back signed, before its call and not
  last.
- Gemini: a call turn comes after a user's or a result turn, a result turn right after a call turn, with as many
  responses as calls and under their names; no turn is without parts; the first call of a step keeps its signature.
- DashScope and DeepSeek: as Chat Completions; arguments are JSON, contents are not empty, and there is a user message.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trouplet.messages import TextBlock, ThinkingBlock, ToolResultBlock, ToolUseBlock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import TypeAlias

    from trouplet.messages import ContentBlock, Msg

    Check: TypeAlias = Callable[[str, Sequence[Msg]], Iterator["Violation"]]


@dataclass(slots=True, frozen=True)
class Violation:
    """One rule of one provider, broken by the message number ``message`` (counted from 0)."""

    provider: str
    rule: str
    message: int
    detail: str

    def __str__(self) -> str:
        return f"{self.provider}: {self.rule} (message {self.message}: {self.detail})"


@dataclass(slots=True)
class Turn:
    """Messages of one role that follow each other, as blocks with the numbers of their messages."""

    role: str
    blocks: list[tuple[int, ContentBlock]]

    @property
    def calls(self) -> list[tuple[int, ToolUseBlock]]:
        """The tool calls of the turn."""
        return [(number, block) for number, block in self.blocks if isinstance(block, ToolUseBlock)]

    @property
    def results(self) -> list[tuple[int, ToolResultBlock]]:
        """The tool results of the turn."""
        return [(number, block) for number, block in self.blocks if isinstance(block, ToolResultBlock)]


def turns_of(messages: Sequence[Msg], *, system: bool = True) -> list[Turn]:
    """Fold messages into turns; without ``system``, system messages are left out."""
    turns: list[Turn] = []
    for number, msg in enumerate(messages):
        if msg.role == "system" and not system:
            continue
        role = "tool" if msg.blocks(ToolResultBlock) else msg.role
        if not turns or turns[-1].role != role:
            turns.append(Turn(role, []))
        turns[-1].blocks += [(number, block) for block in msg.content]
    return turns


# --- calls and results


def _pairing(provider: str, turns: Sequence[Turn]) -> Iterator[Violation]:
    answered = Counter([result.id for turn in turns for _, result in turn.results])
    made = Counter([call.id for turn in turns for _, call in turn.calls])
    waiting: set[str] = set()
    for turn in turns:
        for number, result in turn.results:
            if result.id not in made:
                yield Violation(provider, "a result answers a call", number, f"no call has the id {result.id!r}")
            elif result.id not in waiting:
                yield Violation(provider, "results come right after their calls", number, f"{result.id!r} does not")
            if answered[result.id] > 1:
                yield Violation(provider, "a call has one result", number, f"{result.id!r} has {answered[result.id]}")
        for number, call in turn.calls:
            if made[call.id] > 1:
                yield Violation(provider, "call ids are unique", number, f"{call.id!r} is used {made[call.id]} times")
            if call.id not in answered:
                yield Violation(provider, "a call has a result", number, f"{call.id!r} ({call.name}) has none")
        waiting = {call.id for _, call in turn.calls}


def _positioned_pairing(provider: str, messages: Sequence[Msg]) -> Iterator[Violation]:
    return _pairing(provider, turns_of(messages))


def _hoisted_pairing(provider: str, messages: Sequence[Msg]) -> Iterator[Violation]:
    return _pairing(provider, turns_of(messages, system=False))


def _results_alone(provider: str, messages: Sequence[Msg]) -> Iterator[Violation]:
    for number, msg in enumerate(messages):
        kinds = {type(block) for block in msg.content}
        if ToolResultBlock in kinds and len(kinds) > 1:
            yield Violation(provider, "a tool message holds results only", number, "it holds something else too")


def _calls_by_assistant(provider: str, messages: Sequence[Msg]) -> Iterator[Violation]:
    for number, msg in enumerate(messages):
        if msg.role != "assistant" and msg.blocks(ToolUseBlock):
            yield Violation(provider, "only the assistant calls tools", number, f"its role is {msg.role!r}")


def _spelled(*, id: str, name: str) -> Check:
    """Make the check that call ids and tool names match these patterns."""

    def check(provider: str, messages: Sequence[Msg]) -> Iterator[Violation]:
        for number, msg in enumerate(messages):
            for call in msg.blocks(ToolUseBlock):
                if not re.fullmatch(id, call.id):
                    yield Violation(provider, f"call ids match {id}", number, repr(call.id))
                if not re.fullmatch(name, call.name):
                    yield Violation(provider, f"tool names match {name}", number, repr(call.name))

    return check


def _arguments(provider: str, messages: Sequence[Msg]) -> Iterator[Violation]:
    for number, msg in enumerate(messages):
        for call in msg.blocks(ToolUseBlock):
            try:
                text = json.dumps(call.input, allow_nan=False, ensure_ascii=False)
                text.encode()
            except (TypeError, ValueError, RecursionError) as error:
                yield Violation(provider, "arguments are JSON", number, f"{call.name}: {error}")
            else:
                if not text.startswith("{"):
                    yield Violation(provider, "arguments are a JSON object", number, f"{call.name}: {text[:80]}")


# --- contents


def _content(provider: str, messages: Sequence[Msg]) -> Iterator[Violation]:
    for number, msg in enumerate(messages):
        said = [block for block in msg.content if not isinstance(block, ThinkingBlock)]
        if not any([not isinstance(block, TextBlock) or block.text for block in said]):
            yield Violation(provider, "a message has content", number, f"the {msg.role} message is empty")
        for result in msg.blocks(ToolResultBlock):
            if not any([not isinstance(block, TextBlock) or block.text for block in result.output]):
                yield Violation(provider, "a result has content", number, f"the result of {result.id!r} is empty")


def _no_blank_text(provider: str, messages: Sequence[Msg]) -> Iterator[Violation]:
    for number, msg in enumerate(messages):
        for block in msg.content:
            if isinstance(block, TextBlock) and not block.text.strip():
                yield Violation(provider, "no text block is blank", number, repr(block.text))
        for result in msg.blocks(ToolResultBlock):
            if any([isinstance(block, TextBlock) and not block.text for block in result.output]):
                yield Violation(provider, "no text block is empty", number, f"in the result of {result.id!r}")


def _encodable(provider: str, messages: Sequence[Msg]) -> Iterator[Violation]:
    for number, msg in enumerate(messages):
        texts = [msg.text, msg.thinking, *[result.text for result in msg.blocks(ToolResultBlock)]]
        if any([_has_lone_surrogate(text) for text in texts]):
            yield Violation(provider, "text can be encoded as UTF-8", number, "it holds a lone surrogate")


def _has_lone_surrogate(text: str) -> bool:
    return any(["\ud800" <= character <= "\udfff" for character in text])


# --- the order of turns


def _user_first(provider: str, messages: Sequence[Msg]) -> Iterator[Violation]:
    turns = turns_of(messages, system=False)
    if turns and turns[0].role != "user":
        yield Violation(provider, "the first turn is the user's", turns[0].blocks[0][0], f"it is the {turns[0].role}'s")


def _has_user(provider: str, messages: Sequence[Msg]) -> Iterator[Violation]:
    if not any([msg.role == "user" for msg in messages]):
        yield Violation(provider, "there is a user message", 0, "there is none")


def _gemini_turns(provider: str, messages: Sequence[Msg]) -> Iterator[Violation]:
    previous: Turn | None = None
    for turn in turns_of(messages, system=False):
        if turn.calls and (previous is None or previous.role not in {"user", "tool"}):
            yield Violation(provider, "a call turn follows a user's or a result turn", turn.calls[0][0], "it does not")
        if turn.results:
            yield from _gemini_responses(provider, previous, turn)
        previous = turn


def _gemini_responses(provider: str, calling: Turn | None, turn: Turn) -> Iterator[Violation]:
    number = turn.results[0][0]
    calls = calling.calls if calling is not None else []
    if len(calls) != len(turn.results):
        detail = f"{len(turn.results)} responses to {len(calls)} calls"
        yield Violation(provider, "a turn has as many responses as calls", number, detail)
    names = {call.id: call.name for _, call in calls}
    for number, result in turn.results:
        if names.get(result.id, result.name) != result.name:
            detail = f"{result.name!r} for {names[result.id]!r}"
            yield Violation(provider, "a response has its call's name", number, detail)


# --- thinking and its signatures


def _thinking_leads(provider: str, messages: Sequence[Msg]) -> Iterator[Violation]:
    for number, msg in enumerate(messages):
        kinds = [type(block) for block in msg.content]
        if ThinkingBlock not in kinds:
            continue
        if kinds[-1] is ThinkingBlock and len(kinds) > 1:
            yield Violation(provider, "thinking comes before what it led to", number, "it is the last block")
        if ToolUseBlock in kinds and kinds.index(ToolUseBlock) < kinds.index(ThinkingBlock):
            yield Violation(provider, "thinking comes before its call", number, "a call stands before all thinking")


def _thinking_signed(provider: str, messages: Sequence[Msg]) -> Iterator[Violation]:
    """Check that a message in which some thinking is signed for the provider has no thinking that is not."""
    for number, msg in enumerate(messages):
        signed = [_signature(block, provider) for block in msg.blocks(ThinkingBlock)]
        if any(signed) and not all(signed) and msg.blocks(ToolUseBlock):
            yield Violation(provider, "thinking before a call keeps its signature", number, "one has lost it")


def _calls_signed(provider: str, messages: Sequence[Msg]) -> Iterator[Violation]:
    """Check that the first call of each step since the last user message is signed, if any call of these steps is."""
    start = max([number for number, msg in enumerate(messages) if msg.role == "user"], default=0)
    steps = [(number, msg.blocks(ToolUseBlock)) for number, msg in enumerate(messages) if number >= start]
    steps = [(number, calls) for number, calls in steps if calls]
    if not any([_signature(call, provider) for _, calls in steps for call in calls]):
        return
    for number, calls in steps:
        if not _signature(calls[0], provider):
            rule = "the first call of a step keeps its thought signature"
            yield Violation(provider, rule, number, repr(calls[0].name))


def _signature(block: ThinkingBlock | ToolUseBlock, provider: str) -> object:
    return block.extra.get(provider) if block.extra is not None else None


_EVERYWHERE: tuple[Check, ...] = (_arguments, _content, _encodable, _results_alone, _calls_by_assistant)
_CHAT: tuple[Check, ...] = (
    _positioned_pairing,
    *_EVERYWHERE,
    _spelled(id=r".{1,40}", name=r"[a-zA-Z0-9_-]{1,64}"),
)

PROVIDERS: dict[str, tuple[Check, ...]] = {
    "openai": _CHAT,
    "openai-responses": (
        _positioned_pairing,
        *_EVERYWHERE,
        _spelled(id=r".{1,64}", name=r"[a-zA-Z0-9_-]{1,64}"),
        _thinking_leads,
    ),
    "anthropic": (
        _hoisted_pairing,
        *_EVERYWHERE,
        _spelled(id=r"[a-zA-Z0-9_-]+", name=r"[a-zA-Z0-9_-]{1,128}"),
        _no_blank_text,
        _user_first,
        _thinking_leads,
        _thinking_signed,
    ),
    "gemini": (
        _hoisted_pairing,
        *_EVERYWHERE,
        _spelled(id=r".+", name=r"[a-zA-Z_][a-zA-Z0-9_.:-]{0,63}"),
        _gemini_turns,
        _calls_signed,
    ),
    "dashscope-deepseek": (*_CHAT, _has_user),
}
"""The checks of each provider."""
