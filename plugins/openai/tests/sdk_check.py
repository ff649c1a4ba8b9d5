"""Judges JSON by the types of OpenAI's SDK; runs in the SDK's own environment, one line in, one line out.

A line is ``[kind, value]``, the answer the list of complaints. The SDK's types are made strict first: no field that it
does not know, and an iterable is a list, since pydantic would not look into it otherwise.
"""

import json
import sys
import typing

typing.Iterable = typing.List  # noqa: UP006  # before anything of the SDK reads it

import openai._types  # noqa: E402

openai._types.SequenceNotStr = typing.List  # noqa: UP006

from openai.types.chat import ChatCompletion, ChatCompletionChunk, completion_create_params  # noqa: E402
from openai.types.create_embedding_response import CreateEmbeddingResponse  # noqa: E402
from openai.types.embedding_create_params import EmbeddingCreateParams  # noqa: E402
from openai.types.responses import Response, ResponseStreamEvent, response_create_params  # noqa: E402
from openai.types.responses.input_token_count_params import InputTokenCountParams  # noqa: E402
from pydantic import ConfigDict, TypeAdapter, ValidationError  # noqa: E402
from typing_extensions import is_typeddict  # noqa: E402

KINDS = {
    "chat": completion_create_params.CompletionCreateParamsStreaming,
    "chat whole": completion_create_params.CompletionCreateParamsNonStreaming,
    "responses": response_create_params.ResponseCreateParamsStreaming,
    "responses whole": response_create_params.ResponseCreateParamsNonStreaming,
    "input tokens": InputTokenCountParams,
    "embeddings": EmbeddingCreateParams,
    "chat answer": ChatCompletion,
    "chat event": ChatCompletionChunk,
    "response": Response,
    "response event": ResponseStreamEvent,
    "embeddings answer": CreateEmbeddingResponse,
}
TAGS = ("type", "role")


def forbid_unknown_fields():
    """Let no dictionary of the SDK have a field that its type does not name."""
    modules = [module for name, module in sys.modules.items() if name.startswith("openai.types")]
    for value in [value for module in modules for value in vars(module).values()]:
        if is_typeddict(value):
            value.__pydantic_config__ = ConfigDict(extra="forbid")


def complaints(adapter, value):
    """Return what is wrong with a value; of a union only what the members of the right type or role say."""
    try:
        adapter.validate_json(json.dumps(value), strict=True)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        others = [one["loc"][:-1] for one in found if one["type"] == "literal_error" and one["loc"][-1] in TAGS]
        said = [one for one in found if not any(one["loc"][: len(other)] == other for other in others)]
        return [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in said or found[:5]]
    return []


def main():
    forbid_unknown_fields()
    adapters = {}
    for line in sys.stdin:
        kind, value = json.loads(line)
        if kind == "fields":
            answer = sorted(typing.get_type_hints(KINDS[value]))
        else:
            if kind not in adapters:
                adapters[kind] = TypeAdapter(KINDS[kind])
            answer = complaints(adapters[kind], value)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
