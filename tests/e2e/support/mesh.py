"""Real meshes for the end-to-end tests: control planes, proxies with real Envoy and small services, all on free ports of this machine.

A test is a function that gets a Mesh; main() runs it, prints what it did, and removes everything. Nothing sleeps for a fixed time:
until() asks again until what is expected was seen or its time is over. Standard library only.
"""
import base64
import contextlib
import http.client
import http.server
import json
import os
import shutil
import signal
import socket
import socketserver
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback

LOCAL = "127.0.0.1"
PATIENCE = 30.0  # seconds a condition may take on a loaded machine

COLLECTIONS = {
    "MeshAccessLog": "meshaccesslogs", "MeshTrace": "meshtraces", "MeshMetric": "meshmetrics",
    "MeshOpenTelemetryBackend": "meshopentelemetrybackends",
    "Dataplane": "dataplanes", "Secret": "secrets", "MeshService": "meshservices", "MeshTrafficPermission": "meshtrafficpermissions",
    "MeshTimeout": "meshtimeouts", "MeshRetry": "meshretries", "MeshHTTPRoute": "meshhttproutes", "MeshCircuitBreaker": "meshcircuitbreakers",
    "MeshProxyPatch": "meshproxypatches", "MeshFaultInjection": "meshfaultinjections",
    "MeshRateLimit": "meshratelimits", "MeshHealthCheck": "meshhealthchecks",
    "MeshTCPRoute": "meshtcproutes", "MeshLoadBalancingStrategy": "meshloadbalancingstrategies", "MeshPassthrough": "meshpassthroughs",
    "MeshTLS": "meshtlses", "MeshIdentity": "meshidentities", "MeshTrust": "meshtrusts", "MeshExternalService": "meshexternalservices",
    "MeshMultiZoneService": "meshmultizoneservices", "ExternalService": "external-services",
}
GLOBAL_COLLECTIONS = {"ZoneEgress": "zoneegresses", "ZoneIngress": "zoneingresses", "HostnameGenerator": "hostnamegenerators"}


SKIPPED = 77  # exit code of a script that could not test anything; tests/run counts it


class Skip(Exception):
    """Raised by a test that lacks something; says what and how to get it."""


class NoAnswer(Exception):
    """A request that ended without an HTTP response."""


def kuma_binary():
    path = os.environ.get("KUMA_BIN", "")
    if not os.access(path, os.X_OK):
        raise SystemExit("KUMA_BIN must name the kuma program; it is %r" % path)
    return path


def envoy_binary():
    path = os.environ.get("KUMA_ENVOY", "")
    if not os.access(path, os.X_OK):
        raise SystemExit("KUMA_ENVOY must name an Envoy program; it is %r (install.sh fetches one)" % path)
    return path


def say(text):
    print("%s  %s" % (time.strftime("%H:%M:%S"), text), flush=True)


def until(what, look, seconds=PATIENCE):
    """The first true value of look(); its exceptions count as not yet."""
    deadline = time.monotonic() + seconds
    pause = 0.005
    while True:
        try:
            seen = look()
            if seen:
                return seen
        except (NoAnswer, OSError, KeyError, ValueError, AssertionError) as error:
            seen = error
        if time.monotonic() > deadline:
            raise AssertionError("%s: not seen within %g s, last: %r" % (what, seconds, seen))
        time.sleep(pause)
        pause = min(pause * 2, 0.1)


def check(condition, text):
    if not condition:
        raise AssertionError(text)


def equal(seen, expected, text):
    check(seen == expected, "%s: expected %r, got %r" % (text, expected, seen))


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind((LOCAL, 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return "%d %r" % (self.status, self.body[:200])


def fetch(port, path="/", method="GET", headers=None, body=None, timeout=10.0):
    connection = http.client.HTTPConnection(LOCAL, port, timeout=timeout)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        response = connection.getresponse()
        return Answer(response.status, dict((k.lower(), v) for k, v in response.getheaders()), response.read().decode("utf-8", "replace"))
    except (OSError, http.client.HTTPException) as error:
        raise NoAnswer("%s %s on port %d: %r" % (method, path, port, error)) from error
    finally:
        connection.close()


def run_kuma(*args, stdin="", env=None, timeout=30):
    """Runs kuma to its end: (exit code, standard output, standard error)."""
    done = subprocess.run([kuma_binary(), *args], input=stdin, env=clean_environment(env), timeout=timeout, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def clean_environment(additions=None):
    env = {key: value for key, value in os.environ.items() if not key.startswith("KUMA")}
    env.update(additions or {})
    return env


class Process:
    """A child whose output goes to a log file."""

    def __init__(self, name, argv, log, env=None):
        self.name, self.log = name, log
        with open(log, "ab") as out:
            self.popen = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=clean_environment(env), start_new_session=True)

    def running(self):
        return self.popen.poll() is None

    def output(self):
        with open(self.log, encoding="utf-8", errors="replace") as text:
            return text.read()

    def signal(self, number):
        if self.running():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.popen.pid, number)

    def wait(self, seconds=PATIENCE):
        return self.popen.wait(seconds)

    def stop(self, seconds=5):
        self.signal(signal.SIGTERM)
        try:
            self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self.signal(signal.SIGKILL)
            self.popen.wait()


class Service:
    """An HTTP service that tells its name, how often it was asked and the headers it saw. `behave(request, count)` may answer instead by
    returning (status, dict)."""

    def __init__(self, name, behave=None):
        self.name, self.count, self.lock = name, 0, threading.Lock()
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                length = int(self.headers.get("content-length") or 0)
                self.rfile.read(length)
                with service.lock:
                    service.count += 1
                    count = service.count
                status, extra = 200, {}
                if behave is not None:
                    status, extra = behave(self, count) or (200, {})
                headers = dict((k.lower(), v) for k, v in self.headers.items())
                body = json.dumps({"service": service.name, "count": count, "path": self.path, "headers": headers, **extra}).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(body)

            do_GET = do_POST = do_PUT = answer

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, *_):
                pass  # clients that go away are no error here

        self.server = Server((LOCAL, 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class EchoService:
    """TCP: sends back what it gets, upper case."""

    def __init__(self):
        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                with contextlib.suppress(OSError):
                    while data := self.request.recv(4096):
                        self.request.sendall(data.upper())

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True

        self.server = Server((LOCAL, 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Gate:
    """A TCP port that forwards to another one while it is open and refuses otherwise: the network between two programs. silence() makes it
    a black hole: connections stay and are taken, nothing passes; speak() delivers what was held back."""

    def __init__(self, target):
        self.target = target
        self.passing = threading.Event()
        self.passing.set()
        self.listener, self.port, self.pairs = None, free_ports(1)[0], []
        self.open()

    def open(self):
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((LOCAL, self.port))
        self.listener.listen(64)
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def _accept(self, listener):
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return  # closed
            try:
                far = socket.create_connection((LOCAL, self.target))
            except OSError:
                near.close()
                continue
            self.pairs += [near, far]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self.passing.wait()
                sink.sendall(data)
        for one in (source, sink):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def silence(self):
        self.passing.clear()

    def speak(self):
        self.passing.set()

    def close(self):
        listener, self.listener = self.listener, None
        if listener is not None:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        for one in self.pairs:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self.pairs = []
        self.passing.set()

    stop = close


class ControlPlane:
    def __init__(self, mesh, env=None):
        self.mesh, self.folder = mesh, os.path.join(mesh.folder, "cp")
        os.makedirs(self.folder, exist_ok=True)
        self.dp_port, self.api_port, self.https_port, self.diagnostics_port, mads, inter = free_ports(6)
        self.env = {
            "KUMA_GENERAL_WORK_DIR": self.folder, "KUMA_STORE_TYPE": "memory", "KUMA_DP_SERVER_PORT": str(self.dp_port),
            "KUMA_API_SERVER_HTTP_PORT": str(self.api_port), "KUMA_API_SERVER_HTTPS_PORT": str(self.https_port),
            "KUMA_DIAGNOSTICS_SERVER_PORT": str(self.diagnostics_port), "KUMA_MONITORING_ASSIGNMENT_SERVER_PORT": str(mads),
            "KUMA_INTER_CP_SERVER_PORT": str(inter), "KUMA_XDS_SERVER_DATAPLANE_STATUS_FLUSH_INTERVAL": "50ms", **(env or {}),
        }
        self.proxies_connect_to = self.dp_port  # a Gate puts itself between
        self.process = None

    def start(self):
        self.process = self.mesh.process("control-plane", [kuma_binary(), "cp", "run"], self.env)
        until("the control plane is ready", self.is_ready)
        # The proxies' port opens last: its certificate may have to be made.
        until("proxies are served", lambda: socket.create_connection((LOCAL, self.dp_port), timeout=1).close() is None)
        until("the default mesh", lambda: self.api("GET", "/meshes/default").status == 200)
        return self

    def is_ready(self):
        check(self.process.running(), "the control plane ended:\n" + self.process.output()[-2000:])
        return fetch(self.diagnostics_port, "/ready").status == 200

    def kill(self):
        self.process.signal(signal.SIGKILL)
        self.process.wait()

    def api(self, method, path, body=None):
        text = None if body is None else json.dumps(body)
        return fetch(self.api_port, path, method, {"content-type": "application/json"}, text)

    @staticmethod
    def path_of(kind, name, mesh="default"):
        if kind in GLOBAL_COLLECTIONS:
            return "/%s/%s" % (GLOBAL_COLLECTIONS[kind], name)
        return "/meshes/%s" % name if kind == "Mesh" else "/meshes/%s/%s/%s" % (mesh, COLLECTIONS[kind], name)

    def put(self, resource):
        path = self.path_of(resource["type"], resource["name"], resource.get("mesh", "default"))
        answer = self.api("PUT", path, resource)
        check(answer.status in (200, 201), "PUT %s: %r" % (path, answer))

    def delete(self, kind, name, mesh="default"):
        answer = self.api("DELETE", self.path_of(kind, name, mesh))
        check(answer.status in (200, 204), "DELETE %s %s: %r" % (kind, name, answer))

    def list(self, kind, mesh="default"):
        answer = self.api("GET", "/meshes/%s/%s?size=1000" % (mesh, COLLECTIONS[kind]))
        equal(answer.status, 200, "GET %s" % kind)
        return answer.json()["items"]

    def token(self, name, mesh="default"):
        def ask():
            answer = self.api("POST", "/tokens/dataplane", {"mesh": mesh, "name": name})
            return answer.body if answer.status == 200 else None
        return until("a dataplane token", ask)

    def subscription(self, name, mesh="default"):
        """The newest one of the proxy's insight."""
        answer = self.api("GET", "/meshes/%s/dataplanes/%s/_overview" % (mesh, name))
        subscriptions = answer.json().get("dataplaneInsight", {}).get("subscriptions", []) if answer.status == 200 else []
        return subscriptions[-1] if subscriptions else {}

    def is_connected(self, name, mesh="default"):
        last = self.subscription(name, mesh)
        return bool(last) and "disconnectTime" not in last

    def is_online(self, name, mesh="default"):
        """Connected, and listeners were acknowledged on this connection."""
        return self.is_connected(name, mesh) and counter(self.subscription(name, mesh), "lds", "responsesAcknowledged") > 0


class EnvoyAdmin(http.client.HTTPConnection):
    """The admin interface of a proxy's Envoy, on its Unix socket."""

    def __init__(self, mesh, proxy):
        super().__init__("localhost", timeout=10)
        self.path = os.path.join(mesh.folder, "dp-" + proxy, "kuma-envoy-admin.sock")

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def stats(mesh, proxy):
    """Envoy's counters and gauges of a proxy by name."""
    admin = EnvoyAdmin(mesh, proxy)
    try:
        admin.request("GET", "/stats")
        lines = admin.getresponse().read().decode().splitlines()
    finally:
        admin.close()
    pairs = (line.rsplit(": ", 1) for line in lines if ": " in line)
    return {name: int(value) for name, value in pairs if value.isdigit()}


def stat(mesh, proxy, name):
    """One of them, or None."""
    return stats(mesh, proxy).get(name)


def resolve(port, name):
    """The IPv4 addresses that the DNS server of that port gives for a name."""
    question = b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0" + struct.pack(">HH", 1, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(2)
        client.sendto(struct.pack(">HHHHHH", 7, 0x0100, 1, 0, 0, 0) + question, (LOCAL, port))
        reply = client.recv(4096)
    answers, at, found = struct.unpack(">H", reply[6:8])[0], 12 + len(question), []
    for _ in range(answers):
        at += 2 if reply[at] & 0xC0 else len(question) - 4  # a pointer to the question's name, or the name again
        kind, _, _, size = struct.unpack(">HHIH", reply[at:at + 10])
        at += 10
        if kind == 1:
            found.append(socket.inet_ntoa(reply[at:at + size]))
        at += size
    return found


def counter(subscription, kind, name):
    return int(subscription.get("status", {}).get(kind, {}).get(name, 0))


class Mesh:
    """Everything of one test; a context manager that ends and removes all of it."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="kuma-e2e-", dir="/tmp")  # short: Unix sockets lie in it
        self.processes, self.others, self.logs = [], [], 0

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            for process in self.processes:
                print("---- the end of %s:\n%s" % (process.name, process.output()[-3000:]), flush=True)
        # Proxies before control planes, so that their last words are heard.
        for process in self.processes[1:] + self.processes[:1]:
            process.signal(signal.SIGTERM)
        for process in self.processes:
            process.stop()
        for one in self.others:
            one.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def process(self, name, argv, env=None):
        self.logs += 1
        process = Process(name, argv, os.path.join(self.folder, "%s.%d.log" % (name, self.logs)), env)
        self.processes.append(process)
        return process

    def service(self, name, behave=None):
        service = Service(name, behave)
        self.others.append(service)
        return service

    def echo(self):
        service = EchoService()
        self.others.append(service)
        return service

    def gate(self, target):
        gate = Gate(target)
        self.others.append(gate)
        return gate

    def control_plane(self, env=None):
        return ControlPlane(self, env).start()

    def file(self, name, content):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as out:
            out.write(content if isinstance(content, str) else json.dumps(content))
        return path

    def egress(self, cp, name, port):
        """A zone egress, online."""
        resource = {"type": "ZoneEgress", "name": name, "networking": {"address": LOCAL, "port": port}}
        folder = os.path.join(self.folder, "dp-" + name)
        os.makedirs(folder, exist_ok=True)

        def ask():
            answer = cp.api("POST", "/tokens/zone", {"zone": "default", "scope": ["egress"]})
            return answer.body if answer.status == 200 else None
        argv = [kuma_binary(), "dp", "run", "--proxy-type", "egress", "--cp-address", "https://%s:%d" % (LOCAL, cp.proxies_connect_to),
                "--ca-cert-file", os.path.join(cp.folder, "kuma-cp.crt"), "--dataplane-file", self.file(name + ".json", resource),
                "--dataplane-token-file", self.file(name + ".token", until("a zone token", ask)), "--binary-path", envoy_binary(),
                "--work-dir", folder, "--envoy-log-level", "warning", "--drain-time", "100ms", "--concurrency", "1"]
        process = self.process("egress-" + name, argv)

        def look():
            check(process.running(), "the egress ended:\n" + process.output()[-3000:])
            answer = cp.api("GET", "/zoneegresses/%s/_overview" % name)
            subscriptions = answer.json().get("zoneEgressInsight", {}).get("subscriptions", []) if answer.status == 200 else []
            return subscriptions and "disconnectTime" not in subscriptions[-1]
        until("the egress %s is online" % name, look)
        return process

    def proxy(self, cp, resource, online=True, token=True, extra=(), env=None, prefix=()):
        """kuma-dp with Envoy for a Dataplane. `prefix` goes before the command (ip netns exec …)."""
        name, mesh = resource["name"], resource.get("mesh", "default")
        folder = os.path.join(self.folder, "dp-" + name)
        os.makedirs(folder, exist_ok=True)
        argv = [*prefix, kuma_binary(), "dp", "run", "--cp-address", "https://%s:%d" % (LOCAL, cp.proxies_connect_to), "--ca-cert-file",
                os.path.join(cp.folder, "kuma-cp.crt"), "--dataplane-file", self.file(name + ".json", resource), "--binary-path", envoy_binary(),
                "--work-dir", folder, "--dns-enabled=false", "--envoy-log-level", "warning", "--drain-time", "100ms", "--concurrency", "1", *extra]
        if token:
            argv += ["--dataplane-token-file", self.file(name + ".token", cp.token(name, mesh))]
        process = self.process("dp-" + name, argv, env)
        if online:
            def look():
                if not process.running():
                    raise SystemExit("the proxy %s ended:\n%s" % (name, process.output()[-3000:]))
                return cp.is_online(name, mesh)
            until("the proxy %s is online" % name, look)
        return process


def inbound(port, service_port, service, protocol="http", **tags):
    return {"port": port, "servicePort": service_port, "tags": {"kuma.io/service": service, "kuma.io/protocol": protocol, **tags}}


def outbound(port, service):
    return {"port": port, "tags": {"kuma.io/service": service}}


def dataplane(name, inbounds, outbounds=(), mesh="default"):
    networking = {"address": LOCAL, "inbound": inbounds}
    if outbounds:
        networking["outbound"] = list(outbounds)
    return {"type": "Dataplane", "mesh": mesh, "name": name, "networking": networking}


def mtls_mesh(mode="STRICT", name="default"):
    return {"type": "Mesh", "name": name, "mtls": {"enabledBackend": "ca-1", "backends": [{"name": "ca-1", "type": "builtin", "mode": mode}]}}


def subset(**tags):
    return {"kind": "MeshSubset", "tags": {key.replace("__", "/").replace("_", "."): value for key, value in tags.items()}}


def service_ref(service):
    return {"kind": "MeshSubset", "tags": {"kuma.io/service": service}}


def permission(name, source, destination=None, action="Allow"):
    """source, destination: names of services; None is everybody."""
    target = {"kind": "Mesh"} if destination is None else service_ref(destination)
    caller = {"kind": "Mesh"} if source is None else service_ref(source)
    return policy("MeshTrafficPermission", name, {"targetRef": target, "from": [{"targetRef": caller, "default": {"action": action}}]})


def policy(kind, name, spec, mesh="default"):
    return {"type": kind, "mesh": mesh, "name": name, "spec": spec}


def identity_of(answer):
    """Whom the service saw: the URI in x-forwarded-client-cert."""
    value = answer.json()["headers"].get("x-forwarded-client-cert", "")
    uris = [part[4:] for part in value.split(",")[-1].split(";") if part.startswith("URI=")]
    return uris[0] if uris else ""


class Traffic:
    """Requests one after the other on a thread, until stopped. `bad` has what was not a 200."""

    def __init__(self, port, path="/"):
        self.port, self.path, self.good, self.bad, self.going = port, path, 0, [], True
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while self.going:
            try:
                answer = fetch(self.port, self.path)
                if answer.status == 200:
                    self.good += 1
                else:
                    self.bad.append(repr(answer))
            except NoAnswer as error:
                self.bad.append(str(error))
            time.sleep(0.005)

    def more(self, count):
        """Waits until that many further requests were answered well."""
        goal = self.good + count
        until("%d more requests" % count, lambda: self.good >= goal or self.bad)
        self.verify()

    def verify(self):
        check(not self.bad, "%d requests failed after %d good ones, the first: %s" % (len(self.bad), self.good, self.bad[:1]))

    def stop(self):
        self.going = False
        self.thread.join()
        self.verify()
        return self.good


def decode(data):
    return base64.b64decode(data).decode()


def main(*tests):
    """Runs the tests one after the other, each in a mesh of its own."""
    failed = skipped = 0
    # A test that is told to stop still ends what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("told to stop"))
    for test in tests:
        started = time.monotonic()
        say("== %s" % (test.__doc__ or test.__name__).strip())
        try:
            with Mesh() as mesh:
                test(mesh)
            say("passed in %.1f s" % (time.monotonic() - started))
        except Skip as reason:
            say("skipped: %s" % reason)
            skipped += 1
        except (Exception, SystemExit):  # a proxy that ends early raises the latter
            traceback.print_exc()
            say("FAILED after %.1f s" % (time.monotonic() - started))
            failed += 1
    sys.exit(1 if failed else SKIPPED if skipped == len(tests) else 0)
