#include "pkg/io/gzip.h"

#include <zlib.h>

namespace kuma::io {

namespace {
constexpr int kGzipWindow = 15 + 16;  // zlib: 16 more than the window bits selects the gzip format

Bytef* Input(std::string_view text) { return reinterpret_cast<Bytef*>(const_cast<char*>(text.data())); }  // NOLINT: zlib only reads
}  // namespace

Result<std::string> GzipCompress(std::string_view text) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) != Z_OK) return Internal("zlib cannot start");
  std::string packed(deflateBound(&stream, text.size()), '\0');
  stream.next_in = Input(text);
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  const int code = deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  if (code != Z_STREAM_END) return Internal("zlib failed");
  return packed;
}

Result<std::string> GzipDecompress(std::string_view packed, size_t max_bytes) {
  z_stream stream{};
  if (inflateInit2(&stream, kGzipWindow) != Z_OK) return Internal("zlib cannot start");
  stream.next_in = Input(packed);
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string text;
  int code = Z_OK;
  while (code == Z_OK && text.size() <= max_bytes) {
    char buffer[32 * 1024];
    stream.next_out = reinterpret_cast<Bytef*>(buffer);
    stream.avail_out = sizeof buffer;
    code = inflate(&stream, Z_NO_FLUSH);
    text.append(buffer, sizeof buffer - stream.avail_out);
  }
  inflateEnd(&stream);
  if (text.size() > max_bytes) return MakeError(ErrorCode::kTooLarge, "the unpacked text is larger than " + std::to_string(max_bytes) + " bytes");
  if (code != Z_STREAM_END) return Invalid("not gzip data");
  return text;
}

}  // namespace kuma::io
