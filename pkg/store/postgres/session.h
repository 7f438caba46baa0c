// Whether a connection keeps one session of the server for all of its life. Poolers like PgBouncer may give every transaction another
// one; change events, prepared statements and locks then end up with somebody else.
#pragma once

#include "pkg/base/result.h"
#include "pkg/store/postgres/connection.h"

namespace kuma::store::postgres {

// Ok; or kInvalid with the cause and what to do. Costs one short query when there is no pooler in between.
Status CheckSession(Connection& connection, const Options& options);

}  // namespace kuma::store::postgres
