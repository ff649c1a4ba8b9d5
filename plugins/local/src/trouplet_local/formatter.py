"""Messages in the form that a local model's chat template takes: text, and nothing but system, user and assistant."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from trouplet.conversation import MEDIA, ChatFormatter, result_text
from trouplet.errors import InvalidArguments, Unsupported
from trouplet.messages import ThinkingBlock, ToolResultBlock, ToolUseBlock
from trouplet.response import parse_arguments
from trouplet_local.steps import ANSWER, ARGUMENTS, GO_ON, TOOL, TRY_AGAIN, step_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trouplet.messages import Msg


class LocalChatFormatter(ChatFormatter):
    """The formatter for one user with one assistant; for several agents put ``MultiAgentFormatter`` around it.

    Steps with tools are written as the model wrote them (see ``steps``). Results of tools go into a turn of the user's:
    chat templates encode them twice, or not at all. Turns of one role in a row become one, which some templates insist
    on. Media are refused.
    """

    async def format(self, messages: Sequence[Msg]) -> list[dict[str, object]]:
        """Return the turns."""
        made: list[dict[str, object]] = []
        for turn in await super().format(messages):
            if made and made[-1]["role"] == turn["role"]:
                made[-1] = {**turn, "content": f"{made[-1]['content']}\n\n{turn['content']}"}
            else:
                made.append(turn)
        return made

    async def format_message(self, msg: Msg) -> list[dict[str, object]]:
        """Return the turns of one message: at most two."""
        if any(isinstance(block, MEDIA) for block in msg.content):
            raise Unsupported("local models take text only", provider="local", fix="Leave images, audio and video out")
        if msg.role == "assistant":
            return [{"role": "assistant", "content": text} for text in _steps(msg)]
        results = msg.blocks(ToolResultBlock)
        parts = [*[_result(result) for result in results], msg.text, _hint(results)]
        content = "\n\n".join([part for part in parts if part])
        role = "system" if msg.role == "system" else "user"
        return [{"role": role, "content": content}] if content else []


def _steps(msg: Msg) -> list[str]:
    """What the assistant wrote. An answer with a thought was a step; one without was plain text."""
    calls, text, thought = msg.blocks(ToolUseBlock), msg.text, bool(msg.blocks(ThinkingBlock))
    made = [_call(call, msg.thinking if index == 0 else "") for index, call in enumerate(calls)]
    if text and not calls and thought:
        return [step_text(msg.thinking, {ANSWER: json.dumps(text, ensure_ascii=False)})]
    return [*([text] if text else []), *made]


def _call(call: ToolUseBlock, thought: str) -> str:
    return step_text(thought, {TOOL: json.dumps(call.name, ensure_ascii=False), ARGUMENTS: _arguments(call)})


def _arguments(call: ToolUseBlock) -> str:
    if not call.raw_input:
        return json.dumps(call.input, ensure_ascii=False)
    try:
        parse_arguments(call.raw_input)
    except InvalidArguments:
        return "{}"
    return call.raw_input


def _result(result: ToolResultBlock) -> str:
    verb = "Result of" if result.status == "ok" else "Failure of"
    return f"{verb} {result.name}:\n{result_text(result)}"


def _hint(results: Sequence[ToolResultBlock]) -> str:
    """What small models need to be told: without it they do again what has just worked."""
    if not results:
        return ""
    return GO_ON if all([result.status == "ok" for result in results]) else TRY_AGAIN
