"""A Kubernetes API server of the test's own, with its etcd: real ones, on free ports, with nothing else of a cluster."""
import base64
import glob
import http.client
import json
import os
import ssl
import subprocess

from mesh import LOCAL, Skip, check, free_ports, until

MISSING = ("this needs etcd and kube-apiserver: ./install.sh --test-tools builds them (with Go), "
           "or put their folder into PATH or KUBEBUILDER_ASSETS")
PATIENCE = 120.0  # its first start takes seconds, minutes on a loaded machine
TOKEN = "admin-token"


def tools():
    """(etcd, kube-apiserver)"""
    cache = os.environ.get("KUMA_CACHE_DIR") or os.path.expanduser("~/.cache/kuma")
    built = [folder for folder in glob.glob(os.path.join(cache, "kubernetes-*")) if not folder.endswith(".part")]
    folders = sorted(built, key=os.path.getmtime, reverse=True)
    folders += [os.environ.get("KUBEBUILDER_ASSETS", ""), *os.environ.get("PATH", "").split(":")]
    for folder in filter(None, folders):
        found = [os.path.join(folder, name) for name in ("etcd", "kube-apiserver")]
        if all(os.access(path, os.X_OK) for path in found):
            return found
    raise Skip(MISSING)


def openssl(*args):
    done = subprocess.run(["openssl", *args], capture_output=True, text=True)
    check(done.returncode == 0, "openssl %s: %s" % (" ".join(args), done.stderr))


class Kubernetes:
    """Started and ready. Clients: the bearer token, and the certificate client.crt with client.key."""

    def __init__(self, mesh):
        etcd, server = tools()
        self.mesh, self.folder = mesh, os.path.join(mesh.folder, "kubernetes")
        os.makedirs(self.folder)
        self._keys()
        store, peer, self.port = free_ports(3)
        url, peer_url = "http://%s:%d" % (LOCAL, store), "http://%s:%d" % (LOCAL, peer)
        mesh.process("etcd", [etcd, "--data-dir", self.path("etcd"), "--listen-client-urls", url, "--advertise-client-urls", url, "--listen-peer-urls", peer_url,
                              "--initial-advertise-peer-urls", peer_url, "--initial-cluster", "default=" + peer_url, "--unsafe-no-fsync", "--log-level", "error"])
        self.process = mesh.process("kube-apiserver", [
            server, "--etcd-servers=" + url, "--bind-address=" + LOCAL, "--secure-port=%d" % self.port, "--cert-dir=" + self.folder,
            "--client-ca-file=" + self.path("ca.crt"), "--token-auth-file=" + mesh.file("kubernetes/tokens.csv", "%s,admin,1,system:masters\n" % TOKEN),
            "--authorization-mode=RBAC", "--service-account-issuer=https://kubernetes", "--service-account-key-file=" + self.path("accounts.pub"),
            "--service-account-signing-key-file=" + self.path("accounts.key"), "--disable-admission-plugins=ServiceAccount",
            "--service-cluster-ip-range=10.96.0.0/16"])
        self.connection = None
        until("the API server is ready", self._ready, PATIENCE)

    def path(self, name):
        return os.path.join(self.folder, name)

    def _keys(self):
        openssl("genrsa", "-out", self.path("accounts.key"), "2048")
        openssl("rsa", "-in", self.path("accounts.key"), "-pubout", "-out", self.path("accounts.pub"))
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=clients", "-keyout", self.path("ca.key"), "-out", self.path("ca.crt"))
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/O=system:masters/CN=tester", "-keyout", self.path("client.key"), "-out", self.path("client.csr"))
        openssl("x509", "-req", "-in", self.path("client.csr"), "-CA", self.path("ca.crt"), "-CAkey", self.path("ca.key"), "-CAcreateserial", "-days", "2",
                "-out", self.path("client.crt"))

    def _ready(self):
        if not self.process.running():
            raise SystemExit("kube-apiserver ended:\n" + self.process.output()[-3000:])
        try:
            return self.call("GET", "/readyz")[0] == 200
        except OSError:
            return False

    def call(self, method, path, body=None, content="application/json", accept="application/json"):
        """(status, document or text); a body that is no text is sent as JSON."""
        if self.connection is None:
            context = ssl.create_default_context(cafile=self.path("apiserver.crt")) if os.path.exists(self.path("apiserver.crt")) else ssl.create_default_context()
            self.connection = http.client.HTTPSConnection(LOCAL, self.port, context=context, timeout=60)
        try:
            self.connection.request(method, path, body if body is None or isinstance(body, str) else json.dumps(body),
                                    {"Authorization": "Bearer " + TOKEN, "Content-Type": content, "Accept": accept})
            answer = self.connection.getresponse()
            text = answer.read().decode()
        except (OSError, http.client.HTTPException) as error:
            self.connection = None
            raise OSError("no answer from the API server: %r" % error) from error
        return answer.status, json.loads(text) if answer.getheader("Content-Type", "").startswith("application/json") else text

    def apply(self, path, document):
        """Server-side apply of a document or YAML text; unknown fields are errors."""
        return self.call("PATCH", path + "?fieldManager=test&force=true&fieldValidation=Strict", document, "application/apply-patch+yaml")

    def kubeconfig(self, name, cluster=None, user=None):
        """Path of a file; by default it trusts the server's certificate and has a client certificate."""
        def data(file):
            with open(self.path(file), "rb") as content:
                return base64.b64encode(content.read()).decode()
        cluster = cluster if cluster is not None else {"certificate-authority-data": data("apiserver.crt")}
        user = user if user is not None else {"client-certificate-data": data("client.crt"), "client-key-data": data("client.key")}
        return self.mesh.file(name, {
            "apiVersion": "v1", "kind": "Config", "current-context": "test", "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
            "clusters": [{"name": "test", "cluster": {"server": "https://%s:%d" % (LOCAL, self.port), **cluster}}], "users": [{"name": "test", "user": user}]})
