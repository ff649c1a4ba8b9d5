"""Where Azure's deployments are, and what opens them."""

import pytest

from trouplet import Kernel
from trouplet.errors import BadSetting, MissingKey, RequestRejected


@pytest.mark.parametrize(
    ("environ", "options", "path"),
    [
        ({}, {}, "/openai/v1/chat/completions"),
        ({}, {"api": "responses"}, "/openai/v1/responses"),
        (
            {"OPENAI_API_VERSION": "2026-10-01"},
            {},
            "/openai/deployments/my%20gpt/chat/completions?api-version=2026-10-01",
        ),
        ({}, {"api_version": "2026-10-01", "api": "responses"}, "/openai/responses?api-version=2026-10-01"),
    ],
)
async def test_azure_has_two_kinds_of_addresses(peer, ask, environ, options, path):
    peer.answers({"error": {"message": "No"}}, status=400)
    environ = {"AZURE_OPENAI_API_KEY": "k1", "AZURE_OPENAI_ENDPOINT": peer.url.removesuffix("/v1"), **environ}
    async with Kernel(environ=environ) as kernel:
        with pytest.raises(RequestRejected):
            await ask(kernel.model("azure:my gpt", **options))
    assert peer.paths[0] == path
    assert peer.requests[0].headers["api-key"] == "k1"
    assert "authorization" not in peer.requests[0].headers


async def test_azure_takes_a_token_instead_of_a_key(peer, ask):
    peer.answers({"error": {"message": "No"}}, status=400)
    async with Kernel(environ={}) as kernel:
        with pytest.raises(RequestRejected):
            await ask(kernel.model("azure:gpt", base_url=peer.url, azure_ad_token="t1"))
    assert peer.requests[0].headers["authorization"] == "Bearer t1"
    assert "api-key" not in peer.requests[0].headers


async def test_azure_says_what_is_missing():
    async with Kernel(environ={}) as kernel:
        with pytest.raises(BadSetting, match="AZURE_OPENAI_ENDPOINT"):
            kernel.model("azure:gpt")
        with pytest.raises(MissingKey, match="AZURE_OPENAI_API_KEY"):
            kernel.model("azure:gpt", base_url="https://x.openai.azure.com")
