"""Collectors of telemetry for the end-to-end tests. Standard library only, so gRPC is spoken by hand: just enough of HTTP/2 to take unary
calls and to answer that all is well."""
import contextlib
import http.server
import socketserver
import struct
import threading

LOCAL = "127.0.0.1"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, SETTINGS, PING, WINDOW_UPDATE = 0, 1, 4, 6, 8
ACK, END_STREAM, END_HEADERS, PADDED = 1, 1, 4, 8


def literal(name, value):
    """A header field without compression."""
    return b"\x00" + bytes([len(name)]) + name + bytes([len(value)]) + value


ANSWER = b"\x88" + literal(b"content-type", b"application/grpc")  # 0x88 is ":status: 200"
TRAILERS = literal(b"grpc-status", b"0")


class Server:
    def __init__(self, server):
        self.server = server
        self.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class GrpcCollector(Server):
    """Keeps the messages of all unary calls as bytes; texts in them can be searched for as they are."""

    def __init__(self):
        self.messages = []
        kept = self.messages

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                with contextlib.suppress(OSError, EOFError):
                    self.talk()

            def take(self, size):
                data = self.rfile.read(size)
                if len(data) < size:
                    raise EOFError
                return data

            def send(self, kind, flags, stream, payload=b""):
                self.wfile.write(struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload)

            def talk(self):
                if self.take(len(PREFACE)) != PREFACE:
                    return
                self.send(SETTINGS, 0, 0, struct.pack(">HI", 4, 1 << 30))  # each stream may send a gigabyte
                self.send(WINDOW_UPDATE, 0, 0, struct.pack(">I", (1 << 31) - 1 - 65535))
                bodies = {}
                while True:
                    head = self.take(9)
                    size, kind, flags = int.from_bytes(head[:3], "big"), head[3], head[4]
                    stream = int.from_bytes(head[5:], "big") & 0x7FFFFFFF
                    payload = self.take(size)
                    if kind in (SETTINGS, PING) and not flags & ACK:
                        self.send(kind, ACK, 0, payload if kind == PING else b"")
                    if kind == DATA:
                        if flags & PADDED:
                            payload = payload[1:len(payload) - payload[0]]
                        bodies[stream] = bodies.get(stream, b"") + payload
                    if kind in (DATA, HEADERS) and flags & END_STREAM:
                        kept.append(bodies.pop(stream, b"")[5:])  # without gRPC's prefix
                        self.send(HEADERS, END_HEADERS, stream, ANSWER)
                        self.send(DATA, 0, stream, b"\0\0\0\0\0")
                        self.send(HEADERS, END_HEADERS | END_STREAM, stream, TRAILERS)

        class Listener(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True

        super().__init__(Listener((LOCAL, 0), Handler))

    def having(self, *texts):
        """The messages that have all of the texts."""
        return [one for one in list(self.messages) if all(text.encode() in one for text in texts)]


class HttpCollector(Server):
    """Keeps what is posted to it: (path, headers, body)."""

    def __init__(self):
        self.posts = []
        kept = self.posts

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                headers = dict((k.lower(), v) for k, v in self.headers.items())
                kept.append((self.path, headers, self.read_body()))
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def read_body(self):
                if "chunked" not in (self.headers.get("transfer-encoding") or ""):
                    return self.rfile.read(int(self.headers.get("content-length") or 0))
                body = b""
                while size := int(self.rfile.readline(), 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
                return body

            def log_message(self, *_):
                pass

        class Listener(http.server.ThreadingHTTPServer):
            daemon_threads = True

        super().__init__(Listener((LOCAL, 0), Handler))

    def having(self, path, *texts):
        return [body for seen, _, body in list(self.posts) if seen == path and all(text.encode() in body for text in texts)]
