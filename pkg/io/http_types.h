// Requests and responses of HTTP/1.1 as values, shared by server and client, and the one-shot Responder of the server.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pkg/base/result.h"
#include "pkg/io/channel.h"

namespace kuma::io {

// In order of arrival; names compare without case.
class HttpHeaders {
 public:
  HttpHeaders() = default;
  HttpHeaders(std::initializer_list<std::pair<std::string, std::string>> entries) : entries_(entries) {}

  void Add(std::string name, std::string value) { entries_.emplace_back(std::move(name), std::move(value)); }
  void Set(std::string_view name, std::string value);  // replaces all of that name
  void Remove(std::string_view name);
  bool Has(std::string_view name) const { return Find(name) != nullptr; }
  const std::string* Find(std::string_view name) const;  // the first one
  std::string_view Get(std::string_view name) const;     // empty when absent
  // Whether the comma-separated list has the word: HasToken("Connection", "close").
  bool HasToken(std::string_view name, std::string_view token) const;
  const std::vector<std::pair<std::string, std::string>>& entries() const { return entries_; }

 private:
  std::vector<std::pair<std::string, std::string>> entries_;
};

bool EqualsIgnoreCase(std::string_view a, std::string_view b);
std::string_view StatusText(int status);

using QueryMap = std::multimap<std::string, std::string>;

// "/meshes/a%2Fb?x=1" taken apart.
struct HttpTarget {
  std::string path;                   // decoded
  std::vector<std::string> segments;  // each decoded on its own, so "%2F" does not split; empty ones are dropped
  QueryMap query;                     // decoded, '+' is a space
};
// kInvalid on broken escapes and NUL.
Result<HttpTarget> ParseHttpTarget(std::string_view target);

struct HttpRequest {
  std::string method;
  std::string target;  // as sent
  std::string path;
  std::vector<std::string> segments;
  QueryMap query;
  HttpHeaders headers;
  std::string body;
  std::string host;  // the Host header
  PeerInfo peer;

  std::string Query(const std::string& name) const;  // first value or empty
};

struct HttpResponse {
  int status = 200;
  HttpHeaders headers;
  std::string body;
};

// The body of a streaming response. Any thread. Dropping the last reference finishes it.
class BodyWriter {
 public:
  virtual ~BodyWriter() = default;
  // False when the client is gone, or more than 4 MiB wait for a slow one: the chunk was not taken.
  virtual bool Write(std::string chunk) = 0;
  virtual void Finish() = 0;
  virtual bool closed() const = 0;
};

// Answers one request, once, now or later, from any thread; later calls are ignored. When all copies go without an answer the
// client gets a 500.
class Responder {
 public:
  struct State;
  explicit Responder(std::shared_ptr<State> state) : state_(std::move(state)) {}
  void Send(HttpResponse response) const;
  // Null when already answered.
  std::shared_ptr<BodyWriter> StartStream(HttpResponse head) const;

 private:
  std::shared_ptr<State> state_;
};

// Runs on the loop: it must not block; slow work goes to a WorkerPool and takes the Responder along.
using HttpHandler = std::function<void(HttpRequest, Responder)>;

struct AccessRecord {
  std::string method;
  std::string target;
  std::string remote_address;
  int status = 0;
  size_t bytes = 0;  // of the body as sent
  std::chrono::nanoseconds duration{};
};

struct HttpLimits {
  size_t max_header_bytes = 64 * 1024;
  size_t max_body_bytes = 10 * 1024 * 1024;
  std::chrono::milliseconds read_header_timeout{10'000};
  std::chrono::milliseconds read_body_timeout{60'000};
  std::chrono::milliseconds write_timeout{60'000};  // without progress
  std::chrono::milliseconds idle_timeout{120'000};  // between requests
  std::chrono::milliseconds handshake_timeout{10'000};
  size_t max_connections = 20'000;  // further ones are closed at once
};

// What a session needs from its server; loop thread.
struct HttpServiceOptions {
  HttpHandler handler;
  HttpLimits limits;
  std::function<void(const AccessRecord&)> access_log;                   // optional
  std::function<HttpResponse(int status, std::string_view detail)> error_response;  // optional; default: text/plain
};

}  // namespace kuma::io
