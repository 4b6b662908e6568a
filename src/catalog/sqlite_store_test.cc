#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "catalog/store.h"

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
  out.link = {"io.github/x", MatchRule::exact};
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
  return a.version == b.version && a.memory == b.memory &&
         std::ranges::equal(a.servers, b.servers, equal_entry);
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

}  // namespace
}  // namespace mcpo::catalog
