"""Real processes are started, awaited and stopped with all that they started."""

import contextlib
import os
import sys
import time

import pytest
from drs_conformance.target import (
    BadReadyLineError,
    NotReadyError,
    NotStartedError,
    Secrets,
    Start,
    launch,
)

READY = 'print(\'{"url": "http://127.0.0.1:1234", "pid": %d}\' % os.getpid(), flush=True)\n'


def python(code, ready_timeout_s=10.0):
    return Start((sys.executable, "-c", f"import os, sys, time\n{code}"), ready_timeout_s)


def is_running(process):
    try:
        with open(f"/proc/{process}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until_gone(process):
    deadline = time.monotonic() + 5
    while is_running(process):
        assert time.monotonic() < deadline, f"process {process} is still running"
        time.sleep(0.02)


def test_the_url_of_the_ready_line_is_given_and_the_process_stopped(tmp_path):
    code = "open('pid', 'w').write(str(os.getpid()))\n" + READY + "time.sleep(60)"
    with launch(python(code), tmp_path, os.environ) as url:
        process = int((tmp_path / "pid").read_text())
        assert url == "http://127.0.0.1:1234"
        assert is_running(process)
    assert not is_running(process)


def test_children_are_stopped_too(tmp_path):
    code = (
        "import subprocess\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "open('child', 'w').write(str(child.pid))\n" + READY + "time.sleep(60)"
    )
    with launch(python(code), tmp_path, os.environ):
        child = int((tmp_path / "child").read_text())
        assert is_running(child)
    wait_until_gone(child)


def test_a_process_that_ignores_sigterm_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr("drs_conformance.target.launching._STOP_TIMEOUT_S", 0.3)
    code = (
        "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "open('pid', 'w').write(str(os.getpid()))\n" + READY + "time.sleep(60)"
    )
    with launch(python(code), tmp_path, os.environ):
        process = int((tmp_path / "pid").read_text())
    assert not is_running(process)


def test_it_is_stopped_when_the_run_fails(tmp_path):
    code = "open('pid', 'w').write(str(os.getpid()))\n" + READY + "time.sleep(60)"
    with pytest.raises(KeyError), launch(python(code), tmp_path, os.environ):
        raise KeyError("a check failed")
    assert not is_running(int((tmp_path / "pid").read_text()))


def test_much_output_does_not_block_the_target(tmp_path):
    code = READY + (
        "print('x' * 5_000_000, flush=True)\nopen('done', 'w').write('')\ntime.sleep(60)"
    )
    with launch(python(code), tmp_path, os.environ):
        deadline = time.monotonic() + 5
        while not (tmp_path / "done").exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_it_gets_the_given_folder_and_environment_only(tmp_path):
    code = "assert sorted(os.environ.keys() - {'LC_CTYPE'}) == ['ONLY'], os.environ\n"
    code += f"assert os.path.realpath('.') == {os.path.realpath(tmp_path)!r}\n" + READY
    code += "time.sleep(60)"
    with launch(python(code), tmp_path, {"ONLY": "1"}) as url:
        assert url


def test_a_command_that_is_not_there(tmp_path):
    with (
        pytest.raises(NotStartedError, match=r"no-such-command.*No such file.*start: command"),
        launch(Start(("./no-such-command",), 1), tmp_path, os.environ),
    ):
        pass


def test_a_command_that_fails_is_told_with_exit_code_and_stderr(tmp_path):
    code = "print('first', file=sys.stderr)\nprint('key sk-0123456789ab', file=sys.stderr)\n"
    secrets = Secrets({"control": ("DRS_CONTROL", "sk-0123456789ab")})
    with (
        pytest.raises(NotStartedError) as caught,
        launch(python(code + "sys.exit(7)"), tmp_path, os.environ, secrets),
    ):
        pass
    assert "exit code 7" in str(caught.value)
    assert "first\n  key ${DRS_CONTROL}" in str(caught.value)


def test_no_ready_line_in_time(tmp_path):
    code = "open('pid', 'w').write(str(os.getpid()))\nprint('busy', file=sys.stderr, flush=True)\n"
    started = time.monotonic()
    with (
        pytest.raises(NotReadyError, match=r"within 0\.5 s(.|\n)*busy"),
        launch(python(code + "time.sleep(60)", 0.5), tmp_path, os.environ),
    ):
        pass
    assert time.monotonic() - started < 3
    assert not is_running(int((tmp_path / "pid").read_text()))


@pytest.mark.parametrize(
    "line",
    [
        "Listening on port 8080",
        "{}",
        "[]",
        '{"url": 8080}',
        '{"url": "127.0.0.1:8080"}',
        "[" * 3000,
        "\\xff\\xfe",
    ],
)
def test_a_first_line_that_is_no_ready_line(tmp_path, line):
    code = f"sys.stdout.buffer.write(b'{line}\\n')\nsys.stdout.flush()\ntime.sleep(60)"
    with (
        pytest.raises(BadReadyLineError, match=r"expected the first line"),
        launch(python(code), tmp_path, os.environ),
    ):
        pass


def test_a_target_that_ended_by_itself_is_no_error(tmp_path):
    with contextlib.ExitStack() as stack:
        stack.enter_context(launch(python(READY), tmp_path, os.environ))
        time.sleep(0.2)
