// The frontend's web page.
#pragma once

#include <string_view>

namespace kuma::demo {

extern const std::string_view kFrontendPage;

}  // namespace kuma::demo
