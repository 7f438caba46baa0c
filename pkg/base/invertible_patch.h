// JSON Patch (RFC 6902) between two documents in the form that Kuma's API gives: what goes away is tested before it is removed, and
// changes of a list test the items around them, so that the patch can be reviewed and reversed. Used by shadow configurations. Pure.
#pragma once

#include "pkg/base/json.h"

namespace kuma {

// An array of {"op", "path", "value"}; empty when the documents are equal. Object keys come in order; lists are aligned by their longest
// common subsequence, and items in the same gap that are both objects or both lists are compared field by field.
Json InvertiblePatch(const Json& before, const Json& after);

}  // namespace kuma
