// The part of the DNS wire format (RFC 1035) that a forwarding server needs: the first question of a query, and answers of addresses.
// Pure functions on bytes; no input makes them fail otherwise than by a result.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kuma::dp::dns {

inline constexpr uint16_t kTypeA = 1;
inline constexpr uint16_t kTypeAaaa = 28;
inline constexpr uint16_t kClassInternet = 1;

enum class ReplyCode : uint8_t { kNoError = 0, kFormatError = 1, kServerFailure = 2 };

struct Question {
  uint16_t id = 0;
  uint16_t flags = 0;
  std::string name;  // lower case, without the final dot
  uint16_t type = 0;
  uint16_t klass = 0;
  size_t end = 0;         // offset behind the first question
  size_t udp_size = 512;  // what the asker can take over UDP (EDNS)
};

// Nothing when it is no well-formed query with a question.
std::optional<Question> ParseQuery(std::string_view message);

// Each of `addresses` has 4 bytes (A) or 16 (AAAA). Answers that do not fit into `limit` are left out and the reply is marked truncated.
std::string MakeReply(std::string_view query, const Question& question, ReplyCode code, const std::vector<std::string>& addresses,
                      uint32_t ttl, size_t limit);

uint16_t IdOf(std::string_view message);
void SetId(std::string& message, uint16_t id);

}  // namespace kuma::dp::dns
