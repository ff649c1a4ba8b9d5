"""A long history in each provider's form for the first time, against encoding that form as JSON."""

import asyncio
import importlib
import json

FORMATTERS = {
    "openai": "trouplet_openai:OpenAIChatFormatter",
    "openai_responses": "trouplet_openai:OpenAIResponsesFormatter",
    "anthropic": "trouplet_anthropic:AnthropicFormatter",
    "gemini": "trouplet_gemini:GeminiFormatter",
    "dashscope": "trouplet_dashscope:DashScopeChatFormatter",
    "deepseek": "trouplet_deepseek:DeepSeekChatFormatter",
    "ollama": "trouplet_ollama:OllamaChatFormatter",
}
TIMES = 5


def _formatter(provider):
    module, _, name = FORMATTERS[provider].partition(":")
    return getattr(importlib.import_module(module), name)()


def _history(number):
    from trouplet.messages import Msg, TextBlock, ToolResultBlock, ToolUseBlock

    history = []
    for turn in range(number // 4):
        call = ToolUseBlock(f"call_{turn}", "look", {"where": "here"}, '{"where": "here"}')
        result = ToolResultBlock(f"call_{turn}", "look", (TextBlock("a cup " * 20),))
        history += [
            Msg("user", f"Question {turn}: " + "word " * 40),
            Msg("Friday", [TextBlock("Let me look."), call], "assistant"),
            Msg("Friday", result, "tool"),
            Msg("Friday", "answer " * 60, "assistant"),
        ]
    return history


async def _formatted(provider, histories):
    formatter = _formatter(provider)
    await formatter.format(_history(8))
    return [await formatter.format(history) for history in histories]


def floor(provider):
    """Return what encodes histories that a provider's formatter has formatted."""

    def run(bench):
        wires = asyncio.run(_formatted(provider, [_history(bench.size) for _ in range(TIMES)]))
        with bench.section(bench.size * TIMES):
            encoded = [json.dumps(wire, ensure_ascii=False, separators=(",", ":")) for wire in wires]
        return sum(map(len, encoded))

    return run


def ours(provider):
    """Return what formats histories that nobody has formatted before."""

    def run(bench):
        formatter = _formatter(provider)
        histories = [_history(bench.size) for _ in range(TIMES)]

        async def formatted():
            await formatter.format(_history(8))
            with bench.section(bench.size * TIMES):
                return [await formatter.format(history) for history in histories]

        wires = asyncio.run(formatted())
        return sum([len(json.dumps(wire, ensure_ascii=False, separators=(",", ":"))) for wire in wires])

    return run


for _provider in FORMATTERS:
    globals()[f"floor_{_provider}"] = floor(_provider)
    globals()[f"ours_{_provider}"] = ours(_provider)
