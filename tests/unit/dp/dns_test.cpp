#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

#include <thread>

#include <catch2/catch.hpp>

#include "pkg/dp/dns/message.h"
#include "pkg/dp/dns/names.h"
#include "pkg/dp/dns/server.h"
#include "pkg/io/fd.h"
#include "pkg/io/process.h"

namespace kuma::dp::dns {
namespace {

std::string Query(const std::string& name, uint16_t type, uint16_t id = 0x1234) {
  std::string query = {static_cast<char>(id >> 8), static_cast<char>(id & 0xff), 1, 0, 0, 1, 0, 0, 0, 0, 0, 0};
  size_t begin = 0;
  while (begin < name.size()) {
    const size_t end = std::min(name.find('.', begin), name.size());
    query.push_back(static_cast<char>(end - begin));
    query += name.substr(begin, end - begin);
    begin = end + 1;
  }
  query.push_back('\0');
  query += {static_cast<char>(type >> 8), static_cast<char>(type & 0xff), 0, 1};
  return query;
}

int CodeOf(const std::string& reply) { return reply.size() < 4 ? -1 : reply[3] & 0xf; }
int AnswersOf(const std::string& reply) { return reply.size() < 8 ? -1 : reply[7]; }

io::ScopedFd SocketTo(uint16_t port, int type) {
  io::ScopedFd fd(::socket(AF_INET, type, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  ::inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
  REQUIRE(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  return fd;
}

std::string Receive(int fd) {
  pollfd entry{fd, POLLIN, 0};
  if (::poll(&entry, 1, 5000) <= 0) return {};
  char buffer[4096];
  const ssize_t n = ::recv(fd, buffer, sizeof buffer, 0);
  return n <= 0 ? std::string() : std::string(buffer, static_cast<size_t>(n));
}

std::string Ask(uint16_t port, const std::string& query) {
  const io::ScopedFd fd = SocketTo(port, SOCK_DGRAM);
  ::send(fd.get(), query.data(), query.size(), 0);
  return Receive(fd.get());
}

}  // namespace

TEST_CASE("DNS messages: queries that are well-formed and not") {
  const auto question = ParseQuery(Query("Web.Mesh", kTypeA));
  REQUIRE(question);
  CHECK(question->name == "web.mesh");
  CHECK(question->type == kTypeA);
  CHECK(question->id == 0x1234);
  const std::string good = Query("a.b", kTypeA);
  for (size_t size = 0; size < good.size(); ++size) CHECK_FALSE(ParseQuery(good.substr(0, size)));
  std::string pointer = good;
  pointer[12] = static_cast<char>(0xc0);
  CHECK_FALSE(ParseQuery(pointer));
  std::string reply = good;
  reply[2] = static_cast<char>(0x81);
  CHECK_FALSE(ParseQuery(reply));
}

TEST_CASE("DNS messages: replies keep to the size") {
  const std::string query = Query("a.b", kTypeA);
  const auto question = ParseQuery(query);
  REQUIRE(question);
  const std::vector<std::string> many(100, std::string("\x0a\0\0\x01", 4));
  const std::string cut = MakeReply(query, *question, ReplyCode::kNoError, many, 60, 512);
  CHECK(cut.size() <= 512);
  CHECK((cut[2] & 0x02) != 0);
  const std::string whole = MakeReply(query, *question, ReplyCode::kNoError, many, 60, 65535);
  CHECK(AnswersOf(whole) == 100);
  CHECK((whole[2] & 0x02) == 0);
}

TEST_CASE("DNS names and resolvers") {
  const auto names =
      Names::Parse(R"({"records": [{"name": "Web.mesh", "ips": ["240.0.0.1", "fd00::1", "nonsense"]}, {"name": ""}], "ttl": 30})");
  REQUIRE(names.ok());
  CHECK(names->size() == 1);
  CHECK(names->ttl() == 30);
  REQUIRE(names->Find("web.mesh") != nullptr);
  CHECK(names->Find("web.mesh")->v4.size() == 1);
  CHECK(names->Find("web.mesh")->v6.size() == 1);
  CHECK(names->Find("web") == nullptr);
  CHECK_FALSE(Names::Parse("[]").ok());
  const auto servers = ParseResolvConf("# c\nsearch x\nnameserver 1.1.1.1 # one\n nameserver\tfd00::1\nnameserver\n");
  REQUIRE(servers.size() == 2);
  CHECK(servers[0].host == "1.1.1.1");
  CHECK(servers[1].host == "fd00::1");
}

TEST_CASE("DNS server: mesh names itself, the rest from upstream, over UDP and TCP") {
  // The upstream answers with the query turned into a reply of code 3 (no such name).
  const io::ScopedFd upstream(::socket(AF_INET, SOCK_DGRAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  ::inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
  REQUIRE(::bind(upstream.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  socklen_t size = sizeof address;
  ::getsockname(upstream.get(), reinterpret_cast<sockaddr*>(&address), &size);

  io::EventLoop loop;
  io::WorkerPool pool(1, 8);
  ServerOptions options;
  options.upstream.servers = {{"127.0.0.1", ntohs(address.sin_port)}};
  auto server = Server::Start(loop, pool, options);
  REQUIRE(server.ok());
  CHECK_FALSE((*server)->has_names());
  REQUIRE((*server)->SetNames(R"({"records": [{"name": "web.mesh", "ips": ["240.0.0.1"]}], "ttl": 30})").ok());
  CHECK_FALSE((*server)->SetNames("broken").ok());
  std::thread runner([&] { loop.Run(); });
  const uint16_t port = (*server)->port();

  const std::string mine = Ask(port, Query("WEB.mesh", kTypeA));
  CHECK(CodeOf(mine) == 0);
  CHECK(AnswersOf(mine) == 1);
  CHECK(mine.substr(mine.size() - 4) == std::string("\xf0\0\0\x01", 4));
  const std::string other_family = Ask(port, Query("web.mesh", kTypeAaaa));
  CHECK(CodeOf(other_family) == 0);
  CHECK(AnswersOf(other_family) == 0);

  std::thread answering([&] {
    char buffer[512];
    sockaddr_in from{};
    socklen_t from_size = sizeof from;
    const ssize_t n = ::recvfrom(upstream.get(), buffer, sizeof buffer, 0, reinterpret_cast<sockaddr*>(&from), &from_size);
    buffer[2] = static_cast<char>(0x81);
    buffer[3] = 3;
    ::sendto(upstream.get(), buffer, static_cast<size_t>(n), 0, reinterpret_cast<sockaddr*>(&from), from_size);
  });
  const std::string forwarded = Ask(port, Query("example.com", kTypeA, 0x4321));
  answering.join();
  CHECK(CodeOf(forwarded) == 3);
  CHECK(IdOf(forwarded) == 0x4321);

  // Two queries at once on one connection.
  const io::ScopedFd tcp = SocketTo(port, SOCK_STREAM);
  const std::string query = Query("web.mesh", kTypeA);
  const std::string framed = std::string{0, static_cast<char>(query.size())} + query;
  const std::string twice = framed + framed;
  ::send(tcp.get(), twice.data(), twice.size(), 0);
  std::string replies = Receive(tcp.get());
  while (replies.size() < 2 * (mine.size() + 2)) {
    const std::string more = Receive(tcp.get());
    if (more.empty()) break;
    replies += more;
  }
  CHECK(replies.size() == 2 * (mine.size() + 2));
  CHECK(CodeOf(replies.substr(2)) == 0);

  loop.Stop();
  runner.join();
}

}  // namespace kuma::dp::dns
