#include "app/stored_view.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "app/config.h"
#include "catalog/change_set.h"

namespace mcpo::app {
namespace {

const SourceInstance kHere{"toolhive", "http://127.0.0.1:8080"};
const SourceInstance kThere{"toolhive", "unix:///run/thv.sock"};

catalog::Server known(const SourceInstance& origin, const std::string& name, std::int64_t heard) {
  catalog::Server out;
  out.key = {origin, "", name};
  out.display_name = name;
  out.last_success = WallTime{heard};
  return out;
}

class StoredViewTest : public testing::Test {
 public:
  StoredViewTest() {
    std::string name = testing::TempDir() + "stored-XXXXXX";
    folder_ = ::mkdtemp(name.data());
  }
  ~StoredViewTest() override { std::filesystem::remove_all(folder_); }

  void store(std::vector<catalog::Server> servers) {
    auto opened = catalog::open_sqlite_store(path(), catalog::OpenMode::create_if_missing).value();
    catalog::ChangeSet changes;
    changes.upserts = std::move(servers);
    ASSERT_TRUE(opened->apply({}, changes).has_value());
  }
  std::vector<std::string> shown(std::uint16_t toolhive_port = 0) {
    Config config;
    config.database_path = path();
    config.config_path = folder_ + "/no.json";
    config.toolhive_port = toolhive_port;
    const auto loaded = load_view(config).value();
    std::vector<std::string> out;
    for (const auto& server : loaded->view->servers()) {
      out.push_back(server.name() + " at " + server.server().key.origin.instance);
    }
    return out;
  }

 private:
  std::string path() const { return folder_ + "/catalog.db"; }
  std::string folder_;
};

TEST_F(StoredViewTest, OneToolHiveThatWasReachedAtTwoPlacesIsShownOnce) {
  store({known(kHere, "notes", 1'000), known(kThere, "notes", 2'000), known(kHere, "old", 1'000)});
  EXPECT_EQ(shown(), (std::vector<std::string>{"notes at unix:///run/thv.sock",
                                               "old at http://127.0.0.1:8080"}));
}

TEST_F(StoredViewTest, ANamedPlaceShowsWhatIsKnownOfIt) {
  store({known(kHere, "notes", 1'000), known(kThere, "notes", 2'000), known(kThere, "new", 2'000)});
  EXPECT_EQ(shown(8080), (std::vector<std::string>{"notes at http://127.0.0.1:8080"}));
}

}  // namespace
}  // namespace mcpo::app
