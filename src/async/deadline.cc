#include "async/deadline.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

namespace mcpo::async {

Deadline Deadline::in(Millis from_now) {
  const SteadyTime now = std::chrono::steady_clock::now();
  // Compared in the coarser unit, where neither side can overflow.
  if (from_now >= std::chrono::floor<Millis>(SteadyTime::max() - now)) return never();
  return at(now + from_now);
}

Millis Deadline::remaining() const {
  if (is_never()) return Millis::max();
  const SteadyTime now = std::chrono::steady_clock::now();
  return time_ <= now ? Millis(0) : std::chrono::ceil<Millis>(time_ - now);
}

Task<void> sleep_for(Millis duration) {
  CO_CHECK_OK(co_await check_cancelled());
  asio::steady_timer timer(co_await asio::this_coro::executor, Deadline::in(duration).time());
  auto [error] = co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  if (error) co_return fail(Errc::cancelled, "sleep");
  co_return Result<void>();
}

Task<void> check_cancelled() {
  auto state = co_await asio::this_coro::cancellation_state;
  if (state.cancelled() == asio::cancellation_type::none) co_return Result<void>();
  co_return fail(Errc::cancelled, "cancelled");
}

Task<void> detail::begin_cancellable() {
  co_await asio::this_coro::throw_if_cancelled(false);
  co_return co_await check_cancelled();
}

}  // namespace mcpo::async
