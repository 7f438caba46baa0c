#include "pkg/io/http_server.h"

#include <sys/socket.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "pkg/base/strings.h"
#include "pkg/io/gzip.h"
#include "pkg/io/http_client.h"
#include "pkg/io/worker_pool.h"
#include "tests/unit/io/loop_fixture.h"

namespace kuma::io {

namespace {

void Echo(HttpRequest request, Responder responder) {
  if (request.path == "/throw") throw std::runtime_error("boom");
  if (request.path == "/drop") return;
  if (request.path == "/big") return responder.Send({200, {{"Content-Type", "application/json"}}, std::string(200'000, 'x')});
  if (request.path == "/stream") {
    auto writer = responder.StartStream({200, {}, ""});
    writer->Write("one,");
    writer->Write("two");
    writer->Finish();
    return;
  }
  std::string text = request.method + " " + request.path + " [" + Join(request.segments, "|") + "] q=" + request.Query("q") + " x=" + std::string(request.headers.Get("x-test")) +
                     " body=" + request.body + (request.peer.is_tls ? " tls" : "") + (request.peer.client_cert_subject.empty() ? "" : " " + request.peer.client_cert_subject);
  responder.Send({200, {{"Content-Type", "text/plain"}}, text});
}

struct Server {
  explicit Server(std::function<void(HttpServerOptions&)> change = {}) {
    HttpServerOptions options;
    options.listen.address = "127.0.0.1";
    options.service.handler = Echo;
    options.service.access_log = [this](const AccessRecord& record) { log.push_back(record.method + " " + record.target + " " + std::to_string(record.status)); };
    if (change) change(options);
    auto started = HttpServer::Start(thread.loop(), std::move(options));
    REQUIRE(started.ok());
    server = std::move(started).value();
  }
  ~Server() {
    thread.Do([this] { server.reset(); });
  }
  std::string Url(const std::string& target, const std::string& scheme = "http") const { return scheme + "://127.0.0.1:" + std::to_string(server->port()) + target; }

  LoopThread thread;
  std::unique_ptr<HttpServer> server;
  std::vector<std::string> log;  // loop thread
};

// Sends the bytes, reads until the server closes.
std::string Raw(uint16_t port, const std::string& bytes) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  std::string answer;
  char buffer[4096];
  ssize_t n = 0;
  while ((n = ::recv(fd, buffer, sizeof buffer, 0)) > 0) answer.append(buffer, static_cast<size_t>(n));
  ::close(fd);
  return answer;
}

}  // namespace

TEST_CASE("requests arrive decoded and are answered") {
  Server server;
  HttpClientRequest request;
  struct Case {
    std::string method, target, body, expected;
  };
  for (const Case& c : std::vector<Case>{
           {"GET", "/meshes/a%2Fb/x?q=1+2%21", "", "GET /meshes/a/b/x [meshes|a/b|x] q=1 2! x=v body="},
           {"PUT", "/a//b", "hello", "PUT /a//b [a|b] q= x=v body=hello"},
           {"POST", "/", std::string(300'000, 'b'), "POST / [] q= x=v body=" + std::string(300'000, 'b')},
       }) {
    request.method = c.method;
    request.url = server.Url(c.target);
    request.headers = {{"X-Test", "v"}};
    request.body = c.body;
    const auto response = HttpFetch(request);
    REQUIRE(response.ok());
    CHECK(response->status == 200);
    CHECK(response->body == c.expected);
  }
}

TEST_CASE("one connection serves many requests") {
  Server server;
  HttpClient client;
  HttpClientRequest request;
  for (int i = 0; i < 50; ++i) {
    request.url = server.Url("/n" + std::to_string(i));
    const auto response = client.Fetch(request);
    REQUIRE(response.ok());
    CHECK(response->body.starts_with("GET /n" + std::to_string(i)));
    CHECK(server.server->connections() == 1);
  }
  CHECK(server.thread.Do([&] { return server.log.size(); }) == 50);
}

TEST_CASE("raw requests") {
  Server server([](HttpServerOptions& options) {
    options.service.limits.max_body_bytes = 1000;
    options.service.limits.max_header_bytes = 2000;
  });
  const std::string tail = " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
  struct Case {
    std::string name, bytes, start, contains;
  };
  for (const Case& c : std::vector<Case>{
           {"garbage", "\x16\x03\x01 nonsense\r\n\r\n", "HTTP/1.1 400", "malformed"},
           {"no host", "GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400", "Host"},
           {"broken escape", "GET /%zz" + tail, "HTTP/1.1 400", "escape"},
           {"declared body too large", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n", "HTTP/1.1 413", "1000"},
           {"chunked body too large", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n800\r\n" + std::string(0x800, 'a') + "\r\n0\r\n\r\n", "HTTP/1.1 413", "1000"},
           {"header too large", "GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(3000, 'x') + "\r\n\r\n", "HTTP/1.1 431", "2000"},
           {"smuggling by two lengths", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc", "HTTP/1.1 400", "malformed"},
           {"chunked", "POST /c HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "HTTP/1.1 200", "body=abcde"},
           {"HTTP/1.0", "GET /old HTTP/1.0\r\n\r\n", "HTTP/1.0 200", "GET /old"},
           {"handler throws", "GET /throw" + tail, "HTTP/1.1 500", "Internal"},
           {"handler never answers", "GET /drop" + tail, "HTTP/1.1 500", "Internal"},
           {"stream", "GET /stream" + tail, "HTTP/1.1 200", "4\r\none,\r\n3\r\ntwo\r\n0\r\n\r\n"},
           {"pipelined", "GET /p1 HTTP/1.1\r\nHost: h\r\n\r\nGET /p2" + tail, "HTTP/1.1 200", "GET /p2"},
       }) {
    INFO(c.name);
    const std::string answer = Raw(server.server->port(), c.bytes);
    INFO(answer.substr(0, 400));
    CHECK(answer.starts_with(c.start));
    CHECK(answer.find(c.contains) != std::string::npos);
  }
  const std::string head = Raw(server.server->port(), "HEAD /big" + tail);
  CHECK(head.find("Content-Length: 200000\r\n") != std::string::npos);
  CHECK(head.ends_with("\r\n\r\n"));
}

TEST_CASE("Expect: 100-continue is answered before the body comes") {
  Server server;
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(server.server->port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  const std::string head = "POST /e HTTP/1.1\r\nHost: h\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
  ::send(fd, head.data(), head.size(), 0);
  char buffer[4096];
  const ssize_t n = ::recv(fd, buffer, sizeof buffer, 0);
  CHECK(std::string(buffer, static_cast<size_t>(std::max<ssize_t>(n, 0))) == "HTTP/1.1 100 Continue\r\n\r\n");
  ::send(fd, "ok", 2, 0);
  std::string answer;
  ssize_t more = 0;
  while ((more = ::recv(fd, buffer, sizeof buffer, 0)) > 0) answer.append(buffer, static_cast<size_t>(more));
  ::close(fd);
  CHECK(answer.find("body=ok") != std::string::npos);
}

TEST_CASE("large texts are packed for clients that ask") {
  Server server;
  HttpClientRequest request;
  request.url = server.Url("/big");
  CHECK(HttpFetch(request)->body.size() == 200'000);
  request.headers = {{"Accept-Encoding", "br, gzip;q=0.8"}};
  const auto packed = HttpFetch(request);
  REQUIRE(packed.ok());
  CHECK(packed->headers.Get("content-encoding") == "gzip");
  CHECK(packed->body.size() < 2'000);
  CHECK(GzipDecompress(packed->body, 1 << 20).value_or("") == std::string(200'000, 'x'));
  CHECK(GzipDecompress(packed->body, 100'000).error().code == ErrorCode::kTooLarge);
}

TEST_CASE("a taken port is named together with the setting that changes it") {
  Server first;
  HttpServerOptions options;
  options.listen = {.address = "127.0.0.1", .port = first.server->port(), .unix_path = {}, .unix_mode = 0, .in_use_hint = "another kuma-cp? set apiServer.http.port / KUMA_API_SERVER_HTTP_PORT"};
  options.service.handler = Echo;
  const auto second = HttpServer::Start(first.thread.loop(), std::move(options));
  REQUIRE_FALSE(second.ok());
  CHECK(second.error().message == "127.0.0.1:" + std::to_string(first.server->port()) +
                                      " is already in use (another kuma-cp? set apiServer.http.port / KUMA_API_SERVER_HTTP_PORT)");
}

TEST_CASE("Unix sockets") {
  const std::string path = "/tmp/kuma-io-test-" + std::to_string(::getpid()) + ".sock";
  {
    Server server([&](HttpServerOptions& options) { options.listen.unix_path = path; });
    HttpClientRequest request;
    request.url = "unix:" + path + ":/ready?q=5";
    const auto response = HttpFetch(request);
    REQUIRE(response.ok());
    CHECK(response->body.starts_with("GET /ready [ready] q=5"));
  }
  CHECK(::access(path.c_str(), F_OK) != 0);
}

TEST_CASE("answers may come later from another thread, and stopping waits for them") {
  LoopThread thread;
  std::promise<Responder> held;
  HttpServerOptions options;
  options.listen.address = "127.0.0.1";
  options.service.handler = [&held](HttpRequest, Responder responder) { held.set_value(std::move(responder)); };
  auto server = HttpServer::Start(thread.loop(), std::move(options));
  REQUIRE(server.ok());
  WorkerPool pool(1, 4);
  std::promise<Result<HttpResponse>> answer;
  HttpClientRequest request;
  request.url = "http://127.0.0.1:" + std::to_string((*server)->port()) + "/";
  HttpFetchAsync(thread.loop(), pool, request, [&](Result<HttpResponse> result) { answer.set_value(std::move(result)); });
  auto responder = std::make_unique<Responder>(held.get_future().get());
  std::promise<void> stopped;
  thread.Do([&] { (*server)->Stop(std::chrono::seconds(5), [&] { stopped.set_value(); }); });
  responder->Send({202, {}, "late"});
  const auto result = answer.get_future().get();
  REQUIRE(result.ok());
  CHECK(result->status == 202);
  CHECK(result->headers.Get("Connection") == "close");
  stopped.get_future().get();
  thread.Do([&] { server->reset(); });
}

TEST_CASE("client errors name the address and the cause") {
  Server server;
  const uint16_t port = server.server->port();
  struct Case {
    std::string url, contains;
  };
  for (const Case& c : std::vector<Case>{
           {"ftp://x/", "must start with http://"},
           {"http://:80/", "names no host"},
           {"http://h:0/", "port"},
           {"unix:/nonexistent/socket", "unix:/nonexistent/socket: No such file"},
           {"http://127.0.0.1:1/", "127.0.0.1:1: Connection refused"},
           {"https://127.0.0.1:" + std::to_string(port) + "/", "127.0.0.1:" + std::to_string(port) + ": TLS handshake failed: the other side does not speak TLS"},
       }) {
    HttpClientRequest request;
    request.url = c.url;
    const auto response = HttpFetch(request);
    INFO(c.url);
    REQUIRE_FALSE(response.ok());
    INFO(response.error().ToString());
    CHECK(response.error().message.find(c.contains) != std::string::npos);
  }
}

TEST_CASE("TLS verification says what is wrong") {
  const TestPair good = MakeTestPair("good", "DNS:localhost,IP:127.0.0.1");
  const TestPair expired = MakeTestPair("old", "IP:127.0.0.1", -7200, -3600);
  const TestPair future = MakeTestPair("young", "IP:127.0.0.1", 3600, 7200);
  const TestPair other = MakeTestPair("other", "DNS:kuma-control-plane,IP:10.0.0.1");
  struct Case {
    std::string name;
    const TestPair* server;
    std::string ca, server_name, contains;  // contains empty: works
    bool skip = false;
  };
  for (const Case& c : std::vector<Case>{
           {"trusted", &good, good.cert_pem, "", "", false},
           {"by name", &good, good.cert_pem, "localhost", "", false},
           {"unknown authority", &good, other.cert_pem, "", "certificate of \"CN=good\" is signed by an unknown authority", false},
           {"system roots", &good, "", "", "unknown authority", false},
           {"skip", &good, "", "", "", true},
           {"expired", &expired, expired.cert_pem, "", "certificate of \"CN=old\" expired on 20", false},
           {"not yet", &future, future.cert_pem, "", "is not valid before 20", false},
           {"other IP", &other, other.cert_pem, "", "certificate is valid for kuma-control-plane, 10.0.0.1, not for 127.0.0.1", false},
           {"other name", &good, good.cert_pem, "example.com", "not for example.com", false},
       }) {
    INFO(c.name);
    TlsServerOptions tls;
    tls.cert_pem = c.server->cert_pem;
    tls.key_pem = c.server->key_pem;
    auto context = TlsServerContext::Create(tls);
    REQUIRE(context.ok());
    Server server([&](HttpServerOptions& options) { options.tls = *context; });
    HttpClientRequest request;
    request.url = server.Url("/t", "https");
    request.tls.ca_pem = c.ca;
    request.tls.server_name = c.server_name;
    request.tls.skip_verify = c.skip;
    const auto response = HttpFetch(request);
    INFO((response.ok() ? response->body : response.error().message));
    CHECK(response.ok() == c.contains.empty());
    if (response.ok()) CHECK(response->body.ends_with(" tls"));
    if (!response.ok()) CHECK(response.error().message.find(c.contains) != std::string::npos);
  }
}

TEST_CASE("client certificates are required, shown and verified; the server's pair can be swapped") {
  const TestPair pair = MakeTestPair("server", "IP:127.0.0.1");
  const TestPair next = MakeTestPair("server2", "IP:127.0.0.1");
  const TestPair client = MakeTestPair("client", "DNS:me");
  TlsServerOptions tls;
  tls.cert_pem = pair.cert_pem;
  tls.key_pem = pair.key_pem;
  tls.client_cert = ClientCertMode::kRequire;
  CHECK_FALSE(TlsServerContext::Create(tls).ok());
  tls.client_ca_pem = client.cert_pem;
  auto context = TlsServerContext::Create(tls);
  REQUIRE(context.ok());
  Server server([&](HttpServerOptions& options) { options.tls = *context; });
  HttpClientRequest request;
  request.url = server.Url("/t", "https");
  request.tls.ca_pem = pair.cert_pem;
  CHECK_FALSE(HttpFetch(request).ok());
  request.tls.cert_pem = next.cert_pem;
  request.tls.key_pem = next.key_pem;
  CHECK_FALSE(HttpFetch(request).ok());
  request.tls.cert_pem = client.cert_pem;
  request.tls.key_pem = client.key_pem;
  const auto response = HttpFetch(request);
  REQUIRE(response.ok());
  CHECK(response->body.ends_with(" tls CN=client"));

  CHECK_FALSE((*context)->Reload(pair.cert_pem, next.key_pem).ok());
  REQUIRE(HttpFetch(request).ok());  // a bad pair changes nothing
  REQUIRE((*context)->Reload(next.cert_pem, next.key_pem).ok());
  CHECK_FALSE(HttpFetch(request).ok());
  request.tls.ca_pem = next.cert_pem;
  CHECK(HttpFetch(request).ok());
  CHECK(Raw(server.server->port(), "GET / HTTP/1.1\r\nHost: h\r\n\r\n").find("Client sent an HTTP request to an HTTPS server.") != std::string::npos);
}

}  // namespace kuma::io
