"""Builds the body of generateContent and streamGenerateContent; what does not change between calls is made once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet.negotiation import tool_choice
from trouplet.scope import note
from trouplet_gemini.declarations import declared_schema, declared_tools, tool_config
from trouplet_gemini.generation import generation_of
from trouplet_gemini.options import SAMPLING_FIELDS, gemini_options, placed
from trouplet_gemini.turns import CONTINUE, arranged, ends_with_model, said_by_user, system_parts
from trouplet_http import KeptForm, extra_body, merged_options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trouplet.model_io import ModelRequest
    from trouplet_gemini.declarations import Declared
    from trouplet_gemini.turns import Content


class RequestBody:
    """The bodies of one model's requests."""

    def __init__(self, model: str, options: Mapping[str, object]) -> None:
        self._generation = generation_of(model)
        self._table = gemini_options(self._generation)
        self._table.check(options)
        self._model = model
        self._options = options
        self._tools = KeptForm(declared_tools)
        self._schema = KeptForm(declared_schema)

    def build(self, request: ModelRequest, contents: list[Content]) -> dict[str, object]:
        """Return the body of one request; raises ``BadSetting`` for options and choices that cannot be sent."""
        turns = arranged(contents)
        if ends_with_model(turns):
            turns.append(said_by_user(CONTINUE))
        body: dict[str, object] = {"contents": turns, **self._fields(request.options)}
        if request.output_schema is not None:
            form = _noted(self._schema.of([request.output_schema]))
            body["generationConfig"] = {**_mapping(body.get("generationConfig")), **_mapping(form)}
        fixed = self._cacheable(request, contents)
        if fixed and "cachedContent" in body:
            note("gemini takes the system prompt and the tools from the cached content, and no others beside it")
            return body
        return body | fixed

    def _cacheable(self, request: ModelRequest, contents: list[Content]) -> dict[str, object]:
        """The fields that the API refuses beside cached content, which has its own."""
        made: dict[str, object] = {}
        system = system_parts(contents)
        if system:
            made["systemInstruction"] = {"parts": system}
        if request.tools:
            made["tools"] = _noted(self._tools.of(request.tools))
        choice = tool_choice(request)
        if choice is not None:
            made["toolConfig"] = tool_config(choice)
        return made

    def _fields(self, options: Mapping[str, object]) -> dict[str, object]:
        """The body's fields that the options of the model and of the call say."""
        if options:
            self._table.check(options)
        merged = merged_options(self._options, options)
        fields = self._table.body_fields(merged)
        if not self._generation.samples:
            for name in [name for name in SAMPLING_FIELDS if name in fields]:
                del fields[name]
                note(f"{self._model} samples in its own way: {name} was left out")
        return placed(fields, extra_body(merged))


def _noted(declared: Declared) -> object:
    for text in declared.notes:
        note(text)
    return declared.form


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}
