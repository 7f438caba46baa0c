// Asks the resolvers of the machine what the mesh does not know. Over UDP on the loop, one socket per query (its random port and a fresh
// id keep others from answering); over TCP on the pool.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "pkg/base/result.h"
#include "pkg/io/loop.h"
#include "pkg/io/worker_pool.h"

namespace kuma::dp::dns {

struct UpstreamAddress {
  std::string host;
  uint16_t port = 53;
};

// The nameservers of a resolv.conf text, in order.
std::vector<UpstreamAddress> ParseResolvConf(std::string_view text);

struct UpstreamOptions {
  std::vector<UpstreamAddress> servers;
  Nanos timeout = std::chrono::seconds(2);  // for each server in turn
};

// answer() runs on the loop, with the reply under the id of `query`, or with why there is none.
using Answered = std::function<void(Result<std::string>)>;
void AskOverUdp(io::EventLoop& loop, const UpstreamOptions& options, std::string query, Answered answered);
void AskOverTcp(io::EventLoop& loop, io::WorkerPool& pool, const UpstreamOptions& options, std::string query, Answered answered);

}  // namespace kuma::dp::dns
