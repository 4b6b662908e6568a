// What calls teach, over a real store.
#include "gateway/usage_memory.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>

#include "db/sqlite.h"
#include "embed/encoder_fake.h"
#include "gateway/view_follower.h"

namespace mcpo::gateway {
namespace {

namespace asio = boost::asio;
const SourceInstance kConfig{"config", "/mcp.json"};

catalog::ChangeSet one_server() {
  catalog::Server server;
  server.key = {kConfig, "", "mail"};
  server.display_name = "mail";
  const std::string json = R"({"name":"send","inputSchema":{"type":"object"}})";
  auto tools = std::make_shared<std::vector<catalog::CatalogTool>>();
  tools->push_back({"send", json, content_hash(json)});
  catalog::ChangeSet out;
  out.tools.emplace(server.key, std::move(tools));
  out.upserts.push_back(std::move(server));
  return out;
}

class UsageMemoryTest : public testing::Test {
 public:
  UsageMemoryTest() {
    folder_ = std::filesystem::temp_directory_path() / ("usage-" + random_hex(6));
    std::filesystem::create_directory(folder_);
  }
  ~UsageMemoryTest() override { std::filesystem::remove_all(folder_); }

  std::string path() const { return (folder_ / "catalog.db").string(); }
  void run_sql(const char* sql) const {
    auto database = db::Database::open(path(), db::Access::read_write).value();
    ASSERT_TRUE(database.run(sql));
  }
  void run_all() {
    io.restart();
    io.run();
  }
  template <class T>
  void finish(async::Task<T> task) {
    asio::co_spawn(io, std::move(task), [](std::exception_ptr error, const Result<T>& value) {
      EXPECT_EQ(error, nullptr);
      EXPECT_TRUE(value);
    });
    run_all();
  }

  // One process's parts over the same file.
  struct Process {
    explicit Process(UsageMemoryTest& t)
        : test(t),
          catalog(*catalog::LiveCatalog::open(
              t.io.get_executor(),
              *catalog::open_sqlite_store(t.path(), catalog::OpenMode::create_if_missing),
              Logger::none())),
          views(t.io.get_executor(), *catalog, Visibility{{kConfig}}, book, cpu, Logger::none()),
          encoder(t.io.get_executor()),
          tools(encoder, {}),
          memory(t.io.get_executor(), *catalog, tools, clock, Logger::none()) {
      test.finish(catalog->apply(one_server()));
      views.build_now();
    }
    // What is known of a request, after what that sets going has ended.
    std::size_t used(const std::vector<float>& direction) {
      search::Query query = asking(direction);
      memory.add_used(query, views.view());
      test.run_all();
      return query.used.size();
    }
    void find_and_call(const std::vector<float>& direction) {
      const search::Query query = asking(direction);
      memory.offered(query, *views.view(), {.hits = {{0, 1}}});
      memory.called(views.view()->servers().at(0).server(), "send");
      test.run_all();
    }
    static search::Query asking(const std::vector<float>& direction) {
      search::Query query;
      query.embedding = std::make_shared<const search::RequestEmbedding>(
          search::RequestEmbedding{.vector = search::to_fixed(direction)});
      return query;
    }
    UsageMemoryTest& test;
    ManualClock clock;
    async::CpuPool cpu{1};
    EmbeddingBook book;
    std::unique_ptr<catalog::LiveCatalog> catalog;
    ViewFollower views;
    embed::FakeEncoder encoder;
    embed::ToolEncoder tools;
    UsageMemory memory;
  };

  asio::io_context io;
  std::filesystem::path folder_;
};

TEST_F(UsageMemoryTest, WhatOneProcessLearnsTheNextOneKnows) {
  Process first(*this);
  EXPECT_EQ(first.used({1, 0}), 0U);
  first.find_and_call({1, 0});
  EXPECT_EQ(first.used({1, 0}), 1U);
  Process second(*this);
  EXPECT_EQ(second.used({1, 0}), 0U);  // nobody waits for the database
  EXPECT_EQ(second.used({1, 0}), 1U);
  EXPECT_EQ(second.used({0, 1}), 0U);
}

TEST_F(UsageMemoryTest, AnotherModelKnowsNothingOfIt) {
  Process first(*this);
  first.find_and_call({1, 0});
  Process second(*this);
  second.encoder.name = "other";
  EXPECT_EQ(second.used({1, 0}), 0U);
  EXPECT_EQ(second.used({1, 0}), 0U);
}

TEST_F(UsageMemoryTest, AFailedReadIsTriedAgainAndForgetsNothing) {
  {
    Process(*this).find_and_call({1, 0});
  }
  Process process(*this);
  run_sql("ALTER TABLE used_tools RENAME TO elsewhere");
  EXPECT_EQ(process.used({1, 0}), 0U);
  run_sql("ALTER TABLE elsewhere RENAME TO used_tools");
  process.find_and_call({0, 1});
  EXPECT_EQ(process.used({1, 0}), 0U);  // too early
  process.clock.advance(UsageMemory::kRetryAfter);
  (void)process.used({1, 0});
  EXPECT_EQ(process.used({1, 0}), 1U);
  EXPECT_EQ(process.used({0, 1}), 1U);
}

TEST_F(UsageMemoryTest, ClosedItStoresWhatItHasAndLearnsNoMore) {
  Process first(*this);
  const search::Query query = Process::asking({1, 0});
  first.memory.offered(query, *first.views.view(), {.hits = {{0, 1}}});
  first.memory.called(first.views.view()->servers().at(0).server(), "send");
  io.restart();
  io.poll();
  finish(first.memory.close(async::Deadline::never()));
  first.find_and_call({0, 1});
  Process second(*this);
  (void)second.used({1, 0});
  EXPECT_EQ(second.used({0, 1}), 0U);
}

}  // namespace
}  // namespace mcpo::gateway
