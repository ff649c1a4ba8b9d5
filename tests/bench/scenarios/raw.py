"""The floor: what an agent costs when it is written by hand with raw httpx and json, and nothing is left out.

It sends the same requests with the same growing history, parses the same answers, runs the same tools and keeps what it
has learned. It has no retries, no events, no validation and no hooks: those are what a framework adds.
"""

import asyncio
import inspect
import json

import httpx
from scenarios.weather import SYSTEM_PROMPT

HEADERS = {"Authorization": "Bearer sk-bench"}
MODEL = "gpt-5-mini"
NAME = "Friday"


def client(**options):
    """httpx with its default transport; only the time-out is longer than its default."""
    return httpx.AsyncClient(headers=HEADERS, timeout=120, **options)


def new_conversation():
    return [{"role": "system", "content": SYSTEM_PROMPT}]


class Agent:
    """A hand-written agent: one history, the tools by name."""

    def __init__(self, http, base_url, *, tools=None, schemas=None, messages=None):
        self.http = http
        self.url = base_url + "/chat/completions"
        self.tools = tools or {}
        self.schemas = schemas
        self.messages = new_conversation() if messages is None else messages
        self.tokens = 0

    async def ask(self, text):
        """One turn: ask, run the tools that are called, until there is an answer."""
        self.messages.append({"role": "user", "content": text})
        while True:
            answer = await self.post()
            self.tokens += answer["usage"]["total_tokens"]
            message = answer["choices"][0]["message"]
            calls = message.get("tool_calls")
            if not calls:
                self.messages.append(self.said(message["content"]))
                return message["content"]
            self.messages.append({**self.said(message["content"]), "tool_calls": calls})
            self.messages += await asyncio.gather(*[self.run(call) for call in calls])

    async def post(self):
        response = await self.http.post(self.url, json=self.payload())
        response.raise_for_status()
        return response.json()

    async def stream(self, text):
        """One streamed turn without tools: yields the pieces of the answer."""
        self.messages.append({"role": "user", "content": text})
        payload = {**self.payload(), "stream": True, "stream_options": {"include_usage": True}}
        pieces = []
        async with self.http.stream("POST", self.url, json=payload) as response:
            response.raise_for_status()
            async for line in response.aiter_lines():
                if not line.startswith("data: ") or line == "data: [DONE]":
                    continue
                event = json.loads(line[6:])
                if event["usage"]:
                    self.tokens += event["usage"]["total_tokens"]
                for choice in event["choices"]:
                    piece = choice["delta"].get("content")
                    if piece:
                        pieces.append(piece)
                        yield piece
        self.messages.append(self.said("".join(pieces)))

    async def run(self, call):
        function = call["function"]
        tool = self.tools[function["name"]]
        arguments = json.loads(function["arguments"])
        if inspect.iscoroutinefunction(tool):
            output = await tool(**arguments)
        else:
            output = await asyncio.to_thread(tool, **arguments)
        return {"role": "tool", "tool_call_id": call["id"], "content": output}

    def said(self, text):
        return {"role": "assistant", "content": text, "name": NAME}

    def payload(self):
        payload = {"model": MODEL, "messages": self.messages}
        if self.schemas:
            payload["tools"] = self.schemas
        return payload


class AiohttpAgent(Agent):
    """The same over raw aiohttp."""

    async def post(self):
        async with self.http.post(self.url, json=self.payload(), headers=HEADERS) as response:
            response.raise_for_status()
            return await response.json()
