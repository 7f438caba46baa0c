// Small text functions shared by all folders.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/result.h"

namespace kuma {

// "a,b,,c" at ',' -> {"a","b","","c"}; "" -> {}.
std::vector<std::string> Split(std::string_view text, char separator);
std::string Join(const std::vector<std::string>& parts, std::string_view separator);
std::string_view Trim(std::string_view text);
std::string ToLower(std::string_view text);
std::string ToUpper(std::string_view text);
std::string ReplaceAll(std::string text, std::string_view from, std::string_view to);
bool Contains(std::string_view text, std::string_view part);

// Whole text must be a number.
std::optional<int64_t> ParseInt(std::string_view text);
std::optional<double> ParseDouble(std::string_view text);

std::string Base64Encode(std::string_view bytes);
std::string Base64UrlEncode(std::string_view bytes);  // no padding
Result<std::string> Base64Decode(std::string_view text);     // standard alphabet, padding optional, line breaks ignored
Result<std::string> Base64UrlDecode(std::string_view text);  // padding optional
std::string HexEncode(std::string_view bytes);

// FNV-1a, the hash the reference uses in names.
uint64_t Fnv1a64(std::string_view bytes);
uint32_t Fnv1a32(std::string_view bytes);

std::string UrlEncode(std::string_view text);
std::string UrlDecode(std::string_view text);  // '+' stays; %xx decoded; broken escapes kept

// Edit distance with transposition, for "did you mean".
size_t EditDistance(std::string_view a, std::string_view b);
// The candidate nearest to `word`, or empty when none is near enough to be a typo of it.
std::string NearestName(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace kuma
