// Gzip of whole texts, for HTTP bodies.
#pragma once

#include <string>
#include <string_view>

#include "pkg/base/result.h"

namespace kuma::io {

Result<std::string> GzipCompress(std::string_view text);
// kTooLarge when the text would be longer than max_bytes.
Result<std::string> GzipDecompress(std::string_view packed, size_t max_bytes);

}  // namespace kuma::io
