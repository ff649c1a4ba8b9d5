"""What is sent, and what the tests answer, in the eyes of Google's own SDK.

The SDK reads a body of ours into its typed objects, which refuse unknown fields, and sends the same request to a server
of its own: what arrives there has to be what we had sent.
"""

import re

from trouplet.messages import Base64Source, ImageBlock, Msg, TextBlock, ThinkingBlock, ToolResultBlock, ToolUseBlock
from trouplet.model_io import ToolSchema
from trouplet_gemini import GeminiEmbedding

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
SEND = """
import http.server, json, sys, threading
from google import genai
from google.genai import types

seen = []

class Recorder(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        seen.append({"path": self.path, "body": body, "key": self.headers.get("x-goog-api-key")})
        answer = json.dumps({"embeddings": [{"values": [1.0]}], "totalTokens": 1}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args):
        pass

server = http.server.HTTPServer(("127.0.0.1", 0), Recorder)
threading.Thread(target=server.serve_forever, daemon=True).start()
options = types.HttpOptions(base_url=f"http://127.0.0.1:{server.server_port}", api_version="v1beta")
client = genai.Client(api_key="k", http_options=options)
for given in json.load(sys.stdin):
    body, model = given["body"], given["model"]
    if "requests" in body:
        contents = [types.Content.model_validate(one["content"]) for one in body["requests"]]
        config = {"output_dimensionality": body["requests"][0].get("outputDimensionality")}
        client.models.embed_content(model=model, contents=contents, config=config)
        continue
    config = dict(body.pop("generationConfig", {}))
    contents = [types.Content.model_validate(one) for one in body.pop("contents")]
    config = types.GenerateContentConfig.model_validate({**config, **body})
    config.automatic_function_calling = types.AutomaticFunctionCallingConfig(disable=True)
    client.models.generate_content(model=model, contents=contents, config=config)
print(json.dumps(seen))
"""
READ = """
import json, sys
from google.genai import types
read = [types.GenerateContentResponse.model_validate(one) for one in json.load(sys.stdin)]
print(json.dumps([one.model_dump(mode="json", exclude_none=True, by_alias=True) for one in read]))
"""
TOOL = ToolSchema(
    "look",
    "Look.",
    {
        "type": "object",
        "properties": {"at": {"$ref": "#/$defs/Spot"}, "how": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
        "required": ["at"],
        "$defs": {"Spot": {"type": "object", "properties": {"x": {"type": "integer"}}}},
    },
)
KEPT = {"gemini": {"thought_signature": "c2ln"}}
HISTORY = [
    Msg("system", "Be kind.", "system"),
    Msg("Ann", [TextBlock("What is this?"), ImageBlock(Base64Source("image/png", PNG))]),
    Msg(
        "Friday",
        [
            ThinkingBlock("Hm.", {"gemini": {}}),
            TextBlock("I look.", KEPT),
            ToolUseBlock("fc-1", "look", {"at": {"x": 1}}, "", KEPT),
            ToolUseBlock("fc-2", "look", {"at": {"x": 2}}),
        ],
        "assistant",
    ),
    Msg(
        "Friday",
        [
            ToolResultBlock("fc-1", "look", (TextBlock("A cup."), ImageBlock(Base64Source("image/png", PNG)))),
            ToolResultBlock("fc-2", "look", (TextBlock("Too dark."),), "error"),
        ],
        "tool",
    ),
    Msg("Ann", "And now?"),
    Msg("Friday", ToolUseBlock("call_3", "look", {"at": {"x": 3}}), "assistant"),
    Msg("Friday", ToolResultBlock("call_3", "look", (TextBlock("A saucer."),)), "tool"),
]
CASES = {
    "a question": ({}, {"messages": [Msg("Ann", "Hi")]}),
    "a history with everything": ({}, {"messages": HISTORY, "tools": [TOOL], "tool_choice": "look"}),
    "options": (
        {
            "temperature": 0.5, "top_p": 0.9, "topK": 3, "max_tokens": 100, "stop": ["END"], "seed": 7,
            "presencePenalty": 0.5, "frequencyPenalty": 0.5, "responseLogprobs": True, "logprobs": 2,
            "mediaResolution": "MEDIA_RESOLUTION_LOW", "thinking": "high", "responseModalities": ["TEXT"],
            "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}],
            "serviceTier": "flex", "labels": {"a": "b"}, "store": False, "continuationToken": "dG9rZW4=",
            "imageConfig": {"aspectRatio": "16:9"},
        },
        {"messages": [Msg("Ann", "Hi")]},
    ),
    "an answer in JSON": ({}, {"messages": [Msg("Ann", "Hi")], "output_schema": TOOL.parameters}),
    "a cached content": ({"cachedContent": "cachedContents/abc"}, {"messages": [Msg("Ann", "Hi")]}),
}  # fmt: skip


async def test_the_sdk_sends_the_same_requests(peer, model, ask, said, sdk):
    peer.answers(said({"text": "Hi"}, finish="STOP"))
    for options, request in CASES.values():
        await ask(model(stream=False, api_key="k", **options), **request)
    peer.answers({"embeddings": [{"values": [1.0]}, {"values": [1.0]}]})
    embedding = GeminiEmbedding("gemini-embedding-2", base_url=peer.url, api_key="k", dimensions=1)
    await embedding.embed(["tea", ImageBlock(Base64Source("image/png", PNG))])
    await embedding.aclose()
    ours = [
        {"path": one.path, "key": one.headers["x-goog-api-key"], "body": body}
        for one, body in zip(peer.requests, peer.bodies, strict=True)
    ]
    theirs = sdk(SEND, [{"model": one["path"].split("/")[-1].partition(":")[0], "body": one["body"]} for one in ours])
    for name, one, other in zip([*CASES, "embeddings"], ours, theirs, strict=True):
        assert plain(other) == plain(one), name


def plain(value):
    """A request without what the SDK says differently: some names in snake case, roles that go without saying."""
    if isinstance(value, list):
        return [plain(one) for one in value]
    if not isinstance(value, dict):
        return value
    made = {re.sub("_([a-z])", lambda found: found[1].upper(), name): plain(one) for name, one in value.items()}
    if made.get("role") == "user":
        del made["role"]
    return {name: one for name, one in made.items() if not (name == "generationConfig" and one == {})}


def test_the_sdk_takes_the_answers_of_these_tests_for_googles(said, sdk):
    usage = {"promptTokenCount": 10, "candidatesTokenCount": 5, "thoughtsTokenCount": 2, "totalTokenCount": 17}
    call = {"functionCall": {"name": "look", "args": {"at": "a"}, "id": "fc-1"}, "thoughtSignature": "c2ln"}
    answers = [
        said({"text": "Hm.", "thought": True}), said(call), said({"text": "", "thoughtSignature": "c2ln"}),
        said({"inlineData": {"mimeType": "image/png", "data": PNG}}), said(finish="STOP", usageMetadata=usage),
        {"promptFeedback": {"blockReason": "OTHER"}},
    ]  # fmt: skip
    assert sdk(READ, answers) == answers
