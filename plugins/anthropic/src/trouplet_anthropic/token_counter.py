"""``AnthropicTokenCounter``: asks POST /v1/messages/count_tokens.

One request tells the tokens of a whole history; which message has how many of them is shared out by the estimate. The
API counts no image or document by web address: these are estimated. Source: Anthropic's page on token counting
(November 2026).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet.errors import InvalidResponse
from trouplet.model_io import TokenCount
from trouplet_anthropic.api import COUNT_TOKENS, endpoint_traits, headers_of, messages_client, own_headers
from trouplet_anthropic.catalog import ANTHROPIC_URL
from trouplet_anthropic.estimate import AnthropicTokenEstimate
from trouplet_anthropic.fitting import fit
from trouplet_anthropic.formatter import AnthropicFormatter
from trouplet_anthropic.image_tokens import UNKNOWN
from trouplet_anthropic.request_body import tool_form
from trouplet_anthropic.turns import arrange, blocks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import httpx

    from trouplet.messages import Msg
    from trouplet.model_io import ToolSchema
    from trouplet.ports import Formatter
    from trouplet.secret import Secret
    from trouplet_http import MediaLoader, RetryPolicy

    Wire = dict[str, object]

_ELSEWHERE: Wire = {"type": "text", "text": "-"}
"""What stands for something that the API would have to fetch."""


class AnthropicTokenCounter:
    """Counts tokens as a model of Anthropic would, at the price of a request.

    ``formatter`` is the one whose messages are counted. What else it takes is as for ``AnthropicChatModel``; without a
    ``client`` of the caller's it makes its own, which ``aclose()`` closes.
    """

    def __init__(
        self,
        model: str,
        *,
        api_key: str | Secret | None = None,
        auth_token: str | Secret | None = None,
        base_url: str = ANTHROPIC_URL,
        headers: Mapping[str, str | Secret] | None = None,
        client: httpx.AsyncClient | None = None,
        formatter: Formatter | None = None,
        media: Callable[[], MediaLoader] | None = None,
        retry: RetryPolicy | None = None,
        deadline: float = 60.0,
    ) -> None:
        self._model = model
        self._traits = endpoint_traits(model, base_url)
        self._formatter = formatter or AnthropicFormatter(media=media)
        self._estimate = AnthropicTokenEstimate(model)
        self._client = messages_client(
            "anthropic",
            base_url,
            headers=headers_of(base_url, self._traits, api_key=api_key, auth_token=auth_token)
            | own_headers(headers or {}, self._traits),
            client=client,
            retry=retry,
            deadline=deadline,
        )

    async def count(self, messages: Sequence[Msg], tools: Sequence[ToolSchema] = ()) -> TokenCount:
        """Return the tokens of each message, and those of the tools and the frame as the overhead."""
        estimate = self._estimate.estimate(messages, tools)
        if not messages:
            return estimate
        body = self._body(await self._formatter.format(messages), tools)
        answer = await self._client.endpoint({}).post_json(COUNT_TOKENS, body)
        total = answer.get("input_tokens")
        if not isinstance(total, int):
            raise InvalidResponse("anthropic did not say how many tokens there are", provider="anthropic")
        return estimate.scaled_to(total + _left_out(body["messages"]) * UNKNOWN)

    async def aclose(self) -> None:
        """Close the client that the counter made for itself."""
        await self._client.aclose()

    def _body(self, messages: Sequence[Wire], tools: Sequence[ToolSchema]) -> Wire:
        system, turns = arrange(messages, self._traits)
        countable = [{**turn, "content": [_countable(block) for block in blocks(turn)]} for turn in turns]
        body: Wire = {"model": self._model, "messages": countable}
        if system:
            body["system"] = system
        if tools:
            body["tools"] = [tool_form(tool) for tool in tools]
        fit(body, self._traits)
        return body


def _countable(block: Wire) -> Wire:
    """The block, or what stands for it if it has only an address."""
    source = block.get("source")
    if isinstance(source, dict) and source.get("type") == "url":
        return _ELSEWHERE
    if block["type"] == "tool_result":
        return {**block, "content": [_countable(inner) for inner in blocks(block)]}
    return block


def _left_out(value: object) -> int:
    """How often something stands for what has only an address."""
    if value is _ELSEWHERE:
        return 1
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return sum([_left_out(one) for one in inner])
