#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>

#include "catalog/schema.h"
#include "catalog/setup_lock.h"
#include "catalog/store.h"
#include "db/sqlite.h"

namespace mcpo::catalog {
namespace {

namespace fs = std::filesystem;

const SourceInstance kConfig{"config", "/home/ada/mcp.json"};

class SqliteStoreTest : public testing::Test {
 protected:
  SqliteStoreTest() {
    std::string name = testing::TempDir() + "catalog-XXXXXX";
    folder_ = ::mkdtemp(name.data());
  }
  ~SqliteStoreTest() override { fs::remove_all(folder_); }

  std::string path() const { return folder_ + "/catalog.db"; }
  std::unique_ptr<Store> open(OpenMode mode = OpenMode::create_if_missing) const {
    auto store = open_sqlite_store(path(), mode);
    EXPECT_TRUE(store.has_value()) << store.error().message;
    return *std::move(store);
  }
  void run_sql(const char* sql) const {
    sqlite3* handle = nullptr;
    ASSERT_EQ(sqlite3_open(path().c_str(), &handle), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(handle, sql, nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(handle);
    sqlite3_close(handle);
  }

  std::string folder_;
};

Server a_server(const std::string& name, const SourceInstance& origin = kConfig) {
  Server out;
  out.key = {origin, "", name};
  out.display_name = name;
  out.transport = "stdio";
  out.tools_ttl_ms = 5;
  out.degraded = {{7}, "slow"};
  out.link = {"io.github/x", MatchRule::exact, {"io.github/x-copy", "y"}};
  return out;
}

ToolSet tools_named(const std::vector<std::string>& names) {
  std::vector<CatalogTool> out;
  for (const auto& name : names) {
    const std::string json = "{\"name\":\"" + name + "\",\"n\":1.0}";
    out.push_back({name, json, content_hash(json)});
  }
  return std::make_shared<const std::vector<CatalogTool>>(std::move(out));
}

ChangeSet adding(const Server& server, const std::vector<std::string>& tools) {
  ChangeSet out;
  out.upserts = {server};
  out.tools[server.key] = tools_named(tools);
  return out;
}

bool same(const Catalog& a, const Catalog& b) {
  auto equal_entry = [](const auto& x, const auto& y) {
    return x.first == y.first && x.second->server == y.second->server &&
           *x.second->tools == *y.second->tools;
  };
  auto equal_registry = [](const auto& x, const auto& y) {
    return x.first == y.first &&
           std::ranges::equal(*x.second, *y.second, [](const auto& u, const auto& v) {
             return u.first == v.first && *u.second == *v.second;
           });
  };
  return a.version == b.version && a.memory == b.memory &&
         std::ranges::equal(a.servers, b.servers, equal_entry) &&
         std::ranges::equal(a.registries, b.registries, equal_registry);
}

RegistryEntry an_entry(const std::string& name) {
  RegistryEntry out;
  out.name = name;
  out.remote = true;
  out.url = "https://" + name + ".test/mcp";
  out.tools = {{"fetch", R"({"name":"fetch"})"}};
  return out;
}

ChangeSet with_registry(const Catalog& before, std::vector<RegistryEntry> entries) {
  ChangeSet out;
  out.registries[kConfig] = make_registry(std::move(entries), before.registry_of(kConfig));
  return out;
}

TEST_F(SqliteStoreTest, WhatWasWrittenIsReadAgain) {
  auto store = open();
  auto written = store->apply(store->read_all().value(), adding(a_server("github"), {"a", "b"}));
  ASSERT_TRUE(written.has_value()) << written.error().message;
  EXPECT_EQ(written->version, 1);
  const auto again = open()->read_all();
  ASSERT_TRUE(again.has_value());
  EXPECT_TRUE(same(*written, *again));
  EXPECT_EQ(again->servers.begin()->second->tools->size(), 2u);
}

TEST_F(SqliteStoreTest, NothingNewWritesNothing) {
  auto store = open();
  const auto first = store->apply({}, adding(a_server("github"), {"a"})).value();
  const auto second = store->apply(first, adding(a_server("github"), {"a"})).value();
  EXPECT_EQ(second.version, first.version);
  EXPECT_FALSE(store->read_since(first).value().has_value());
}

TEST_F(SqliteStoreTest, FollowerReadsOnlyWhatChanged) {
  auto leader = open();
  auto follower = open();
  const auto first = leader->apply({}, adding(a_server("github"), {"a"})).value();
  const auto known = follower->read_all().value();
  ChangeSet next = adding(a_server("files"), {"read", "write"});
  next.memory[kConfig]["seen"] = "yes";
  const auto second = leader->apply(first, next).value();
  const auto news = follower->read_since(known).value();
  ASSERT_TRUE(news.has_value());
  EXPECT_TRUE(same(*news, second));
  EXPECT_EQ(news->servers.begin()->second,
            known.servers.begin()->second);  // shared, not read again
}

TEST_F(SqliteStoreTest, FollowerSeesRemovalsAndForgottenMemory) {
  auto leader = open();
  ChangeSet first = adding(a_server("github"), {"a"});
  first.memory[kConfig]["seen"] = "yes";
  const auto before = leader->apply({}, first).value();
  auto follower = open();
  const auto known = follower->read_all().value();
  ChangeSet removal;
  removal.removals = {a_server("github").key};
  removal.memory[kConfig]["seen"] = std::nullopt;
  const auto after = leader->apply(before, removal).value();
  const auto news = follower->read_since(known).value();
  ASSERT_TRUE(news.has_value());
  EXPECT_TRUE(same(*news, after));
  EXPECT_TRUE(news->servers.empty());
}

TEST_F(SqliteStoreTest, FollowerReadsOnlyRegistryEntriesThatChanged) {
  auto leader = open();
  auto follower = open();
  const auto first = leader->apply({}, with_registry({}, {an_entry("a"), an_entry("b")})).value();
  const auto known = follower->read_all().value();
  EXPECT_TRUE(same(known, first));
  RegistryEntry moved = an_entry("b");
  moved.url = "https://elsewhere.test/mcp";
  const auto second = leader->apply(first, with_registry(first, {an_entry("a"), moved})).value();
  const auto news = follower->read_since(known).value();
  ASSERT_TRUE(news.has_value());
  EXPECT_TRUE(same(*news, second));
  EXPECT_EQ(news->registries.at(kConfig)->at("a"), known.registries.at(kConfig)->at("a"));
  EXPECT_EQ(news->registries.at(kConfig)->at("b")->url, "https://elsewhere.test/mcp");
}

TEST_F(SqliteStoreTest, FollowerSeesRegistryEntriesGo) {
  auto leader = open();
  auto follower = open();
  const auto first = leader->apply({}, with_registry({}, {an_entry("a"), an_entry("b")})).value();
  const auto known = follower->read_all().value();
  const auto second = leader->apply(first, with_registry(first, {an_entry("b")})).value();
  const auto one_left = follower->read_since(known).value().value();
  EXPECT_TRUE(same(one_left, second));
  const auto third = leader->apply(second, with_registry(second, {})).value();
  EXPECT_TRUE(third.registries.empty());
  EXPECT_TRUE(same(follower->read_since(one_left).value().value(), third));
  EXPECT_TRUE(same(open()->read_all().value(), third));
}

TEST_F(SqliteStoreTest, SameRegistryAgainWritesNothing) {
  auto store = open();
  const auto first = store->apply({}, with_registry({}, {an_entry("a"), an_entry("b")})).value();
  // Built without knowing what is there: equal words, other pointers.
  const auto second =
      store->apply(first, with_registry({}, {an_entry("b"), an_entry("a")})).value();
  EXPECT_EQ(second.version, first.version);
  EXPECT_EQ(second.registries.at(kConfig), first.registries.at(kConfig));
}

TEST_F(SqliteStoreTest, DamagedRegistryEntryIsNotHandedOut) {
  (void)open()->apply({}, with_registry({}, {an_entry("a")})).value();
  run_sql("UPDATE registry_entries SET entry = replace(entry, 'https', 'httpx')");
  const auto refused = open()->read_all();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::corrupt);
  EXPECT_NE(refused.error().message.find(path()), std::string::npos);
}

TEST_F(SqliteStoreTest, TwoWritersOfDifferentSourcesLoseNothing) {
  auto one = open();
  auto two = open();
  const SourceInstance other{"toolhive", "local"};
  const auto stale = two->read_all().value();
  (void)one->apply({}, adding(a_server("github"), {"a"})).value();
  const auto both = two->apply(stale, adding(a_server("github", other), {"b"})).value();
  EXPECT_EQ(both.servers.size(), 2u);
  EXPECT_TRUE(same(both, one->read_all().value()));
}

TEST_F(SqliteStoreTest, IdsAreNeverReused) {
  auto store = open();
  auto catalog = store->apply({}, adding(a_server("github"), {})).value();
  const ServerId first = catalog.servers.begin()->first;
  ChangeSet removal;
  removal.removals = {a_server("github").key};
  catalog = store->apply(catalog, removal).value();
  catalog = open()->apply(catalog, adding(a_server("github"), {})).value();
  EXPECT_GT(catalog.servers.begin()->first, first);
}

TEST_F(SqliteStoreTest, FilesAreForTheirOwnerOnly) {
  auto store = open();
  (void)store->apply({}, adding(a_server("github"), {"a"}));
  for (const auto& file : fs::directory_iterator(folder_)) {
    struct stat info{};
    ASSERT_EQ(::stat(file.path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0077U, 0u) << file.path();
  }
}

TEST_F(SqliteStoreTest, MissingCatalogIsNotFound) {
  EXPECT_EQ(open_sqlite_store(path(), OpenMode::read_only).error().code, Errc::not_found);
  EXPECT_FALSE(fs::exists(path()));
}

TEST_F(SqliteStoreTest, ReadOnlyReadsWhatAnotherHasOpen) {
  auto store = open();
  const auto written = store->apply({}, adding(a_server("github"), {"a"})).value();
  EXPECT_TRUE(same(open(OpenMode::read_only)->read_all().value(), written));
}

TEST_F(SqliteStoreTest, ForeignDatabaseIsRefusedByName) {
  run_sql("CREATE TABLE mcpservers (id TEXT)");
  const auto refused = open_sqlite_store(path(), OpenMode::create_if_missing);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::conflict);
  EXPECT_NE(refused.error().message.find("mcpservers"), std::string::npos);
}

TEST_F(SqliteStoreTest, NewerSchemaIsRefused) {
  (void)open();
  run_sql("PRAGMA user_version = 7");
  const auto refused = open_sqlite_store(path(), OpenMode::create_if_missing);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::conflict);
  EXPECT_NE(refused.error().message.find("newer version"), std::string::npos);
}

// A file of schema 1 with one server.
void make_first_schema(const std::string& path) {
  auto database = db::Database::open(path, db::Access::create_if_missing).value();
  ASSERT_TRUE(migrate_schema(database, 1).has_value());
  ASSERT_TRUE(database
                  .run("INSERT INTO servers VALUES (7, 'config', '/home/ada/mcp.json', '', "
                       "'github', 'github', 'default', 'running', 'stdio', '', '', '', '', "
                       "'', '', 5, NULL, 0, '', 0, '', 0, 1, 1); "
                       "UPDATE catalog_version SET version = 1")
                  .has_value());
}

TEST_F(SqliteStoreTest, OlderFileIsBroughtUpToDate) {
  make_first_schema(path());
  auto store = open();
  const auto before = store->read_all().value();
  ASSERT_EQ(before.servers.size(), 1u);
  EXPECT_EQ(before.servers.begin()->second->server.tools_listed_at.unix_ms, 5);
  EXPECT_TRUE(before.servers.begin()->second->server.link.others.empty());
  const auto after = store->apply(before, adding(a_server("github"), {"a"})).value();
  EXPECT_TRUE(same(open()->read_all().value(), after));
}

TEST_F(SqliteStoreTest, OlderFileCanBeReadByReaders) {
  make_first_schema(path());
  EXPECT_EQ(open(OpenMode::read_only)->read_all().value().servers.size(), 1u);
}

TEST_F(SqliteStoreTest, DamagedFileIsKeptAndNamed) {
  const std::string junk(5000, 'x');
  std::ofstream(path()) << junk;
  const auto refused = open_sqlite_store(path(), OpenMode::create_if_missing);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::corrupt);
  EXPECT_NE(refused.error().message.find(path()), std::string::npos);
  EXPECT_EQ(fs::file_size(path()), junk.size());
}

TEST_F(SqliteStoreTest, FullDiskLosesNothing) {
  auto store = open();
  const auto before = store->apply({}, adding(a_server("github"), {"a"})).value();
  // Files may not grow any more: what SQLite meets on a full disk.
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{65536, 65536};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    auto full = open_sqlite_store(path(), OpenMode::create_if_missing);
    std::vector<std::string> names;
    for (int i = 0; i < 5000; ++i) names.push_back("tool_" + std::to_string(i));
    const auto refused = full ? (*full)->apply(before, adding(a_server("files"), names))
                              : Result<Catalog>(std::unexpected(full.error()));
    ::_exit(refused.has_value() ? 1 : refused.error().code == Errc::unavailable ? 0 : 2);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(same(open()->read_all().value(), before));
}

TEST_F(SqliteStoreTest, KilledWriterLeavesTheOldOrTheNewVersion) {
  const auto before = open()->apply({}, adding(a_server("github"), {"a"})).value();
  const pid_t child = ::fork();
  if (child == 0) {
    auto store = open_sqlite_store(path(), OpenMode::create_if_missing);
    auto catalog = before;
    for (int i = 0;; ++i) {
      catalog =
          (*store)->apply(catalog, adding(a_server("s" + std::to_string(i)), {"x", "y"})).value();
    }
  }
  ::usleep(30'000);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  const auto after = open()->read_all();
  ASSERT_TRUE(after.has_value()) << after.error().message;
  EXPECT_EQ(static_cast<std::size_t>(after->version), after->servers.size());
  for (const auto& [id, entry] : after->servers) EXPECT_FALSE(entry->tools->empty());
}

std::vector<ContentHash> hashes_of(const std::vector<std::string>& texts) {
  std::vector<ContentHash> out;
  for (const auto& text : texts) out.push_back(content_hash(text));
  return out;
}

std::vector<std::pair<ContentHash, std::string>> vectors_of(const std::vector<std::string>& texts) {
  std::vector<std::pair<ContentHash, std::string>> out;
  for (const auto& text : texts) out.emplace_back(content_hash(text), "vector of " + text);
  return out;
}

TEST_F(SqliteStoreTest, VectorsBelongToTheirModel) {
  auto store = open();
  ASSERT_TRUE(store->write_vectors("mini", vectors_of({"a", "b"})).has_value());
  ASSERT_TRUE(store->write_vectors("large", {{content_hash("a"), "other"}}).has_value());
  const auto read = open(OpenMode::read_only)->read_vectors("mini", hashes_of({"a", "c"})).value();
  ASSERT_EQ(read.size(), 1u);
  EXPECT_EQ(read.at(content_hash("a")), "vector of a");
  EXPECT_TRUE(store->read_vectors("unheard of", hashes_of({"a"})).value().empty());
}

TEST_F(SqliteStoreTest, UsedToolsBelongToTheirModelAndTheOldestGo) {
  auto store = open();
  const auto used = [](int i) {
    return UsedTool{{{"toolhive", "local"}, "", "github"},
                    "tool" + std::to_string(i),
                    std::string("\0\x01", 2)};
  };
  ASSERT_TRUE(store->add_used_tool("mini", used(1)).has_value());
  ASSERT_TRUE(store->add_used_tool("large", used(2)).has_value());
  ASSERT_TRUE(store->add_used_tool("mini", used(3)).has_value());
  EXPECT_EQ(open(OpenMode::read_only)->read_used_tools("mini").value(),
            (std::vector<UsedTool>{used(1), used(3)}));
  EXPECT_TRUE(store->read_used_tools("unheard of").value().empty());

  auto database = db::Database::open(path(), db::Access::read_write).value();
  UsageTable table;
  ASSERT_TRUE(table.prepare(database, db::Access::read_write).has_value());
  ASSERT_TRUE(table.add("mini", used(4), 2).has_value());
  EXPECT_EQ(table.read("mini").value(), (std::vector<UsedTool>{used(3), used(4)}));
  EXPECT_TRUE(table.read("large").value().empty());
}

TEST_F(SqliteStoreTest, VectorsAreNoPartOfTheVersion) {
  auto store = open();
  const auto before = store->read_all().value();
  ASSERT_TRUE(store->write_vectors("mini", vectors_of({"a"})).has_value());
  EXPECT_FALSE(store->read_since(before).value().has_value());
}

TEST_F(SqliteStoreTest, VectorsAreGivenBackWhateverTheyAre) {
  auto store = open();
  const std::string odd("\0\xff junk", 7);
  ASSERT_TRUE(store->write_vectors("mini", {{content_hash("a"), odd}, {content_hash("b"), ""}})
                  .has_value());
  ASSERT_TRUE(store->write_vectors("mini", {{content_hash("b"), "new"}}).has_value());
  const auto read = store->read_vectors("mini", hashes_of({"a", "b"})).value();
  EXPECT_EQ(read.at(content_hash("a")), odd);
  EXPECT_EQ(read.at(content_hash("b")), "new");
}

TEST_F(SqliteStoreTest, PruningKeepsWhatIsWantedAndTheNewestOthers) {
  auto store = open();
  std::vector<std::string> texts;
  for (int i = 0; i < 600; ++i) texts.push_back(std::to_string(i));
  ASSERT_TRUE(store->write_vectors("mini", vectors_of(texts)).has_value());
  ASSERT_TRUE(store->prune_vectors("mini", hashes_of({"0", "1"}), 3).has_value());
  const auto left = store->read_vectors("mini", hashes_of(texts)).value();
  EXPECT_EQ(left.size(), 5u);
  for (const char* text : {"0", "1", "597", "598", "599"}) {
    EXPECT_TRUE(left.contains(content_hash(text))) << text;
  }
}

TEST_F(SqliteStoreTest, PruningKeepsTwoModels) {
  auto store = open();
  for (const char* model : {"first", "second", "third"}) {
    ASSERT_TRUE(store->write_vectors(model, vectors_of({"a"})).has_value());
  }
  ASSERT_TRUE(store->prune_vectors("first", hashes_of({"a"})).has_value());
  EXPECT_EQ(store->read_vectors("first", hashes_of({"a"})).value().size(), 1u);
  EXPECT_EQ(store->read_vectors("second", hashes_of({"a"})).value().size(), 0u);
  EXPECT_EQ(store->read_vectors("third", hashes_of({"a"})).value().size(), 1u);
}

TEST_F(SqliteStoreTest, OneLeadsUntilItsProcessEnds) {
  auto store = open();
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    auto other = open_sqlite_store(path(), OpenMode::create_if_missing);
    auto lease = (*other)->try_lead(kConfig, "serve");
    (void)!::write(ready[1], *lease ? "y" : "n", 1);
    ::pause();
  }
  char led = 0;
  ASSERT_EQ(::read(ready[0], &led, 1), 1);
  EXPECT_EQ(led, 'y');
  EXPECT_EQ(store->try_lead(kConfig, "ingest").value(), nullptr);
  const auto leader = store->who_leads(kConfig).value();
  ASSERT_TRUE(leader.has_value());
  EXPECT_EQ(leader->pid, child);
  EXPECT_EQ(leader->what, "serve");
  EXPECT_EQ(store->leaders().value().size(), 1u);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_NE(store->try_lead(kConfig, "ingest").value(), nullptr);
  ::close(ready[0]);
  ::close(ready[1]);
}

// Opens `path` in a child as soon as the writing end of `start` is closed; the child's end says
// whether that went well.
pid_t open_in_child(const std::string& path, OpenMode mode, const int (&start)[2]) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  ::close(start[1]);
  char none = 0;
  (void)!::read(start[0], &none, 1);
  const auto store = open_sqlite_store(path, mode);
  const auto read = store ? (*store)->read_all() : std::unexpected(store.error());
  if (!read) std::fprintf(stderr, "%s\n", read.error().message.c_str());
  ::_exit(read ? 0 : 1);
}

// How many of `modes`, started together, failed.
int failures_of(const std::string& path, const std::vector<OpenMode>& modes) {
  int start[2];
  if (::pipe(start) != 0) return -1;
  std::vector<pid_t> children;
  children.reserve(modes.size());
  for (const OpenMode mode : modes) children.push_back(open_in_child(path, mode, start));
  ::close(start[1]);
  ::close(start[0]);
  int failures = 0;
  for (const pid_t child : children) {
    int status = 0;
    if (::waitpid(child, &status, 0) != child || status != 0) ++failures;
  }
  return failures;
}

TEST_F(SqliteStoreTest, ProcessesThatStartTogetherAllOpenTheNewFile) {
  for (int round = 0; round < 20; ++round) {
    const std::string fresh = path() + std::to_string(round);
    const std::vector<OpenMode> modes(16, OpenMode::create_if_missing);
    EXPECT_EQ(failures_of(fresh, modes), 0) << "round " << round;
  }
}

TEST_F(SqliteStoreTest, ProcessesThatStartTogetherAllOpenAnOlderFile) {
  for (int round = 0; round < 10; ++round) {
    const std::string old = path() + std::to_string(round);
    make_first_schema(old);
    std::vector<OpenMode> modes(8, OpenMode::create_if_missing);
    modes.resize(16, OpenMode::read_only);
    EXPECT_EQ(failures_of(old, modes), 0) << "round " << round;
  }
}

TEST_F(SqliteStoreTest, AReaderWaitsForAFileThatIsBeingMade) {
  auto setup = SetupLock::take(path());
  ASSERT_TRUE(setup.has_value()) << setup.error().message;
  std::ofstream(path()).close();
  std::jthread maker([this, held = std::make_optional(*std::move(setup))]() mutable {
    auto database = db::Database::open(path(), db::Access::read_write).value();
    EXPECT_TRUE(migrate_schema(database).has_value());
    held.reset();
  });
  EXPECT_TRUE(open(OpenMode::read_only)->read_all().has_value());
}

TEST_F(SqliteStoreTest, AnEmptyFileIsNoCatalogForReaders) {
  std::ofstream(path()).close();
  const auto refused = open_sqlite_store(path(), OpenMode::read_only);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::not_found);
  EXPECT_FALSE(fs::exists(path() + ".setup"));
}

}  // namespace
}  // namespace mcpo::catalog
