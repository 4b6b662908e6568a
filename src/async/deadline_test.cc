#include "async/deadline.h"

#include <gtest/gtest.h>

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "async/notifier.h"
#include "async/one_shot.h"
#include "async/task_scope.h"

namespace mcpo::async {
namespace {

using std::chrono::milliseconds;

// Runs `task` to its end on a loop of its own.
template <class T>
Result<T> run(asio::io_context& io, Task<T> task) {
  std::optional<Result<T>> result;
  asio::co_spawn(io, detail::run_into<T>(std::move(task), &result), asio::detached);
  io.restart();
  io.run();
  return result ? *std::move(result) : Result<T>(fail(Errc::internal, "did not end"));
}

Task<int> number_after(Millis pause, int value) {
  CO_CHECK_OK(co_await sleep_for(pause));
  co_return value;
}

// Takes its time even when cancelled, and says that it ended.
Task<int> slow_to_leave(bool* ended) {
  Result<void> slept = co_await sleep_for(Millis(60000));
  asio::steady_timer timer(co_await asio::this_coro::executor, milliseconds(20));
  auto [error] = co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  *ended = !error;
  co_return std::unexpected(slept.error());
}

TEST(Deadline, ClampsAndShrinks) {
  EXPECT_TRUE(Deadline::in(Millis::max()).is_never());
  EXPECT_EQ(Deadline::never().remaining(), Millis::max());
  EXPECT_TRUE(Deadline::never().minus(Millis(5)).is_never());
  EXPECT_EQ(Deadline::in(Millis(-5)).remaining(), Millis(0));
  EXPECT_TRUE(Deadline::in(Millis(0)).expired());
  const Deadline minute = Deadline::in(Millis(60000));
  EXPECT_EQ(minute.earlier(Deadline::never()).time(), minute.time());
  EXPECT_GT(minute.remaining(), Millis(50000));
}

TEST(WithDeadline, PassesTheValueOn) {
  asio::io_context io;
  EXPECT_EQ(run(io, with_deadline(number_after(Millis(1), 7), Deadline::in(Millis(60000)), "x")),
            7);
  EXPECT_EQ(run(io, with_deadline(number_after(Millis(1), 8), Deadline::never(), "x")), 8);
}

TEST(WithDeadline, CancelsAndWaitsForTheTask) {
  asio::io_context io;
  bool ended = false;
  auto result = run(io, with_deadline(slow_to_leave(&ended), Deadline::in(Millis(5)), "ask x"));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error(), (Error{Errc::timeout, "ask x"}));
  EXPECT_TRUE(ended);
}

TEST(WithDeadline, ForwardsTheCallersCancellation) {
  asio::io_context io;
  bool ended = false;
  Errc seen = Errc::internal;
  TaskScope scope(io.get_executor(), Logger::none());
  auto body = [](bool* e, Errc* s) -> Task<void> {
    auto result = co_await with_deadline(slow_to_leave(e), Deadline::in(Millis(60000)), "ask x");
    *s = result.error().code;
    // Cancellation lasts: further waits of ours end at once, those of asio still work.
    auto again = co_await with_deadline(number_after(Millis(0), 1), Deadline::never(), "x");
    if (again) *s = Errc::internal;
    co_return Result<void>();
  };
  scope.spawn("task", body(&ended, &seen));
  asio::steady_timer timer(io, milliseconds(5));
  timer.async_wait([&](auto) { scope.cancel(); });
  io.run();
  EXPECT_TRUE(ended);
  EXPECT_EQ(seen, Errc::cancelled);
}

TEST(TaskScope, CloseWaitsForAll) {
  asio::io_context io;
  TaskScope scope(io.get_executor(), Logger::none());
  bool ended = false;
  auto body = [](bool* e) -> Task<void> {
    CO_TRY(int ignored, co_await slow_to_leave(e));
    (void)ignored;
    co_return Result<void>();
  };
  scope.spawn("slow", body(&ended));
  io.poll();
  EXPECT_EQ(scope.running(), 1U);
  EXPECT_TRUE(run(io, scope.close(Deadline::in(Millis(60000)))));
  EXPECT_TRUE(ended);
  EXPECT_EQ(scope.running(), 0U);
  scope.spawn("late", sleep_for(Millis(1)));
  EXPECT_EQ(scope.running(), 0U);
}

TEST(TaskScope, CloseNamesWhatDoesNotEnd) {
  asio::io_context io;
  auto stubborn = std::make_shared<asio::steady_timer>(io, SteadyTime::max());
  auto body = [](std::shared_ptr<asio::steady_timer> timer) -> Task<void> {
    auto token = asio::bind_cancellation_slot(asio::cancellation_slot(),
                                              asio::as_tuple(asio::use_awaitable));
    co_await timer->async_wait(token);
    co_return Result<void>();
  };
  TaskScope scope(io.get_executor(), Logger::none());
  scope.spawn("stubborn", body(stubborn));
  io.poll();
  std::optional<Result<void>> closed;
  asio::co_spawn(io, detail::run_into<void>(scope.close(Deadline::in(Millis(5))), &closed),
                 asio::detached);
  while (!closed) io.run_one();
  EXPECT_EQ(closed->error(), (Error{Errc::timeout, "tasks do not end: stubborn"}));
}

TEST(TaskScope, HandleCancelsOne) {
  asio::io_context io;
  TaskScope scope(io.get_executor(), Logger::none());
  auto handle = scope.spawn_cancellable("one", sleep_for(Millis(60000)));
  scope.spawn("two", sleep_for(Millis(1)));
  handle.cancel();
  io.run();
  EXPECT_EQ(scope.running(), 0U);
  handle.cancel();
}

TEST(TaskScope, SurvivesAnException) {
  asio::io_context io;
  TaskScope scope(io.get_executor(), Logger::none());
  auto body = []() -> Task<void> {
    throw std::runtime_error("bug");
    co_return Result<void>();
  };
  scope.spawn("bug", body());
  io.run();
  EXPECT_EQ(scope.running(), 0U);
}

TEST(TaskScope, DestroyedWithRunningTasksCancelsThem) {
  asio::io_context io;
  {
    TaskScope scope(io.get_executor(), Logger::none());
    scope.spawn("sleep", sleep_for(Millis(60000)));
    io.poll();
  }
  EXPECT_GT(io.run_for(milliseconds(5000)), 0U);
  EXPECT_TRUE(io.stopped());
}

TEST(OneShot, GivesTheFirstValue) {
  asio::io_context io;
  OneShot<int> shot(io.get_executor());
  asio::post(io, [&] {
    shot.set(3);
    shot.set(4);
  });
  EXPECT_EQ(run(io, shot.wait(Deadline::never())), 3);
}

TEST(OneShot, TimesOutAndCanBeExtended) {
  asio::io_context io;
  OneShot<int> shot(io.get_executor());
  EXPECT_EQ(run(io, shot.wait(Deadline::in(Millis(2)))).error().code, Errc::timeout);
  asio::steady_timer timer(io, milliseconds(20));
  asio::steady_timer early(io, milliseconds(1));
  early.async_wait([&](auto) { shot.extend(Deadline::in(Millis(60000))); });
  timer.async_wait([&](auto) { shot.set(5); });
  EXPECT_EQ(run(io, shot.wait(Deadline::in(Millis(10)))), 5);
}

TEST(Notifier, WakesEverybodyAndMissesNothing) {
  asio::io_context io;
  Notifier notifier(io.get_executor());
  TaskScope scope(io.get_executor(), Logger::none());
  const auto seen = notifier.version();
  scope.spawn("a", notifier.wait_change(seen, Deadline::never()));
  scope.spawn("b", notifier.wait_change(seen, Deadline::in(Millis(60000))));
  io.poll();
  EXPECT_EQ(scope.running(), 2U);
  notifier.notify_all();
  scope.spawn("c", notifier.wait_change(seen, Deadline::never()));
  io.run();
  EXPECT_EQ(scope.running(), 0U);
  EXPECT_EQ(run(io, notifier.wait_change(notifier.version(), Deadline::in(Millis(1)))).error().code,
            Errc::timeout);
}

TEST(Notifier, GoneMeansCancelled) {
  asio::io_context io;
  auto notifier = std::make_unique<Notifier>(io.get_executor());
  asio::post(io, [&] { notifier.reset(); });
  EXPECT_EQ(run(io, notifier->wait_change(0, Deadline::never())).error().code, Errc::cancelled);
}

}  // namespace
}  // namespace mcpo::async
