"""The contract suites of the kernel, over the wire of the Gemini API."""

from types import MappingProxyType

from trouplet.model_io import CAPABILITIES, ModelInfo
from trouplet.testing.contracts import (
    EmbeddingWire,
    EventStreamWire,
    FormatterContract,
    HTTPEmbeddingContract,
    HTTPModelContract,
    PluginContract,
    TokenCounterContract,
)
from trouplet_gemini import GeminiChatModel, GeminiEmbedding, GeminiFormatter, GeminiPlugin, GeminiTokenCounter
from trouplet_http import RetryPolicy

MODEL = "gemini-3.1-pro-preview"
REASONS = {"stop": "STOP", "tool_calls": "STOP", "length": "MAX_TOKENS", "content_filter": "SAFETY", "other": "WHIM"}
STATUSES = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
            429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE"}  # fmt: skip


def refusal(status, message):
    return {"error": {"code": status, "message": message, "status": STATUSES.get(status, "UNKNOWN")}}


class GeminiWire(EventStreamWire):
    """A stream of ``GenerateContentResponse``: calls come whole, and the first of them bears the signature."""

    keep_alive = b": keep-alive\n\n"
    signature = "c2lnbmVkIGJ5IHRoZSBtb2RlbA=="
    text_arguments = False

    def pieces(self, scenario):
        signed = False
        for part in scenario.parts:
            if part.kind == "call":
                made = {"functionCall": {"name": part.name, "args": part.arguments, "id": part.id}}
                yield self.response([made if signed else {**made, "thoughtSignature": self.signature}])
                signed = True
            for piece in part.pieces if part.kind != "call" else ():
                yield self.response([{"text": piece} | ({"thought": True} if part.kind == "thinking" else {})])

    def closing(self, scenario):
        yield self.response([{"text": ""}], scenario)

    def whole(self, scenario):
        parts = [part for piece in self.pieces(scenario) for part in piece["candidates"][0]["content"]["parts"]]
        return self.response(parts, scenario)

    def refusal(self, status, message):
        return refusal(status, message)

    def failure(self, message):
        return refusal(503, message)

    def response(self, parts, scenario=None):
        candidate = {"content": {"role": "model", "parts": parts}, "index": 0}
        made = {"candidates": [candidate], "modelVersion": MODEL, "responseId": "r-1"}
        if scenario is None:
            return made | {"usageMetadata": {"promptTokenCount": 1, "totalTokenCount": 1}}
        candidate["finishReason"] = REASONS[scenario.finish_reason]
        if scenario.usage is not None:
            made["usageMetadata"] = self.usage(scenario.usage)
        return made

    def usage(self, usage):
        return {
            "promptTokenCount": usage.input_tokens,
            "cachedContentTokenCount": usage.cached_tokens,
            "candidatesTokenCount": usage.output_tokens - usage.reasoning_tokens,
            "thoughtsTokenCount": usage.reasoning_tokens,
            "totalTokenCount": usage.input_tokens + usage.output_tokens,
        }


class TestGeminiChatModel(HTTPModelContract):
    wire = GeminiWire()
    history_rules = "gemini"

    def make(self, base_url, *, max_retries, first_wait, **options):
        info = ModelInfo("gemini", MODEL, CAPABILITIES)
        return GeminiChatModel(
            MODEL, base_url=base_url, info=info, retry=RetryPolicy(max_retries, first_wait), **options
        )


class TestGeminiFormatter(FormatterContract):
    def make(self):
        return GeminiFormatter()


class TestGeminiTokenCounter(TokenCounterContract):
    def make(self, base_url):
        return GeminiTokenCounter(MODEL, base_url=base_url, api_key="k")

    def answer(self, body, tokens):
        return {"totalTokens": tokens}


class GeminiEmbeddingWire(EmbeddingWire):
    def inputs(self, body):
        return [request["content"]["parts"][0]["text"] for request in body["requests"]]

    def answer(self, body, vectors, tokens):
        usage = {} if tokens is None else {"usageMetadata": {"promptTokenCount": tokens}}
        return {"embeddings": [{"values": vector} for vector in vectors], **usage}

    def refusal(self, status, message):
        return refusal(status, message)


class TestGeminiEmbedding(HTTPEmbeddingContract):
    wire = GeminiEmbeddingWire()
    batch_size = 100

    def make(self, base_url, *, max_retries, first_wait, **options):
        retry = RetryPolicy(max_retries, first_wait)
        return GeminiEmbedding("gemini-embedding-2", base_url=base_url, retry=retry, **options)


class TestGeminiPlugin(PluginContract):
    plugin_class = GeminiPlugin
    keys = MappingProxyType({"gemini": "k"})
