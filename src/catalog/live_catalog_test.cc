#include "catalog/live_catalog.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>

namespace mcpo::catalog {
namespace {

namespace asio = boost::asio;

class LiveCatalogTest : public testing::Test {
 public:
  LiveCatalogTest() {
    std::string name = testing::TempDir() + "live-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    auto store = open_sqlite_store(folder_ + "/catalog.db", OpenMode::create_if_missing);
    catalog_ = LiveCatalog::open(context.get_executor(), *std::move(store), Logger::none()).value();
  }
  ~LiveCatalogTest() override { std::filesystem::remove_all(folder_); }

  void run(async::Co<> (*test)(LiveCatalog&)) {
    asio::co_spawn(context, test(*catalog_), [](std::exception_ptr thrown) {
      if (thrown) std::rethrow_exception(thrown);
    });
    context.run_for(std::chrono::seconds(90));
    EXPECT_TRUE(context.stopped());
    catalog_->stop();
  }

  asio::io_context context{1};

 private:
  std::string folder_;
  std::unique_ptr<LiveCatalog> catalog_;
};

TEST_F(LiveCatalogTest, PublishesWhatItWrote) {
  run([](LiveCatalog& live) -> async::Co<> {
    const auto before = live.changed().version();
    ChangeSet changes;
    changes.registries[{"toolhive", "local"}] = make_registry({RegistryEntry{"fetch"}}, nullptr);
    const auto written = co_await live.apply(changes);
    EXPECT_EQ(written.value(), live.read());
    EXPECT_NE(live.changed().version(), before);
    const auto again = co_await live.apply(changes);
    EXPECT_EQ(again.value(), written.value());
  });
}

TEST_F(LiveCatalogTest, VectorsComeAndGoWithoutANewVersion) {
  run([](LiveCatalog& live) -> async::Co<> {
    // Made first: braces within co_await are more than g++ 12 can bear.
    const std::vector<ContentHash> hashes{content_hash("text")};
    const std::vector<std::pair<ContentHash, std::string>> vectors{{hashes[0], "bytes"}};
    const auto before = live.read();
    const auto written = co_await live.write_vectors("mini", vectors);
    EXPECT_TRUE(written.has_value());
    const auto read = co_await live.read_vectors("mini", hashes);
    EXPECT_EQ(read.value().at(hashes[0]), "bytes");
    const auto pruned = co_await live.prune_vectors("mini", hashes);
    EXPECT_TRUE(pruned.has_value());
    EXPECT_EQ(live.read(), before);
  });
}

}  // namespace
}  // namespace mcpo::catalog
