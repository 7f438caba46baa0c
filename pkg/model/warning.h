// Something that is wrong with a resource but stops nothing: the faulty piece is left out or answered with an error, and this says why.
// Made while configuration is planned and generated; shown in insights, by explain, in the log and by lint.
#pragma once

#include <compare>
#include <string>

namespace kuma {

struct Warning {
  std::string resource;  // KRI of the resource that is to blame ("TYPE NAME" of types that have none); empty: the Dataplane of the proxy it is about
  std::string path;      // of the piece within the resource as its document shows it; empty: the resource as a whole
  std::string message;   // what was done about it, and why
  friend auto operator<=>(const Warning&, const Warning&) = default;
};

}  // namespace kuma
