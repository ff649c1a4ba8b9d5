"""``trouplet chat``, in a real terminal and in a pipe."""

from __future__ import annotations

import signal

import pytest

HINT = "/help  ·  Ctrl-C stop  ·  Ctrl-D leave"
PROMPT = "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"


def test_a_turn_shows_the_status_line_the_answer_and_its_usage(terminal):
    screen = terminal("chat", "test:echo")
    assert f"trouplet 0.1 · test:echo · no tools        {HINT}" in screen.expect(PROMPT)
    screen.send("what can you do?\r")
    screen.expect("You said: what can you do?")
    screen.expect("tok · ")
    screen.expect(PROMPT)
    screen.send("\x04")
    assert screen.wait() == 0


def test_a_conversation_remembers_and_clear_forgets(terminal, agent_file):
    body = "agent = friday(*[lambda request: f'{len(request.messages)} messages'] * 3)"
    screen = terminal("chat", agent_file(body))
    screen.expect(PROMPT)
    screen.send("one\r")
    screen.expect("1 messages")
    screen.send("two\r")
    screen.expect("3 messages")
    screen.send("/clear\r")
    screen.expect("The conversation is forgotten.")
    screen.send("three\r")
    screen.expect("1 messages")


@pytest.mark.parametrize("key", ["\x03", "\x1b"], ids=["ctrl-c", "esc"])
def test_a_key_stops_the_agent_keeps_what_it_said_and_leads_back_to_the_prompt(terminal, agent_file, key):
    told = "lambda request: 'You had heard: ' + request.messages[1].text"
    screen = terminal("chat", agent_file(f"agent = friday(story, {told})"))
    screen.expect(PROMPT)
    screen.send("a story\r")
    screen.expect("Once upon a time")
    screen.send(key)
    screen.expect("■ interrupted")
    screen.send("go on\r")
    screen.expect("You had heard: Once upon a time")
    screen.expect(PROMPT)
    screen.send("\x04")
    assert screen.wait() == 0


def test_a_second_ctrl_c_leaves_an_agent_that_does_not_stop_behind(terminal, agent_file):
    body = """
class Stubborn(ReActAgent):
    async def handle_interrupt(self, run, message):
        print("(never mind)", flush=True)
        await asyncio.Event().wait()

agent = Stubborn("Friday", model=ScriptedModel([story, "Again."]))
"""
    screen = terminal("chat", agent_file(body))
    screen.expect(PROMPT)
    screen.send("a story\r")
    screen.expect("Once upon a time")
    screen.send("\x03")
    screen.expect("(never mind)")
    screen.send("\x03")
    screen.expect("stopped")
    screen.send("go on\r")
    screen.expect("Again.")


def test_sigint_from_outside_stops_the_agent_too(terminal, agent_file):
    screen = terminal("chat", agent_file("agent = friday(story, 'Again.')"))
    screen.expect(PROMPT)
    screen.send("a story\r")
    screen.expect("Once upon a time")
    screen.signal(signal.SIGINT)
    screen.expect("■ interrupted")
    screen.send("go on\r")
    screen.expect("Again.")


def test_what_is_typed_while_the_agent_works_is_the_next_line(terminal, agent_file):
    screen = terminal("chat", agent_file("agent = friday(story, lambda request: request.messages[-1].text.upper())"))
    screen.expect(PROMPT)
    screen.send("a story\r")
    screen.expect("Once upon a time")
    screen.send("typed ahead\r\x03")
    screen.expect("■ interrupted")
    screen.expect("TYPED AHEAD")


def test_ctrl_c_at_the_empty_prompt_hints_and_a_second_one_leaves(terminal):
    screen = terminal("chat", "test:")
    screen.expect(PROMPT)
    screen.send("\x03")
    screen.expect("Ctrl-D to leave")
    screen.expect(PROMPT)
    screen.send("\x03")
    assert screen.wait() == 0


def test_ctrl_c_throws_away_a_line_that_was_begun(terminal):
    screen = terminal("chat", "test:")
    screen.expect(PROMPT)
    screen.send("half a li")
    screen.expect("half a li")
    screen.send("\x03")
    screen.expect(PROMPT)
    screen.send("whole\r")
    screen.expect("You said: whole")
    assert b"Ctrl-D to leave (or" not in screen.raw


def test_a_failed_turn_is_told_and_the_conversation_goes_on(terminal, agent_file):
    body = "from trouplet.errors import RateLimited\nagent = friday(RateLimited('slow down'), KeyError('x'), 'Fine.')"
    screen = terminal("chat", agent_file(body))
    screen.expect(PROMPT)
    screen.send("one\r")
    screen.expect("✗ TP-603 slow down.")
    screen.send("two\r")
    screen.expect("✗ KeyError: 'x'")
    screen.send("three\r")
    screen.expect("Fine.")


def test_commands_begin_with_a_slash(terminal):
    screen = terminal("chat", "test:")
    screen.expect(PROMPT)
    screen.send("/help\r")
    screen.expect("/clear   forget the conversation")
    screen.send("/hepl\r")
    screen.expect("Did you mean '/help'?")
    screen.send("/tools\r")
    screen.expect("no tools")
    screen.send("/model openai:gpt-5-mini\r")
    screen.expect("✗ TP-101")
    screen.send("/model test:echo\r")
    screen.expect("test:echo\r\n")
    screen.send("/etc/hosts is a file\r")
    screen.expect("You said: /etc/hosts is a file")
    screen.send("/exit\r")
    assert screen.wait() == 0


def test_the_tools_of_the_agent_are_listed(terminal, agent_file):
    screen = terminal("chat", agent_file("agent = friday(tools=[remove])"))
    assert "test:scripted · 1 tool " in screen.expect(PROMPT)
    screen.send("/tools\r")
    screen.expect("remove  Remove a file.")


# --- approvals


def test_a_call_is_allowed_once_for_the_session_or_rejected(terminal, agent_file):
    steps = ", ".join(f"[call('remove', path='{name}')], 'Turn {name}.'" for name in "abcd")
    screen = terminal("chat", agent_file(f"agent = friday({steps}, tools=[risky])"))
    screen.expect(PROMPT)
    for answer, outcome in [("maybe\rr too risky", "too risky"), ("a", "removed b"), ("s", "removed c")]:
        screen.send("go\r")
        screen.expect("needs approval")
        screen.expect("[r]eject")
        screen.send(f"{answer}\r")
        screen.expect(outcome)
        screen.expect("Turn ")
    screen.send("go\r")
    assert "[r]eject" not in screen.expect("removed d")


def test_ctrl_c_at_the_question_stops_the_turn_and_the_conversation_goes_on(terminal, agent_file):
    screen = terminal("chat", agent_file("agent = friday([call('remove', path='a')], 'Never mind.', tools=[risky])"))
    screen.expect(PROMPT)
    screen.send("go\r")
    screen.expect("[r]eject")
    screen.send("\x03")
    screen.expect("■ interrupted")
    screen.send("and now?\r")
    screen.expect("Never mind.")
    screen.expect(PROMPT)
    screen.send("\x04")
    assert screen.wait() == 0
    assert b"removed a" not in screen.raw


def test_a_call_with_direction_marks_in_its_arguments_shows_them(terminal, agent_file):
    screen = terminal("chat", agent_file("agent = friday([call('remove', path='a\\u202egnp')], 'x', tools=[risky])"))
    screen.expect(PROMPT)
    screen.send("go\r")
    screen.expect("a\\u202egnp")


# --- plain


def test_lines_from_a_pipe_are_answered_on_stdout_and_nothing_else_is_there(process):
    result = process("chat", "test:", input="one\ntwo\n")
    assert result.returncode == 0
    assert result.stdout == "You said: one\nYou said: two\n"
    assert "test:echo" in result.stderr
    assert "\x1b" not in result.stderr


@pytest.mark.parametrize("environ", [{"TERM": "dumb"}, {"CI": "1"}], ids=["dumb", "ci"])
def test_a_plain_terminal_gets_plain_lines(terminal, environ):
    screen = terminal("chat", "test:", **environ)
    screen.expect(PROMPT)
    screen.send("hello\n")
    screen.expect("You said: hello")
    screen.expect("tok")
    screen.send("\x04")
    assert screen.wait() == 0
    assert b"\x1b" not in screen.raw


def test_no_color_takes_the_colours_and_leaves_the_editor(terminal):
    screen = terminal("chat", "test:", NO_COLOR="1")
    screen.expect(PROMPT)
    screen.send("hello\r")
    screen.expect("You said: hello")
    screen.expect(PROMPT)
    screen.send("\x04")
    screen.wait()
    assert b"\x1b[2m" not in screen.raw
    assert b"\x1b[31m" not in screen.raw


def test_ctrl_c_at_a_plain_prompt_hints_and_a_second_one_leaves(terminal):
    screen = terminal("chat", "test:", TERM="dumb")
    screen.expect(PROMPT)
    screen.send("\x03")
    screen.expect("Ctrl-D to leave")
    screen.expect(PROMPT)
    screen.send("\x03")
    assert screen.wait() == 0


def test_a_person_who_names_no_model_is_told_what_to_type(trouplet):
    result = trouplet("chat")
    assert result.exit_code == 3
    assert "trouplet chat test:echo" in result.stderr


def test_a_program_is_nothing_to_chat_with(trouplet, agent_file):
    result = trouplet("chat", agent_file("def main(): raise RuntimeError('it ran')"))
    assert result.exit_code == 3
    assert "defines a program, not an agent" in result.stderr
