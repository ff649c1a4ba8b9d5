"""Messages as turns of a chat template."""

from typing import ClassVar

import pytest

from trouplet.errors import Unsupported
from trouplet.messages import (
    Base64Source,
    ImageBlock,
    Msg,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
)
from trouplet.testing.contracts.formatter import FormatterContract
from trouplet_local.formatter import LocalChatFormatter


class TestContract(FormatterContract):
    takes_media = False
    exempt: ClassVar = {
        "test_the_thinking_of_another_provider_is_not_sent": "a thought is part of a step, in plain text"
    }

    def make(self):
        return LocalChatFormatter()


async def turns(*messages):
    return await LocalChatFormatter().format(list(messages))


async def test_a_call_is_written_as_the_model_wrote_it():
    raw = '{"code": "print(1)"}'
    call = ToolUseBlock("c1", "run", {"code": "print(1)"}, raw)
    made = await turns(Msg("Friday", [ThinkingBlock("I compute."), call], "assistant"))
    step = '{\n  "thought": "I compute.",\n  "tool": "run",\n  "arguments": {"code": "print(1)"}\n}'
    assert made == [{"role": "assistant", "content": step}]


async def test_an_answer_with_a_thought_was_a_step_and_one_without_was_text():
    step = Msg("Friday", [ThinkingBlock("Done."), TextBlock("It is 4.")], "assistant")
    assert (await turns(step))[0]["content"] == '{\n  "thought": "Done.",\n  "answer": "It is 4."\n}'
    assert (await turns(Msg("Friday", "It is 4.", "assistant")))[0]["content"] == "It is 4."


async def test_results_are_a_turn_of_the_users_that_says_how_to_go_on():
    ok = ToolResultBlock("c1", "run", (TextBlock("4"),))
    bad = ToolResultBlock("c2", "look", (TextBlock("too dark"),), "error")
    worked = (await turns(Msg("Friday", [ok], "tool")))[0]
    failed = (await turns(Msg("Friday", [ok, bad], "tool")))[0]
    assert worked["role"] == failed["role"] == "user"
    assert worked["content"].startswith("Result of run:\n4\n\nNow do the next part")
    assert "Result of run:\n4\n\nFailure of look:\ntoo dark\n\nThat failed." in failed["content"]


async def test_turns_of_one_role_in_a_row_become_one():
    result = Msg("Friday", [ToolResultBlock("c1", "run", (TextBlock("4"),))], "tool")
    made = await turns(
        Msg("Ann", "Hello"), Msg("Ben", "Hi"), Msg("Friday", "Yes?", "assistant"), result, Msg("Ann", "So?")
    )
    assert [turn["role"] for turn in made] == ["user", "assistant", "user"]
    assert made[0]["content"] == "Hello\n\nHi"


async def test_a_message_that_was_formatted_before_is_not_changed_by_what_follows_it():
    formatter, hello = LocalChatFormatter(), Msg("Ann", "Hello")
    await formatter.format([hello, Msg("Ann", "again")])
    assert await formatter.format([hello]) == [{"role": "user", "content": "Hello"}]


async def test_images_are_refused():
    with pytest.raises(Unsupported, match="text only"):
        await turns(Msg("Ann", [ImageBlock(Base64Source("image/png", "aW1n"))]))
