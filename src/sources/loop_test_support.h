// For the tests of this module: a loop that runs one coroutine to its end.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "async/deadline.h"
#include "async/task.h"

namespace mcpo::sources {

class LoopTest : public testing::Test {
 public:
  // Runs `test`; what still runs when it ends is dropped with the loop.
  void run(async::Co<> test) {
    auto whole = [](async::Co<> work) -> async::Co<> {
      co_await boost::asio::this_coro::throw_if_cancelled(false);
      co_await std::move(work);
    };
    bool ended = false;
    boost::asio::co_spawn(context, whole(std::move(test)), [&](std::exception_ptr thrown) {
      ended = true;
      context.stop();
      if (thrown) std::rethrow_exception(thrown);
    });
    context.restart();
    context.run_for(std::chrono::seconds(90));
    EXPECT_TRUE(ended) << "the test did not end";
  }

  boost::asio::io_context context{1};
};

inline async::Deadline soon() { return async::Deadline::in(Millis(60'000)); }

inline bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// Gone with its owner.
class TempFolder {
 public:
  TempFolder() {
    std::string name = testing::TempDir() + "mcpo-sources-XXXXXX";
    path = mkdtemp(name.data());
  }
  ~TempFolder() { std::filesystem::remove_all(path); }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  std::string write(const std::string& name, const std::string& text) const {
    const std::filesystem::path file = std::filesystem::path(path) / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
    return file.string();
  }

  std::string path;
};

}  // namespace mcpo::sources
