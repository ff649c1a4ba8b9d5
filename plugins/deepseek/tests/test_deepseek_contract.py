"""The contracts of plugins, models, formatters and token counters."""

from types import MappingProxyType

from trouplet.conversation import MultiAgentFormatter
from trouplet.model_io import ModelInfo, TextChunk, ThinkingChunk
from trouplet.testing.contracts import (
    EventStreamWire,
    FormatterContract,
    HTTPModelContract,
    PluginContract,
    TokenCounterContract,
)
from trouplet_deepseek import DeepSeekChatFormatter, DeepSeekChatModel, DeepSeekPlugin, DeepSeekTokenCounter
from trouplet_deepseek.token_counter import rule_of_thumb
from trouplet_http import RetryPolicy

CAPABILITIES = frozenset(("tools", "tool_choice", "parallel_tools", "vision", "thinking", "streaming", "system"))
REASONS = {"other": "insufficient_system_resource"}


class DeepSeekWire(EventStreamWire):
    """Chat Completions as DeepSeek sends them: every delta names its content and its reasoning."""

    interleaves = True
    signature = "Tea first."

    def opening(self, scenario):
        return [chunk({"role": "assistant", "content": None, "reasoning_content": ""})]

    def pieces(self, scenario):
        return [chunk(delta(one)) for one in scenario.chunks]

    def closing(self, scenario):
        reason = REASONS.get(scenario.finish_reason, scenario.finish_reason)
        yield chunk({"content": "", "reasoning_content": None}, reason, usage(scenario.usage))
        yield "[DONE]"

    def whole(self, scenario):
        calls = [called(part) for part in scenario.parts if part.kind == "call"]
        message = {"role": "assistant", "content": scenario.text, "reasoning_content": scenario.thinking}
        reason = REASONS.get(scenario.finish_reason, scenario.finish_reason)
        choice = {"index": 0, "message": message | {"tool_calls": calls}, "logprobs": None, "finish_reason": reason}
        return {"id": "1", "object": "chat.completion", "choices": [choice], "usage": usage(scenario.usage)}

    def refusal(self, status, message):
        return {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": None}}

    def failure(self, message):
        return {"error": {"message": message, "type": "server_error", "param": None, "code": None}}


def chunk(delta, finish=None, usage=None):
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    return {"id": "1", "object": "chat.completion.chunk", "model": "m", "choices": [choice], "usage": usage}


def delta(one):
    if isinstance(one, TextChunk):
        return {"content": one.text, "reasoning_content": None}
    if isinstance(one, ThinkingChunk):
        return {"content": None, "reasoning_content": one.text}
    function = {"arguments": one.arguments}
    if not one.name:
        return {"tool_calls": [{"index": one.index, "function": function}]}
    function["name"] = one.name
    return {"tool_calls": [{"index": one.index, "id": one.id, "type": "function", "function": function}]}


def called(part):
    return {"id": part.id, "type": "function", "function": {"name": part.name, "arguments": part.text}}


def usage(told):
    return told and {
        "prompt_tokens": told.input_tokens,
        "completion_tokens": told.output_tokens,
        "total_tokens": told.input_tokens + told.output_tokens,
        "prompt_cache_hit_tokens": told.cached_tokens,
        "prompt_cache_miss_tokens": told.input_tokens - told.cached_tokens,
        "completion_tokens_details": {"reasoning_tokens": told.reasoning_tokens},
    }


class TestDeepSeekChatModel(HTTPModelContract):
    wire = DeepSeekWire()
    history_rules = "deepseek"

    def make(self, base_url, *, max_retries, first_wait, **options):
        info = ModelInfo("deepseek", "m", CAPABILITIES)
        usual = {"info": info, "retry": RetryPolicy(max_retries, first_wait), "thinking": False}
        return DeepSeekChatModel("m", base_url=base_url, **{**usual, **options})


class TestDeepSeekChatFormatter(FormatterContract):
    def make(self):
        return DeepSeekChatFormatter()


class TestDeepSeekMultiAgentFormatter(FormatterContract):
    def make(self):
        return MultiAgentFormatter(DeepSeekChatFormatter())


class TestDeepSeekTokenCounter(TokenCounterContract):
    def make(self, base_url):
        return DeepSeekTokenCounter(rule_of_thumb, vision=True)


class TestDeepSeekPlugin(PluginContract):
    plugin_class = DeepSeekPlugin
    keys = MappingProxyType({"deepseek": "sk-1"})
