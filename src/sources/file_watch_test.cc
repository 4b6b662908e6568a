#include "sources/file_watch.h"

#include <boost/asio/steady_timer.hpp>

#include "sources/loop_test_support.h"

namespace mcpo::sources {
namespace {

class FileWatchTest : public LoopTest {
 public:
  // Does wait() return after `change`, made while it waits?
  bool sees(const std::string& file, std::function<void()> change) {
    bool seen = false;
    auto body = [](FileWatchTest& t, std::string path, std::function<void()> act,
                   bool& out) -> async::Co<> {
      FileWatch watch(t.context.get_executor(), path);
      act();
      out = (co_await async::with_deadline(watch.wait(), soon(), "wait")).has_value();
    };
    run(body(*this, file, std::move(change), seen));
    return seen;
  }
  TempFolder folder;
};

TEST_F(FileWatchTest, SeesWritingReplacingAndRemoving) {
  const std::string file = folder.write("a.json", "1");
  EXPECT_TRUE(sees(file, [&] { folder.write("a.json", "2"); }));
  EXPECT_TRUE(sees(file, [&] {
    folder.write("b.json", "3");
    std::filesystem::rename(folder.path + "/b.json", file);
  }));
  EXPECT_TRUE(sees(file, [&] { std::filesystem::remove(file); }));
}

TEST_F(FileWatchTest, SeesAFileComeIntoBeingWithItsFolders) {
  const std::string file = folder.path + "/toolhive/server/server.json";
  auto body = [](FileWatchTest& t, std::string path) -> async::Co<> {
    FileWatch watch(t.context.get_executor(), path);
    std::filesystem::create_directories(t.folder.path + "/toolhive");
    EXPECT_TRUE(co_await async::with_deadline(watch.wait(), soon(), "first folder"));
    t.folder.write("toolhive/server/server.json", "1");
    EXPECT_TRUE(co_await async::with_deadline(watch.wait(), soon(), "file"));
    t.folder.write("toolhive/server/server.json", "2");
    EXPECT_TRUE(co_await async::with_deadline(watch.wait(), soon(), "content"));
    std::filesystem::remove_all(t.folder.path + "/toolhive");
    EXPECT_TRUE(co_await async::with_deadline(watch.wait(), soon(), "removal"));
  };
  run(body(*this, file));
}

TEST_F(FileWatchTest, IgnoresItsNeighbours) {
  const std::string file = folder.write("a.json", "1");
  auto body = [](FileWatchTest& t, std::string path) -> async::Co<> {
    FileWatch watch(t.context.get_executor(), path);
    t.folder.write("other.json", "1");
    EXPECT_FALSE(
        co_await async::with_deadline(watch.wait(), async::Deadline::in(Millis(150)), "w"));
  };
  run(body(*this, file));
}

}  // namespace
}  // namespace mcpo::sources
