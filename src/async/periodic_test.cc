#include "async/periodic.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "async/task_scope.h"

namespace mcpo::async {
namespace {

TEST(Backoff, DoublesUpToTheMaximumWithJitterBelow) {
  const BackoffPolicy policy{Millis(1000), Millis(60000)};
  EXPECT_EQ(backoff_delay(policy, 0, 1.0), Millis(1000));
  EXPECT_EQ(backoff_delay(policy, 0, 0.0), Millis(500));
  EXPECT_EQ(backoff_delay(policy, 3, 1.0), Millis(8000));
  EXPECT_EQ(backoff_delay(policy, 6, 1.0), Millis(60000));
  EXPECT_EQ(backoff_delay(policy, 1'000'000, 0.5), Millis(45000));
  EXPECT_EQ(backoff_delay(policy, -1, 7.0), Millis(1000));
  EXPECT_EQ(backoff_delay({Millis(0), Millis(60000)}, 9, 1.0), Millis(0));
  EXPECT_EQ(backoff_delay({Millis::max(), Millis::max()}, 9, 0.0).count() > 0, true);
}

// Counts its runs; each takes until `go` changes.
struct Work {
  explicit Work(Executor executor) : go(std::move(executor)) {}
  static Co<> run(Work* self) {
    ++self->begun;
    const auto seen = self->go.version();
    (void)co_await self->go.wait_change(seen, Deadline::never());
    ++self->ended;
  }
  Notifier go;
  int begun = 0;
  int ended = 0;
};

class PeriodicTest : public testing::Test {
 protected:
  std::unique_ptr<Periodic> start(Millis interval) {
    auto periodic = std::make_unique<Periodic>(io_.get_executor(), interval,
                                               [this] { return Work::run(&work_); });
    scope_.spawn("periodic", periodic->run());
    poll();
    return periodic;
  }
  void poll() {
    io_.restart();
    io_.poll();
  }
  void finish_run() {
    work_.go.notify_all();
    poll();
  }

  asio::io_context io_{1};
  Work work_{io_.get_executor()};
  TaskScope scope_{io_.get_executor(), Logger::none()};
};

TEST_F(PeriodicTest, RunsAtOnceAndThenWhenTriggered) {
  auto periodic = start(Millis(0));
  EXPECT_EQ(work_.begun, 1);
  finish_run();
  EXPECT_EQ(work_.begun, 1);
  periodic->trigger_now();
  poll();
  EXPECT_EQ(work_.begun, 2);
  scope_.cancel();
  poll();
  EXPECT_EQ(scope_.running(), 0U);
}

TEST_F(PeriodicTest, MergesTriggersDuringARun) {
  auto periodic = start(Millis(0));
  for (int i = 0; i < 3; ++i) periodic->trigger_now();
  poll();
  EXPECT_EQ(work_.begun, 1);
  finish_run();
  EXPECT_EQ(work_.begun, 2);
  finish_run();
  EXPECT_EQ(work_.begun, 2);
  scope_.cancel();
  poll();
}

TEST_F(PeriodicTest, RepeatsAfterTheInterval) {
  auto periodic = start(Millis(1));
  work_.go.notify_all();
  while (work_.begun < 2) io_.run_one();
  scope_.cancel();
  poll();
  EXPECT_EQ(work_.ended, 2);
}

}  // namespace
}  // namespace mcpo::async
