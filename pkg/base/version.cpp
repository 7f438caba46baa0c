#include "pkg/base/version.h"

#ifndef KUMA_GIT_COMMIT
#define KUMA_GIT_COMMIT "unknown"
#endif
#ifndef KUMA_BUILD_DATE
#define KUMA_BUILD_DATE "unknown"
#endif

namespace kuma {

const BuildInfo& GetBuildInfo() {
  static const BuildInfo info{"Kuma", "2.14.3", "2.14.3", KUMA_GIT_COMMIT, KUMA_BUILD_DATE, "1.40.0"};
  return info;
}

}  // namespace kuma
