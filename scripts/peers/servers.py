"""The servers that are measured: what each needs, how it is started, and where it stands in the comparison."""

import os
import pathlib
import re
import subprocess

from .process import Failed

HERE = pathlib.Path(__file__).parent


def configuration(name, directory, **values):
    """Writes the configuration `name` to `directory` with its @placeholders@ replaced; returns where it is."""
    values = {"directory": directory, "peers": HERE, **values}
    text = re.sub(r"@(\w+)@", lambda match: str(values[match[1]]), (HERE / name).read_text())
    written = directory / name
    written.write_text(text)
    return written


def compiled(command, environment=None):
    """Runs a compiler; raises Failed with what it said."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, timeout=300)
    if done.returncode:
        raise Failed(f"{command[0]} failed: {done.stdout.strip()[-500:]}")


class Server:
    """One way to answer the workloads. `directory` is always the server's own, and `socket` where it must listen."""

    name = ""
    title = ""
    is_peer = True
    workloads = ("hello", "ps", "echo")
    needs = {}
    """A file that must be there, to the Debian package that brings it."""
    version_command = None

    def prepare(self, directory, upstream=None):
        """Compiles what must be compiled, once, before anything is timed. A proxy's `upstream` is the backend's socket."""
        self.upstream = upstream

    def command(self, directory, socket):
        """The command line of the server in the foreground."""
        raise NotImplementedError

    def row(self):
        """The name of its row in the tables: the title with the first version number that the server tells of itself."""
        if not self.version_command:
            return self.title
        done = subprocess.run(self.version_command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=10)
        number = re.search(r"\d+\.\d[\w.+-]*", done.stdout)
        return self.title.replace("{version}", number[0] if number else "?")


class Floor(Server):
    name = "floor"
    title = "minimal C epoll server, no Lua (the floor)"
    is_peer = False
    workloads = ("hello", "echo")
    needs = {"/usr/bin/cc": "gcc", "/usr/include/stdio.h": "libc6-dev"}

    def prepare(self, directory, upstream=None):
        self.binary = directory / "floor"
        compiled(["cc", "-std=c11", "-O2", "-Wall", "-Wextra", "-o", str(self.binary), str(HERE / "floor.c")])

    def command(self, directory, socket):
        return [str(self.binary), str(socket)]


class Lighttpd(Server):
    name = "lighttpd"
    title = "lighttpd {version}, mod_magnet, Lua 5.4"
    needs = {
        "/usr/sbin/lighttpd": "lighttpd",
        "/usr/lib/lighttpd/mod_magnet.so": "lighttpd-modules-lua",
        "/usr/share/doc/lua-cjson": "lua-cjson",
    }
    version_command = ["/usr/sbin/lighttpd", "-v"]

    def command(self, directory, socket):
        file = configuration("lighttpd.conf", directory, socket=socket)
        # mod_magnet has no setting for the module path; the environment is where Lua looks.
        return ["env", f"LUA_PATH={HERE}/?.lua;;", "/usr/sbin/lighttpd", "-D", "-f", str(file)]


class Nginx(Server):
    name = "nginx"
    title = "nginx {version}, Lua module, LuaJIT"
    needs = {
        "/usr/sbin/nginx": "nginx",
        "/usr/lib/nginx/modules/ngx_http_lua_module.so": "libnginx-mod-http-lua",
        "/usr/share/doc/lua-cjson": "lua-cjson",
    }
    version_command = ["/usr/sbin/nginx", "-v"]
    file = "nginx.conf"

    def command(self, directory, socket):
        # A worker of another user could read neither this directory nor the checkout.
        user = "user root;" if os.geteuid() == 0 else ""
        file = configuration(self.file, directory, socket=socket, user=user, upstream=self.upstream)
        return ["/usr/sbin/nginx", "-p", str(directory), "-c", str(file), "-e", str(directory / "error.log")]


class Go(Server):
    name = "go"
    title = "Go {version} net/http, no Lua"
    needs = {"/usr/bin/go": "golang-go"}
    version_command = ["/usr/bin/go", "version"]

    def prepare(self, directory, upstream=None):
        self.binary = directory / "gohttp"
        environment = {
            **os.environ,
            "CGO_ENABLED": "0",
            "GO111MODULE": "off",
            "GOCACHE": str(directory / "cache"),
            "GOPATH": str(directory / "path"),
        }
        compiled(["/usr/bin/go", "build", "-o", str(self.binary), str(HERE / "gohttp.go")], environment)

    def command(self, directory, socket):
        return [str(self.binary), str(socket)]


class HAProxy(Server):
    name = "haproxy"
    title = "HAProxy {version}, Lua 5.3"
    needs = {"/usr/sbin/haproxy": "haproxy", "/usr/share/doc/lua-cjson": "lua-cjson"}
    version_command = ["/usr/sbin/haproxy", "-v"]
    file = "haproxy.cfg"

    def command(self, directory, socket):
        file = configuration(self.file, directory, socket=socket, upstream=self.upstream)
        return ["/usr/sbin/haproxy", "-db", "-f", str(file)]


class Dogger(Server):
    name = "dogger"
    title = "**dogger**"
    is_peer = False

    def __init__(self, binary):
        self.binary = pathlib.Path(binary).resolve()
        self.version_command = [str(self.binary), "--version"]

    def prepare(self, directory, upstream=None):
        super().prepare(directory, upstream)
        if not os.access(self.binary, os.X_OK):
            raise Failed(f"there is no {self.binary}: run `swift build -c release`, or name one with --dogger")

    def command(self, directory, socket):
        return [str(self.binary), "run", str(HERE / "dogger.lua"), "--socket", str(socket)]


class NginxProxy(Nginx):
    title = "nginx {version}, proxy_pass, unbuffered"
    workloads = ("hello", "echo")
    needs = {"/usr/sbin/nginx": "nginx"}
    file = "nginx-proxy.conf"


class HAProxyProxy(HAProxy):
    title = "HAProxy {version}, mode http"
    workloads = ("hello", "echo")
    needs = {"/usr/sbin/haproxy": "haproxy"}
    file = "haproxy-proxy.cfg"


class Socat(Server):
    name = "socat"
    title = "socat {version} (reads no HTTP, a process a connection)"
    workloads = ("hello", "echo")
    needs = {"/usr/bin/socat": "socat"}
    version_command = ["/usr/bin/socat", "-V"]

    def command(self, directory, socket):
        listen = f"UNIX-LISTEN:{socket},fork,backlog=1024"
        return ["/usr/bin/socat", "-b", "131072", listen, f"UNIX-CONNECT:{self.upstream}"]


class DoggerProxy(Dogger):
    workloads = ("hello", "echo")

    def command(self, directory, socket):
        return [str(self.binary), "run", "--upstream", f"unix:{self.upstream}", "--socket", str(socket)]
