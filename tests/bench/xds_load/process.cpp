#include "tests/bench/xds_load/process.h"

#include <unistd.h>

#include <sstream>
#include <string>

#include "pkg/base/files.h"

namespace kuma::bench {

std::optional<ProcessUse> ReadProcess(int pid) {
  const auto stat = ReadFile("/proc/" + std::to_string(pid) + "/stat");
  const auto statm = ReadFile("/proc/" + std::to_string(pid) + "/statm");
  if (!stat.ok() || !statm.ok()) return std::nullopt;
  // The name in parentheses may hold anything; fields are counted after it.
  std::istringstream fields(stat->substr(stat->rfind(')') + 1));
  std::string word;
  double user = 0, system = 0;
  for (int i = 3; i <= 13; ++i) fields >> word;
  fields >> user >> system;
  std::istringstream memory(*statm);
  double pages = 0;
  memory >> pages >> pages;
  const double ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  return ProcessUse{pages * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1 << 20), (user + system) / ticks};
}

}  // namespace kuma::bench
