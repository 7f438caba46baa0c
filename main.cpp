// kuma: one executable, several roles. argv[0] or the first word picks a row of the role table (cmd/roles.cpp).
#include <cstdio>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "cmd/roles.h"
#include "pkg/io/name_service.h"

// Read by jemalloc at start: two cores' worth of arenas, and memory that was freed goes back to the system within a second.
extern "C" {
const char* malloc_conf = "narenas:2,dirty_decay_ms:1000,muzzy_decay_ms:0";  // NOLINT: the name is jemalloc's
}

int main(int argc, char** argv) {
  kuma::io::ConfigureStaticNameServices();
  std::vector<std::string> args(argv + (argc > 0 ? 1 : 0), argv + argc);
  const std::string program = argc > 0 ? argv[0] : "kuma";
  try {
    return kuma::RunRole(program, args, kuma::cli::Streams{std::cin, std::cout, std::cerr});
  } catch (const std::exception& e) {
    // Nothing of ours throws this far; a library that does must still end in words and an exit code.
    std::fprintf(stderr, "Error: internal error: %s\n", e.what());
    return 70;
  }
}
