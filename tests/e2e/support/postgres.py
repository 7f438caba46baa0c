"""A PostgreSQL server of the test's own, with fsync as in production: started as another user when the test runs as root, on a free port."""
import glob
import json
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import threading
import time

from mesh import LOCAL, ControlPlane, NoAnswer, check, equal, fetch, free_ports, policy, run_kuma

MISSING = ("this test needs a PostgreSQL server: install the package postgresql-15 (Debian, Ubuntu; brew install postgresql@15 on macOS), "
           "or put the folder of initdb and postgres into PATH")


def server_folder():
    candidates = os.environ.get("PATH", "").split(":")
    for pattern in ("/usr/lib/postgresql/*/bin", "/opt/homebrew/opt/postgresql@*/bin", "/usr/local/opt/postgresql@*/bin"):
        candidates += sorted(glob.glob(pattern), reverse=True)
    for folder in candidates:
        folder = os.path.dirname(os.path.realpath(os.path.join(folder, "initdb")))
        if all(os.access(os.path.join(folder, name), os.X_OK) for name in ("initdb", "postgres", "psql")):
            return folder
    raise SystemExit(MISSING)


class Postgres:
    def __init__(self, copy_of=None):
        """`copy_of`: another one, whose streaming replica this will be."""
        self.bin, self.port = server_folder(), free_ports(1)[0]
        self.folder = tempfile.mkdtemp(prefix="kuma-pg-", dir="/tmp")
        self.user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None  # the server refuses to run as root
        if self.user:
            os.chown(self.folder, self.user.pw_uid, self.user.pw_gid)
        self.data = os.path.join(self.folder, "data")
        if copy_of:
            self._run("pg_basebackup", "-D", self.data, "-h", copy_of.folder, "-p", str(copy_of.port), "-U", "postgres", "-R", "-c", "fast", "--no-sync", "-w")
        else:
            self._run("initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "-N")
        with open(os.path.join(self.data, "postgresql.conf"), "a", encoding="utf-8") as conf:
            conf.write("port = %d\nlisten_addresses = '%s'\nunix_socket_directories = '%s'\nmax_connections = 200\n" % (self.port, LOCAL, self.folder))
        self.process = None
        self.start()
        if copy_of:
            return
        self.sql("postgres", "CREATE ROLE kuma LOGIN PASSWORD 'kuma' CREATEDB")
        self.sql("postgres", "CREATE DATABASE kuma OWNER kuma")

    def _argv(self, name, *args):
        argv = [os.path.join(self.bin, name), *args]
        if self.user:
            argv = ["setpriv", "--reuid=%d" % self.user.pw_uid, "--regid=%d" % self.user.pw_gid, "--clear-groups", *argv]
        return argv

    def _run(self, name, *args):
        done = subprocess.run(self._argv(name, *args), cwd="/", capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"})
        if done.returncode != 0:
            raise AssertionError("%s: %s" % (name, done.stderr))
        return done.stdout.strip()

    def sql(self, database, text):
        return self._run("psql", "-h", self.folder, "-p", str(self.port), "-U", "postgres", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", text)

    def start(self):
        """Again on the same data, when it was killed."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:  # the last children of a killed server may still be ending
            with open(os.path.join(self.folder, "log"), "ab") as log:
                self.process = subprocess.Popen(self._argv("postgres", "-D", self.data), cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                                env={**os.environ, "LC_ALL": "C"}, start_new_session=True)
            while self.process.poll() is None and time.monotonic() < deadline:
                try:
                    self.sql("postgres", "SELECT 1")
                    return
                except AssertionError:
                    time.sleep(0.05)
            time.sleep(0.1)
        with open(os.path.join(self.folder, "log"), encoding="utf-8", errors="replace") as log:
            raise AssertionError("PostgreSQL does not start:\n" + log.read()[-2000:])

    def processes(self):
        """The server's and those of its sessions."""
        parents = {}
        for path in glob.glob("/proc/[0-9]*/stat"):
            try:
                with open(path, encoding="utf-8", errors="replace") as file:
                    text = file.read()
            except OSError:
                continue  # it ended meanwhile
            parents[int(text.split(" ", 1)[0])] = int(text.rsplit(")", 1)[1].split()[1])
        return [self.process.pid] + [pid for pid, parent in parents.items() if parent == self.process.pid]

    def _signal(self, number):
        for pid in self.processes():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def freeze(self):
        """All of it stands still; connections stay."""
        os.kill(self.process.pid, signal.SIGSTOP)  # first, so that no session begins
        self._signal(signal.SIGSTOP)

    def thaw(self):
        self._signal(signal.SIGCONT)

    def kill(self):
        with open(os.path.join(self.data, "postmaster.pid"), encoding="utf-8") as file:
            os.kill(int(file.readline()), signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process.poll() is None:
            self.thaw()
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def environment(self, port=None):
        """For kuma-cp; `port`: of something in between."""
        return {"KUMA_STORE_TYPE": "postgres", "KUMA_STORE_POSTGRES_HOST": LOCAL, "KUMA_STORE_POSTGRES_PORT": str(port or self.port)}


def database(mesh, copy_of=None):
    server = Postgres(copy_of)
    mesh.others.append(server)
    return server


def migrate(server, port=None):
    code, out, err = run_kuma("cp", "migrate", "up", env=server.environment(port))
    equal(code, 0, "migrate up: " + out + err)
    return out


def control_plane(mesh, server, name, env=None):
    """Not started yet. Proxies need no token."""
    cp = ControlPlane(mesh, {**server.environment(), "KUMA_DP_SERVER_AUTHN_DP_PROXY_TYPE": "none", **(env or {})})
    cp.folder = os.path.join(mesh.folder, name)
    os.makedirs(cp.folder, exist_ok=True)
    cp.env["KUMA_GENERAL_WORK_DIR"] = cp.folder
    return cp


def metric(cp, name, *labels):
    """The first one of that name that has all of the labels (key="value"), or None."""
    for line in fetch(cp.diagnostics_port, "/metrics").body.splitlines():
        if line.startswith((name + "{", name + " ")) and all(label in line for label in labels):
            return float(line.rsplit(" ", 1)[1])
    return None


def leads(cp):
    return metric(cp, "leader") == 1


def limit(name, connections):
    return policy("MeshCircuitBreaker", name, {"targetRef": {"kind": "Mesh"}, "to": [
        {"targetRef": {"kind": "Mesh"}, "default": {"connectionLimits": {"maxConnections": connections}}}]})


def limit_of(cp, name):
    return cp.api("GET", cp.path_of("MeshCircuitBreaker", name)).json()["spec"]["to"][0]["default"]["connectionLimits"]["maxConnections"]


class Writers:
    """Clients that write through REST as fast as they are answered and remember what was acknowledged."""

    def __init__(self, cp, reason="PostgreSQL", clients=8):
        self.cp, self.reason, self.over, self.lock, self.written = cp, reason, False, threading.Lock(), 0
        self.acknowledged, self.tried, self.refused, self.odd, self.slowest = {}, {}, 0, [], 0.0
        self.threads = [threading.Thread(target=self._run, args=(number,), daemon=True) for number in range(clients)]
        for thread in self.threads:
            thread.start()

    def _run(self, number):
        count = 0
        while not self.over:
            count += 1
            name = "w%d-%d" % (number, count % 40)  # creates first, updates then
            self.tried[name] = count
            started = time.monotonic()
            try:
                answer = fetch(self.cp.api_port, self.cp.path_of("MeshCircuitBreaker", name), "PUT", {"content-type": "application/json"},
                               json.dumps(limit(name, count)), timeout=60)
            except NoAnswer as error:
                self.odd.append(repr(error))
                continue
            with self.lock:
                self.slowest = max(self.slowest, time.monotonic() - started)
                if answer.status in (200, 201):
                    self.acknowledged[name] = count
                    self.written += 1
                elif answer.status == 503:
                    self.refused += 1  # may or may not have been written
                    body = answer.json()
                    if body.get("type") != "/std-errors" or self.reason not in body.get("detail", ""):
                        self.odd.append(repr(answer))
                else:
                    self.odd.append(repr(answer))

    def stop(self):
        """Ends them; every answer was success or 503 with a reason, and everything acknowledged is there."""
        self.over = True
        for thread in self.threads:
            thread.join()
        equal(self.odd[:3], [], "answers that are neither success nor 503")
        for name, count in self.acknowledged.items():
            seen = limit_of(self.cp, name)
            check(count <= seen <= self.tried[name], "%s: %d was acknowledged, %d tried, %d is there" % (name, count, self.tried[name], seen))
