"""The page of `dogger run --inspect` in a real browser: Chromium, without a window."""

import json
import re
import subprocess
from urllib.parse import quote

import pytest
from harness import PATIENCE
from harness.processes import kill, until

ENGINE = """
local docker = require "dogger.docker"
local asked = 0
return docker.engine {
  ["GET /containers/json"] = function(req)
    asked = asked + 1
    print("asked " .. asked .. " times")
    return { json = { docker.container { name = "web", SizeRw = 9007199254740993 } } }
  end,
  ["POST /containers/{id}/stop"] = function(req)
    local c
    return c.name
  end,
}
"""

ECHO = """
return function(req)
  local fields = {}
  for name, value in pairs(req.headers) do fields[#fields + 1] = name .. "=" .. value end
  return table.concat({ req.method, req.target, table.concat(fields, ";"), req.body }, "\\n")
end
"""


class Page:
    """The page of one dogger."""

    def __init__(self, page, url):
        self.page = page
        self.url = url
        self.problems = []
        page.set_default_timeout(PATIENCE * 1000)
        page.on("console", lambda message: self.problems.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("dialog", lambda dialog: (self.problems.append(f"a dialog: {dialog.message}"), dialog.dismiss()))
        page.goto(url)
        self.live()

    def live(self):
        self.page.wait_for_selector('#connection[data-state="live"]')

    def row(self, text, state="complete"):
        """The first row with that text, once it is there."""
        row = self.page.locator(f"#rows tr.{state}", has_text=text).first
        row.wait_for()
        return row

    @property
    def rows(self):
        return self.page.locator("#rows tr:visible").all_inner_texts()

    def open(self, text, tab=None):
        self.row(text).click()
        self.page.wait_for_selector("#detail h2")
        if tab:
            self.tab(tab)

    def tab(self, name):
        self.page.get_by_role("tab", name=re.compile(f"^{name}")).click()

    @property
    def panel(self):
        return self.page.get_by_role("tabpanel").inner_text()


@pytest.fixture
def look_on(browser):
    """look_on(server) opens its page; at the end no script may have failed, and nothing of the policy been broken."""
    opened = []

    def start(dogger, **options):
        url = dogger.wait(r"^dogger: look on at (\S+)$").group(1)
        context = browser.new_context(**{"viewport": {"width": 1240, "height": 720}} | options)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        page = Page(context.new_page(), url)
        opened.append((context, page))
        return page

    yield start
    for context, page in opened:
        context.close()
    assert [problem for _, page in opened for problem in page.problems] == []


def unlost(page):
    """Leaves out what a browser tells of a server that is gone for a while, which was meant."""
    page.problems = [problem for problem in page.problems if not re.search("ERR_|Failed to load", problem)]


# What is seen


def test_the_list_fills_as_docker_asks(serve, docker, look_on):
    dogger = serve(ENGINE, "--inspect")
    page = look_on(dogger)
    assert "Nothing has come yet." in page.page.locator("#empty").inner_text()
    assert docker(dogger)("ps").returncode == 0
    page.row("/_ping")
    cells = page.row("/containers/json").locator("td").all_inner_texts()
    assert cells[0] == "200"
    assert cells[1] == "GET"
    assert re.fullmatch(r"/v1\.\d+/containers/json", cells[2])
    assert cells[3] == "handler.lua"
    assert re.fullmatch(r"docker\d+", cells[4])
    assert re.fullmatch(r"\d+ B|[\d.]+ kB", cells[6])
    assert re.fullmatch(r"[\d.]+ m?s", cells[7])
    assert page.page.locator("#count").inner_text() == "2 exchanges"


def test_a_row_opens_all_that_went_by(serve, docker, look_on):
    dogger = serve(ENGINE, "--inspect")
    page = look_on(dogger)
    docker(dogger)("ps")
    page.open("/containers/json", "Overview")
    for part in ["200 OK", "handler.lua", "docker, pid", "User-Agent", "Docker-Client/", "Content-Type", "application/json", f"unix://{dogger.socket}"]:
        assert part in page.panel
    page.tab("Response")
    assert re.search(r'^ +"SizeRw": 9007199254740993,?$', page.panel, re.M), "a number is shown as it was sent"
    assert page.page.locator(".json-name", has_text='"Names"').count() == 1
    page.page.get_by_role("button", name="Bytes").click()
    assert page.panel.splitlines()[-1].startswith("00") and "000000  5b 7b" in page.panel
    page.tab("Request")
    assert "There is no body." in page.panel
    page.tab("Log")
    assert "handler.lua:7: asked 1 times" in page.panel


def test_an_error_is_shown_in_its_place(serve, docker, look_on):
    dogger = serve(ENGINE, "--inspect")
    page = look_on(dogger)
    docker(dogger)("stop", "web")
    page.open("/stop", "Overview")
    assert "handler.lua:12: attempt to index a nil value (local 'c')" in page.panel
    assert "stack traceback:" in page.panel
    assert "1 error" in page.row("/stop").inner_text()


def test_docker_frames_and_both_ways_of_a_raw_stream(serve, docker, handlers, look_on):
    dogger = serve(handlers / "engine.lua", "--inspect")
    page = look_on(dogger)
    client = docker(dogger)
    done = client("run", "--rm", "-i", "busybox", "cat", input=b"meow\n")
    assert done.stdout == b"meow\n", done.stderr
    page.open("/attach", "Stream")
    stream = page.panel
    assert re.search(r"from client\s+meow", stream), stream
    assert re.search(r"stdout\s+meow", stream), stream


def test_reloads_and_broken_saves_are_told(serve, write, look_on):
    dogger = serve(ENGINE, "--inspect")
    page = look_on(dogger)
    write("return function(req) return 'new' end")
    dogger.wait("reloaded")
    page.page.locator("#last-message", has_text="reloaded handler.lua (handler.lua changed)").wait_for()
    page.page.locator("#serving", has_text="version 2").wait_for()
    write("return function(")
    dogger.wait("the last good version")
    page.page.locator("#messages summary").click()
    log = page.page.get_by_role("log")
    log.locator("li.error", has_text="handler.lua:1: ").wait_for()
    assert "the last good version of handler.lua goes on serving" in log.inner_text()


def test_what_is_cut_is_said(serve, look_on):
    dogger = serve("return function(req) return ('x'):rep(200000) end", "--inspect")
    page = look_on(dogger)
    dogger.get("/long")
    page.open("/long", "Response")
    assert "Cut: of 200 kB the first 66 kB are kept" in page.panel


# What can be done


def test_the_filter(serve, look_on):
    dogger = serve("return function(req) if req.path == '/bad' then return { status = 404 } end return 'x' end", "--inspect")
    page = look_on(dogger)
    for method, target in [("GET", "/one"), ("GET", "/two"), ("DELETE", "/two"), ("GET", "/bad")]:
        dogger.request(method, target)
    page.row("/bad")
    box = page.page.get_by_role("searchbox", name="Filter")

    def filtered(text):
        box.fill(text)
        return [row.split()[1:3] for row in page.rows]

    assert filtered("two") == [["GET", "/two"], ["DELETE", "/two"]]
    assert page.page.locator("#count").inner_text() == "2 of 4"
    assert filtered("two delete") == [["DELETE", "/two"]]
    assert filtered("!two !bad") == [["GET", "/one"]]
    assert filtered("404") == [["GET", "/bad"]]
    assert filtered("nothing") == []
    dogger.get("/nothing")
    page.row("/nothing")
    assert [row.split()[2] for row in page.rows] == ["/nothing"]
    box.press("Escape")
    assert len(page.rows) == 5


def test_a_request_is_sent_again(serve, docker, look_on):
    dogger = serve(ENGINE, "--inspect")
    page = look_on(dogger)
    docker(dogger)("ps")
    page.open("/containers/json", "Log")
    assert "asked 1 times" in page.panel
    page.page.get_by_role("button", name="Replay").click()
    page.row("replay")
    page.page.wait_for_selector("#panel:has-text('asked 2 times')")
    assert "Replay of\nnumber 2" in (page.tab("Overview") or page.panel)
    assert page.page.locator('#rows tr[aria-selected="true"]').inner_text().count("replay") == 1


BODIES = [
    b"plain", b"@file", b"it's a \"test\" with $HOME `id` \\n \\ and *", "zwei\nZeilen\tund Ümläute 😀".encode(), b"%41 %s !event",
    b"\x00\x01\xff binary '\n\r\x1b[31m", b"{\"json\": [1, 2]}\n\n",
]


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_a_command_that_was_copied_sends_the_same(serve, look_on, body, shell):
    dogger = serve(ECHO, "--inspect", "--head-limit", "64KiB")
    page = look_on(dogger)
    answer = dogger.request("PUT", "/a'b/../c%20d%2F?x=[1-3]&y={a,b}&$HOME", [("X-One", "it's $HOME"), ("X-Empty", ""), ("x-one", "two")], body)
    again = copied(page, dogger, "PUT", shell)
    assert again == answer.body


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "POST", "OPTIONS"])
def test_a_command_that_was_copied_without_a_body(serve, look_on, method):
    dogger = serve(ECHO, "--inspect")
    page = look_on(dogger)
    answer = dogger.request(method, "/x", [("Accept", "*/*"), ("User-Agent", "me")] + ([("Content-Length", "0")] if method == "POST" else []))
    again = copied(page, dogger, method, "sh")
    if method == "HEAD":
        assert again.startswith(b"HTTP/1.1 200 OK") and str(answer["Content-Length"]).encode() in again
    else:
        assert again == answer.body


def copied(page, dogger, text, shell):
    """What the copied command prints."""
    page.open(text)
    page.page.get_by_role("button", name="Copy as curl").click()
    page.page.wait_for_selector("#toast.shown:has-text('Copied.')")
    command = page.page.evaluate("navigator.clipboard.readText()")
    assert f"--unix-socket {dogger.socket}" in command
    done = subprocess.run([shell, "-c", command], capture_output=True, timeout=PATIENCE)
    assert done.returncode == 0, (command, done.stderr)
    return done.stdout


def test_over_tcp_the_command_names_the_address(serve, look_on):
    dogger = serve(ECHO, "--inspect", tcp=True)
    page = look_on(dogger)
    dogger.request("GET", "/x", [("Host", "localhost:99"), ("Accept", "a"), ("User-Agent", "b")])
    page.open("/x")
    page.page.get_by_role("button", name="Copy as curl").click()
    page.page.wait_for_selector("#toast.shown:has-text('Copied.')")
    command = page.page.evaluate("navigator.clipboard.readText()")
    done = subprocess.run(["sh", "-c", command], capture_output=True, timeout=PATIENCE)
    assert done.stdout.splitlines()[:2] == [b"GET", b"/x"] and b"localhost:99" in done.stdout


def test_the_archive_is_one(serve, docker, look_on, directory):
    dogger = serve(ENGINE, "--inspect")
    page = look_on(dogger)
    docker(dogger)("ps")
    page.row("/containers/json")
    with page.page.expect_download() as download:
        page.page.get_by_role("link", name="Export HAR").click()
    assert download.value.suggested_filename == "dogger.har"
    download.value.save_as(directory / "dogger.har")
    log = json.loads((directory / "dogger.har").read_text())["log"]
    assert log["version"] == "1.2"
    assert [entry["request"]["method"] for entry in log["entries"]] == ["HEAD", "GET"]
    entry = log["entries"][1]
    assert entry["response"]["status"] == 200
    assert json.loads(entry["response"]["content"]["text"])[0]["Names"] == ["/web"]


def test_the_list_can_be_cleared(serve, look_on):
    dogger = serve(ECHO, "--inspect")
    page = look_on(dogger)
    dogger.get("/old")
    page.row("/old")
    page.page.get_by_role("button", name="Clear").click()
    page.page.locator("#empty").wait_for()
    dogger.get("/new")
    page.row("/new")
    assert len(page.rows) == 1


# What may happen


def test_it_comes_back_after_the_worker_has_crashed(serve, look_on):
    dogger = serve("""
local dogger = require "dogger"
return function(req) if req.path == "/slow" then print("in it") dogger.sleep(60) end return "x" end
""", "--inspect")
    page = look_on(dogger)
    dogger.get("/looked-at")
    page.open("/looked-at", "Response")
    dogger.get("/not-looked-at")
    page.row("/not-looked-at")
    with dogger.connect() as client:
        client.begin("GET", "/slow")
        dogger.wait("in it")
        page.row("/slow", "waiting")
        kill(dogger)
        page.page.wait_for_selector("#connection-text:has-text('Live again')")
    unlost(page)
    page.row("/slow", "broken")
    page.row("/not-looked-at").click()
    page.page.wait_for_selector("#detail:has-text('earlier worker')")
    page.row("/looked-at").click()
    page.page.wait_for_selector("#detail h2:has-text('/looked-at')")
    assert page.panel.endswith("x")
    page.page.locator("#last-message", has_text="the worker was ended by signal 9").wait_for()
    dogger.get("/after")
    page.row("/after")


def test_what_comes_from_strangers_is_text(serve, write, look_on):
    evil = """<img src=x onerror="window.evil=1"><script>window.evil=1</script><svg onload=window.evil=1>"""
    write(f"return function(req) print(req.query.q) return {{ headers = {{ ['Content-Type'] = 'text/html', X = [[{evil}]] }}, body = [[{evil}]] .. (req.path == '/e' and error([[{evil}]]) or '') }} end")
    dogger = serve(["handler.lua"], "--inspect")
    page = look_on(dogger)
    dogger.get(f"/a?q={quote(evil)}&%3Cscript%3E", [("X-Evil", evil), ("User-Agent", evil)])
    dogger.get("/e", [("X-Evil", evil)])
    for path in ["/a", "/e"]:
        page.open(path)
        for tab in ["Overview", "Request", "Response", "Log"]:
            page.tab(tab)
            for button in page.page.locator(".views button").all():
                button.click()
    page.page.locator("#messages summary").click()
    assert page.page.evaluate("window.evil") is None
    assert page.page.locator("main img, main script, main svg").count() == 0
    # And if a script did get in, the policy would not let it run: markup can't even be made of text.
    assert page.page.evaluate("""() => {
      try { document.querySelector("#detail").innerHTML = "<b>x</b>"; return "made" } catch (error) { return error.name } }""") == "TypeError"
    page.problems.clear()


def test_hidden_characters_are_shown(serve, look_on):
    dogger = serve("return function(req) return 'safe\\u{202e}evil\\27[31m \\u{61c}\\u{e0041}\\u{fffe}' end", "--inspect")
    page = look_on(dogger)
    dogger.get("/x")
    page.open("/x", "Response")
    assert "safe⟨U+202E⟩evil␛[31m ⟨U+061C⟩⟨U+E0041⟩⟨U+FFFE⟩" in page.panel


def test_a_body_that_is_nothing_but_brackets_costs_the_page_little(serve, look_on):
    dogger = serve("return function(req) return #req.body .. ' bytes' end", "--inspect")
    page = look_on(dogger)
    dogger.post("/deep", b"[" * 32000 + b"]" * 32000)
    page.open("/deep", "Request")
    assert page.panel.count("[") == 32000
    # As much as it has to be, and not a line of 64 kB for each bracket.
    assert page.page.evaluate("document.querySelector('#panel pre').textContent.length") < 10_000_000


def test_another_page_can_neither_read_nor_send(serve, look_on, browser):
    dogger = serve(ECHO, "--inspect")
    other = serve("return function(req) return { headers = { ['Content-Type'] = 'text/html' }, body = '<p>page' } end", tcp=True)
    page = look_on(dogger)
    dogger.get("/x")
    page.row("/x")
    context = browser.new_context()
    stranger = context.new_page()
    stranger.goto(other.addresses[0].replace("tcp://", "http://"))
    # It even knows the token.
    outcome = stranger.evaluate("""async (url) => {
      const tried = async (path, options) => { try { return (await fetch(url + path, options)).status } catch (error) { return error.name } };
      const framed = await new Promise((done) => {
        const frame = document.createElement("iframe");
        frame.onload = () => { try { done(frame.contentDocument === null ? "blocked" : "open") } catch { done("blocked") } };
        frame.src = url; document.body.append(frame); });
      return [await tried("exchanges/1"), await tried("exchanges/1/replay", { method: "POST" }), await tried("clear", { method: "POST", mode: "no-cors" }), framed] }""", page.url)
    context.close()
    assert outcome[:2] == ["TypeError", "TypeError"]
    assert outcome[3] == "blocked"
    dogger.get("/y")
    page.row("/y")
    assert len(page.rows) == 2, "nothing was cleared or replayed"


# For everybody


def test_all_of_it_by_the_keyboard(serve, docker, look_on):
    dogger = serve(ENGINE, "--inspect")
    page = look_on(dogger)
    docker(dogger)("ps")
    page.row("/containers/json")
    keys = page.page.keyboard
    focused = lambda: page.page.evaluate("document.activeElement.innerText")
    focused_id = lambda: page.page.evaluate("document.activeElement.id")
    keys.press("/")
    assert focused_id() == "filter"
    keys.press("ArrowDown")
    assert "/_ping" in focused()
    keys.press("ArrowDown")
    assert "/containers/json" in focused()
    page.page.wait_for_selector("#detail h2:has-text('/containers/json')")
    assert page.page.locator('#rows tr[aria-selected="true"]').count() == 1
    keys.press("Home")
    keys.press("End")
    keys.press("Enter")
    until(lambda: focused_id() == "tab-overview", "the keyboard is at tab-overview")
    keys.press("ArrowRight")
    keys.press("ArrowRight")
    until(lambda: focused_id() == "tab-response", "the keyboard is at tab-response")
    keys.press("Tab")
    keys.press("Tab")
    assert focused() == "Text"
    keys.press("Enter")
    assert page.page.locator('.views [aria-pressed="true"]').inner_text() == "Text"
    keys.press("Escape")
    page.page.locator("#detail").wait_for(state="hidden")
    assert "/containers/json" in focused()
    keys.press("Enter")
    until(lambda: focused_id() == "tab-response", "the keyboard is at tab-response")
    for _ in range(3):
        keys.press("Shift+Tab")
    assert focused() == "Replay"
    keys.press("Enter")
    page.row("replay")
    until(lambda: "replay" in focused(), "the keyboard is at the replay")


def test_everything_has_a_role_and_a_name(serve, docker, look_on):
    dogger = serve(ENGINE, "--inspect")
    page = look_on(dogger)
    docker(dogger)("stop", "web")
    grid = page.page.get_by_role("grid")
    assert grid.get_by_role("columnheader").count() == 9
    page.open("/stop", "Overview")
    assert grid.get_by_role("row", selected=True).count() == 1
    assert page.page.locator('#rows [tabindex="0"]').count() == 1, "one stop of the tab key"
    assert page.page.get_by_role("tab", selected=True).count() == 1
    for role, name in [("toolbar", "Exchanges"), ("button", "Clear"), ("button", "Close"), ("tabpanel", "Overview"), ("tablist", "Parts"), ("heading", "dogger")]:
        assert page.page.get_by_role(role, name=name).count() == 1, (role, name)
    unnamed = page.page.evaluate("""() => [...document.querySelectorAll("button, a, input, [role=region], [role=log], section, img")]
      .filter((e) => !e.closest("[hidden]") && !(e.getAttribute("aria-label") || e.innerText?.trim() || e.labels?.length || e.getAttribute("alt") === ""
        || e.querySelector("h3"))).map((e) => e.outerHTML.slice(0, 80))""")
    assert unnamed == []
    assert page.page.evaluate("""() => { const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
      return ids.length === new Set(ids).size && [...document.querySelectorAll("[aria-controls], [aria-labelledby], [aria-describedby]")]
        .every((e) => ["aria-controls", "aria-labelledby", "aria-describedby"].every((a) => !e.getAttribute(a) || document.getElementById(e.getAttribute(a)))) }""")
    assert page.page.locator("html").get_attribute("lang") == "en"


CONTRASTS = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (color) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data] };
  const light = ([r, g, b]) => { const f = (v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b) };
  const back = (e) => { for (; e; e = e.parentElement) { const c = rgba(getComputedStyle(e).backgroundColor); if (c[3] === 255) return c; if (c[3] > 0) throw new Error("see-through"); } return [255, 255, 255] };
  const poor = [];
  let count = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const e = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !e.checkVisibility({ opacityProperty: true, visibilityProperty: true }) || e.matches(":disabled, script, noscript")) continue;
    const [one, other] = [light(rgba(getComputedStyle(e).color)), light(back(e))];
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    count++;
    if (ratio < 4.5) poor.push(`${walker.currentNode.data.trim().slice(0, 30)}: ${ratio.toFixed(2)}`);
  }
  return [count, poor];
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read(serve, docker, look_on, scheme):
    """WCAG 2.2, 1.4.3: 4.5 to 1."""
    dogger = serve(ENGINE, "--inspect")
    page = look_on(dogger, color_scheme=scheme)
    client = docker(dogger)
    for words in [("ps",), ("stop", "web"), ("images",)]:
        client(*words)
    page.row("/images/json")
    backgrounds = []
    for path, tab in [("/stop", "Overview"), ("/containers/json", "Response"), ("/containers/json", "Log"), ("/images/json", "Response")]:
        page.open(path, tab)
        count, poor = page.page.evaluate(CONTRASTS)
        assert count > 20 and poor == []
        backgrounds.append(page.page.evaluate("getComputedStyle(document.body).backgroundColor"))
    page.page.locator("#messages summary").click()
    assert page.page.evaluate(CONTRASTS)[1] == []
    assert set(backgrounds) == {"rgb(255, 255, 255)" if scheme == "light" else "rgb(21, 24, 29)"}


def test_nothing_moves_for_who_wants_no_motion(serve, look_on):
    dogger = serve("local dogger = require 'dogger' return function(req) dogger.sleep(60) end", "--inspect")
    for motion, expected in [("reduce", "none"), ("no-preference", "pulse")]:
        page = look_on(dogger, reduced_motion=motion)
        with dogger.connect() as client:
            client.begin("GET", f"/{motion}")
            lamp = page.row(f"/{motion}", "waiting").locator(".lamp")
            assert lamp.evaluate("e => getComputedStyle(e).animationName") == expected
