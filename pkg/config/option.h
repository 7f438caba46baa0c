// One configuration key as data. The tables in control_plane_options_*.cpp and dataplane_options.cpp are the single place
// that names a key, its variable, type, default and meaning; loading, checking, printing and documentation read them.
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>

namespace kuma::config {

enum class OptionType {
  kBool,
  kInt,
  kText,
  kDuration,  // Go's text form
  kList,      // of text; in a variable separated by commas
  kIntList,
  kMap,   // text to text; in a variable "key:value,key:value"
  kJson,  // any document; in a variable YAML or JSON
};

// All text is static. The default is written as in an environment variable.
struct Option {
  std::string_view key;  // dotted path in the file, camelCase
  std::string_view env;  // empty: no variable
  OptionType type = OptionType::kText;
  std::string_view default_text;
  std::string_view doc;

  int64_t least = std::numeric_limits<int64_t>::min();
  int64_t most = std::numeric_limits<int64_t>::max();
  std::string_view allowed;   // "a|b"; an empty part allows the empty text; empty: everything
  std::string_view also_env;  // a second name of the variable
  std::string_view flag;      // of the role's run command
  std::string_view shorthand;
  std::string_view deprecated;  // what to do instead
  bool secret = false;
  bool accepted_only = false;  // read and shown, has no effect: it belongs to a feature that this product does without
  bool omit_zero = false;      // left out of ToJson when it is zero, as the reference does

  constexpr Option Range(int64_t from, int64_t to) const {
    return With([=](Option& o) { o.least = from, o.most = to; });
  }
  constexpr Option AtLeast(int64_t from) const {
    return With([=](Option& o) { o.least = from; });
  }
  constexpr Option Allow(std::string_view values) const {
    return With([=](Option& o) { o.allowed = values; });
  }
  constexpr Option AlsoEnv(std::string_view name) const {
    return With([=](Option& o) { o.also_env = name; });
  }
  constexpr Option Flag(std::string_view name, std::string_view letter = {}) const {
    return With([=](Option& o) { o.flag = name, o.shorthand = letter; });
  }
  constexpr Option Deprecated(std::string_view advice) const {
    return With([=](Option& o) { o.deprecated = advice; });
  }
  constexpr Option Secret() const {
    return With([](Option& o) { o.secret = true; });
  }
  constexpr Option AcceptedOnly() const {
    return With([](Option& o) { o.accepted_only = true; });
  }
  constexpr Option OmitZero() const {
    return With([](Option& o) { o.omit_zero = true; });
  }

 private:
  template <typename Change>
  constexpr Option With(Change change) const {
    Option copy = *this;
    change(copy);
    return copy;
  }
};

}  // namespace kuma::config
