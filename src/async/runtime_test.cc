#include "async/runtime.h"

#include <gtest/gtest.h>

#include <csignal>
#include <stdexcept>
#include <thread>

#include "async/one_shot.h"
#include "async/snapshot.h"

namespace mcpo::async {
namespace {

Co<int> returns(int code) { co_return code; }

Co<int> raises_and_waits(OneShot<int>* stop) {
  raise(SIGTERM);
  auto signal = co_await stop->wait(Deadline::never());
  co_return 100 + signal.value_or(0);
}

Co<int> offloads(CpuPool* pool) {
  const auto here = std::this_thread::get_id();
  const bool elsewhere =
      co_await offload(*pool, [here] { return std::this_thread::get_id() != here; });
  co_return elsewhere&& std::this_thread::get_id() == here ? 5 : 1;
}

Co<int> raises_twice(OneShot<int>* stop) {
  raise(SIGTERM);
  auto signal = co_await stop->wait(Deadline::never());
  raise(SIGINT);
  (void)co_await sleep_for(Millis(60000));
  co_return signal.value_or(0);
}

Co<int> raises_one_twice(OneShot<int>* stop) {
  raise(SIGTERM);
  const int signal = (co_await stop->wait(Deadline::never())).value_or(0);
  raise(SIGTERM);
  (void)co_await sleep_for(Millis(20));
  co_return 100 + signal;
}

Co<int> throws() {
  throw std::runtime_error("bug");
  co_return 0;
}

TEST(Runtime, ReturnsTheExitCodeOfMain) {
  Runtime runtime({}, Logger::none());
  EXPECT_EQ(runtime.run(returns(3), nullptr), 3);
}

TEST(Runtime, StopsOnASignal) {
  Runtime runtime({}, Logger::none());
  OneShot<int> stop(runtime.io());
  EXPECT_EQ(runtime.run(raises_and_waits(&stop), [&](int signal) { stop.set(signal); }),
            100 + SIGTERM);
}

TEST(Runtime, SecondSignalEndsTheProcess) {
  auto body = [] {
    Runtime runtime({}, Logger::none());
    OneShot<int> stop(runtime.io());
    runtime.run(raises_twice(&stop), [&](int signal) { stop.set(signal); });
  };
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(body(), testing::ExitedWithCode(128 + SIGINT), "");
}

TEST(Runtime, ASignalThatComesTwiceAtOnceIsOneWish) {
  Runtime runtime({}, Logger::none());
  OneShot<int> stop(runtime.io());
  EXPECT_EQ(runtime.run(raises_one_twice(&stop), [&](int signal) { stop.set(signal); }),
            100 + SIGTERM);
}

TEST(Runtime, OffloadComesBackToTheIoThread) {
  Runtime runtime({}, Logger::none());
  EXPECT_EQ(runtime.run(offloads(&runtime.cpu()), nullptr), 5);
}

TEST(Runtime, PassesAnExceptionOfMainOn) {
  Runtime runtime({}, Logger::none());
  EXPECT_THROW(runtime.run(throws(), nullptr), std::runtime_error);
}

TEST(Snapshot, ReadersKeepWhatTheyRead) {
  Snapshot<int> snapshot(std::make_shared<const int>(1));
  auto old = snapshot.read();
  snapshot.publish(std::make_shared<const int>(2));
  EXPECT_EQ(*old, 1);
  EXPECT_EQ(*snapshot.read(), 2);
}

}  // namespace
}  // namespace mcpo::async
