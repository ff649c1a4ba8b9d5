"""``OpenAITokenCounter``: asks POST /responses/input_tokens.

One request tells the tokens of a whole history, with its tools and images as the model sees them; which message has how
many of them is shared out in proportion to the length of what it sends.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from trouplet.conversation import arguments_json
from trouplet.errors import InvalidResponse, MissingKey
from trouplet.messages import MediaBlock, TextBlock, ToolResultBlock, ToolUseBlock
from trouplet.model_io import TokenCount
from trouplet_completions.model import bearer
from trouplet_completions.provider_errors import describe_error
from trouplet_http import ProviderClient
from trouplet_openai.catalog import OPENAI_URL, is_openai, model_info
from trouplet_openai.image_tokens import image_tokens
from trouplet_openai.responses_body import wrapped_tools
from trouplet_openai.responses_formatter import OpenAIResponsesFormatter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import httpx

    from trouplet.messages import ContentBlock, Msg
    from trouplet.model_io import ModelInfo, ToolSchema
    from trouplet.secret import Secret
    from trouplet_http import MediaLoader, RetryPolicy

PATH = "/responses/input_tokens"

_CHARACTERS = 4
"""Characters of a token, for the shares of the messages in what was counted."""


class OpenAITokenCounter:
    """Counts tokens as a model of OpenAI would, at the price of a request.

    It takes what ``OpenAIResponsesModel`` takes to reach the API; without a ``client`` of the caller's it makes its
    own, which ``aclose()`` closes.
    """

    def __init__(
        self,
        model: str,
        *,
        api_key: str | Secret | None = None,
        base_url: str = OPENAI_URL,
        headers: Mapping[str, str | Secret] | None = None,
        client: httpx.AsyncClient | None = None,
        info: ModelInfo | None = None,
        media: Callable[[], MediaLoader] | None = None,
        retry: RetryPolicy | None = None,
        deadline: float = 60.0,
    ) -> None:
        if not api_key and is_openai(base_url):
            raise MissingKey("openai", variable="OPENAI_API_KEY")
        self._info = info or model_info("openai", model)
        self._formatter = OpenAIResponsesFormatter(media=media)
        self._formatter.fit(self._info)
        self._client = ProviderClient(
            self._info.provider,
            base_url,
            headers=bearer(api_key) | dict(headers or {}),
            client=client,
            retry=retry,
            deadline=deadline,
            describe_error=describe_error,
        )

    async def count(self, messages: Sequence[Msg], tools: Sequence[ToolSchema] = ()) -> TokenCount:
        """Return the tokens of each message, and those of the tools and the frame as the overhead."""
        body: dict[str, object] = {"model": self._info.name, "input": await self._formatter.format(messages)}
        overhead = 0
        if tools:
            body["tools"] = wrapped_tools(tools)
            overhead = len(json.dumps(body["tools"], default=str)) // _CHARACTERS
        answer = await self._client.endpoint({}).post_json(PATH, body)
        total = answer.get("input_tokens")
        if not isinstance(total, int):
            raise InvalidResponse("openai did not say how many tokens there are", provider="openai")
        return TokenCount([self._share(msg.content) for msg in messages], overhead).scaled_to(total)

    async def aclose(self) -> None:
        """Close the client that the counter made for itself."""
        await self._client.aclose()

    def _share(self, blocks: Sequence[ContentBlock]) -> int:
        """About how many tokens these blocks have: text by its length, media as an image of the usual size."""
        return 1 + sum([self._share_of(block) for block in blocks])

    def _share_of(self, block: ContentBlock) -> int:
        match block:
            case TextBlock(text=text):
                return len(text) // _CHARACTERS
            case ToolUseBlock(name=name):
                return (len(name) + len(arguments_json(block))) // _CHARACTERS
            case ToolResultBlock(output=output):
                return self._share(output)
            case MediaBlock():
                return image_tokens(self._info.name, None)
            case _:
                return 0
