// Tools get their embeddings from an encoder that the test holds in its hand, over a real store.
#include "gateway/enricher.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>

#include "embed/encoder_fake.h"

namespace mcpo::gateway {
namespace {

namespace asio = boost::asio;
const SourceInstance kConfig{"config", "/mcp.json"};

catalog::ChangeSet some_tools(int count, const std::string& description) {
  catalog::Server server;
  server.key = {kConfig, "", "github"};
  server.display_name = "github";
  auto tools = std::make_shared<std::vector<catalog::CatalogTool>>();
  for (int i = 0; i < count; ++i) {
    const std::string name = "tool" + std::to_string(i);
    const std::string definition =
        R"({"name":")" + name + R"(","description":")" + description + "\"}";
    tools->push_back({name, definition, content_hash(definition)});
  }
  catalog::ChangeSet out;
  out.tools.emplace(server.key, std::move(tools));
  out.upserts.push_back(std::move(server));
  return out;
}

class EnricherTest : public testing::Test {
 public:
  EnricherTest() {
    path_ = std::filesystem::temp_directory_path() / ("enricher-" + random_hex(6));
    std::filesystem::create_directory(path_);
  }
  ~EnricherTest() override { std::filesystem::remove_all(path_); }

  // One process's parts over the same file.
  struct Process {
    explicit Process(EnricherTest& test, EnricherOptions options = {.batch = 4})
        : catalog(*catalog::LiveCatalog::open(
              test.io.get_executor(),
              *catalog::open_sqlite_store((test.path_ / "catalog.db").string(),
                                          catalog::OpenMode::create_if_missing),
              Logger::none())),
          views(test.io.get_executor(), *catalog, Visibility{{kConfig}}, book, cpu, Logger::none()),
          encoder(test.io.get_executor()),
          tools(encoder, {}),
          enricher(test.io.get_executor(), views, *catalog, tools, book, clock, options,
                   Logger::none()) {
      views.build_now();
    }
    // Tools: of each the whole text is encoded with rows, and its description without.
    std::size_t encoded() const {
      std::size_t out = 0;
      for (const auto& call : encoder.calls) {
        for (const auto& job : call.jobs) out += job.rows == embed::Rows::all ? 1 : 0;
      }
      return out;
    }
    ManualClock clock;
    async::CpuPool cpu{1};
    EmbeddingBook book;
    std::unique_ptr<catalog::LiveCatalog> catalog;
    ViewFollower views;
    embed::FakeEncoder encoder;
    embed::ToolEncoder tools;
    Enricher enricher;
  };

  template <class T>
  Result<T> run(async::Task<T> task) {
    Result<T> out = fail(Errc::internal, "did not end");
    asio::co_spawn(io, std::move(task), [&](std::exception_ptr error, Result<T> value) {
      if (error) std::rethrow_exception(error);
      out = std::move(value);
    });
    io.restart();
    io.run();
    return out;
  }
  void add_tools(Process& process, int count, const std::string& description = "does it") {
    ASSERT_TRUE(run(process.catalog->apply(some_tools(count, description))));
    process.views.build_now();
  }

  asio::io_context io;
  std::filesystem::path path_;
};

TEST_F(EnricherTest, EncodesWhatIsMissingAndStoresIt) {
  Process first(*this);
  add_tools(first, 3);
  ASSERT_TRUE(run(first.enricher.run_once()));
  EXPECT_EQ(first.encoded(), 3u);
  EXPECT_EQ(first.book.size(), 3u);
  EXPECT_EQ(first.encoder.calls[0].priority, embed::Priority::bulk);
}

TEST_F(EnricherTest, ATextIsWantedUntilSearchKnowsItsEmbedding) {
  Process process(*this);
  add_tools(process, 3);
  ASSERT_TRUE(run(process.enricher.run_once()));
  ASSERT_TRUE(run(process.enricher.run_once()));
  EXPECT_EQ(process.enricher.progress().wanted, 3u);  // the view is still the one without
  process.views.build_now();
  ASSERT_TRUE(run(process.enricher.run_once()));
  EXPECT_EQ(process.enricher.progress().wanted, 0u);
}

TEST_F(EnricherTest, ASecondProcessReadsWhatTheFirstStored) {
  Process first(*this);
  add_tools(first, 3);
  ASSERT_TRUE(run(first.enricher.run_once()));
  Process second(*this);
  ASSERT_TRUE(run(second.enricher.run_once()));
  EXPECT_EQ(second.encoded(), 0u);
  EXPECT_EQ(second.book.size(), 3u);
}

TEST_F(EnricherTest, AnotherModelEncodesAnew) {
  Process first(*this);
  add_tools(first, 2);
  ASSERT_TRUE(run(first.enricher.run_once()));
  Process second(*this);
  second.encoder.name = "another";
  ASSERT_TRUE(run(second.enricher.run_once()));
  EXPECT_EQ(second.encoded(), 2u);
}

TEST_F(EnricherTest, OneProcessEncodesAtATime) {
  Process first(*this);
  add_tools(first, 3);
  Process second(*this);
  const auto live = [](EnricherTest& test, Process& one, Process& other) -> async::Task<void> {
    async::TaskScope scope(test.io.get_executor(), Logger::none());
    one.encoder.hold();
    scope.spawn("enricher", one.enricher.run_once());
    while (one.encoder.calls.empty()) (void)co_await async::sleep_for(Millis(1));
    CO_CHECK_OK(co_await other.enricher.run_once());
    EXPECT_EQ(other.enricher.progress().wanted, 3u);  // the first one's business
    one.encoder.release();
    while (one.book.size() < 3) (void)co_await async::sleep_for(Millis(1));
    co_return co_await scope.close(async::Deadline::in(Millis(1'000)));
  };
  ASSERT_TRUE(run(live(*this, first, second)));
  ASSERT_TRUE(run(second.enricher.run_once()));
  EXPECT_EQ(second.encoded(), 0u);
  EXPECT_EQ(second.book.size(), 3u);
}

TEST_F(EnricherTest, WhatOneProcessDoesNotSeeAnotherEncodes) {
  Process first(*this);
  add_tools(first, 2);
  ASSERT_TRUE(run(first.enricher.run_once()));
  Process second(*this);
  add_tools(second, 5);
  ASSERT_TRUE(run(second.enricher.run_once()));
  EXPECT_EQ(second.encoded(), 3u);
  EXPECT_EQ(second.book.size(), 5u);
}

TEST_F(EnricherTest, ATextThatIsRefusedKeepsNoOtherFromItsVector) {
  Process process(*this);
  add_tools(process, 4);
  process.encoder.refused = "tool2";
  ASSERT_TRUE(run(process.enricher.run_once()));
  EXPECT_EQ(process.book.size(), 3u);
  process.views.build_now();
  const std::size_t asked = process.encoded();
  ASSERT_TRUE(run(process.enricher.run_once()));
  EXPECT_EQ(process.encoded(), asked);  // it is not asked again
  EXPECT_EQ(process.enricher.progress().wanted, 0u);
}

TEST_F(EnricherTest, WithNothingToDoItSeesWhetherTheEncoderIsBack) {
  Process process(*this, {.retry_after = Millis(1)});
  add_tools(process, 1);
  const auto live = [](EnricherTest& test, Process& one) -> async::Task<void> {
    async::TaskScope scope(test.io.get_executor(), Logger::none());
    scope.spawn("enricher", one.enricher.run());
    while (one.book.size() < 1) (void)co_await async::sleep_for(Millis(1));
    one.views.build_now();
    const std::size_t before = one.encoder.looks;
    while (one.encoder.looks < before + 3) (void)co_await async::sleep_for(Millis(1));
    co_return co_await scope.close(async::Deadline::in(Millis(1'000)));
  };
  ASSERT_TRUE(run(live(*this, process)));
  EXPECT_EQ(process.encoded(), 1u);
}

TEST_F(EnricherTest, ARefusalIsForgottenWithItsText) {
  Process process(*this);
  add_tools(process, 3);
  process.encoder.refused = "tool2";
  ASSERT_TRUE(run(process.enricher.run_once()));
  process.encoder.refused.clear();
  add_tools(process, 2, "does it in another way");  // tool2 is gone
  ASSERT_TRUE(run(process.enricher.run_once()));
  add_tools(process, 3);
  ASSERT_TRUE(run(process.enricher.run_once()));
  EXPECT_EQ(process.enricher.progress().wanted, 1u);
  EXPECT_NE(process.encoder.calls.back().jobs.front().text.find("tool2"), std::string::npos);
}

TEST_F(EnricherTest, AFailureIsToldAndLosesNothing) {
  Process process(*this);
  add_tools(process, 2);
  process.encoder.failure = Error{Errc::unavailable, "the service is down"};
  process.encoder.name = "";
  EXPECT_FALSE(run(process.enricher.run_once()));
  EXPECT_EQ(process.enricher.progress().wanted, 2u);
  process.encoder.failure.reset();
  process.encoder.name = "fake";
  ASSERT_TRUE(run(process.enricher.run_once()));
  EXPECT_EQ(process.book.size(), 2u);
}

}  // namespace
}  // namespace mcpo::gateway
