"""The contracts of plugins, models and formatters."""

from types import MappingProxyType

from trouplet.conversation import MultiAgentFormatter
from trouplet.model_io import CAPABILITIES, ModelInfo, TextChunk, ThinkingChunk
from trouplet.testing.contracts import EventStreamWire, FormatterContract, HTTPModelContract, PluginContract
from trouplet_http import RetryPolicy
from trouplet_openai import OpenAIChatFormatter, OpenAIChatModel, OpenAIPlugin


class ChatCompletionsWire(EventStreamWire):
    """Chat Completions as servers send them, with the reasoning where most of the compatible ones have it."""

    interleaves = True

    def opening(self, scenario):
        return [chunk({"role": "assistant", "content": ""})]

    def pieces(self, scenario):
        return [chunk(delta(one)) for one in scenario.chunks]

    def closing(self, scenario):
        yield chunk({}, REASONS.get(scenario.finish_reason, scenario.finish_reason))
        if scenario.usage:
            yield {"id": "chatcmpl-1", "model": "m-1", "choices": [], "usage": usage(scenario.usage)}
        yield "[DONE]"

    def whole(self, scenario):
        message = {"role": "assistant", "content": scenario.text, "reasoning_content": scenario.thinking}
        calls = [called(part) for part in scenario.parts if part.kind == "call"]
        reason = REASONS.get(scenario.finish_reason, scenario.finish_reason)
        choice = {"index": 0, "message": message | {"tool_calls": calls}, "finish_reason": reason}
        body = {"id": "chatcmpl-1", "object": "chat.completion", "model": "m-1", "choices": [choice]}
        return body | ({"usage": usage(scenario.usage)} if scenario.usage else {})

    def refusal(self, status, message):
        return {"error": {"message": message, "type": "error", "param": None, "code": None}}

    def failure(self, message):
        return {"error": {"message": message, "type": "server_error", "param": None, "code": None}}


REASONS = {"other": "eclipse"}


def chunk(delta, finish=None):
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "m-1", "choices": [choice]}


def delta(one):
    if isinstance(one, TextChunk):
        return {"content": one.text}
    if isinstance(one, ThinkingChunk):
        return {"reasoning_content": one.text}
    function = {"arguments": one.arguments}
    if not one.name:
        return {"tool_calls": [{"index": one.index, "function": function}]}
    function["name"] = one.name
    return {"tool_calls": [{"index": one.index, "id": one.id, "type": "function", "function": function}]}


def called(part):
    return {"id": part.id, "type": "function", "function": {"name": part.name, "arguments": part.text}}


def usage(told):
    return {
        "prompt_tokens": told.input_tokens,
        "completion_tokens": told.output_tokens,
        "prompt_tokens_details": {"cached_tokens": told.cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": told.reasoning_tokens},
    }


class TestOpenAIChatModel(HTTPModelContract):
    wire = ChatCompletionsWire()
    history_rules = "openai"

    def make(self, base_url, *, max_retries, first_wait, **options):
        info = ModelInfo("openai", "m", CAPABILITIES)
        retry = RetryPolicy(max_retries, first_wait)
        return OpenAIChatModel("m", base_url=f"{base_url}/v1", info=info, retry=retry, **options)


class TestOpenAIChatFormatter(FormatterContract):
    def make(self):
        return OpenAIChatFormatter()


class TestOpenAIMultiAgentFormatter(FormatterContract):
    def make(self):
        return MultiAgentFormatter(OpenAIChatFormatter())


class TestOpenAIPlugin(PluginContract):
    plugin_class = OpenAIPlugin
    keys = MappingProxyType({"openai": "sk-1"})
