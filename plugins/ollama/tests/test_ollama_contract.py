"""The contracts of plugins, models, formatters, token counters and embedding models."""

from types import MappingProxyType

from trouplet.conversation import MultiAgentFormatter
from trouplet.model_io import ModelInfo
from trouplet.testing.contracts import (
    EmbeddingWire,
    FormatterContract,
    HTTPEmbeddingContract,
    HTTPModelContract,
    JSONLinesWire,
    PluginContract,
    TokenCounterContract,
)
from trouplet_http import RetryPolicy
from trouplet_ollama import OllamaChatFormatter, OllamaChatModel, OllamaEmbedding, OllamaPlugin, OllamaTokenCounter

CAPABILITIES = frozenset(("tools", "parallel_tools", "json_schema", "vision", "thinking", "streaming", "system"))
REASONS = {"tool_calls": "stop", "other": "load"}


def said(message, **more):
    return {"model": "m", "created_at": "2026-11-22T12:00:00Z", "message": message, "done": False, **more}


def assistant(**fields):
    return {"role": "assistant", "content": "", **fields}


def call(part):
    return {"id": part.id, "function": {"index": 0, "name": part.name, "arguments": part.arguments}}


def end(scenario, message):
    usage = scenario.usage
    counts = {} if usage is None else {"prompt_eval_count": usage.input_tokens, "eval_count": usage.output_tokens}
    if usage is not None and usage.cached_tokens:
        counts["prompt_eval_cached_count"] = usage.cached_tokens
    reason = REASONS.get(scenario.finish_reason, scenario.finish_reason)
    return said(message, done=True, done_reason=reason, total_duration=5, **counts)


class OllamaWire(JSONLinesWire):
    signature = "Tea first."
    finish_reasons = frozenset(("stop", "tool_calls", "length", "other"))
    text_arguments = False

    def pieces(self, scenario):
        for part in scenario.parts:
            if part.kind == "call":
                yield said(assistant(tool_calls=[call(part)]))
            for piece in part.pieces if part.kind != "call" else ():
                yield said(assistant(**{"content" if part.kind == "text" else "thinking": piece}))

    def closing(self, scenario):
        return [end(scenario, assistant())]

    def whole(self, scenario):
        calls = [call(part) for part in scenario.parts if part.kind == "call"]
        message = assistant(content=scenario.text, thinking=scenario.thinking)
        return end(scenario, message | ({"tool_calls": calls} if calls else {}))

    def refusal(self, status, message):
        return {"error": message}

    def failure(self, message):
        return {"error": message}


class TestOllamaChatModel(HTTPModelContract):
    wire = OllamaWire()
    history_rules = "ollama"

    def make(self, base_url, *, max_retries, first_wait, **options):
        info = ModelInfo("ollama", "m", CAPABILITIES)
        return OllamaChatModel("m", base_url=base_url, info=info, retry=RetryPolicy(max_retries, first_wait), **options)


class TestOllamaChatFormatter(FormatterContract):
    def make(self):
        return OllamaChatFormatter()


class TestOllamaMultiAgentFormatter(FormatterContract):
    def make(self):
        return MultiAgentFormatter(OllamaChatFormatter())


class TestOllamaTokenCounter(TokenCounterContract):
    def make(self, base_url):
        return OllamaTokenCounter()


class OllamaEmbeddingWire(EmbeddingWire):
    def inputs(self, body):
        return body["input"]

    def answer(self, body, vectors, tokens):
        counted = {} if tokens is None else {"prompt_eval_count": tokens}
        return {"model": "e", "embeddings": list(vectors), "total_duration": 5, **counted}

    def refusal(self, status, message):
        return {"error": message}


class TestOllamaEmbedding(HTTPEmbeddingContract):
    wire = OllamaEmbeddingWire()
    batch_size = OllamaEmbedding.batch_size

    def make(self, *, base_url, max_retries, first_wait, **options):
        return OllamaEmbedding("e", base_url=base_url, retry=RetryPolicy(max_retries, first_wait), **options)


class TestOllamaPlugin(PluginContract):
    plugin_class = OllamaPlugin
    keys = MappingProxyType({"ollama": "sk-1"})
