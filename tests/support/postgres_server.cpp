#include "tests/support/postgres_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <thread>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "pkg/base/files.h"
#include "pkg/base/strings.h"
#include "pkg/store/postgres/connection.h"
#include "pkg/store/postgres/migrations.h"

namespace kuma::test {
namespace {

constexpr const char* kMissing =
    "these tests need a PostgreSQL server: install the package postgresql-15 (Debian, Ubuntu; `brew install postgresql@15` on macOS), "
    "or put the folder of initdb and postgres into PATH";

std::string FindBin() {
  std::vector<std::string> folders = Split(std::getenv("PATH") != nullptr ? std::getenv("PATH") : "", ':');
  for (const char* pattern : {"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin", "/usr/local/opt/postgresql@*/bin"}) {
    glob_t found{};
    if (glob(pattern, 0, nullptr, &found) == 0) {
      for (size_t i = found.gl_pathc; i > 0; --i) folders.emplace_back(found.gl_pathv[i - 1]);
    }
    globfree(&found);
  }
  for (const std::string& folder : folders) {
    // PATH may have a link to it; the other programs lie beside the real one.
    std::error_code missing;
    const std::string real = std::filesystem::canonical(folder + "/initdb", missing).parent_path();
    if (!missing && access((real + "/initdb").c_str(), X_OK) == 0 && access((real + "/postgres").c_str(), X_OK) == 0) return real;
  }
  return {};
}

// The server refuses to run as root; nobody does.
const passwd* UserForServer() { return geteuid() == 0 ? getpwnam("nobody") : nullptr; }

pid_t Spawn(const std::vector<std::string>& args, const std::string& log, bool with_parent) {
  const passwd* user = UserForServer();
  std::vector<char*> argv;
  for (const std::string& arg : args) argv.push_back(const_cast<char*>(arg.c_str()));
  argv.push_back(nullptr);
  const pid_t pid = fork();
  if (pid != 0) return pid;
  const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  dup2(out, 1);
  dup2(out, 2);
  const int in = open("/dev/null", O_RDONLY);
  dup2(in, 0);
  for (int fd = 3; fd < 256; ++fd) close(fd);
  if (user != nullptr && (setgroups(0, nullptr) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0)) _exit(127);
#ifdef __linux__
  if (with_parent) prctl(PR_SET_PDEATHSIG, SIGQUIT);  // after setuid, which clears it
#else
  (void)with_parent;
#endif
  setenv("LC_ALL", "C", 1);
  if (chdir("/") != 0) _exit(127);
  execv(argv[0], argv.data());
  _exit(127);
}

int WaitFor(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

int FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  const bool bound = bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 && getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  close(fd);
  return bound ? ntohs(address.sin_port) : 0;
}

}  // namespace

// A folder and a port, no data yet.
Result<std::unique_ptr<PostgresServer>> PostgresServer::Prepare() {
  std::unique_ptr<PostgresServer> server(new PostgresServer);
  server->bin_ = FindBin();
  if (server->bin_.empty()) return Unavailable(kMissing);
  char folder[] = "/tmp/kuma-pg-XXXXXX";
  if (mkdtemp(folder) == nullptr) return Internal("cannot make a temporary folder");
  server->folder_ = folder;
  const passwd* user = UserForServer();
  if (geteuid() == 0 && (user == nullptr || chown(folder, user->pw_uid, user->pw_gid) != 0)) return Internal("the user nobody is needed to run PostgreSQL");
  chmod(folder, 0755);
  server->port_ = FreePort();
  return server;
}

Status PostgresServer::WriteFiles(const std::vector<std::string>& settings, const std::vector<std::string>& hba, bool durable) const {
  std::string conf = "listen_addresses = '127.0.0.1'\nport = " + std::to_string(port_) + "\nunix_socket_directories = '" + folder_ +
                     "'\nmax_connections = 200\nshared_buffers = 16MB\n";
  if (!durable) conf += "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n";
  for (const std::string& line : settings) conf += line + "\n";
  std::string rules;
  for (const std::string& line : hba) rules += line + "\n";
  if (!hba.empty()) rules += "local all postgres trust\n";
  if (hba.empty()) rules += "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n";
  const passwd* user = UserForServer();
  for (const auto& [name, text] : {std::pair{"postgresql.conf", conf}, std::pair{"pg_hba.conf", rules}}) {
    const std::string path = folder_ + "/data/" + name;
    KUMA_TRY(WriteFileAtomic(path, text, 0644));
    if (user != nullptr && chown(path.c_str(), user->pw_uid, user->pw_gid) != 0) return Internal("chown failed");
  }
  return Ok();
}

Result<std::unique_ptr<PostgresServer>> PostgresServer::Start(std::vector<std::string> settings, std::vector<std::string> hba, bool durable) {
  KUMA_TRY_ASSIGN(std::unique_ptr<PostgresServer> server, Prepare());
  const std::string data = server->folder_ + "/data";
  if (WaitFor(Spawn({server->bin_ + "/initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "-N", "--no-instructions"}, "/dev/null", false)) != 0) {
    return Internal("initdb failed in " + data);
  }
  KUMA_TRY(server->WriteFiles(settings, hba, durable));
  KUMA_TRY(server->Launch());
  server->Sql("postgres", "CREATE ROLE kuma LOGIN PASSWORD 'kuma' CREATEDB");
  return server;
}

std::vector<std::string> PostgresServer::ReplicationRules() {
  return {"local replication postgres trust", "local all all trust", "host all all 127.0.0.1/32 scram-sha-256"};
}

Result<std::unique_ptr<PostgresServer>> PostgresServer::StartReplica() const {
  KUMA_TRY_ASSIGN(std::unique_ptr<PostgresServer> replica, Prepare());
  const std::string log = replica->folder_ + "/log";
  if (WaitFor(Spawn({bin_ + "/pg_basebackup", "-D", replica->folder_ + "/data", "-h", folder_, "-p", std::to_string(port_), "-U", "postgres", "-R", "-X", "stream", "-c", "fast",
                     "--no-sync", "-w"},
                    log, false)) != 0) {
    return Internal("pg_basebackup failed: " + ReadFile(log).value_or(""));
  }
  KUMA_TRY(replica->WriteFiles({}, ReplicationRules(), false));
  KUMA_TRY(replica->Launch());
  return replica;
}

Status PostgresServer::Launch() {
  pid_ = Spawn({bin_ + "/postgres", "-D", folder_ + "/data"}, folder_ + "/log", true);
  store::postgres::Options options = OptionsOf("postgres");
  options.host = folder_;
  options.user = "postgres";
  options.connect_timeout = std::chrono::seconds(5);
  std::string last;
  for (int i = 0; i < 600; ++i) {
    const auto connection = store::postgres::Connection::Open(options);
    if (connection.ok()) return Ok();
    last = connection.error().message;
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = -1;
      break;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return Internal("PostgreSQL did not start: " + last + "\n" + ReadFile(folder_ + "/log").value_or(""));
}

PostgresServer::~PostgresServer() {
  Kill();
  if (!folder_.empty()) {
    const std::string command = "rm -rf " + folder_;
    if (std::system(command.c_str()) != 0) std::fprintf(stderr, "cannot remove %s\n", folder_.c_str());
  }
}

PostgresServer& PostgresServer::Shared() {
  static const std::unique_ptr<PostgresServer> server = [] {
    Result<std::unique_ptr<PostgresServer>> started = Start();
    if (!started.ok()) throw std::runtime_error(started.error().ToString());
    return std::move(started).value();
  }();
  return *server;
}

store::postgres::Options PostgresServer::OptionsOf(const std::string& database) const {
  store::postgres::Options options;
  options.port = port_;
  options.database = database;
  return options;
}

store::postgres::Options PostgresServer::NewDatabase() {
  const std::string name = "test" + std::to_string(++databases_);
  Sql("postgres", "CREATE DATABASE " + name + " OWNER kuma");
  return OptionsOf(name);
}

store::postgres::Options PostgresServer::NewMigratedDatabase() {
  store::postgres::Options options = NewDatabase();
  const auto migrated = store::postgres::Migrate(options);
  if (!migrated.ok()) throw std::runtime_error(migrated.error().ToString());
  return options;
}

std::string PostgresServer::Sql(const std::string& database, const std::string& sql) const {
  const std::string login = "host=" + folder_ + " port=" + std::to_string(port_) + " user=postgres dbname=" + database + " gssencmode=disable sslmode=disable";
  PGconn* conn = PQconnectdb(login.c_str());
  PGresult* result = PQexec(conn, sql.c_str());
  const ExecStatusType status = PQresultStatus(result);
  std::string text;
  for (int row = 0; row < PQntuples(result); ++row) {
    for (int column = 0; column < PQnfields(result); ++column) text += (column > 0 ? "|" : row > 0 ? "\n" : "") + std::string(PQgetvalue(result, row, column));
  }
  const std::string error = PQerrorMessage(conn);
  PQclear(result);
  PQfinish(conn);
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) throw std::runtime_error(sql + ": " + error);
  return text;
}

void PostgresServer::Kill() {
  if (pid_ <= 0) return;
  // Its children notice at once that the postmaster is gone.
  kill(pid_, SIGKILL);
  WaitFor(pid_);
  pid_ = -1;
}

Status PostgresServer::Resume() {
  // The last children may still hold the memory of the killed server for a moment.
  for (int i = 0;; ++i) {
    const Status launched = Launch();
    if (launched.ok() || i == 40) return launched;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

}  // namespace kuma::test
