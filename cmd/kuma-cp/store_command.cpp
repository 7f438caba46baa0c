#include "cmd/kuma-cp/store_command.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <map>

#include "cmd/kuma-cp/autoconfigure.h"
#include "cmd/kuma-cp/store_check.h"
#include "cmd/kuma-cp/store_factory.h"
#include "pkg/base/files.h"
#include "pkg/base/files.h"
#include "pkg/base/log.h"
#include "pkg/cli/progress.h"
#include "pkg/config/command.h"
#include "pkg/config/options.h"
#include "pkg/policy/all.h"
#include "pkg/resources/all.h"
#include "pkg/store/sqlite/maintenance.h"

namespace kuma::cp {
namespace {

// What exit codes mean; the help says so too.
enum Exit : int { kDone = 0, kFailed = 1, kProblems = 3 };
constexpr const char* kExitHelp =
    "\nExit codes: 0 done, 1 it could not be done (nothing is changed then, unless the message says so), 2 wrong usage, 3 it was done and\n"
    "something is wrong with what was found.";

constexpr std::string_view kSqliteScheme = "sqlite:";
constexpr size_t kCopyChunk = 500;

int Fail(const cli::Invocation& invocation, const Error& error) {
  invocation.err() << "Error: " << error.ToString() << "\n";
  return kFailed;
}

std::string Bytes(int64_t bytes) {
  if (bytes < 1024 * 1024) return std::to_string((bytes + 1023) / 1024) + " KiB";
  return std::to_string(bytes / (1024 * 1024)) + "." + std::to_string(bytes % (1024 * 1024) * 10 / (1024 * 1024)) + " MiB";
}

Result<config::Config> LoadConfig(const cli::Invocation& invocation) {
  KUMA_TRY_ASSIGN(config::Loaded loaded, config::LoadFor(invocation, config::ControlPlaneTable(), config::LoadControlPlane, config::ProcessEnvironment()));
  return Autoconfigure(std::move(loaded.config));
}

// The file that --store names, or the configured one.
Result<std::string> SqlitePath(const cli::Invocation& invocation) {
  std::string url = invocation.GetString("store");
  if (url.empty()) {
    KUMA_TRY_ASSIGN(const config::Config config, LoadConfig(invocation));
    const std::string type = config.GetString("store.type");
    if (type == "sqlite") return config.GetString("store.sqlite.path");
    return Invalid("store.type is " + type + ", and this works on database files of the sqlite store only; name one with --store sqlite:/path/kuma.db" +
                   (type == "postgres" ? " (PostgreSQL has pg_dump; `kuma cp store copy` moves its content into a file)" : ""));
  }
  if (!url.starts_with(kSqliteScheme)) return Invalid("this works on database files of the sqlite store only: sqlite:/path/kuma.db", url);
  url.erase(0, kSqliteScheme.size());
  if (url.starts_with("//")) url.erase(0, 2);
  return url;
}

cli::Flag StoreFlag() {
  return {.name = "store", .value_name = "URL", .help = "the database, as sqlite:/path/kuma.db; without it the one of the configuration (store.sqlite.path)"};
}
cli::Flag ForceFlag(const char* help) { return {.name = "force", .type = cli::FlagType::kBool, .help = help}; }

int RunBackup(const cli::Invocation& invocation) {
  const Result<std::string> path = SqlitePath(invocation);
  if (!path.ok()) return Fail(invocation, path.error());
  const auto facts = store::sqlite::BackUp(*path, invocation.Arg(0), invocation.GetBool("force"));
  if (!facts.ok()) return Fail(invocation, facts.error());
  invocation.out() << "backed up " << facts->resources << " resources of " << *path << " to " << invocation.Arg(0) << " (" << Bytes(facts->bytes) << ")\n";
  return kDone;
}

int RunRestore(const cli::Invocation& invocation) {
  const Result<std::string> path = SqlitePath(invocation);
  if (!path.ok()) return Fail(invocation, path.error());
  const auto restored = store::sqlite::Restore(invocation.Arg(0), *path, invocation.GetBool("force"));
  if (!restored.ok()) return Fail(invocation, restored.error());
  invocation.out() << "restored " << restored->facts.resources << " resources to " << *path << "; the next `kuma cp run` starts with them\n";
  if (!restored->kept.empty()) invocation.out() << "the database that was there is now " << restored->kept << "\n";
  return kDone;
}

struct Types {
  Types() {
    resources::RegisterCoreTypes(registry);
    policy::RegisterPolicyTypes(registry);
  }
  TypeRegistry registry;
};

int PrintProblems(const cli::Invocation& invocation, const std::string& what, size_t resources, const std::vector<std::string>& problems) {
  for (const std::string& problem : problems) invocation.out() << problem << "\n";
  if (problems.empty()) {
    invocation.out() << what << ": " << resources << " resources, no problem found\n";
    return kDone;
  }
  invocation.out() << what << ": " << resources << " resources, " << problems.size() << (problems.size() == 1 ? " problem" : " problems") << "\n";
  return kProblems;
}

void LogErrorsOnly() {
  LogOptions quiet;
  quiet.level = LogLevel::kError;
  ConfigureLogging(quiet);
}

int RunCheck(const cli::Invocation& invocation) {
  LogErrorsOnly();
  const Types types;
  const Result<config::Config> config = LoadConfig(invocation);
  if (!config.ok()) return Fail(invocation, config.error());
  ValidationContext context;
  context.types = &types.registry;
  context.is_global = config->GetString("mode") == "global";
  context.zone = context.is_global ? std::string() : config->GetString("multizone.zone.name");
  context.system_namespace = config->GetString("store.kubernetes.systemNamespace");

  const std::string url = invocation.GetString("store");
  if (!url.empty() && !url.starts_with(kSqliteScheme)) {
    const auto opened = OpenStoreByUrl(url, RealClock());
    if (!opened.ok()) return Fail(invocation, opened.error());
    const std::vector<store::ImportedResource> resources = opened->exporter->Export();
    return PrintProblems(invocation, "the store", resources.size(), FindProblems(resources, types.registry, context));
  }
  const Result<std::string> path = SqlitePath(invocation);
  if (!path.ok()) return Fail(invocation, path.error());
  const auto inspection = store::sqlite::Inspect(*path);
  if (!inspection.ok()) return Fail(invocation, inspection.error());
  std::vector<std::string> problems = inspection->damage;
  for (const store::sqlite::BadRow& row : inspection->contents.bad) problems.push_back(DescribeKey(row.key) + ": " + row.reason);
  for (std::string& problem : FindProblems(inspection->contents.resources, types.registry, context)) problems.push_back(std::move(problem));
  const int code = PrintProblems(invocation, *path, inspection->contents.resources.size() + inspection->contents.bad.size(), problems);
  if (!inspection->damage.empty()) invocation.out() << "\nStop the control plane and put a backup in its place: kuma cp store restore BACKUP --force\n";
  return code;
}

// A bar on a terminal, nothing elsewhere.
class Bar {
 public:
  Bar(std::ostream& out, size_t total) : out_(out), total_(total), terminal_(cli::IsTerminal(STDERR_FILENO)) {}
  ~Bar() {
    if (terminal_ && shown_) out_ << "\r\x1b[K" << std::flush;
  }
  Bar(const Bar&) = delete;

  void Show(const char* what, size_t done) {
    if (!terminal_) return;
    constexpr size_t kWidth = 30;
    const size_t filled = total_ == 0 ? kWidth : done * kWidth / total_;
    out_ << "\r\x1b[K" << what << " [" << std::string(filled, '#') << std::string(kWidth - filled, '.') << "] " << done << "/" << total_ << std::flush;
    shown_ = true;
  }

 private:
  std::ostream& out_;
  const size_t total_;
  const bool terminal_;
  bool shown_ = false;
};

// PostgreSQL keeps microseconds.
int64_t Micros(SystemTime time) { return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count(); }

// "" when both are the same.
std::string Difference(const store::ImportedResource& source, const store::ImportedResource& copy) {
  const Resource& from = *source.resource;
  const ResourcePtr& to = copy.resource;
  if (source.owner != copy.owner) return "has another owner";
  if (from.spec != to->spec) return "has another spec";
  if (from.status != to->status) return "has another status";
  if (from.meta.labels != to->meta.labels) return "has other labels";
  if (from.meta.version != to->meta.version) return "has another version";
  if (Micros(from.meta.creation_time) != Micros(to->meta.creation_time) || Micros(from.meta.modification_time) != Micros(to->meta.modification_time)) return "has other times";
  return {};
}

Status CopyAll(store::Store& target, const std::vector<store::ImportedResource>& items, Bar& bar) {
  for (size_t done = 0; done < items.size(); done += kCopyChunk) {
    bar.Show("copying", done);
    const auto begin = items.begin() + static_cast<std::ptrdiff_t>(done);
    KUMA_TRY(target.Import({begin, begin + static_cast<std::ptrdiff_t>(std::min(kCopyChunk, items.size() - done))}));
  }
  bar.Show("copying", items.size());
  return Ok();
}

int RunCopy(const cli::Invocation& invocation) {
  LogErrorsOnly();
  const std::string from = invocation.GetString("from");
  const std::string to = invocation.GetString("to");
  if (from.starts_with(kSqliteScheme) && !FileExists(from.substr(kSqliteScheme.size()))) return Fail(invocation, NotFound("there is no such database", from));
  auto source = OpenStoreByUrl(from, RealClock());
  if (!source.ok()) return Fail(invocation, source.error());
  auto target = OpenStoreByUrl(to, RealClock());
  if (!target.ok()) return Fail(invocation, target.error());
  if (const size_t there = target->exporter->Export().size(); there > 0) {
    return Fail(invocation, MakeError(ErrorCode::kConflict, "has " + std::to_string(there) + " resources already; copy needs an empty store", to));
  }
  const std::vector<store::ImportedResource> items = InOrderOfOwners(source->exporter->Export());
  {
    Bar bar(invocation.err(), items.size());
    if (const Status copied = CopyAll(*target->store, items, bar); !copied.ok()) {
      invocation.err() << "Error: " << copied.error().ToString() << "\n" << to << " has a part of the resources now; empty it before the next try\n";
      return kFailed;
    }
  }
  // As a control plane will find it.
  target->store.reset();
  target = OpenStoreByUrl(to, RealClock());
  if (!target.ok()) return Fail(invocation, target.error());
  std::map<ResourceKey, store::ImportedResource> copies;
  for (store::ImportedResource& item : target->exporter->Export()) copies.emplace(item.resource->meta.key, std::move(item));
  size_t differences = 0;
  {
    Bar bar(invocation.err(), items.size());
    for (size_t i = 0; i < items.size(); ++i) {
      if (i % kCopyChunk == 0) bar.Show("verifying", i);
      const ResourceKey& key = items[i].resource->meta.key;
      const auto copy = copies.find(key);
      const std::string difference = copy == copies.end() ? "is not there" : Difference(items[i], copy->second);
      if (difference.empty()) continue;
      ++differences;
      invocation.err() << "\r" << DescribeKey(key) << " " << difference << "\n";
    }
  }
  if (copies.size() != items.size()) {
    invocation.err() << to << " has " << copies.size() << " resources, " << from << " has " << items.size() << "\n";
    ++differences;
  }
  if (differences > 0) {
    invocation.err() << "Error: the copy differs from its source\n";
    return kProblems;
  }
  invocation.out() << "copied and verified " << items.size() << " resources\n";
  return kDone;
}

}  // namespace

cli::Command MakeStoreCommand() {
  cli::Command backup;
  backup.name = "backup";
  backup.summary = "Write a copy of the database to a file";
  backup.help = std::string("Writes everything the control plane keeps into one file, as it is at one moment. The control plane may run meanwhile. The file has the\n"
                            "keys of certificate authorities and tokens in it: only its owner can read it, keep it so.") + kExitHelp;
  backup.example = "kuma cp store backup /var/backups/kuma-$(date +%F).db\nkuma cp store backup copy.db --store sqlite:/var/lib/kuma/kuma.db";
  backup.args = "FILE";
  backup.min_args = backup.max_args = 1;
  backup.flags = {config::ConfigFileFlag(), StoreFlag(), ForceFlag("replace FILE when it exists")};
  backup.run = RunBackup;

  cli::Command restore;
  restore.name = "restore";
  restore.summary = "Put a backup in the place of the database";
  restore.help = std::string("Checks a backup and makes it the database that the next `kuma cp run` starts with. The control plane must be stopped. A database that is\n"
                             "there is replaced only with --force, and kept under another name. Proxies that are connected when the control plane starts again\n"
                             "register anew; what was written since the backup is gone.") + kExitHelp;
  restore.example = "systemctl stop kuma-cp\nkuma cp store restore /var/backups/kuma-2026-11-24.db --force\nsystemctl start kuma-cp";
  restore.args = "FILE";
  restore.min_args = restore.max_args = 1;
  restore.flags = {config::ConfigFileFlag(), StoreFlag(), ForceFlag("replace the database that is there; it is kept under another name")};
  restore.run = RunRestore;

  cli::Command check;
  check.name = "check";
  check.summary = "Look for damage";
  check.help = std::string("Checks the database itself, that every document can be read and fits its type, and that the owner of each resource is there. Prints a\n"
                           "line for each problem. Changes nothing; the control plane may run meanwhile.") + kExitHelp;
  check.example = "kuma cp store check\nkuma cp store check --store sqlite:copy.db\nkuma cp store check --store postgres://kuma:kuma@db:5432/kuma";
  check.flags = {config::ConfigFileFlag(), {.name = "store", .value_name = "URL", .help = std::string("what to check: ") + kStoreUrlHelp + "; without it the file of the configuration"}};
  check.run = RunCheck;

  cli::Command copy;
  copy.name = "copy";
  copy.summary = "Copy everything from one store to another";
  copy.help = std::string("Copies all resources with their versions and times into an empty store, then reads both again and compares. Stop the control plane first,\n"
                          "or what it writes meanwhile is left behind; afterwards set store.type and start it again. A PostgreSQL database needs its tables\n"
                          "first (kuma cp migrate up).\n\nAddresses: ") + kStoreUrlHelp + ".\n" + kExitHelp;
  copy.example = "kuma cp store copy --from sqlite:$HOME/.kuma/kuma.db --to postgres://kuma:secret@db:5432/kuma\nkuma cp store copy --from postgres://kuma:secret@db:5432/kuma --to sqlite:/var/lib/kuma/kuma.db";
  copy.flags = {{.name = "from", .value_name = "URL", .help = "the store to read", .required = true}, {.name = "to", .value_name = "URL", .help = "the empty store to fill", .required = true}};
  copy.run = RunCopy;

  cli::Command command;
  command.name = "store";
  command.summary = "Back up, restore, check and copy what the control plane keeps";
  command.help =
      "The control plane keeps its resources in the store of store.type: a database file (sqlite, the default; kuma.db in the work directory),\n"
      "a PostgreSQL database (postgres), or memory. These commands work on the stored resources.";
  command.children = {backup, restore, check, copy};
  return command;
}

}  // namespace kuma::cp
