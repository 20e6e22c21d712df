"""`dogger run H -- COMMAND`: a socket for one command, its exit status, and nothing left behind."""

import os
import pathlib
import signal
import subprocess
import sys

import pytest
from harness import BINARY, Dogger, finish

HELLO = "return function(req) return 'hello from ' .. req.path end"


@pytest.fixture
def run(directory, write):
    """run(command...) runs it beside a handler that says hello, with the private directory as the place for its socket."""
    write(HELLO)
    (directory / "tmp").mkdir()
    environment = {name: value for name, value in os.environ.items() if name != "XDG_RUNTIME_DIR"}
    environment["TMPDIR"] = str(directory / "tmp")

    def start(*command, options=(), env=None, **more):
        return finish("run", "handler.lua", *options, "--", *command, cwd=directory, env=environment | (env or {}), **more)

    yield start
    assert list((directory / "tmp").iterdir()) == [], "the private directory was left behind"


def shell(text):
    return ["sh", "-c", text]


def test_the_command_finds_the_socket(run):
    result = run(*shell('curl -sS --unix-socket "$DOGGER_SOCKET" http://d/x && test "$DOCKER_HOST" = "unix://$DOGGER_SOCKET"'))
    assert (result.returncode, result.stdout, result.stderr) == (0, "hello from /x", "")


def test_the_socket_is_in_a_fresh_private_directory(run, directory):
    result = run(*shell('stat -c "%a %F" "$DOGGER_SOCKET" "$(dirname "$DOGGER_SOCKET")"; echo "$DOGGER_SOCKET"; ls -A "$(dirname "$DOGGER_SOCKET")"'))
    socket_line, directory_line, path, *names = result.stdout.splitlines()
    assert (socket_line, directory_line) == ("600 socket", "700 directory")
    assert pathlib.Path(path).parent.parent == directory / "tmp"
    assert names == [pathlib.Path(path).name]
    assert not os.path.lexists(path) and not os.path.lexists(os.path.dirname(path))


@pytest.mark.parametrize("status", [0, 1, 7, 125, 255])
def test_the_command_s_exit_status(run, status):
    assert run(*shell(f"exit {status}")).returncode == status


@pytest.mark.parametrize("name", ["TERM", "KILL", "SEGV"])
def test_a_command_that_a_signal_ends(run, name):
    assert run(*shell(f"ulimit -c 0; kill -{name} $$")).returncode == 128 + getattr(signal, f"SIG{name}")


def test_a_command_that_is_not_there(run):
    result = run("no-such-command", "x")
    assert result.returncode == 127
    assert "no-such-command" in result.stderr and result.stderr.startswith("dogger: ") and result.stdout == ""


def test_a_command_that_can_t_be_run(run, directory):
    (directory / "data").write_text("x")
    result = run("./data")
    assert result.returncode == 126 and "./data" in result.stderr


def test_its_arguments_arrive_as_they_are(run):
    result = run(sys.executable, "-c", "import sys; print(sys.argv[1:])", "a b", "", "--socket", "--", "$HOME", "ä")
    assert result.stdout == "['a b', '', '--socket', '--', '$HOME', 'ä']\n"


def test_its_environment_does_not_lead_elsewhere(run):
    wrong = {"DOCKER_CONTEXT": "other", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": "/x", "DOCKER_HOST": "tcp://1.2.3.4", "KEPT": "kept"}
    lines = run("env", env=wrong).stdout.splitlines()
    names = {line.split("=")[0] for line in lines}
    assert not names & {"DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"}
    assert "KEPT=kept" in lines and sum(line.startswith("DOCKER_HOST=") for line in lines) == 1


def test_its_standard_input_is_dogger_s(run):
    assert run("cat", stdin=None, input="what I say\n").stdout == "what I say\n"


def test_its_output_is_not_mixed_with_a_log(run):
    result = run(*shell('curl -sS --unix-socket "$DOGGER_SOCKET" http://d/x; echo; echo err >&2'))
    assert (result.stdout, result.stderr) == ("hello from /x\n", "err\n")


def test_trace_logs_all_the_same(run):
    result = run(*shell('curl -sS --unix-socket "$DOGGER_SOCKET" http://d/x'), options=["--trace"])
    assert "> GET /x" in result.stderr and result.stdout == "hello from /x"


def test_errors_of_the_script_are_told(run, write):
    write("return function(req) error('at last') end")
    assert "handler.lua:1: at last" in run(*shell('curl -sS --unix-socket "$DOGGER_SOCKET" http://d/x')).stderr


def test_a_handler_that_does_not_load_runs_no_command(run, write, directory):
    write("return function(")
    result = run("touch", "was-run")
    assert result.returncode == 1 and "handler.lua:1: " in result.stderr
    assert not (directory / "was-run").exists()


@pytest.fixture
def background(directory, write):
    """A command that tells on its standard error what happens to it, beside dogger."""
    started = []

    def start(program, *options):
        write(HELLO)
        (directory / "tmp").mkdir(exist_ok=True)
        environment = os.environ | {"TMPDIR": str(directory / "tmp"), "XDG_RUNTIME_DIR": str(directory / "tmp")}
        dogger = Dogger(["run", "handler.lua", *options, "--", sys.executable, "-uc", program], directory, env=environment)
        started.append(dogger)
        return dogger

    yield start
    for dogger in started:
        if dogger.is_running:
            dogger.process.kill()
            dogger.process.wait()


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"])
def test_signals_are_passed_on(background, directory, name):
    dogger = background(f"""
import signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.{name}])
sys.stderr.write("ready\\n")
sys.stderr.write("got " + signal.Signals(signal.sigwait([signal.{name}])).name + "\\n")
sys.exit(42)
""")
    dogger.wait("ready")
    dogger.send(getattr(signal, name))
    assert dogger.join() == 42
    assert f"got {name}" in dogger.lines
    assert list((directory / "tmp").iterdir()) == []


def test_sigterm_ends_a_command_that_does_not_care(background, directory):
    dogger = background("import sys, time; sys.stderr.write('ready\\n'); time.sleep(1000)")
    dogger.wait("ready")
    dogger.send(signal.SIGTERM)
    assert dogger.join() == 128 + signal.SIGTERM
    assert list((directory / "tmp").iterdir()) == []


def test_a_reload_while_the_command_runs(background, directory, write):
    dogger = background("""
import os, socket, sys
def ask():
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(os.environ["DOGGER_SOCKET"])
        s.sendall(b"GET /x HTTP/1.0\\r\\n\\r\\n")
        return b"".join(iter(lambda: s.recv(9999), b"")).rpartition(b"\\r\\n\\r\\n")[2]
first = ask()
open("handler.lua", "w").write("return function(req) return 'new' end")
sys.stderr.write(f"{first} {ask()}\\n")
""")
    dogger.wait(r"b'hello from /x' b'new'")
    assert dogger.join() == 0


def test_a_public_socket_beside_the_private_one(run, directory):
    result = run(*shell("curl -sS --unix-socket public.sock http://d/public"), options=["--socket", "public.sock"])
    assert (result.returncode, result.stdout) == (0, "hello from /public")
    assert not os.path.lexists(directory / "public.sock")


def test_docker_with_a_context_of_its_own_still_asks_the_script(examples, docker, directory):
    """A current context would win over nothing, but DOCKER_HOST wins over it."""
    docker = docker()
    docker("context", "create", "elsewhere", "--docker", "host=tcp://127.0.0.1:1")
    docker("context", "use", "elsewhere")
    result = subprocess.run(
        [BINARY, "run", examples / "ps.lua", "--", "docker", "ps", "--format", "{{.Names}}"], env=docker.environment, cwd=directory,
        stdin=subprocess.DEVNULL, capture_output=True, timeout=20)
    assert (result.returncode, result.stdout) == (0, b"web\n"), result.stderr
