// Memory of the process as the operating system counts it.
#pragma once

#include <cstddef>

namespace kuma {

// Gives back the pages of this executable's code and constants that only starting needed; those in use come back from the page
// cache on the next touch. Resident memory then tells what the process really uses. Linux only; elsewhere it does nothing.
void ReleaseStartupPages();

}  // namespace kuma
