"""A PostgreSQL server of the test's own, with fsync as in production: started as another user when the test runs as root, on a free port."""
import glob
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time

from mesh import LOCAL, free_ports

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
    def __init__(self):
        self.bin, self.port = server_folder(), free_ports(1)[0]
        self.folder = tempfile.mkdtemp(prefix="kuma-pg-", dir="/tmp")
        self.user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None  # the server refuses to run as root
        if self.user:
            os.chown(self.folder, self.user.pw_uid, self.user.pw_gid)
        self.data = os.path.join(self.folder, "data")
        self._run("initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "-N")
        with open(os.path.join(self.data, "postgresql.conf"), "a", encoding="utf-8") as conf:
            conf.write("port = %d\nlisten_addresses = '%s'\nunix_socket_directories = '%s'\nmax_connections = 200\n" % (self.port, LOCAL, self.folder))
        self.process = None
        self.start()
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

    def kill(self):
        with open(os.path.join(self.data, "postmaster.pid"), encoding="utf-8") as file:
            os.kill(int(file.readline()), signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def environment(self):
        """For kuma-cp."""
        return {"KUMA_STORE_TYPE": "postgres", "KUMA_STORE_POSTGRES_HOST": LOCAL, "KUMA_STORE_POSTGRES_PORT": str(self.port)}
