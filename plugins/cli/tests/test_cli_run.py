"""``trouplet run``: the answer on stdout, the rest on stderr, the outcome as the exit code."""

from __future__ import annotations

import json
import signal
import subprocess

import pytest


def json_lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_the_answer_is_all_that_stdout_gets(trouplet):
    result = trouplet("run", "test:echo", "hello")
    assert result.exit_code == 0
    assert result.stdout == "You said: hello\n"
    assert "tok" in result.stderr


def test_quiet_keeps_stderr_empty(trouplet):
    result = trouplet("run", "test:echo", "hello", "--quiet")
    assert (result.stdout, result.stderr) == ("You said: hello\n", "")


@pytest.mark.parametrize("arguments", [["test:"], ["test:", "-"], ["-m", "test:"], ["-m", "test:", "-"]])
def test_the_input_may_be_piped_in(trouplet, arguments):
    assert trouplet("run", *arguments, input="two\nlines\n").stdout == "You said: two\nlines\n"


def test_with_m_the_only_argument_is_the_input(trouplet):
    assert trouplet("run", "-m", "test:", "hello").stdout == "You said: hello\n"
    assert trouplet("run", "-m", "test:", "hello", "more").exit_code == 2


def test_without_a_target_the_model_of_the_configuration_answers(trouplet):
    assert trouplet("config", "set", "model", "test:echo").exit_code == 0
    assert trouplet("run", input="hi").stdout == "You said: hi\n"


def test_without_any_model_the_error_says_what_to_type(trouplet):
    result = trouplet("run", input="hi")
    assert result.exit_code == 3
    assert "trouplet chat test:echo" in result.stderr


def test_a_file_may_define_an_agent(trouplet, agent_file):
    path = agent_file("agent = friday('Hello!')")
    assert trouplet("run", path, "hi").stdout == "Hello!\n"


def test_a_file_may_define_a_function_of_the_kernel(trouplet, agent_file):
    path = agent_file("def agent(kernel): return kernel.agent('Friday', model='test:')")
    assert trouplet("run", path, "hi").stdout == "You said: hi\n"


def test_an_async_function_of_another_name_is_named_after_a_colon(trouplet, agent_file):
    path = agent_file("async def other(kernel): return kernel.agent('Friday', model='test:')")
    assert trouplet("run", f"{path}:other", "hi").stdout == "You said: hi\n"


def test_a_file_may_import_what_lies_beside_it(trouplet, agent_file):
    agent_file("WORD = 'beside'", name="cli_test_neighbour.py")
    path = agent_file("import cli_test_neighbour\nagent = friday(cli_test_neighbour.WORD)")
    assert trouplet("run", path, "hi").stdout == "beside\n"


@pytest.mark.parametrize("body", ["def main(): return 'done'", "async def main(): return 'done'"])
def test_a_program_is_run_and_what_it_returns_is_printed(trouplet, agent_file, body):
    result = trouplet("run", agent_file(body))
    assert (result.exit_code, result.stdout) == (0, "done\n")


def test_a_program_that_takes_an_argument_gets_the_input(trouplet, agent_file):
    path = agent_file("async def main(text): return (await friday('Hello, ' + text)('x'))")
    assert trouplet("run", path, "Ann").stdout == "Hello, Ann\n"


@pytest.mark.parametrize(("target", "code"), [("nowhere.py", 2), ("nowhere.py:agent", 2)])
def test_a_file_that_is_not_there_is_a_usage_error(trouplet, target, code):
    result = trouplet("run", target, "hi")
    assert result.exit_code == code
    assert "There is no file 'nowhere.py'." in result.stderr


@pytest.mark.parametrize(("body", "name"), [("x = 1", ""), ("agent = 3", ""), ("agent = friday('a')", ":other")])
def test_a_file_without_an_agent_says_what_to_define(trouplet, agent_file, body, name):
    result = trouplet("run", agent_file(body) + name, "hi")
    assert result.exit_code == 3
    assert "TP-100" in result.stderr
    assert "efine" in result.stderr


def test_tools_and_system_prompt_are_refused_for_a_file(trouplet, agent_file):
    assert trouplet("run", agent_file("agent = friday('a')"), "hi", "-t", "code").exit_code == 2


def test_an_unknown_tool_plugin_is_named(trouplet):
    result = trouplet("run", "test:", "hi", "-t", "no-such-plugin")
    assert result.exit_code == 3
    assert "TP-202" in result.stderr


def test_tool_calls_are_told_on_stderr_and_the_answer_on_stdout(trouplet, agent_file):
    steps = "['I look.', call('remove', path='a.txt')], 'It is gone.'"
    result = trouplet("run", agent_file(f"agent = friday({steps}, tools=[remove])"), "go")
    assert result.stdout == "It is gone.\n"
    assert "I look." in result.stderr
    assert '▸ remove(path="a.txt")' in result.stderr
    assert "removed a.txt" in result.stderr


def test_a_failed_run_is_exit_code_1_and_names_the_error(trouplet, agent_file):
    path = agent_file("from trouplet.errors import RateLimited\nagent = friday(RateLimited('slow down'))")
    result = trouplet("run", path, "hi")
    assert result.exit_code == 1
    assert "✗ TP-603 slow down." in result.stderr


def test_a_run_that_reaches_its_limit_is_exit_code_1(trouplet, agent_file):
    steps = ", ".join(["[call('remove', path='a')]"] * 2)
    result = trouplet("run", agent_file(f"agent = friday({steps}, tools=[remove])"), "go", "--max-iters", "2")
    assert result.exit_code == 1
    assert "2 steps" in result.stdout
    assert "limit" in result.stderr


# --- approval


def test_without_a_terminal_a_call_that_needs_approval_is_rejected_and_said_so(trouplet, agent_file):
    path = agent_file("agent = friday([call('remove', path='a')], 'Then not.', tools=[risky])")
    result = trouplet("run", path, "go")
    assert result.stdout == "Then not.\n"
    assert "Rejected remove: it needs approval, and there is no terminal" in result.stderr
    assert "removed a" not in result.stderr


def test_approve_all_runs_the_call(trouplet, agent_file):
    path = agent_file("agent = friday([call('remove', path='a')], 'Done.', tools=[risky])")
    result = trouplet("run", path, "go", "--approve", "all")
    assert result.stdout == "Done.\n"
    assert "removed a" in result.stderr


def test_approve_none_rejects_the_call(trouplet, agent_file):
    path = agent_file("agent = friday([call('remove', path='a')], 'Then not.', tools=[risky])")
    result = trouplet("run", path, "go", "--approve", "none")
    assert result.stdout == "Then not.\n"
    assert "removed a" not in result.stderr


def test_at_a_terminal_the_person_is_asked(terminal, agent_file):
    path = agent_file("agent = friday([call('remove', path='a')], 'Done.', tools=[risky])")
    screen = terminal("run", path, "go")
    screen.expect("needs approval")
    screen.expect("[a]llow  [s]ession  [r]eject")
    screen.send("a\n")
    screen.expect("removed a")
    screen.expect("Done.")
    assert screen.wait() == 0


# --- JSON


def test_json_is_one_event_a_line_from_the_start_of_the_run_to_its_end(trouplet, agent_file):
    path = agent_file("agent = friday(['Look: ', call('remove', path='a')], 'Done.', tools=[remove])")
    result = trouplet("run", path, "go", "--json")
    events = json_lines(result.stdout)
    assert result.stderr == ""
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    kinds = [event["type"] for event in events]
    assert kinds[0] == "RunStarted"
    assert kinds[-1] == "RunEnded"
    assert {"TextDelta", "ToolStarted", "ToolEnded", "ModelCallEnded"} <= set(kinds)
    ended = next(event for event in events if event["type"] == "ToolEnded")
    assert ended["result"]["output"] == [{"type": "text", "text": "removed a"}]
    assert events[-1]["reply"]["content"] == [{"type": "text", "text": "Done."}]
    assert events[-1]["usage"]["calls"] == 2


def test_the_events_of_a_resumed_run_are_there_too(trouplet, agent_file):
    path = agent_file("agent = friday([call('remove', path='a')], 'Done.', tools=[risky])")
    events = json_lines(trouplet("run", path, "go", "--json", "--approve", "all").stdout)
    assert [event["status"] for event in events if event["type"] == "RunEnded"] == ["parked", "completed"]
    assert "ApprovalRequested" in [event["type"] for event in events]


def test_json_of_a_failed_run_ends_with_the_error(trouplet, agent_file):
    path = agent_file("from trouplet.errors import RateLimited\nagent = friday(RateLimited('slow down'))")
    lines = json_lines(trouplet("run", path, "hi", "--json").stdout)
    assert lines[-2]["type"] == "RunEnded"
    assert lines[-2]["error"]["code"] == "TP-603"
    assert lines[-1] == {"error": lines[-2]["error"]}


def test_json_of_a_program_has_the_events_of_all_its_agents(process, agent_file):
    path = agent_file("async def main():\n    await friday('a')('x')\n    await friday('b')('y')")
    events = json_lines(process("run", path, "--json").stdout)
    assert [event["type"] for event in events].count("RunEnded") == 2


# --- signals


def started(running: subprocess.Popen[str], text: str) -> None:
    assert running.stdout is not None
    for line in running.stdout:
        if text in line:
            return
    raise AssertionError(f"the process ended without {text!r}")


def test_ctrl_c_interrupts_the_agent_and_prints_what_it_had_said(terminal, agent_file):
    screen = terminal("run", agent_file("agent = friday(story)"), "go")
    screen.expect("Once upon a time")
    screen.send("\x03")
    screen.expect("interrupted")
    assert screen.wait() == 130


def test_sigint_ends_a_run_in_a_pipe_with_its_partial_answer_and_130(process, agent_file):
    path = agent_file("agent = friday(story)")
    with process.start("run", path, "go", "--json") as running:
        started(running, "Once upon a time")
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=process.patience)
    assert running.returncode == 130
    assert err == ""
    ended = json_lines(out)[-1]
    assert ended["status"] == "interrupted"
    assert ended["reply"]["content"] == [{"type": "text", "text": "Once upon a time"}]


def test_the_partial_answer_of_an_interrupted_run_is_what_stdout_gets(process, agent_file):
    body = """
import os, signal

async def cut_short(request):
    yield TextChunk("Half of it")
    os.kill(os.getpid(), signal.SIGINT)
    await asyncio.Event().wait()

agent = friday(cut_short)
"""
    result = process("run", agent_file(body), "go")
    assert result.returncode == 130
    assert result.stdout == "Half of it\n"


def test_a_second_ctrl_c_aborts_an_agent_that_does_not_stop(process, agent_file):
    body = """
import os, signal
from trouplet import ReActAgent

class Stubborn(ReActAgent):
    async def handle_interrupt(self, run, message):
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.Event().wait()

async def cut_short(request):
    os.kill(os.getpid(), signal.SIGINT)
    await asyncio.Event().wait()
    yield

agent = Stubborn("Friday", model=ScriptedModel([cut_short]))
"""
    assert process("run", agent_file(body), "go").returncode == 130


def test_a_program_is_interrupted_through_its_agents_and_goes_on_to_its_end(process, agent_file):
    body = """
import os, signal

async def cut_short(request):
    yield TextChunk("Half")
    os.kill(os.getpid(), signal.SIGINT)
    await asyncio.Event().wait()

async def main():
    reply = await friday(cut_short)("go")
    print(reply.status, reply.text)
"""
    result = process("run", agent_file(body))
    assert (result.returncode, result.stdout) == (130, "interrupted Half\n")


def test_ctrl_c_at_the_question_of_an_approval_rejects_the_call_and_ends(terminal, agent_file):
    path = agent_file("agent = friday([call('remove', path='a')], tools=[risky])")
    screen = terminal("run", path, "go")
    screen.expect("[r]eject")
    screen.send("\x03")
    assert screen.wait() == 130
    assert b"removed a" not in screen.raw


def test_sigterm_ends_the_run_after_its_clean_up(process, agent_file):
    body = """
async def guarded(request):
    try:
        yield TextChunk("Once upon a time")
        await asyncio.Event().wait()
    finally:
        print("cleaned up", flush=True)

agent = friday(guarded)
"""
    with process.start("run", agent_file(body), "go", "--json") as running:
        started(running, "Once upon a time")
        running.terminate()
        out, _ = running.communicate(timeout=process.patience)
    assert running.returncode == 128 + signal.SIGTERM
    assert "cleaned up" in out


def test_a_reader_that_goes_away_ends_the_run_quietly(process, agent_file):
    path = agent_file("agent = friday('x' * 2_000_000)")
    with process.start("run", path, "go", "--quiet") as running:
        assert running.stdout is not None
        running.stdout.read(10)
        running.stdout.close()
        assert running.stderr is not None
        complaints = running.stderr.read()
        running.wait(process.patience)
    assert "Traceback" not in complaints
    assert "BrokenPipe" not in complaints
