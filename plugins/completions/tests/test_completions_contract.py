"""The contracts of models and formatters."""

from trouplet.conversation import MultiAgentFormatter
from trouplet.model_io import CAPABILITIES, ModelInfo
from trouplet.testing.contracts import FormatterContract, HTTPModelContract
from trouplet_completions import ChatCompletionsFormatter, ChatCompletionsModel, Dialect, chat_options
from trouplet_completions.testing import ChatCompletionsWire
from trouplet_http import RetryPolicy

SETTINGS = ("api_key", "stream", "idle_timeout", "deadline")


class TestChatCompletionsModel(HTTPModelContract):
    wire = ChatCompletionsWire()
    history_rules = "openai"

    def make(self, base_url, *, max_retries, first_wait, **options):
        settings = {name: options.pop(name) for name in SETTINGS if name in options}
        return ChatCompletionsModel(
            ModelInfo("acme", "m", CAPABILITIES),
            Dialect(chat_options()),
            base_url=f"{base_url}/v1",
            retry=RetryPolicy(max_retries, first_wait),
            options=options,
            **settings,
        )


class TestChatCompletionsFormatter(FormatterContract):
    def make(self):
        return ChatCompletionsFormatter()


class TestMultiAgentFormatter(FormatterContract):
    def make(self):
        return MultiAgentFormatter(ChatCompletionsFormatter())
