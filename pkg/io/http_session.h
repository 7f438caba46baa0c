// One HTTP/1.1 connection of a server, plain or TLS (handshake already done). Internal to pkg/io. Loop thread only; owned by its
// HttpService until Close().
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "pkg/io/http_types.h"
#include "pkg/io/loop.h"

namespace kuma::io {

// A descriptor on a loop together with its channel. Order matters: the channel goes before the descriptor closes.
struct Connection {
  Connection(EventLoop& event_loop, int fd) : loop(event_loop), watcher(event_loop, fd), channel(fd) {}
  EventLoop& loop;
  FdWatcher watcher;
  Channel channel;
  PeerInfo peer;
};

// Drives the handshake; done(null error) or done(message). The caller closes on failure.
void DriveHandshake(std::shared_ptr<Connection> connection, std::chrono::milliseconds timeout, std::function<void(const std::string* error)> done);

class HttpSession : public std::enable_shared_from_this<HttpSession> {
 public:
  HttpSession(std::shared_ptr<Connection> connection, std::shared_ptr<const HttpServiceOptions> options, std::function<void(HttpSession*)> on_close);
  ~HttpSession();

  // `initial` are bytes that were already read from the connection.
  void Start(std::string initial);
  // Ends now when idle, otherwise after the response.
  void Drain();
  void Close();

 private:
  friend struct Responder::State;
  friend class SessionWriter;
  struct Parser;

  void ReadMore();
  bool Process();  // true: more input is needed
  void HandleRequest();
  void Fail(int status, std::string_view detail);
  void Answer(uint64_t request, HttpResponse response);
  void BeginStream(uint64_t request, HttpResponse head);
  void StreamChunk(uint64_t request, std::string chunk, bool last, std::function<void()> written);
  std::string Head(const HttpResponse& response, bool chunked, size_t length);
  void Queue(std::string bytes, std::function<void()> written = {});
  void Flush();
  void ResponseDone();
  void Linger();
  void WatchForHangUp();
  void SetDeadline(std::chrono::milliseconds after);

  enum class Phase { kIdle, kReadingHead, kReadingBody, kHandling, kWriting, kStreaming, kLingering, kClosed };
  struct Out {
    std::string bytes;
    size_t offset = 0;
    std::function<void()> written;
  };

  std::shared_ptr<Connection> connection_;
  const std::shared_ptr<const HttpServiceOptions> options_;
  std::function<void(HttpSession*)> on_close_;
  std::unique_ptr<Parser> parser_;
  std::string in_;
  std::deque<Out> out_;
  Phase phase_ = Phase::kIdle;
  Timer deadline_;
  uint64_t request_ = 0;  // number of the current one; answers to others are dropped
  bool waiting_write_ = false;
  bool waiting_read_ = false;
  bool continued_ = false;
  bool draining_ = false;
  bool keep_alive_ = true;
  bool http10_ = false;
  bool head_ = false;
  bool chunked_ = false;
  bool response_queued_ = false;
  AccessRecord record_;
  MonotonicTime started_{};
};

}  // namespace kuma::io
