#include "sources/config_file/config_file_source.h"

#include "sources/loop_test_support.h"

namespace mcpo::sources {
namespace {

namespace fs = std::filesystem;

class ConfigFileSourceTest : public LoopTest {
 public:
  // As Kubernetes mounts a ConfigMap: the file is a link through ..data, which is swapped as a
  // whole; the version before goes.
  void mount(const std::string& version) {
    folder.write(version + "/mcp.json", R"({"mcpServers":{")" + version + R"(":{"command":"x"}}})");
    fs::create_directory_symlink(version, folder.path + "/..next");
    fs::rename(folder.path + "/..next", folder.path + "/..data");
    if (!mounted.empty()) fs::remove_all(folder.path + "/" + mounted);
    mounted = version;
  }

  TempFolder folder;
  std::string mounted;
};

TEST_F(ConfigFileSourceTest, EveryVersionOfAMountedFileIsNoticed) {
  mount("v1");
  fs::create_symlink("..data/mcp.json", folder.path + "/mcp.json");
  auto body = [](ConfigFileSourceTest& t) -> async::Co<> {
    ConfigFileSource source(
        t.context.get_executor(),
        {.path = t.folder.path + "/mcp.json", .environment = {}, .is_ourselves = {}},
        Logger::none());
    int changes = 0;
    auto step = [&] {
      ++changes;
      if (changes < 3) t.mount("v" + std::to_string(changes + 1));
    };
    boost::asio::steady_timer first(t.context, std::chrono::milliseconds(20));
    first.async_wait([&](boost::system::error_code) { t.mount("first"); });
    (void)co_await async::with_deadline(source.watch(step), async::Deadline::in(Millis(1'500)),
                                        "watch");
    EXPECT_EQ(changes, 3);
    const Observation seen = co_await source.observe({}, soon());
    EXPECT_EQ(seen.workloads.at(0).name, "v3");
  };
  run(body(*this));
}

}  // namespace
}  // namespace mcpo::sources
