"""The options of a request to the Gemini API, and where in its body each belongs."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from trouplet.errors import BadSetting
from trouplet_gemini.thinking import thinking_config
from trouplet_http import OptionTable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trouplet_gemini.generation import Generation

GENERATION_FIELDS = frozenset({
    "audioTranscriptionConfig", "enableEnhancedCivicAnswers", "frequencyPenalty", "imageConfig",
    "logprobs", "maxOutputTokens", "mediaResolution", "presencePenalty", "responseJsonSchema", "responseLogprobs",
    "responseMimeType", "responseModalities", "responseSchema", "seed", "speechConfig", "stopSequences", "temperature",
    "thinkingConfig", "topK", "topP",
})  # fmt: skip
"""The fields of ``generationConfig`` (google-genai 3.4, November 2026)."""

REQUEST_FIELDS = frozenset({"cachedContent", "continuationToken", "labels", "safetySettings", "serviceTier", "store"})
"""The fields beside ``generationConfig`` that are a matter of taste."""

SAMPLING_FIELDS = ("temperature", "topP", "topK")
"""What models with fixed sampling ignore, and will refuse one day."""

_OWNED = {
    "candidateCount": "An answer is one message: call the model again",
    "contents": "It comes from the request's messages",
    "systemInstruction": "Use the agent's sys_prompt, or a message in the role 'system'",
    "toolConfig": "Use ModelRequest(tool_choice=...)",
}


def gemini_options(generation: Generation) -> OptionTable:
    """Return the options of a model of this generation.

    The API's fields have their own names (``topK``) and those of Google's Python SDK (``top_k``).
    """
    fields = GENERATION_FIELDS | REQUEST_FIELDS
    return OptionTable(
        fields,
        translations={
            **{snake: partial(_renamed, name) for name in fields if (snake := _snake(name)) != name},
            "max_tokens": lambda value: {"maxOutputTokens": value},
            "stop": lambda value: {"stopSequences": _sequences(value)},
            "thinking": lambda value: {"thinkingConfig": thinking_config(value, generation)},
        },
        settings=("media",),
        owned=_OWNED,
    )


def placed(fields: Mapping[str, object], extra: Mapping[str, object]) -> dict[str, object]:
    """Return body fields, those of ``generationConfig`` inside of it; ``extra`` is laid over them as it is."""
    body = {name: value for name, value in fields.items() if name not in GENERATION_FIELDS}
    config = {name: value for name, value in fields.items() if name in GENERATION_FIELDS}
    given = extra.get("generationConfig", {})
    if not isinstance(given, dict):
        raise BadSetting(f"extra_body['generationConfig'] is a {type(given).__name__}", fix="Give a dict")
    body |= extra
    if config or given:
        body["generationConfig"] = config | given
    return body


def _renamed(name: str, value: object) -> dict[str, object]:
    return {name: value}


def _snake(name: str) -> str:
    return re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", name)


def _sequences(value: object) -> list[object]:
    return list(value) if isinstance(value, (list, tuple)) else [value]
