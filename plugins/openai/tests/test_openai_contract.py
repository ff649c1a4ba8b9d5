"""The contracts of the plugin and of its model for Chat Completions, and whether the wire is OpenAI's."""

from types import MappingProxyType

import pytest

from trouplet.model_io import CAPABILITIES, ModelInfo
from trouplet.testing.contracts import HTTPModelContract, PluginContract, scenarios
from trouplet_completions.testing import ChatCompletionsWire
from trouplet_http import RetryPolicy
from trouplet_openai import OpenAIChatModel, OpenAIPlugin


class TestOpenAIChatModel(HTTPModelContract):
    wire = ChatCompletionsWire()
    history_rules = "openai"

    def make(self, base_url, *, max_retries, first_wait, **options):
        info = ModelInfo("openai", "m", CAPABILITIES)
        retry = RetryPolicy(max_retries, first_wait)
        return OpenAIChatModel("m", base_url=f"{base_url}/v1", info=info, retry=retry, **options)


class TestOpenAIPlugin(PluginContract):
    plugin_class = OpenAIPlugin
    keys = MappingProxyType({"openai": "sk-1"})


@pytest.mark.parametrize("scenario", [scenarios.EVERYTHING, scenarios.DETAILED], ids=lambda scenario: scenario.name)
def test_the_wire_of_the_contract_is_what_the_sdk_knows(sdk, scenario):
    wire = ChatCompletionsWire()
    for event in (*wire.opening(scenario), *wire.pieces(scenario), *wire.closing(scenario)):
        assert event == "[DONE]" or sdk("chat event", event) == []
    assert sdk("chat answer", wire.whole(scenario)) == []
