// Writes protobuf messages by field number, for the few messages kuma-dp makes itself. A nested message is the text of another writer.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace kuma::dp::otel {

class WireWriter {
 public:
  void Varint(int field, uint64_t value) {
    Raw(static_cast<uint64_t>(field) << 3);
    Raw(value);
  }
  void Fixed64(int field, uint64_t value) {
    Raw(static_cast<uint64_t>(field) << 3 | 1);
    AppendFixed64(value, text_);
  }
  void Double(int field, double value) {
    uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    Fixed64(field, bits);
  }
  void Bytes(int field, std::string_view bytes) {
    Raw(static_cast<uint64_t>(field) << 3 | 2);
    Raw(bytes.size());
    text_ += bytes;
  }
  // Fields that are encoded already.
  void Append(std::string_view encoded) { text_ += encoded; }

  const std::string& text() const { return text_; }
  std::string Take() && { return std::move(text_); }

  // Elements of packed fields.
  static void AppendFixed64(uint64_t value, std::string& out) {
    for (int i = 0; i < 8; ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
  }
  static void AppendDouble(double value, std::string& out) {
    uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    AppendFixed64(bits, out);
  }

 private:
  void Raw(uint64_t value) {
    for (; value >= 0x80; value >>= 7) text_ += static_cast<char>((value & 0x7f) | 0x80);
    text_ += static_cast<char>(value);
  }
  std::string text_;
};

}  // namespace kuma::dp::otel
