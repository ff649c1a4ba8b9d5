"""The doctor: whatever one plugin does to its process, every plugin is diagnosed, by name, with a reason and a fix."""

import asyncio
import json
import os
import time
from contextlib import suppress

import psutil
import pytest

from trouplet import discovery
from trouplet.doctor import Diagnosis, diagnose, examine, report
from trouplet.selection import Selection

CRASH = "import ctypes; ctypes.string_at(0)"

CASES = {
    # name: (what the module does, the class's body or None for the good one, words of the reason, words of the fix)
    "raises": ("raise RuntimeError('no luck')", None, "RuntimeError: no luck", "pip install -U trouplet-raises"),
    "no-sdk": ("import sdk_of_nobody", None, "No module named 'sdk_of_nobody'", "pip install 'sdk-of-nobody>=1'"),
    "exits": ("import sys; sys.exit(4)", None, "SystemExit: 4", "pip install -U trouplet-exits"),
    "vanishes": ("import os; os._exit(0)", None, "exit code 0 while it was loaded", "pip install -U trouplet-vanishes"),
    "crashes": (CRASH, None, "killed by SIGSEGV", "pip install -U trouplet-crashes"),
    "interrupts": ("raise KeyboardInterrupt", None, "raised KeyboardInterrupt", "tell its author"),
    "prints": ("print('hello there')", None, "prints when it is loaded: 'hello", "pip install -U trouplet-prints"),
    "misspelt": ("", "plugin_api = (1, 0)\ndef __init__(self, context): ...\n@hookimpl\ndef creat_model(self): ...",
                 "Did you mean 'create_model'?", "pip install -U trouplet-misspelt"),
    "keyword": ("", "plugin_api = (1, 0)\n@hookimpl\ndef create_model(self, *, config): ...", "is keyword-only",
                "pip install -U trouplet-keyword"),
    "async": ("", "plugin_api = (1, 0)\n@hookimpl\nasync def create_model(self): ...", "is called synchronously",
              "pip install -U trouplet-async"),
    "no-api": ("", "pass", "has no plugin_api", "pip install -U trouplet-no-api"),
    "future": ("", "plugin_api = (2, 0)", "written for plugin API 2.0", "pip install -U trouplet"),
}  # fmt: skip


def _diagnose(site, *names, deadline=60, **rules):
    rules.setdefault("allow", names)
    diagnoses = diagnose(site.index(), Selection(**rules), deadline)
    return {one.plugin: one for one in diagnoses if one.verdict != "blocked"}


def test_every_kind_of_broken_plugin_is_named_with_reason_and_fix_and_harms_nothing_else(site, good):
    site.add_plugin("fine", good)
    for name, (head, body, _, _) in CASES.items():
        requires = ("sdk-of-nobody>=1",) if name == "no-sdk" else ()
        site.add_plugin(name, good if body is None else body, head=head, version="0.7", requires=requires)
    site.add("trouplet-latin", b"[trouplet.models]\nlatin\xff = x:P\n", version="0.7")
    site.add("acme-thief", {"models:fine": "thief:P"}, {"thief": "from plugin_fine import P"}, version="0.7")
    done = site.run("-m", "trouplet", "plugins", "doctor", "--json", "--deadline", "60")
    assert done.returncode == 3, done.stderr
    found = {(one["plugin"], one["distribution"]): Diagnosis(**one) for one in json.loads(done.stdout)}
    for name, (_, _, reason, fix) in CASES.items():
        diagnosis = found[name, f"trouplet-{name}"]
        assert (diagnosis.verdict, diagnosis.version, diagnosis.kinds) == ("failed", "0.7", ["models"])
        assert reason in diagnosis.reason
        assert fix in diagnosis.fix
    unreadable = found["", "trouplet_latin"]
    assert (unreadable.verdict, unreadable.version) == ("failed", "0.7")
    assert "UnicodeDecodeError" in unreadable.reason
    assert "--force-reinstall" in unreadable.fix
    for distribution in ("acme-thief", "trouplet-fine"):
        contested = found["fine", distribution]
        assert contested.verdict == "failed"
        assert "acme-thief 0.7" in contested.reason
        assert "trouplet-fine 1.0" in contested.reason
        assert 'prefer={"models:fine"' in contested.fix


def test_good_plugins_pass_and_the_exit_code_is_0(site, good):
    site.add_plugin("fine", good, kind="tools")
    done = site.run("-m", "trouplet", "plugins", "doctor", TROUPLET_ALLOW="fine")
    assert done.returncode == 0
    assert "✓ fine  trouplet-fine  1.0  tools" in done.stdout


def test_a_plugin_that_hangs_is_ended_at_the_deadline_and_the_others_are_checked(site, good):
    site.add_plugin("fine", good)
    site.add_plugin("hangs", good, head="import time; time.sleep(60)")
    start = time.monotonic()
    found = _diagnose(site, "fine", "hangs", deadline=3)
    assert time.monotonic() - start < 30
    assert found["fine"].verdict == "ok"
    assert found["hangs"].reason == "did not finish loading in 3 s"
    assert "TROUPLET_BLOCK=trouplet-hangs" in found["hangs"].fix


def test_a_plugin_that_prints_without_end_neither_fills_the_memory_nor_stalls_the_doctor(site, good):
    site.add_plugin("endless", good, head="while True: print('x' * 10_000)")
    assert "did not finish" in _diagnose(site, "endless", deadline=2)["endless"].reason


def test_threads_and_processes_that_a_plugin_starts_are_gone_afterwards(site, good, tmp_path):
    pid = tmp_path / "pid"
    head = f"""
    import pathlib, subprocess, sys, threading, time
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    pathlib.Path({str(pid)!r}).write_text(str(child.pid))
    threading.Thread(target=time.sleep, args=(60,)).start()
    """
    site.add_plugin("busy", good, head=head)
    assert _diagnose(site, "busy")["busy"].verdict == "ok"
    with suppress(psutil.NoSuchProcess):
        psutil.Process(int(pid.read_text())).wait(timeout=10)


def test_what_is_blocked_is_not_imported(site, good, tmp_path):
    trace = tmp_path / "trace"
    site.add_plugin("blocked", good, head=f"import pathlib; pathlib.Path({str(trace)!r}).touch()")
    (diagnosis,) = [
        one
        for one in diagnose(site.index(), Selection(allow=["blocked"], block=["blocked"]))
        if one.plugin == "blocked"
    ]
    assert diagnosis.verdict == "blocked"
    assert "blocks it" in diagnosis.reason
    assert not trace.exists()


def test_an_sdk_that_is_imported_late_is_missed_all_the_same(site, good):
    site.add("fakesdk", {}, version="2.3.0")
    site.add_plugin("late", good, requires=("fakesdk<2,>=1.13",))
    diagnosis = _diagnose(site, "late")["late"]
    assert diagnosis.reason == "needs fakesdk<2,>=1.13, found fakesdk 2.3.0"
    assert diagnosis.fix == "pip install 'fakesdk<2,>=1.13'"


def test_a_plugin_that_only_lacks_settings_is_a_warning(site):
    body = "plugin_api = (1, 0)\ndef __init__(self, context):\n    raise MissingKey('acme', variable='ACME_KEY')"
    site.add_plugin("keyless", body, head="from trouplet.errors import MissingKey")
    diagnosis = _diagnose(site, "keyless")["keyless"]
    assert diagnosis.verdict == "warning"
    assert "ACME_KEY" in diagnosis.fix


def test_one_target_in_several_groups_is_one_diagnosis(site, good):
    site.add_plugin("one", good)
    target = "plugin_one:P"
    site.add("trouplet-multi", {"models:a": target, "models:b": target, "tools:a": target})
    diagnosis = _diagnose(site, "trouplet-multi")["a, b"]
    assert diagnosis.kinds == ("models", "tools")


def test_a_kind_that_another_plugin_defines_is_imported_but_need_not_be_a_plugin_class(site):
    site.add("trouplet-added", {"commands:greet": "added:command"}, {"added": "command = object()"})
    site.add("trouplet-absent", {"commands:shout": "absent_module:command"})
    found = _diagnose(site, "greet", "shout")
    assert found["greet"].verdict == "ok"
    assert "No module named 'absent_module'" in found["shout"].reason


def test_the_name_of_the_kernel_is_refused(site, good):
    site.add_plugin("test", good)
    assert "belongs to the kernel" in _diagnose(site, "test")["test"].reason


def test_a_usable_distribution_with_a_problem_is_a_warning(site, good):
    site.add_plugin("one", good)
    (site.folder / "trouplet_one-1.0.dist-info" / "RECORD").unlink()
    found = diagnose(site.index(), Selection(allow=["one"]))
    assert [one.verdict for one in found if one.distribution == "trouplet-one"] == ["ok", "warning"]


async def test_a_cancelled_examination_leaves_no_process(site, good, tmp_path):
    pid = tmp_path / "pid"
    code = f"import os, pathlib, time; pathlib.Path({str(pid)!r}).write_text(str(os.getpid())); time.sleep(60)"
    site.add_plugin("hangs", good, head=code)
    index = await asyncio.to_thread(site.index)
    task = asyncio.create_task(examine(index, Selection(allow=["hangs"])))
    async with asyncio.timeout(60):
        while not pid.exists() or not pid.read_text():  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


def test_the_report_reads_well_and_needs_no_unicode():
    fine = Diagnosis("openai", ("formatters", "models"), "trouplet-openai", "0.3", "x:P", "ok")
    bad = Diagnosis(
        "mcp", ("tools",), "trouplet-mcp", "0.2", "y:P", "failed", "needs mcp<2, found mcp 2.3.0", "pip install 'mcp<2'"
    )
    assert report([fine, bad]).splitlines() == [
        "✓ openai  trouplet-openai  0.3  formatters, models",
        "✗ mcp  trouplet-mcp  0.2  tools  needs mcp<2, found mcp 2.3.0",
        "    fix: pip install 'mcp<2'",
        "1 of 2 failed; everything else still works",
    ]
    assert report([fine, bad], plain=True).isascii()
    assert report([]) == "no plugins are installed"


def test_the_index_is_not_scanned_by_the_doctor_itself(site, monkeypatch):
    monkeypatch.setattr(discovery, "scan", lambda: pytest.fail("scanned"))
    assert diagnose(discovery.PluginIndex([]), Selection()) == []
