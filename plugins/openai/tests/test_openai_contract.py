"""The contracts of plugins, models and formatters."""

import json
from contextlib import asynccontextmanager
from types import MappingProxyType

from trouplet.conversation import MultiAgentFormatter
from trouplet.model_io import CAPABILITIES, ModelInfo, TextChunk, ThinkingChunk
from trouplet.testing.contracts import FormatterContract, ModelContract, PluginContract, Provider
from trouplet.testing.fault_server import STALL, FaultServer
from trouplet_http import RetryPolicy
from trouplet_openai import OpenAIChatFormatter, OpenAIChatModel, OpenAIPlugin

EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"


def event(delta, finish=None, **more):
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return b"data: " + json.dumps({"id": "chatcmpl-1", "choices": [choice], **more}).encode() + b"\n\n"


def delta(chunk):
    if isinstance(chunk, TextChunk):
        return {"content": chunk.text}
    if isinstance(chunk, ThinkingChunk):
        return {"reasoning_content": chunk.text}
    call = {"index": chunk.index, "function": {"arguments": chunk.arguments}}
    if chunk.name:
        call |= {"id": chunk.id, "type": "function", "function": {"name": chunk.name, "arguments": chunk.arguments}}
    return {"tool_calls": [call]}


def refusal(scenario):
    body = json.dumps({"error": {"message": scenario.message, "type": "error", "code": None}}).encode()
    waiting = f"Retry-After: {scenario.retry_after:g}\r\n" if scenario.retry_after else ""
    head = f"HTTP/1.1 {scenario.status} No\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return (f"{head}{waiting}Connection: close\r\n\r\n".encode() + body,)


def script(scenario):
    if scenario.end == "refused":
        return refusal(scenario)
    sent = EVENTS + event({"role": "assistant", "content": ""}) + b"".join(event(delta(c)) for c in scenario.chunks)
    if scenario.end == "stall":
        return (sent, STALL)
    if scenario.end == "complete":
        tokens = {"prompt_tokens": scenario.usage.input_tokens, "completion_tokens": scenario.usage.output_tokens}
        sent += event({}, scenario.finish_reason, usage=tokens) + b"data: [DONE]\n\n"
    return (sent,)


class TestOpenAIChatModel(ModelContract):
    @asynccontextmanager
    async def serve(self, scenario):
        async with FaultServer([script(scenario)], repeat=True) as server:
            model = OpenAIChatModel(
                "m",
                base_url=f"{server.url}/v1",
                info=ModelInfo("openai", "m", CAPABILITIES),
                retry=RetryPolicy(max_retries=0),
            )
            try:
                yield Provider(model, lambda: sum(not one.closed.is_set() for one in server.connections))
            finally:
                await model.aclose()


class TestOpenAIChatFormatter(FormatterContract):
    def make(self):
        return OpenAIChatFormatter()


class TestOpenAIMultiAgentFormatter(FormatterContract):
    def make(self):
        return MultiAgentFormatter(OpenAIChatFormatter())


class TestOpenAIPlugin(PluginContract):
    plugin_class = OpenAIPlugin
    keys = MappingProxyType({"openai": "sk-1"})
