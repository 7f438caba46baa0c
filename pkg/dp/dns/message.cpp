#include "pkg/dp/dns/message.h"

#include "pkg/base/strings.h"

namespace kuma::dp::dns {
namespace {

constexpr size_t kHeader = 12;
constexpr uint16_t kResponse = 0x8000;
constexpr uint16_t kAuthoritative = 0x0400;
constexpr uint16_t kTruncated = 0x0200;
constexpr uint16_t kRecursionDesired = 0x0100;
constexpr uint16_t kRecursionAvailable = 0x0080;
constexpr uint16_t kTypeOpt = 41;

uint16_t Read16(std::string_view bytes, size_t at) {
  return static_cast<uint16_t>((static_cast<uint8_t>(bytes[at]) << 8) | static_cast<uint8_t>(bytes[at + 1]));
}

void Append16(std::string& out, uint32_t value) {
  out.push_back(static_cast<char>((value >> 8) & 0xff));
  out.push_back(static_cast<char>(value & 0xff));
}

// The size a reply may have is in an OPT record right behind the question, where every resolver puts it.
size_t UdpSize(std::string_view message, size_t at) {
  if (Read16(message, 10) == 0 || at + 5 > message.size() || message[at] != 0 || Read16(message, at + 1) != kTypeOpt) return 512;
  return std::max<size_t>(512, Read16(message, at + 3));
}

}  // namespace

std::optional<Question> ParseQuery(std::string_view message) {
  if (message.size() < kHeader || (Read16(message, 2) & kResponse) != 0 || Read16(message, 4) == 0) return std::nullopt;
  Question question;
  question.id = IdOf(message);
  question.flags = Read16(message, 2);
  size_t at = kHeader;
  while (true) {
    if (at >= message.size()) return std::nullopt;
    const size_t length = static_cast<uint8_t>(message[at++]);
    if (length == 0) break;
    // Above 63 is a compression pointer, which a question has nothing to point to for.
    if (length > 63 || at + length > message.size() || question.name.size() + length > 254) return std::nullopt;
    if (!question.name.empty()) question.name.push_back('.');
    question.name += message.substr(at, length);
    at += length;
  }
  if (at + 4 > message.size()) return std::nullopt;
  question.name = ToLower(question.name);
  question.type = Read16(message, at);
  question.klass = Read16(message, at + 2);
  question.end = at + 4;
  question.udp_size = UdpSize(message, question.end);
  return question;
}

std::string MakeReply(std::string_view query, const Question& question, ReplyCode code, const std::vector<std::string>& addresses,
                      uint32_t ttl, size_t limit) {
  std::string records;
  size_t count = 0;
  uint16_t flags =
      static_cast<uint16_t>(kResponse | kRecursionAvailable | (question.flags & kRecursionDesired) | static_cast<uint16_t>(code));
  if (code == ReplyCode::kNoError) flags = static_cast<uint16_t>(flags | kAuthoritative);
  for (const std::string& address : addresses) {
    if (question.end + records.size() + 12 + address.size() > limit) {
      flags = static_cast<uint16_t>(flags | kTruncated);
      break;
    }
    Append16(records, 0xc000 | kHeader);  // the name is that of the question
    Append16(records, address.size() == 4 ? kTypeA : kTypeAaaa);
    Append16(records, kClassInternet);
    Append16(records, ttl >> 16);
    Append16(records, ttl & 0xffff);
    Append16(records, static_cast<uint32_t>(address.size()));
    records += address;
    ++count;
  }
  std::string reply;
  Append16(reply, question.id);
  Append16(reply, flags);
  Append16(reply, 1);
  Append16(reply, static_cast<uint32_t>(count));
  Append16(reply, 0);
  Append16(reply, 0);
  reply += query.substr(kHeader, question.end - kHeader);
  return reply + records;
}

uint16_t IdOf(std::string_view message) { return message.size() < 2 ? 0 : Read16(message, 0); }

void SetId(std::string& message, uint16_t id) {
  if (message.size() < 2) return;
  message[0] = static_cast<char>(id >> 8);
  message[1] = static_cast<char>(id & 0xff);
}

}  // namespace kuma::dp::dns
