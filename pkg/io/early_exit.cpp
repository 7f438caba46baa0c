#include "pkg/io/early_exit.h"

#include <unistd.h>

#include <csignal>
#include <initializer_list>

namespace kuma::io {

void ExitOnStopSignals() {
  struct sigaction action{};
  action.sa_handler = [](int) { _exit(0); };
  for (const int signal : {SIGTERM, SIGINT}) sigaction(signal, &action, nullptr);
}

}  // namespace kuma::io
