"""A model that does the same thing again and again."""

import pytest

from trouplet.messages import Msg, TextBlock, ToolResultBlock, ToolUseBlock
from trouplet_local.stuck import stuck_on


def step(number, arguments, result, name="look"):
    call = ToolUseBlock(f"c{number}", name, arguments)
    return [
        Msg("Friday", [call], "assistant"),
        Msg("Friday", [ToolResultBlock(call.id, name, (TextBlock(result),))], "tool"),
    ]


QUESTION = [Msg("Ann", "What is there?")]


def test_the_same_call_with_the_same_result_twice_in_a_row_is_stuck():
    assert stuck_on([*QUESTION, *step(1, {"at": 1}, "dark"), *step(2, {"at": 1}, "dark")]) == "look"


@pytest.mark.parametrize(
    "history",
    [
        [],
        QUESTION,
        [*QUESTION, *step(1, {}, "dark")],
        [*step(1, {"at": 1}, "dark"), *step(2, {"at": 2}, "dark")],
        [*step(1, {}, "10 %"), *step(2, {}, "20 %")],
        [*step(1, {}, "dark"), *step(2, {}, "dark", name="feel")],
        [*step(1, {}, "dark"), *step(2, {}, "dark"), *QUESTION],
    ],
)
def test_anything_else_is_not(history):
    assert stuck_on(history) is None
