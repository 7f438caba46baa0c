// Copies bytes between a (TLS) connection and one end of a socket pair, both ways, with half-close and back-pressure. Internal to
// pkg/io. Loop thread only. Kept alive by its waits until Close(). Buffers nothing while both sides keep up: data passes through a
// scratch buffer shared by all tunnels of a loop, and only what the other side did not take at once is kept.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "pkg/io/http_session.h"
#include "pkg/io/loop.h"

namespace kuma::io {

class Tunnel : public std::enable_shared_from_this<Tunnel> {
 public:
  // REQUIRES: scratch is not empty and used on this loop only
  Tunnel(std::shared_ptr<Connection> outer, int inner_fd, std::shared_ptr<std::vector<char>> scratch, std::function<void(Tunnel*)> on_close);
  void Start(std::string initial);
  void Close();

 private:
  void PumpIn();   // outer to inner
  void PumpOut();  // inner to outer
  void MaybeDone();

  std::shared_ptr<Connection> outer_;
  Channel inner_;
  FdWatcher inner_watcher_;
  std::shared_ptr<std::vector<char>> scratch_;
  std::function<void(Tunnel*)> on_close_;
  std::string to_inner_;
  std::string to_outer_;
  Timer linger_;
  bool in_waiting_ = false;
  bool out_waiting_ = false;
  bool in_done_ = false;
  bool out_done_ = false;
  bool closed_ = false;
};

}  // namespace kuma::io
