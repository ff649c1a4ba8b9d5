"""``GeminiTokenCounter``: the tokens of a request, counted by the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet.catalogue import Catalogue
from trouplet.errors import InvalidResponse
from trouplet.model_io import TokenCount
from trouplet_gemini.connection import GEMINI_URL, connect, model_path
from trouplet_gemini.declarations import declared_tools
from trouplet_gemini.estimate import estimate, estimate_json, shared_out
from trouplet_gemini.formatter import GeminiFormatter
from trouplet_gemini.generation import generation_of
from trouplet_gemini.turns import arranged, system_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import httpx

    from trouplet.messages import Msg
    from trouplet.model_io import ToolSchema
    from trouplet.ports import Formatter
    from trouplet.secret import Secret
    from trouplet_http import MediaLoader, RetryPolicy


class GeminiTokenCounter:
    """Counts a whole request, system prompt and tools included, with one call of countTokens.

    The API tells one number. It is shared out among the messages, and the overhead of the tools, by a local estimate:
    the total is exact, a message's share is not. ``formatter`` is the one of the model that is counted for.
    """

    def __init__(
        self,
        model: str,
        *,
        api_key: str | Secret | None = None,
        base_url: str = GEMINI_URL,
        headers: Mapping[str, str | Secret] | None = None,
        client: httpx.AsyncClient | None = None,
        provider: str = "gemini",
        formatter: Formatter | None = None,
        media: Callable[[], MediaLoader] | None = None,
        retry: RetryPolicy | None = None,
        deadline: float = 60.0,
    ) -> None:
        self._provider = provider
        self._path = model_path(model)
        self._generation = generation_of(model)
        info = Catalogue.of_package("trouplet_gemini").info(provider, model)
        self.formatter: Formatter = formatter or GeminiFormatter.for_model(info, media=media)
        self._client = connect(
            provider, base_url, api_key=api_key, headers=headers, client=client, retry=retry, deadline=deadline
        )

    async def count(self, messages: Sequence[Msg], tools: Sequence[ToolSchema] = ()) -> TokenCount:
        """Return the tokens of each message and the overhead; raises a ``ModelError``."""
        if not messages and not tools:
            return TokenCount([])
        request = await self._request(messages, tools)
        overhead = estimate_json(request["tools"]) if tools else 0
        weights = [estimate(msg, self._generation) for msg in messages]
        *shares, rest = shared_out(await self._ask(request), [*weights, overhead])
        return TokenCount(shares, rest)

    async def aclose(self) -> None:
        """Close the client that the counter made for itself."""
        await self._client.aclose()

    async def _request(self, messages: Sequence[Msg], tools: Sequence[ToolSchema]) -> dict[str, object]:
        contents = await self.formatter.format(messages)
        request: dict[str, object] = {"model": self._path, "contents": arranged(contents)}
        system = system_parts(contents)
        if system:
            request["systemInstruction"] = {"parts": system}
        if tools:
            request["tools"] = declared_tools(tools).form
        return request

    async def _ask(self, request: Mapping[str, object]) -> int:
        told = await self._client.endpoint({}).post_json(
            f"{self._path}:countTokens", {"generateContentRequest": request}
        )
        total = told.get("totalTokens", 0)  # protocol buffers leave out a zero
        if type(total) is not int or total < 0:
            raise InvalidResponse(
                f"{self._provider} did not say how many tokens there are",
                provider=self._provider,
                why=f"totalTokens is {total!r}",
            )
        return total
