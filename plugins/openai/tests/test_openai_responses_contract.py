"""The contracts of the model and the formatter for the Responses API, and whether the wire is OpenAI's."""

from types import MappingProxyType

import pytest

from trouplet.conversation import MultiAgentFormatter
from trouplet.model_io import CAPABILITIES, ModelInfo
from trouplet.testing.contracts import EventStreamWire, FormatterContract, HTTPModelContract, scenarios
from trouplet_http import RetryPolicy
from trouplet_openai import OpenAIResponsesFormatter, OpenAIResponsesModel

ENCRYPTED = "gAAAAA-encrypted-reasoning"


class ResponsesWire(EventStreamWire):
    """The Responses API as OpenAI documents its events in November 2026."""

    signature = ENCRYPTED
    finish_reasons = frozenset({"stop", "tool_calls", "length", "content_filter", "other"})

    def encode(self, payload):
        head = b"" if isinstance(payload, str) else f"event: {payload['type']}\n".encode()
        return head + super().encode(payload)

    def opening(self, scenario):
        yield event("response.created", response=response(scenario, "in_progress", []))

    def pieces(self, scenario):
        for index, part in enumerate(scenario.parts):
            whole = item(part)
            yield event("response.output_item.added", output_index=index, item=begun(whole))
            yield from deltas(part, output_index=index, item_id=whole["id"])
            yield event("response.output_item.done", output_index=index, item=whole)

    def closing(self, scenario):
        ended = self.whole(scenario)
        yield event(f"response.{ended['status']}", response=ended)

    def whole(self, scenario):
        status = "completed" if scenario.finish_reason in ("stop", "tool_calls") else "incomplete"
        return response(scenario, status, [item(part) for part in scenario.parts])

    def refusal(self, status, message):
        return {"error": {"message": message, "type": "error", "param": None, "code": None}}

    def failure(self, message):
        return event("error", code="server_error", message=message, param=None)


REASONS = {"length": "max_output_tokens", "content_filter": "content_filter", "other": "eclipse"}


def event(kind, **fields):
    return {"type": kind, "sequence_number": 0, **fields}


def response(scenario, status, output):
    body = {"id": "resp_1", "object": "response", "created_at": 1795305600, "model": "m-1", "status": status}
    reason = REASONS.get(scenario.finish_reason) if status == "incomplete" else None
    body |= {"error": None, "incomplete_details": {"reason": reason} if reason else None, "output": output}
    body |= {"parallel_tool_calls": True, "tool_choice": "auto", "tools": []}
    return body | {"usage": usage(scenario.usage) if scenario.usage and status != "in_progress" else None}


def item(part):
    if part.kind == "text":
        content = [{"type": "output_text", "text": part.text, "annotations": []}]
        return {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": content}
    if part.kind == "thinking":
        summary = [{"type": "summary_text", "text": part.text}]
        return {"id": "rs_1", "type": "reasoning", "summary": summary, "encrypted_content": ENCRYPTED}
    call = {"id": "fc_1", "type": "function_call", "status": "completed", "arguments": part.text}
    return call | {"call_id": part.id, "name": part.name}


def begun(whole):
    empty = {"message": {"content": []}, "reasoning": {"summary": []}, "function_call": {"arguments": ""}}
    return whole | empty[whole["type"]] | {"status": "in_progress"}


def deltas(part, **place):
    kind, more = {
        "text": ("response.output_text.delta", {"content_index": 0, "logprobs": []}),
        "thinking": ("response.reasoning_summary_text.delta", {"summary_index": 0}),
        "call": ("response.function_call_arguments.delta", {}),
    }[part.kind]
    return [event(kind, **place, **more, delta=piece) for piece in part.pieces]


def usage(told):
    return {
        "input_tokens": told.input_tokens,
        "input_tokens_details": {"cached_tokens": told.cached_tokens, "cache_write_tokens": 0},
        "output_tokens": told.output_tokens,
        "output_tokens_details": {"reasoning_tokens": told.reasoning_tokens},
        "total_tokens": told.input_tokens + told.output_tokens,
    }


class TestOpenAIResponsesModel(HTTPModelContract):
    wire = ResponsesWire()
    history_rules = "openai-responses"
    exempt = MappingProxyType({
        "test_the_common_options_are_sent": "the API has no stop sequences; test_openai_responses.py has the others",
        "test_one_stop_word_is_as_good_as_a_list": "the API has no stop sequences: they are left out with a note",
    })  # fmt: skip

    def make(self, base_url, *, max_retries, first_wait, **options):
        info = ModelInfo("openai", "m", CAPABILITIES)
        retry = RetryPolicy(max_retries, first_wait)
        return OpenAIResponsesModel("m", base_url=f"{base_url}/v1", info=info, retry=retry, **options)


class TestOpenAIResponsesFormatter(FormatterContract):
    def make(self):
        return OpenAIResponsesFormatter()


class TestMultiAgentResponsesFormatter(FormatterContract):
    def make(self):
        return MultiAgentFormatter(OpenAIResponsesFormatter())


@pytest.mark.parametrize("scenario", [scenarios.EVERYTHING, scenarios.DETAILED], ids=lambda scenario: scenario.name)
def test_the_wire_of_the_contract_is_what_the_sdk_knows(sdk, scenario):
    wire = ResponsesWire()
    for one in (*wire.opening(scenario), *wire.pieces(scenario), *wire.closing(scenario), wire.failure("No.")):
        assert sdk("response event", one) == []
    assert sdk("response", wire.whole(scenario)) == []
