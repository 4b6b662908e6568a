#include "sources/for_each_parallel.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <stdexcept>
#include <vector>

#include "sources/loop_test_support.h"

namespace mcpo::sources {
namespace {

class ForEachParallelTest : public LoopTest {
 public:
  async::Task<void> work(std::size_t i) {
    order.push_back(i);
    if (i == throws_at) throw std::runtime_error("out of memory");
    most = std::max(most, ++running);
    co_await boost::asio::post(boost::asio::use_awaitable);
    const auto slept = co_await async::sleep_for(Millis(hangs ? 60'000 : 0));
    --running;
    co_return slept;
  }
  async::Task<void> all(std::size_t count) {
    return for_each_parallel(
        context.get_executor(), count, 3, [this](std::size_t i) { return work(i); },
        Logger::none());
  }

  std::vector<std::size_t> order;
  int running = 0;
  int most = 0;
  bool hangs = false;
  std::size_t throws_at = 1'000;
};

TEST_F(ForEachParallelTest, RunsAllInOrderWithinItsBound) {
  auto body = [](ForEachParallelTest& t) -> async::Co<> {
    EXPECT_TRUE(co_await t.all(10));
    EXPECT_EQ(t.order, (std::vector<std::size_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
    EXPECT_EQ(t.most, 3);
    EXPECT_TRUE(co_await t.all(0));
  };
  run(body(*this));
}

TEST_F(ForEachParallelTest, WhatThrowsHoldsUpNoOther) {
  throws_at = 1;
  auto body = [](ForEachParallelTest& t) -> async::Co<> {
    EXPECT_TRUE(co_await t.all(10));
    EXPECT_EQ(t.order.size(), 10u);
  };
  run(body(*this));
}

TEST_F(ForEachParallelTest, CancellationEndsWhatRunsAndBeginsNoMore) {
  hangs = true;
  boost::asio::cancellation_signal cancel;
  auto body = [](ForEachParallelTest& t) -> async::Co<> {
    const auto ended = co_await t.all(10);
    EXPECT_FALSE(ended);
    EXPECT_EQ(t.running, 0);
    EXPECT_EQ(t.order.size(), 3u);
  };
  auto cancelled_soon = [](ForEachParallelTest& t, auto& signal, auto test) -> async::Co<> {
    bool ended = false;
    auto whole = [](async::Co<> work) -> async::Co<> {
      co_await boost::asio::this_coro::throw_if_cancelled(false);
      co_await std::move(work);
    };
    boost::asio::co_spawn(t.context, whole(test(t)),
                          boost::asio::bind_cancellation_slot(
                              signal.slot(), [&ended](std::exception_ptr) { ended = true; }));
    while (t.running < 3) co_await boost::asio::post(boost::asio::use_awaitable);
    signal.emit(boost::asio::cancellation_type::all);
    while (!ended) co_await boost::asio::post(boost::asio::use_awaitable);
  };
  run(cancelled_soon(*this, cancel, body));
}

}  // namespace
}  // namespace mcpo::sources
