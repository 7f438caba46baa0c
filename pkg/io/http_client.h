// HTTP/1.1 client that blocks up to a deadline: kumactl, kuma-dp's bootstrap, Envoy's admin port, the load tool. Redirects are not
// followed. HttpFetchAsync carries it to a pool for callers on a loop.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "pkg/io/http_types.h"
#include "pkg/io/loop.h"
#include "pkg/io/tls.h"

namespace kuma::io {

class WorkerPool;

struct HttpClientRequest {
  std::string method = "GET";
  std::string url;  // http://host[:port]/path?query, https://…, unix:/socket/path or unix:/socket/path:/target
  HttpHeaders headers;
  std::string body;
  std::chrono::milliseconds timeout{10'000};  // for everything: resolve, connect, TLS, answer
  TlsClientOptions tls;                       // of https
  size_t max_response_bytes = 64u << 20;
  std::string source_address;                 // IP to connect from; empty: any
};

// One connection that stays open between requests to the same origin. One thread at a time.
class HttpClient {
 public:
  HttpClient();
  ~HttpClient();
  // Any HTTP status is a value; kUnavailable says which address failed and why ("127.0.0.1:5681: Connection refused").
  Result<HttpResponse> Fetch(const HttpClientRequest& request);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

Result<HttpResponse> HttpFetch(const HttpClientRequest& request);

// Fetches on the pool and calls back on the loop. A full pool fails the call at once with kUnavailable.
void HttpFetchAsync(EventLoop& loop, WorkerPool& pool, HttpClientRequest request, std::function<void(Result<HttpResponse>)> callback);

struct ParsedUrl {
  std::string scheme;  // http, https, unix
  std::string host;    // without brackets
  uint16_t port = 0;
  std::string unix_path;
  std::string target = "/";
  std::string Origin() const;  // "host:port" or "unix:/path"
};
Result<ParsedUrl> ParseUrl(std::string_view url);

}  // namespace kuma::io
