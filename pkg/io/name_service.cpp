#include "pkg/io/name_service.h"

#ifdef __linux__
#include <features.h>
#endif
#ifdef __GLIBC__
#include <nss.h>
#include <sys/auxv.h>
#endif

namespace kuma::io {

void ConfigureStaticNameServices() {
#ifdef __GLIBC__
  // The kernel reports the address of the dynamic loader; a static executable has none.
  if (::getauxval(AT_BASE) == 0) __nss_configure_lookup("hosts", "files dns");
#endif
}

}  // namespace kuma::io
