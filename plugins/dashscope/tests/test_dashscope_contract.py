"""The contracts of plugins, models, formatters, token counters and embedding models."""

from types import MappingProxyType

from trouplet.conversation import MultiAgentFormatter
from trouplet.model_io import CAPABILITIES, ModelInfo, TextChunk, ThinkingChunk
from trouplet.testing.contracts import (
    EmbeddingWire,
    EventStreamWire,
    FormatterContract,
    HTTPEmbeddingContract,
    HTTPModelContract,
    PluginContract,
    TokenCounterContract,
)
from trouplet_dashscope import (
    DashScopeChatFormatter,
    DashScopeChatModel,
    DashScopeEmbedding,
    DashScopePlugin,
    DashScopeTokenCounter,
)
from trouplet_http import RetryPolicy

REASONS = {"other": "eclipse"}


def usage(told):
    if told is None:
        return {}
    counts = {"input_tokens": told.input_tokens, "output_tokens": told.output_tokens}
    counts["prompt_tokens_details"] = {"cached_tokens": told.cached_tokens}
    counts["output_tokens_details"] = {"reasoning_tokens": told.reasoning_tokens}
    return {"usage": counts}


def reason(scenario):
    return REASONS.get(scenario.finish_reason, scenario.finish_reason)


class GenerationWire(EventStreamWire):
    """Text generation; ``parts`` makes it multimodal generation."""

    signature = "Tea first."
    interleaves = True
    finish_reasons = frozenset(("stop", "tool_calls", "length", "other"))
    keep_alive = b":heartbeat\n\n"

    def __init__(self, *, parts):
        self.parts = parts

    def content(self, text):
        return ([{"text": text}] if text else []) if self.parts else text

    def said(self, finish, **message):
        message = {"role": "assistant", "content": self.content(""), **message}
        choice = {"message": message, "finish_reason": finish}
        return {"output": {"choices": [choice]}, "request_id": "r-1"}

    def opening(self, scenario):
        return [self.said("null")]

    def pieces(self, scenario):
        for one in scenario.chunks:
            if isinstance(one, TextChunk):
                yield self.said("null", content=self.content(one.text))
            elif isinstance(one, ThinkingChunk):
                yield self.said("null", reasoning_content=one.text)
            else:
                function = {"arguments": one.arguments} | ({"name": one.name} if one.name else {})
                call = {"index": one.index, "id": one.id or "", "type": "function", "function": function}
                yield self.said("null", tool_calls=[call])

    def closing(self, scenario):
        return [self.said(reason(scenario)) | usage(scenario.usage)]

    def whole(self, scenario):
        calls = [
            {"index": 0, "id": part.id, "type": "function", "function": {"name": part.name, "arguments": part.text}}
            for part in scenario.parts
            if part.kind == "call"
        ]
        message = {"content": self.content(scenario.text), "reasoning_content": scenario.thinking}
        made = self.said(reason(scenario), **message, **({"tool_calls": calls} if calls else {}))
        return made | usage(scenario.usage)

    def refusal(self, status, message):
        return {"code": "Made.Up", "message": message, "request_id": "r-1"}

    def failure(self, message):
        return {"code": "InternalError", "message": message, "request_id": "r-1"}

    def encode(self, payload):
        return b"id:1\nevent:result\n:HTTP_STATUS/200\n" + super().encode(payload)


class DashScopeChatContract(HTTPModelContract):
    history_rules = "dashscope"
    exempt = MappingProxyType(
        {"test_every_tool_choice_is_sent": "the API cannot say 'required': see test_dashscope_request"}
    )
    capabilities = CAPABILITIES

    def make(self, base_url, *, max_retries, first_wait, **options):
        info = ModelInfo("dashscope", "qwen-plus", self.capabilities)
        retry = RetryPolicy(max_retries, first_wait)
        return DashScopeChatModel("qwen-plus", base_url=base_url, info=info, retry=retry, **options)


class TestDashScopeChatModel(DashScopeChatContract):
    wire = GenerationWire(parts=True)


class TestDashScopeTextModel(DashScopeChatContract):
    wire = GenerationWire(parts=False)
    capabilities = CAPABILITIES - {"vision", "audio", "video"}


class TestDashScopeChatFormatter(FormatterContract):
    def make(self):
        return DashScopeChatFormatter()


class TestDashScopeMultiAgentFormatter(FormatterContract):
    def make(self):
        return MultiAgentFormatter(DashScopeChatFormatter())


class TestNewTokenCounter(TokenCounterContract):
    def make(self, base_url):
        return DashScopeTokenCounter("qwen3.7-plus")


class TestOldTokenCounter(TokenCounterContract):
    counts_images = False

    def make(self, base_url):
        return DashScopeTokenCounter("qwen3-max")


class TextEmbeddingWire(EmbeddingWire):
    def inputs(self, body):
        return body["input"]["texts"]

    def answer(self, body, vectors, tokens):
        embeddings = [{"text_index": index, "embedding": vector} for index, vector in enumerate(vectors)]
        counted = {} if tokens is None else {"usage": {"total_tokens": tokens}}
        return {"output": {"embeddings": embeddings[::-1]}, "request_id": "r-1", **counted}

    def refusal(self, status, message):
        return {"code": "Made.Up", "message": message, "request_id": "r-1"}


class TestDashScopeTextEmbedding(HTTPEmbeddingContract):
    wire = TextEmbeddingWire()
    batch_size = 10

    def make(self, *, base_url, max_retries, first_wait, **options):
        retry = RetryPolicy(max_retries, first_wait)
        return DashScopeEmbedding("text-embedding-v4", base_url=base_url, retry=retry, **options)


class MultimodalEmbeddingWire(TextEmbeddingWire):
    def inputs(self, body):
        return [content["text"] for content in body["input"]["contents"]]

    def answer(self, body, vectors, tokens):
        embeddings = [{"index": place, "embedding": one, "type": "text"} for place, one in enumerate(vectors)]
        counted = {} if tokens is None else {"usage": {"input_tokens": tokens, "image_tokens": 0}}
        return {"output": {"embeddings": embeddings}, "request_id": "r-1", **counted}


class TestDashScopeMultimodalEmbedding(HTTPEmbeddingContract):
    wire = MultimodalEmbeddingWire()
    batch_size = 20

    def make(self, *, base_url, max_retries, first_wait, **options):
        retry = RetryPolicy(max_retries, first_wait)
        return DashScopeEmbedding("qwen3-vl-embedding", base_url=base_url, retry=retry, **options)


class TestDashScopePlugin(PluginContract):
    plugin_class = DashScopePlugin
    keys = MappingProxyType({"dashscope": "sk-1"})
