#include "pkg/cli/progress.h"

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string_view>

namespace kuma::cli {
namespace {

constexpr std::array<const char*, 4> kFrames = {"|", "/", "-", "\\"};
constexpr const char* kClearLine = "\r\033[K";

}  // namespace

Progress::~Progress() {
  // A step left open was abandoned: leave its line, so that what follows starts on a fresh one.
  if (open_ && terminal_) out_ << "\n" << std::flush;
}

void Progress::Step(const std::string& text) {
  if (open_) Done();
  step_ = text;
  open_ = true;
  frame_ = 0;
  if (terminal_) {
    out_ << kFrames[0] << " " << text << std::flush;
  } else {
    out_ << text << " ..."
         << "\n"
         << std::flush;
  }
}

void Progress::Tick() {
  if (!open_ || !terminal_) return;
  frame_ = (frame_ + 1) % kFrames.size();
  out_ << kClearLine << kFrames[frame_] << " " << step_ << std::flush;
}

void Progress::Close(const char* mark, const char* word, const std::string& text) {
  const std::string& shown = text.empty() ? step_ : text;
  if (terminal_) {
    out_ << kClearLine << mark << " " << shown << "\n" << std::flush;
  } else {
    out_ << word << ": " << shown << "\n" << std::flush;
  }
  open_ = false;
}

void Progress::Done(const std::string& text) { Close("\u2713", "done", text); }

void Progress::Fail(const std::string& text) { Close("\u2717", "failed", text); }

bool IsTerminal(int fd) {
  const char* term = std::getenv("TERM");
  return isatty(fd) == 1 && (term == nullptr || std::string_view(term) != "dumb");
}

}  // namespace kuma::cli
