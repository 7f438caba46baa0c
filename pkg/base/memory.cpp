#include "pkg/base/memory.h"

#ifdef __linux__
#include <sys/mman.h>
#include <unistd.h>

#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>
#endif

namespace kuma {

void ReleaseStartupPages() {
#ifdef __linux__
  char self[4096] = {};
  if (readlink("/proc/self/exe", self, sizeof(self) - 1) <= 0) return;
  std::ifstream maps("/proc/self/maps");
  std::string line;
  while (std::getline(maps, line)) {
    uintptr_t from = 0;
    uintptr_t to = 0;
    char rights[5] = {};
    if (std::sscanf(line.c_str(), "%" SCNxPTR "-%" SCNxPTR " %4s", &from, &to, rights) != 3) continue;
    // Only mappings that are never written: a written page of a private mapping would lose what was written.
    if (rights[1] == 'w' || line.find(self) == std::string::npos) continue;
    // RELRO pages are read-only now but were written while starting; they lie in the mapping that follows the constants and hold
    // relocated pointers, so only mappings with code, or before the code, are safe.
    if (rights[2] == 'x') madvise(reinterpret_cast<void*>(from), to - from, MADV_DONTNEED);
  }
#endif
}

}  // namespace kuma
