// Progress of a command that takes a while: a spinner line on a terminal, plain lines elsewhere. One thread.
#pragma once

#include <ostream>
#include <string>

namespace kuma::cli {

class Progress {
 public:
  // `terminal`: whether `out` can redraw a line; see IsTerminal.
  Progress(std::ostream& out, bool terminal) : out_(out), terminal_(terminal) {}
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Begins a step; a step still open counts as done.
  void Step(const std::string& text);
  // Turns the spinner by one; nothing without a terminal.
  void Tick();
  void Done(const std::string& text = {});  // empty: the step's own text
  void Fail(const std::string& text = {});

 private:
  void Close(const char* mark, const char* word, const std::string& text);

  std::ostream& out_;
  const bool terminal_;
  std::string step_;
  bool open_ = false;
  size_t frame_ = 0;
};

// Whether the file descriptor is a terminal that takes control characters (TERM is not "dumb").
bool IsTerminal(int fd);

}  // namespace kuma::cli
