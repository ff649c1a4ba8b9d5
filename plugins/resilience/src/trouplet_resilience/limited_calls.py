"""The model calls of one run, each waiting for its turn under the kernel's rate limits."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from trouplet.messages import MediaBlock, TextBlock, ThinkingBlock, ToolResultBlock, ToolUseBlock
from trouplet_resilience.streams import LateStream, Opened, opened

if TYPE_CHECKING:
    from trouplet.messages import ContentBlock
    from trouplet.model_io import ModelInfo, ModelRequest, Usage
    from trouplet.scope import Scope
    from trouplet_resilience.rate_limits import Grant, RateLimits
    from trouplet_resilience.streams import Call, Stream

BYTES_PER_TOKEN = 4
TOKENS_PER_MEDIUM = 1000


class LimitedCalls:
    """Calls ``call_next`` when the limits allow it.

    A permit is held until its stream has ended or is closed. Tokens are reserved by an estimate, which ``settle``
    corrects; a call that breaks off keeps its estimate.
    """

    def __init__(self, limits: RateLimits, call_next: Call, scope: Scope) -> None:
        self._limits = limits
        self._call_next = call_next
        self._scope = scope
        self._last: Grant | None = None

    def __call__(self, request: ModelRequest) -> Stream:
        """Return the answer; its first chunk waits for the limits."""
        self._last = None
        if not self._limits.of(self._asked(request)):
            return self._call_next(request)
        return LateStream(partial(self._open, request))

    def settle(self, usage: Usage) -> None:
        """Take what the last call has cost according to its provider."""
        grant, self._last = self._last, None
        if grant is not None and usage.calls and not usage.unknown:
            grant.settle(usage.input_tokens + usage.output_tokens)

    def _asked(self, request: ModelRequest) -> ModelInfo:
        return (request.model or self._scope.agent.model).info

    async def _open(self, request: ModelRequest) -> Opened:
        info, deadline, loop = self._asked(request), request.deadline, asyncio.get_running_loop()
        counted = any([limit.counts_tokens for _, limit in self._limits.of(info)])
        began = loop.time()
        grant = await self._limits.acquire(info, estimated_tokens(request) if counted else 0, deadline=deadline)
        self._last = grant
        try:
            if deadline is not None:
                request = replace(request, deadline=max(0.0, deadline - (loop.time() - began)))
            return await opened(self._call_next(request), closed=grant.release)
        except BaseException:
            grant.release()
            raise


def estimated_tokens(request: ModelRequest) -> int:
    """Estimate what a request will cost: its text, its media and tools, and the answer as far as it is limited."""
    asked = sum([_tokens(block) for msg in request.messages for block in msg.content])
    tools = sum([len(tool.description) + len(str(tool.parameters)) for tool in request.tools]) // BYTES_PER_TOKEN
    answer = request.options.get("max_tokens")
    return asked + tools + (answer if isinstance(answer, int) else 0)


def _tokens(block: ContentBlock) -> int:
    match block:
        case TextBlock(text=text) | ThinkingBlock(thinking=text):
            return len(text.encode(errors="replace")) // BYTES_PER_TOKEN
        case ToolUseBlock():
            return len(block.raw_input or str(block.input)) // BYTES_PER_TOKEN
        case ToolResultBlock():
            return sum([_tokens(part) for part in block.output])
        case MediaBlock():
            return TOKENS_PER_MEDIUM
