#include "pkg/io/http_session.h"

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <atomic>
#include <ctime>

#include "pkg/base/log.h"
#include "pkg/base/strings.h"
#include "pkg/io/gzip.h"

namespace kuma::io {

namespace http = boost::beast::http;
namespace asio = boost::asio;

namespace {
constexpr size_t kReadChunk = 16 * 1024;
constexpr size_t kMaxStreamBuffer = 4u << 20;
constexpr size_t kGzipFrom = 1024;

std::string HttpDate() {
  // IMF-fixdate; the C locale is never changed by us.
  const std::time_t now = std::time(nullptr);
  std::tm tm{};
  ::gmtime_r(&now, &tm);
  char text[40];
  const size_t n = std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &tm);
  return std::string(text, n);
}

bool BodyAllowed(int status) { return status >= 200 && status != 204 && status != 304; }

bool Compressible(std::string_view type) {
  return type.starts_with("text/") || Contains(type, "json") || Contains(type, "yaml") || Contains(type, "javascript") || Contains(type, "xml") || type.empty();
}
}  // namespace

struct HttpSession::Parser {
  explicit Parser(const HttpLimits& limits) {
    parser.eager(true);
    parser.header_limit(static_cast<std::uint32_t>(limits.max_header_bytes));
    parser.body_limit(limits.max_body_bytes);
  }
  http::request_parser<http::string_body> parser;
};

// Shared by the copies of a Responder.
struct Responder::State {
  std::weak_ptr<HttpSession> session;
  LoopHandle loop;
  uint64_t request = 0;
  bool accepts_gzip = false;
  std::shared_ptr<const HttpServiceOptions> options;
  std::atomic<bool> answered{false};

  ~State() {
    if (!answered) Answer({500, {{"Content-Type", "text/plain; charset=utf-8"}}, "Internal Server Error\n"});
  }

  void Answer(HttpResponse response) {
    if (answered.exchange(true)) return;
    if (accepts_gzip && response.body.size() > kGzipFrom && BodyAllowed(response.status) && !response.headers.Has("Content-Encoding") &&
        Compressible(response.headers.Get("Content-Type"))) {
      // In the thread that answers, so that a pool carries the work and not the loop.
      if (auto packed = GzipCompress(response.body); packed.ok()) {
        response.body = std::move(packed).value();
        response.headers.Set("Content-Encoding", "gzip");
        response.headers.Add("Vary", "Accept-Encoding");
      }
    }
    loop.Post([weak = session, id = request, shared = std::make_shared<HttpResponse>(std::move(response))] {
      if (auto self = weak.lock()) self->Answer(id, std::move(*shared));
    });
  }

  std::shared_ptr<BodyWriter> Stream(HttpResponse head);
};

void Responder::Send(HttpResponse response) const { state_->Answer(std::move(response)); }
std::shared_ptr<BodyWriter> Responder::StartStream(HttpResponse head) const { return state_->Stream(std::move(head)); }

class SessionWriter : public BodyWriter {
 public:
  SessionWriter(std::weak_ptr<HttpSession> session, LoopHandle loop, uint64_t request)
      : session_(std::move(session)), loop_(std::move(loop)), request_(request), waiting_(std::make_shared<std::atomic<size_t>>(0)) {}
  ~SessionWriter() override { Finish(); }

  bool Write(std::string chunk) override {
    if (closed() || chunk.empty()) return !closed();
    const size_t size = chunk.size();
    if (waiting_->load() + size > kMaxStreamBuffer && waiting_->load() > 0) return false;
    waiting_->fetch_add(size);
    auto shared = std::make_shared<std::string>(std::move(chunk));
    return loop_.Post([weak = session_, id = request_, shared, size, waiting = waiting_] {
      if (auto self = weak.lock()) self->StreamChunk(id, std::move(*shared), false, [waiting, size] { waiting->fetch_sub(size); });
    });
  }

  void Finish() override {
    if (finished_.exchange(true)) return;
    loop_.Post([weak = session_, id = request_] {
      if (auto self = weak.lock()) self->StreamChunk(id, {}, true, {});
    });
  }

  bool closed() const override { return finished_ || session_.expired(); }

 private:
  const std::weak_ptr<HttpSession> session_;
  const LoopHandle loop_;
  const uint64_t request_;
  const std::shared_ptr<std::atomic<size_t>> waiting_;
  std::atomic<bool> finished_{false};
};

std::shared_ptr<BodyWriter> Responder::State::Stream(HttpResponse head) {
  if (answered.exchange(true)) return nullptr;
  auto shared = std::make_shared<HttpResponse>(std::move(head));
  loop.Post([weak = session, id = request, shared] {
    if (auto self = weak.lock()) self->BeginStream(id, std::move(*shared));
  });
  return std::make_shared<SessionWriter>(session, loop, request);
}

HttpSession::HttpSession(std::shared_ptr<Connection> connection, std::shared_ptr<const HttpServiceOptions> options, std::function<void(HttpSession*)> on_close)
    : connection_(std::move(connection)), options_(std::move(options)), on_close_(std::move(on_close)) {}
HttpSession::~HttpSession() = default;

void HttpSession::SetDeadline(std::chrono::milliseconds after) {
  deadline_.Cancel();
  deadline_ = connection_->loop.PostAfter(after, [weak = weak_from_this()] {
    auto self = weak.lock();
    if (!self) return;
    // A client that started a request learns why; everything else is just closed.
    if (self->phase_ == Phase::kReadingBody || self->phase_ == Phase::kReadingHead) {
      self->Fail(408, "the request took too long to arrive");
    } else {
      self->Close();
    }
  });
}

void HttpSession::Start(std::string initial) {
  in_ = std::move(initial);
  phase_ = in_.empty() ? Phase::kIdle : Phase::kReadingHead;
  SetDeadline(options_->limits.read_header_timeout);
  if (in_.empty() || Process()) ReadMore();
}

void HttpSession::Drain() {
  draining_ = true;
  keep_alive_ = false;
  if (phase_ == Phase::kIdle) Close();
}

void HttpSession::Close() {
  if (phase_ == Phase::kClosed) return;
  auto self = shared_from_this();
  phase_ = Phase::kClosed;
  deadline_.Cancel();
  out_.clear();
  in_.clear();
  parser_.reset();
  connection_->channel.ShutdownWrite();
  connection_->watcher.Close();
  if (on_close_) on_close_(this);
}

void HttpSession::ReadMore() {
  while (phase_ == Phase::kIdle || phase_ == Phase::kReadingHead || phase_ == Phase::kReadingBody) {
    char buffer[kReadChunk];
    const IoOutcome outcome = connection_->channel.Read(buffer, sizeof buffer);
    switch (outcome.state) {
      case IoState::kDone:
        in_.append(buffer, outcome.bytes);
        if (phase_ == Phase::kIdle) {
          phase_ = Phase::kReadingHead;
          SetDeadline(options_->limits.read_header_timeout);
        }
        if (!Process()) return;
        break;
      case IoState::kWantRead:
        if (waiting_read_) return;
        waiting_read_ = true;
        connection_->watcher.WaitReadable([self = shared_from_this()] {
          self->waiting_read_ = false;
          self->ReadMore();
        });
        return;
      case IoState::kWantWrite:
        connection_->watcher.WaitWritable([self = shared_from_this()] { self->ReadMore(); });
        return;
      case IoState::kEnd:
      case IoState::kError:
        Close();
        return;
    }
  }
}

bool HttpSession::Process() {
  if (phase_ == Phase::kClosed) return false;
  if (!parser_) parser_ = std::make_unique<Parser>(options_->limits);
  auto& parser = parser_->parser;
  size_t used = 0;
  boost::system::error_code ec;
  while (!parser.is_done() && used < in_.size()) {
    const size_t n = parser.put(asio::const_buffer(in_.data() + used, in_.size() - used), ec);
    used += n;
    if (ec) break;
  }
  in_.erase(0, used);
  if (ec == http::error::need_more) ec = {};
  if (ec == http::error::body_limit) {
    Fail(413, "the body is larger than the limit of " + std::to_string(options_->limits.max_body_bytes) + " bytes");
    return false;
  }
  if (ec == http::error::header_limit) {
    Fail(431, "the header is larger than the limit of " + std::to_string(options_->limits.max_header_bytes) + " bytes");
    return false;
  }
  if (ec) {
    Fail(400, "malformed request: " + ec.message());
    return false;
  }
  if (parser.is_done()) {
    HandleRequest();
    return false;
  }
  if (parser.is_header_done()) {
    if (phase_ == Phase::kReadingHead) {
      phase_ = Phase::kReadingBody;
      SetDeadline(options_->limits.read_body_timeout);
    }
    if (!continued_ && parser.get().version() >= 11 && EqualsIgnoreCase(parser.get()[http::field::expect], "100-continue")) {
      continued_ = true;
      Queue("HTTP/1.1 100 Continue\r\n\r\n");
      Flush();
    }
  }
  return phase_ != Phase::kClosed;
}

void HttpSession::HandleRequest() {
  auto message = parser_->parser.release();
  parser_.reset();
  phase_ = Phase::kHandling;
  deadline_.Cancel();
  ++request_;
  started_ = std::chrono::steady_clock::now();
  HttpRequest request;
  request.method = std::string(message.method_string());
  request.target = std::string(message.target());
  for (const auto& field : message) request.headers.Add(std::string(field.name_string()), std::string(field.value()));
  request.body = std::move(message.body());
  request.host = std::string(request.headers.Get("Host"));
  request.peer = connection_->peer;
  keep_alive_ = message.keep_alive() && !draining_;
  http10_ = message.version() < 11;
  head_ = request.method == "HEAD";
  record_ = AccessRecord{request.method, request.target, request.peer.address, 0, 0, {}};
  if (!http10_ && request.host.empty() && !request.headers.Has("Host")) return Fail(400, "missing required Host header");
  auto target = ParseHttpTarget(request.target);
  if (!target.ok()) return Fail(400, target.error().message);
  request.path = std::move(target->path);
  request.segments = std::move(target->segments);
  request.query = std::move(target->query);

  auto state = std::make_shared<Responder::State>();
  state->session = weak_from_this();
  state->loop = connection_->loop.handle();
  state->request = request_;
  state->accepts_gzip = request.headers.HasToken("Accept-Encoding", "gzip");
  state->options = options_;
  // While the handler works nothing is read, except to learn that the client went away.
  try {
    options_->handler(std::move(request), Responder(state));
  } catch (const std::exception& e) {
    static const Logger log("io.http");
    log.Error("a handler failed", {{"method", record_.method}, {"target", record_.target}, {"error", e.what()}});
    HttpResponse response{500, {{"Content-Type", "text/plain; charset=utf-8"}}, "Internal Server Error\n"};
    if (options_->error_response) response = options_->error_response(500, "Internal Server Error");
    state->Answer(std::move(response));
  }
}

void HttpSession::Fail(int status, std::string_view detail) {
  if (phase_ == Phase::kClosed) return;
  HttpResponse response{status, {{"Content-Type", "text/plain; charset=utf-8"}}, std::string(detail) + "\n"};
  if (options_->error_response) response = options_->error_response(status, detail);
  if (phase_ != Phase::kHandling) {
    ++request_;
    started_ = std::chrono::steady_clock::now();
    record_ = AccessRecord{"", "", connection_->peer.address, 0, 0, {}};
    if (parser_ && parser_->parser.is_header_done()) {
      record_.method = std::string(parser_->parser.get().method_string());
      record_.target = std::string(parser_->parser.get().target());
    }
    head_ = record_.method == "HEAD";
  }
  keep_alive_ = false;
  phase_ = Phase::kHandling;
  Answer(request_, std::move(response));
}

std::string HttpSession::Head(const HttpResponse& response, bool chunked, size_t length) {
  if (draining_) keep_alive_ = false;
  if (response.headers.HasToken("Connection", "close")) keep_alive_ = false;
  std::string text = (http10_ ? "HTTP/1.0 " : "HTTP/1.1 ") + std::to_string(response.status) + " " + std::string(StatusText(response.status)) + "\r\n";
  for (const auto& [name, value] : response.headers.entries()) {
    if (EqualsIgnoreCase(name, "Content-Length") || EqualsIgnoreCase(name, "Transfer-Encoding") || EqualsIgnoreCase(name, "Connection")) continue;
    // Line breaks in a value would let it forge headers.
    if (value.find_first_of("\r\n") != std::string::npos || name.find_first_of("\r\n") != std::string::npos) continue;
    text += name + ": " + value + "\r\n";
  }
  if (!response.headers.Has("Date")) text += "Date: " + HttpDate() + "\r\n";
  if (chunked) {
    text += "Transfer-Encoding: chunked\r\n";
  } else if (length != std::string::npos && BodyAllowed(response.status)) {
    text += "Content-Length: " + std::to_string(length) + "\r\n";
  }
  if (!keep_alive_) {
    text += "Connection: close\r\n";
  } else if (http10_) {
    text += "Connection: keep-alive\r\n";
  }
  return text + "\r\n";
}

void HttpSession::Answer(uint64_t request, HttpResponse response) {
  if (request != request_ || phase_ != Phase::kHandling) return;
  phase_ = Phase::kWriting;
  record_.status = response.status;
  const bool with_body = !head_ && BodyAllowed(response.status);
  record_.bytes = with_body ? response.body.size() : 0;
  std::string head = Head(response, false, response.body.size());
  if (with_body && response.body.size() <= 16 * 1024) {
    Queue(head + response.body);
  } else {
    Queue(std::move(head));
    if (with_body) Queue(std::move(response.body));
  }
  response_queued_ = true;
  Flush();
}

void HttpSession::BeginStream(uint64_t request, HttpResponse head) {
  if (request != request_ || phase_ != Phase::kHandling) return;
  phase_ = Phase::kStreaming;
  record_.status = head.status;
  chunked_ = !http10_;
  if (http10_) keep_alive_ = false;
  Queue(Head(head, chunked_, std::string::npos));
  if (!head.body.empty()) StreamChunk(request, std::move(head.body), false, {});
  Flush();
  WatchForHangUp();
}

// A stream may be silent for long; the end of the connection must still be noticed.
void HttpSession::WatchForHangUp() {
  if (phase_ != Phase::kStreaming || waiting_read_) return;
  char buffer[4096];
  while (in_.size() < options_->limits.max_header_bytes) {
    const IoOutcome outcome = connection_->channel.Read(buffer, sizeof buffer);
    if (outcome.state == IoState::kDone) {
      in_.append(buffer, outcome.bytes);  // a pipelined request
      continue;
    }
    if (outcome.state == IoState::kEnd || outcome.state == IoState::kError) return Close();
    waiting_read_ = true;
    connection_->watcher.WaitReadable([self = shared_from_this()] {
      self->waiting_read_ = false;
      if (self->phase_ == Phase::kStreaming) {
        self->WatchForHangUp();
      } else {
        self->ReadMore();
      }
    });
    return;
  }
}

void HttpSession::StreamChunk(uint64_t request, std::string chunk, bool last, std::function<void()> written) {
  if (request != request_ || phase_ != Phase::kStreaming) return;
  if (!chunk.empty() && !head_) {
    record_.bytes += chunk.size();
    if (chunked_) {
      char size[24];
      std::snprintf(size, sizeof size, "%zx\r\n", chunk.size());
      Queue(size + std::move(chunk) + "\r\n", std::move(written));
    } else {
      Queue(std::move(chunk), std::move(written));
    }
  } else if (written) {
    written();
  }
  if (last) {
    if (chunked_ && !head_) Queue("0\r\n\r\n");
    phase_ = Phase::kWriting;
    response_queued_ = true;
  }
  Flush();
}

void HttpSession::Queue(std::string bytes, std::function<void()> written) {
  if (out_.empty()) SetDeadline(options_->limits.write_timeout);
  out_.push_back({std::move(bytes), 0, std::move(written)});
}

void HttpSession::Flush() {
  if (waiting_write_) return;
  bool progress = false;
  while (!out_.empty() && phase_ != Phase::kClosed) {
    Out& out = out_.front();
    const IoOutcome outcome = connection_->channel.Write(out.bytes.data() + out.offset, out.bytes.size() - out.offset);
    if (outcome.state == IoState::kDone) {
      out.offset += outcome.bytes;
      progress = true;
      if (out.offset == out.bytes.size()) {
        if (out.written) out.written();
        out_.pop_front();
      }
      continue;
    }
    if (outcome.state == IoState::kEnd || outcome.state == IoState::kError) return Close();
    if (progress) SetDeadline(options_->limits.write_timeout);
    waiting_write_ = true;
    auto again = [self = shared_from_this()] {
      self->waiting_write_ = false;
      self->Flush();
    };
    if (outcome.state == IoState::kWantWrite) {
      connection_->watcher.WaitWritable(again);
    } else {
      connection_->watcher.WaitReadable(again);
    }
    return;
  }
  if (phase_ == Phase::kStreaming) deadline_.Cancel();
  if (phase_ == Phase::kReadingBody) SetDeadline(options_->limits.read_body_timeout);
  if (phase_ == Phase::kWriting && response_queued_) ResponseDone();
}

void HttpSession::ResponseDone() {
  response_queued_ = false;
  chunked_ = false;
  continued_ = false;
  deadline_.Cancel();
  record_.duration = std::chrono::steady_clock::now() - started_;
  if (options_->access_log) options_->access_log(record_);
  if (!keep_alive_ || draining_) return Linger();
  phase_ = Phase::kIdle;
  in_.shrink_to_fit();
  if (in_.empty()) {
    SetDeadline(options_->limits.idle_timeout);
    ReadMore();
    return;
  }
  phase_ = Phase::kReadingHead;
  SetDeadline(options_->limits.read_header_timeout);
  // Through the loop: a client that pipelines thousands of requests neither starves others nor deepens the stack.
  connection_->loop.Post([self = shared_from_this()] {
    if (self->Process()) self->ReadMore();
  });
}

// Closing with unread input resets the connection, and the client would lose the response: discard for a while first.
void HttpSession::Linger() {
  if (phase_ == Phase::kClosed) return;
  if (phase_ != Phase::kLingering) {
    phase_ = Phase::kLingering;
    connection_->channel.ShutdownWrite();
    SetDeadline(std::chrono::milliseconds(2000));
  }
  char buffer[kReadChunk];
  for (int i = 0; i < 64; ++i) {
    const IoOutcome outcome = connection_->channel.Read(buffer, sizeof buffer);
    if (outcome.state == IoState::kDone) continue;
    if (outcome.state == IoState::kWantRead) {
      connection_->watcher.WaitReadable([self = shared_from_this()] { self->Linger(); });
      return;
    }
    return Close();
  }
  connection_->loop.Post([self = shared_from_this()] { self->Linger(); });
}

void DriveHandshake(std::shared_ptr<Connection> connection, std::chrono::milliseconds timeout, std::function<void(const std::string*)> done) {
  struct Driver : std::enable_shared_from_this<Driver> {
    std::shared_ptr<Connection> connection;
    std::function<void(const std::string*)> done;
    Timer timer;
    bool over = false;

    void Finish(const std::string* error) {
      if (over) return;
      over = true;
      timer.Cancel();
      auto fn = std::move(done);
      fn(error);
    }
    void Step() {
      if (over) return;
      const IoOutcome outcome = connection->channel.Handshake();
      auto again = [self = shared_from_this()] { self->Step(); };
      switch (outcome.state) {
        case IoState::kDone: return Finish(nullptr);
        case IoState::kWantRead: return connection->watcher.WaitReadable(again);
        case IoState::kWantWrite: return connection->watcher.WaitWritable(again);
        default: break;
      }
      if (connection->channel.saw_plain_http()) {
        static constexpr std::string_view kText = "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";
        Channel plain(connection->watcher.fd());
        (void)plain.Write(kText.data(), kText.size());
      }
      const std::string error = connection->channel.error();
      Finish(&error);
    }
  };
  auto driver = std::make_shared<Driver>();
  driver->connection = std::move(connection);
  driver->done = std::move(done);
  driver->timer = driver->connection->loop.PostAfter(timeout, [weak = std::weak_ptr<Driver>(driver)] {
    const std::string error = "the TLS handshake took too long";
    if (auto self = weak.lock()) self->Finish(&error);
  });
  driver->Step();
}

}  // namespace kuma::io
