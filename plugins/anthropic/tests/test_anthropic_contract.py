"""The contracts of plugins, models, formatters and token counters."""

from types import MappingProxyType

from trouplet.conversation import MultiAgentFormatter
from trouplet.model_io import CAPABILITIES, ModelInfo
from trouplet.testing.contracts import (
    EventStreamWire,
    FormatterContract,
    HTTPModelContract,
    PluginContract,
    TokenCounterContract,
)
from trouplet_anthropic import (
    AnthropicChatModel,
    AnthropicFormatter,
    AnthropicPlugin,
    AnthropicTokenCounter,
    AnthropicTokenEstimate,
)
from trouplet_http import RetryPolicy

REASONS = {
    "stop": "end_turn",
    "tool_calls": "tool_use",
    "length": "max_tokens",
    "content_filter": "refusal",
    "other": "eclipse",
}


class MessagesWire(EventStreamWire):
    """The Messages API as Anthropic speaks it: named events, numbered blocks, signed thinking."""

    keep_alive = b'event: ping\ndata: {"type": "ping"}\n\n'
    signature = "EqQBCgIYAhIM"

    def encode(self, payload):
        name = "" if isinstance(payload, str) else f"event: {payload.get('type')}\n"
        return name.encode() + super().encode(payload)

    def opening(self, scenario):
        message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude", "content": []}
        if scenario.usage:
            message["usage"] = usage(scenario.usage) | {"output_tokens": 1}
        return [{"type": "message_start", "message": message}]

    def pieces(self, scenario):
        for index, part in enumerate(scenario.parts):
            yield {"type": "content_block_start", "index": index, "content_block": opened(part)}
            for piece in part.pieces:
                yield {"type": "content_block_delta", "index": index, "delta": delta(part.kind, piece)}
            if part.kind == "thinking":
                signed = {"type": "signature_delta", "signature": self.signature}
                yield {"type": "content_block_delta", "index": index, "delta": signed}
            yield {"type": "content_block_stop", "index": index}

    def closing(self, scenario):
        ended = {"stop_reason": REASONS[scenario.finish_reason], "stop_sequence": None}
        told = {"usage": usage(scenario.usage)} if scenario.usage else {}
        yield {"type": "message_delta", "delta": ended, **told}
        yield {"type": "message_stop"}

    def whole(self, scenario):
        body = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude"}
        body |= {"content": [self.block(part) for part in scenario.parts]}
        body |= {"stop_reason": REASONS[scenario.finish_reason], "stop_sequence": None}
        return body | ({"usage": usage(scenario.usage)} if scenario.usage else {})

    def block(self, part):
        if part.kind == "text":
            return {"type": "text", "text": part.text}
        if part.kind == "thinking":
            return {"type": "thinking", "thinking": part.text, "signature": self.signature}
        return {"type": "tool_use", "id": part.id, "name": part.name, "input": dict(part.arguments)}

    def refusal(self, status, message):
        return {"type": "error", "error": {"type": "api_error", "message": message}, "request_id": "req_1"}

    def failure(self, message):
        return {"type": "error", "error": {"type": "overloaded_error", "message": message}}


def opened(part):
    if part.kind == "text":
        return {"type": "text", "text": ""}
    if part.kind == "thinking":
        return {"type": "thinking", "thinking": "", "signature": ""}
    return {"type": "tool_use", "id": part.id, "name": part.name, "input": {}}


def delta(kind, piece):
    if kind == "text":
        return {"type": "text_delta", "text": piece}
    if kind == "thinking":
        return {"type": "thinking_delta", "thinking": piece}
    return {"type": "input_json_delta", "partial_json": piece}


def usage(told):
    return {
        "input_tokens": told.input_tokens - told.cached_tokens,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": told.cached_tokens,
        "output_tokens": told.output_tokens,
        "output_tokens_details": {"thinking_tokens": told.reasoning_tokens},
    }


class TestAnthropicChatModel(HTTPModelContract):
    wire = MessagesWire()
    history_rules = "anthropic"

    def make(self, base_url, *, max_retries, first_wait, **options):
        info = ModelInfo("anthropic", "m", CAPABILITIES - {"audio", "video"})
        return AnthropicChatModel(
            "m", base_url=base_url, info=info, retry=RetryPolicy(max_retries, first_wait), **options
        )


class TestAnthropicFormatter(FormatterContract):
    def make(self):
        return AnthropicFormatter()


class TestAnthropicMultiAgentFormatter(FormatterContract):
    def make(self):
        return MultiAgentFormatter(AnthropicFormatter())


class TestAnthropicTokenCounter(TokenCounterContract):
    def make(self, base_url):
        return AnthropicTokenCounter("claude-opus-5-5", base_url=base_url, api_key="sk-ant-1")

    def answer(self, body, tokens):
        return {"input_tokens": tokens}


class TestAnthropicTokenEstimate(TokenCounterContract):
    def make(self, base_url):
        return AnthropicTokenEstimate("claude-opus-5-5")


class TestAnthropicPlugin(PluginContract):
    plugin_class = AnthropicPlugin
    keys = MappingProxyType({"anthropic": "sk-ant-1"})
