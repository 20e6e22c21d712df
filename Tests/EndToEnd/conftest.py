"""What the end-to-end tests share. Each test has a directory, a home and servers of its own, so all may run at once."""

import importlib
import os
import pathlib
import shutil
import signal
import tempfile

import pytest
from harness import BINARY, ROOT, SANITIZER, SLOWNESS, Docker, Dogger, Engine, EngineError
from harness import docker as docker_client


def pytest_sessionstart():
    if not BINARY.exists():
        pytest.exit(f"there is no {BINARY}: scripts/test builds it", returncode=1)


MEASURES = "it measures memory, most of which is the sanitizer's"
NOT_SANITIZED = {
    "test_binary.py": "they look at the release binary's file",
    "test_without_proc_mounted": "the sanitizer reads its options there",
    "test_2500_idle_connections": MEASURES,
    "test_memory_does_not_grow_with_reloads": MEASURES,
    "test_the_memory_of_clients_that_read_nothing_goes_with_them": MEASURES,
    "test_long_bodies_leave_room_for_the_other_exchanges": "to write down its 23 MiB takes minutes there",
}
"""Tests that can't hold for a binary with a sanitizer, by their nature; they count as skipped."""

LOOKS_UP = "the sanitizer crashes in the thread that getaddrinfo_a makes, of which it is told nothing"
NOT_THREAD_SANITIZED = {
    "test_names_are_looked_up": LOOKS_UP,
    "test_a_name_is_granted_as_it_is_written": LOOKS_UP,
}
"""Likewise, with the thread sanitizer."""


def pytest_collection_modifyitems(items):
    skipped = (NOT_SANITIZED if SANITIZER else {}) | (NOT_THREAD_SANITIZED if SANITIZER == "thread" else {})
    for item in items:
        for name, reason in skipped.items():
            if name in item.nodeid:
                item.add_marker(pytest.mark.skip(reason=f"with the {SANITIZER} sanitizer: {reason}"))


@pytest.fixture(autouse=True)
def deadline():
    """Ends a test that hangs, so that its servers are ended too and the others run."""

    def end(*_):
        pytest.fail(f"the test took more than {100 * SLOWNESS} s")

    previous = signal.signal(signal.SIGALRM, end)
    signal.alarm(100 * SLOWNESS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, previous)


def absent(what):
    """Ends a test that can't be run: skipped and told so, or failed where everything has to run."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} is not installed, and CI runs every test")
    pytest.skip(f"{what} is not installed")


@pytest.fixture
def directory():
    """A private directory with a path short enough for sockets."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="dogger-test-"))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def write(directory):
    """write(text, name) makes a file in the private directory."""

    def make(text, name="handler.lua"):
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return make


@pytest.fixture
def serve(directory, write):
    """serve(handler, *options) starts `dogger run` and waits until it serves; the end of the test ends it, and fails where it
    did not end well. A handler is a path, Lua text that becomes `handler.lua`, a list of paths, or None. With `tcp=True` it
    serves on TCP only."""
    running = []

    def start(handler, *options, tcp=False, cwd=None, **popen):
        if isinstance(handler, str):
            write(handler)
            handler = "handler.lua"
        if SANITIZER and "--script-timeout" not in options:
            options += ("--script-timeout", f"{SLOWNESS}s")
        socket = None if tcp else directory / f"{len(running)}.sock"
        where = ["--listen", "127.0.0.1:0"] if tcp else ["--socket", socket]
        files = handler if isinstance(handler, list) else [handler] if handler else []
        dogger = Dogger(["run", *files, *where, *options], cwd or directory, socket, **popen)
        running.append(dogger)
        return dogger.ready()

    yield start
    problems = []
    for dogger in running:
        try:
            dogger.stop()
        except AssertionError as error:
            problems.append(str(error))
    assert not problems, "\n".join(problems)


@pytest.fixture(scope="session")
def common_engine():
    """The engine that tests share. Without root there is none; with root, where everything has to run, there must be."""
    try:
        engine = Engine()
    except EngineError as error:
        if os.environ.get("CI") and os.geteuid() == 0:
            pytest.fail(f"no engine: {error}")
        pytest.skip(f"no engine: {error}")
    yield engine
    engine.stop()


@pytest.fixture
def engine(common_engine):
    """A real engine, with nothing but the image busybox in it."""
    yield common_engine
    common_engine.clear()


@pytest.fixture
def own_engine(common_engine):
    """A real engine that the test may end."""
    engine = Engine()
    yield engine
    engine.stop()


@pytest.fixture
def examples():
    return ROOT / "examples/handlers"


@pytest.fixture
def handlers():
    """The folder of the handlers that only tests need."""
    return pathlib.Path(__file__).parent / "handlers"


@pytest.fixture
def docker(directory):
    """docker(server) gives the docker client of a server; docker() one that must be told where its server is."""
    if docker_client.COMMAND is None:
        absent("the docker client")

    def make(dogger=None):
        home = directory / "home"
        (home / ".docker").mkdir(parents=True, exist_ok=True)
        return Docker(home, dogger.socket if dogger else None)

    return make


@pytest.fixture(scope="session")
def browser():
    """Chromium, without a window."""
    try:
        playwright = importlib.import_module("playwright.sync_api")
    except ImportError:
        absent("playwright")
    command = shutil.which("chromium")
    if command is None:
        absent("chromium")
    with playwright.sync_playwright() as tools:
        # As root it has no sandbox of its own. What it opens here are pages of the tests.
        browser = tools.chromium.launch(executable_path=command, args=["--no-sandbox"] if os.geteuid() == 0 else [])
        yield browser
        browser.close()


@pytest.fixture
def docker_py():
    """docker_py(server) gives docker-py's client of a server."""
    try:
        module = importlib.import_module("docker")
    except ImportError:
        absent("docker-py")
    clients = []

    def make(dogger):
        client = module.DockerClient(base_url=f"unix://{dogger.socket}", version="auto", timeout=20)
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close()
