// Memory and CPU time of another process, from /proc.
#pragma once

#include <cstdint>
#include <optional>

namespace kuma::bench {

struct ProcessUse {
  double rss_mb = 0;
  double cpu_s = 0;
};
std::optional<ProcessUse> ReadProcess(int pid);

}  // namespace kuma::bench
