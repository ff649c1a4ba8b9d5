"""The contracts of the Responses API's model and formatter."""

from types import MappingProxyType

from trouplet.model_io import CAPABILITIES, ModelInfo
from trouplet.testing.contracts import EventStreamWire, FormatterContract, HTTPModelContract
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
        yield {"type": "response.created", "response": response(scenario, "in_progress", [])}

    def pieces(self, scenario):
        for index, part in enumerate(scenario.parts):
            whole = item(part)
            yield {"type": "response.output_item.added", "output_index": index, "item": begun(whole)}
            yield from deltas(part, index)
            yield {"type": "response.output_item.done", "output_index": index, "item": whole}

    def closing(self, scenario):
        ended = self.whole(scenario)
        yield {"type": f"response.{ended['status']}", "response": ended}

    def whole(self, scenario):
        status = "completed" if scenario.finish_reason in ("stop", "tool_calls") else "incomplete"
        return response(scenario, status, [item(part) for part in scenario.parts])

    def refusal(self, status, message):
        return {"error": {"message": message, "type": "error", "param": None, "code": None}}

    def failure(self, message):
        return {"type": "error", "code": "server_error", "message": message, "param": None}


REASONS = {"length": "max_output_tokens", "content_filter": "content_filter", "other": "eclipse"}


def response(scenario, status, output):
    body = {"id": "resp_1", "object": "response", "model": "m-1", "status": status, "error": None, "output": output}
    reason = REASONS.get(scenario.finish_reason) if status == "incomplete" else None
    body["incomplete_details"] = {"reason": reason} if reason else None
    body["usage"] = usage(scenario.usage) if scenario.usage and status != "in_progress" else None
    return body


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


def deltas(part, index):
    kinds = {
        "text": "response.output_text.delta",
        "thinking": "response.reasoning_summary_text.delta",
        "call": "response.function_call_arguments.delta",
    }
    for piece in part.pieces:
        yield {"type": kinds[part.kind], "output_index": index, "item_id": "item_1", "delta": piece}


def usage(told):
    return {
        "input_tokens": told.input_tokens,
        "input_tokens_details": {"cached_tokens": told.cached_tokens},
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
