// Parts of one process over a store in a temporary folder, and a loop to run them on.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <memory>
#include <string>

#include "catalog/live_catalog.h"
#include "embed/encoder_fake.h"
#include "embed/tool_encoder.h"
#include "gateway/view_follower.h"

namespace mcpo::gateway {

namespace asio = boost::asio;
inline const SourceInstance kConfig{"config", "/mcp.json"};

// A server "github" with tool0, tool1 and so on.
inline catalog::ChangeSet some_tools(int count, const std::string& description) {
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

class StoreTest : public testing::Test {
 public:
  StoreTest() {
    folder_ = std::filesystem::temp_directory_path() / ("gateway-" + random_hex(6));
    std::filesystem::create_directory(folder_);
  }
  ~StoreTest() override { std::filesystem::remove_all(folder_); }
  std::string path() const { return (folder_ / "catalog.db").string(); }

  // What several tests' processes have in common.
  struct Parts {
    explicit Parts(StoreTest& test)
        : catalog(*catalog::LiveCatalog::open(
              test.io.get_executor(),
              *catalog::open_sqlite_store(test.path(), catalog::OpenMode::create_if_missing),
              Logger::none())),
          views(test.io.get_executor(), *catalog, Visibility{{kConfig}}, book, cpu, Logger::none()),
          encoder(test.io.get_executor()),
          tools(encoder, {}) {
      views.build_now();
    }
    ManualClock clock;
    async::CpuPool cpu{1};
    EmbeddingBook book;
    std::unique_ptr<catalog::LiveCatalog> catalog;
    ViewFollower views;
    embed::FakeEncoder encoder;
    embed::ToolEncoder tools;
  };

  void run_all() {
    io.restart();
    io.run();
  }
  template <class T>
  Result<T> run(async::Task<T> task) {
    Result<T> out = fail(Errc::internal, "did not end");
    asio::co_spawn(io, std::move(task), [&](std::exception_ptr error, Result<T> value) {
      if (error) std::rethrow_exception(error);
      out = std::move(value);
    });
    run_all();
    return out;
  }
  void add_tools(Parts& process, int count, const std::string& description = "does it") {
    ASSERT_TRUE(run(process.catalog->apply(some_tools(count, description))));
    process.views.build_now();
  }

  asio::io_context io;

 private:
  std::filesystem::path folder_;
};

}  // namespace mcpo::gateway
