#include "pkg/io/http_client.h"

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

#include "pkg/base/duration.h"
#include "pkg/base/strings.h"
#include "pkg/io/connect.h"
#include "pkg/io/socket.h"
#include "pkg/io/worker_pool.h"

namespace kuma::io {

namespace http = boost::beast::http;

namespace {

Error TimedOut(const std::string& origin, std::string_view doing, std::chrono::milliseconds timeout) {
  return Unavailable(origin + ": timed out after " + FormatDuration(timeout) + " while " + std::string(doing));
}

Result<ScopedFd> Connect(const ParsedUrl& url, Deadline deadline, const std::string& source) {
  std::string why;
  if (url.scheme == "unix") {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (url.unix_path.size() >= sizeof address.sun_path) return Invalid("the path of the Unix socket is too long", url.unix_path);
    std::memcpy(address.sun_path, url.unix_path.c_str(), url.unix_path.size() + 1);
    auto fd = ConnectOne(AF_UNIX, reinterpret_cast<sockaddr*>(&address), sizeof address, deadline, why);
    if (!fd.ok()) return Unavailable(url.Origin() + ": " + why);
    return fd;
  }
  return ConnectTcp(url.host, url.port, deadline, source);
}

}  // namespace

std::string ParsedUrl::Origin() const { return scheme == "unix" ? "unix:" + unix_path : HostPort(host, port); }

Result<ParsedUrl> ParseUrl(std::string_view text) {
  ParsedUrl url;
  if (text.starts_with("unix:")) {
    url.scheme = "unix";
    text.remove_prefix(5);
    while (text.starts_with("//")) text.remove_prefix(1);
    const size_t colon = text.find(":/");
    url.unix_path = std::string(text.substr(0, colon));
    if (colon != std::string_view::npos) url.target = std::string(text.substr(colon + 1));
    if (url.unix_path.empty()) return Invalid("the URL names no socket path", std::string(text));
    return url;
  }
  const size_t mark = text.find("://");
  url.scheme = mark == std::string_view::npos ? "" : ToLower(text.substr(0, mark));
  if (url.scheme != "http" && url.scheme != "https") {
    return Invalid("the URL must start with http://, https:// or unix:/", std::string(text));
  }
  std::string_view rest = text.substr(mark + 3);
  const size_t end = rest.find_first_of("/?#");
  std::string_view authority = rest.substr(0, end);
  if (end != std::string_view::npos) {
    std::string_view target = rest.substr(end);
    target = target.substr(0, target.find('#'));
    url.target = (target.starts_with('/') ? "" : "/") + std::string(target);
  }
  if (const size_t at = authority.rfind('@'); at != std::string_view::npos) authority.remove_prefix(at + 1);
  std::string_view port;
  if (authority.starts_with('[')) {
    const size_t close = authority.find(']');
    if (close == std::string_view::npos) return Invalid("the URL has an unclosed [", std::string(text));
    url.host = std::string(authority.substr(1, close - 1));
    if (close + 1 < authority.size() && authority[close + 1] == ':') port = authority.substr(close + 2);
  } else {
    const size_t colon = authority.rfind(':');
    url.host = std::string(authority.substr(0, colon));
    if (colon != std::string_view::npos) port = authority.substr(colon + 1);
  }
  if (url.host.empty()) return Invalid("the URL names no host", std::string(text));
  if (url.target.find_first_of(" \r\n") != std::string::npos) return Invalid("the URL has spaces or line breaks in its path", std::string(text));
  url.port = url.scheme == "https" ? 443 : 80;
  if (!port.empty()) {
    const auto number = ParseInt(port);
    if (!number || *number < 1 || *number > 65535) return Invalid("the port of the URL is no number from 1 to 65535", std::string(text));
    url.port = static_cast<uint16_t>(*number);
  }
  return url;
}

struct HttpClient::Impl {
  ScopedFd fd;
  std::unique_ptr<Channel> channel;
  std::string origin;  // scheme and address of the open connection; empty without
  std::shared_ptr<TlsClientContext> tls;
  std::string tls_key;  // the options `tls` was made from

  void Disconnect() {
    channel.reset();
    fd.Reset();
    origin.clear();
  }

  Status Open(const ParsedUrl& url, const HttpClientRequest& request, Deadline deadline);
  // `stale` is set when a kept connection turned out closed before any answer.
  Result<HttpResponse> Exchange(const ParsedUrl& url, const HttpClientRequest& request, Deadline deadline, bool& stale);

  // Waits for what the outcome asks for; false on time out.
  bool Wait(const IoOutcome& outcome, Deadline deadline) const { return PollFor(fd.get(), outcome.state == IoState::kWantRead, deadline); }
};

Status HttpClient::Impl::Open(const ParsedUrl& url, const HttpClientRequest& request, Deadline deadline) {
  Disconnect();
  KUMA_TRY_ASSIGN(fd, Connect(url, deadline, request.source_address));
  channel = std::make_unique<Channel>(fd.get());
  if (url.scheme == "https") {
    const TlsClientOptions& options = request.tls;
    const std::string key = options.ca_pem + '\0' + options.server_name + '\0' + options.cert_pem + '\0' + options.key_pem + '\0' + (options.skip_verify ? "skip" : "");
    if (!tls || tls_key != key) {
      KUMA_TRY_ASSIGN(tls, TlsClientContext::Create(options));
      tls_key = key;
    }
    SslPtr ssl = tls->NewSession(url.host);
    if (!ssl) return Internal("cannot start TLS");
    channel->StartTls(std::move(ssl));
    while (true) {
      const IoOutcome outcome = channel->Handshake();
      if (outcome.state == IoState::kDone) break;
      if (outcome.state == IoState::kError || outcome.state == IoState::kEnd) {
        return Unavailable(url.Origin() + ": TLS handshake failed: " + (channel->error().empty() ? "the connection was closed" : channel->error()));
      }
      if (!Wait(outcome, deadline)) return TimedOut(url.Origin(), "waiting for the TLS handshake", request.timeout);
    }
  }
  origin = url.scheme + "://" + url.Origin();
  return Ok();
}

Result<HttpResponse> HttpClient::Impl::Exchange(const ParsedUrl& url, const HttpClientRequest& request, Deadline deadline, bool& stale) {
  std::string text = request.method + " " + url.target + " HTTP/1.1\r\n";
  if (!request.headers.Has("Host")) text += "Host: " + (url.scheme == "unix" ? std::string("localhost") : url.Origin()) + "\r\n";
  for (const auto& [name, value] : request.headers.entries()) {
    if ((name + value).find_first_of("\r\n") != std::string::npos) return Invalid("header " + name + " contains a line break");
    text += name + ": " + value + "\r\n";
  }
  const bool has_body = !request.body.empty() || request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
  if (has_body) text += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  text += "\r\n" + request.body;

  size_t sent = 0;
  while (sent < text.size()) {
    const IoOutcome outcome = channel->Write(text.data() + sent, text.size() - sent);
    if (outcome.state == IoState::kDone) {
      sent += outcome.bytes;
    } else if (outcome.state == IoState::kError || outcome.state == IoState::kEnd) {
      break;  // the server may have answered early (413); the answer is worth more than the write error
    } else if (!Wait(outcome, deadline)) {
      return TimedOut(url.Origin(), "sending the request", request.timeout);
    }
  }

  http::response_parser<http::string_body> parser;
  parser.eager(true);
  parser.header_limit(256 * 1024);
  parser.body_limit(request.max_response_bytes);
  if (request.method == "HEAD") parser.skip(true);
  std::string in;
  bool got_any = false;
  char buffer[16 * 1024];
  while (!parser.is_done()) {
    const IoOutcome outcome = channel->Read(buffer, sizeof buffer);
    boost::system::error_code ec;
    if (outcome.state == IoState::kWantRead || outcome.state == IoState::kWantWrite) {
      if (!Wait(outcome, deadline)) return TimedOut(url.Origin(), got_any ? "reading the answer" : "waiting for an answer", request.timeout);
      continue;
    }
    if (outcome.state == IoState::kEnd) {
      if (got_any && parser.is_header_done()) parser.put_eof(ec);
      if (parser.is_done() && !ec) break;
    }
    if (outcome.state != IoState::kDone) {
      stale = !got_any;
      return Unavailable(url.Origin() + ": " + (channel->error().empty() ? "the connection was closed before the answer was complete" : channel->error()));
    }
    got_any = true;
    in.append(buffer, outcome.bytes);
    size_t used = 0;
    while (!parser.is_done() && used < in.size()) {
      used += parser.put(boost::asio::const_buffer(in.data() + used, in.size() - used), ec);
      if (ec) break;
    }
    in.erase(0, used);
    if (ec == http::error::need_more) ec = {};
    if (ec == http::error::body_limit) return MakeError(ErrorCode::kTooLarge, url.Origin() + ": the answer is larger than " + std::to_string(request.max_response_bytes) + " bytes");
    if (ec) return Unavailable(url.Origin() + ": not an HTTP answer: " + ec.message());
    // Interim answers (100 Continue) are not asked for and not expected.
  }
  const bool keep = parser.keep_alive();
  auto message = parser.release();
  HttpResponse response;
  response.status = static_cast<int>(message.result_int());
  for (const auto& field : message) response.headers.Add(std::string(field.name_string()), std::string(field.value()));
  response.body = std::move(message.body());
  if (!keep || sent < text.size() || !in.empty()) Disconnect();
  return response;
}

HttpClient::HttpClient() : impl_(std::make_unique<Impl>()) {}
HttpClient::~HttpClient() = default;

Result<HttpResponse> HttpClient::Fetch(const HttpClientRequest& request) {
  KUMA_TRY_ASSIGN(const ParsedUrl url, ParseUrl(request.url));
  const Deadline deadline = std::chrono::steady_clock::now() + request.timeout;
  const bool reused = impl_->channel && impl_->origin == url.scheme + "://" + url.Origin();
  if (!reused) {
    if (Status opened = impl_->Open(url, request, deadline); !opened.ok()) {
      impl_->Disconnect();
      return std::move(opened).error();
    }
  }
  bool stale = false;
  auto result = impl_->Exchange(url, request, deadline, stale);
  if (!result.ok() && reused && stale) {
    // The server closed the idle connection; nothing of the request was answered, so it is sent again on a new one.
    KUMA_TRY(impl_->Open(url, request, deadline));
    result = impl_->Exchange(url, request, deadline, stale);
  }
  if (!result.ok()) impl_->Disconnect();
  return result;
}

Result<HttpResponse> HttpFetch(const HttpClientRequest& request) {
  HttpClientRequest once = request;
  once.headers.Set("Connection", "close");
  return HttpClient().Fetch(once);
}

void HttpFetchAsync(EventLoop& loop, WorkerPool& pool, HttpClientRequest request, std::function<void(Result<HttpResponse>)> callback) {
  auto shared = std::make_shared<std::function<void(Result<HttpResponse>)>>(std::move(callback));
  const LoopHandle handle = loop.handle();
  const bool taken = pool.TrySubmit([handle, shared, request = std::move(request)] {
    auto result = std::make_shared<Result<HttpResponse>>(HttpFetch(request));
    handle.Post([shared, result] { (*shared)(std::move(*result)); });
  });
  if (!taken) handle.Post([shared] { (*shared)(Unavailable("too many requests are waiting")); });
}

}  // namespace kuma::io
