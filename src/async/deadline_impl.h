// The template parts of deadline.h.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "async/deadline.h"

namespace mcpo::async {
namespace detail {

// The first frame of every coroutine thread that we spawn: its awaits report a cancellation instead
// of throwing it. What was cancelled before it began never begins.
Task<void> begin_cancellable();

template <class T>
Co<> run_into(Task<T> task, std::optional<Result<T>>* result) {
  Result<void> begun = co_await begin_cancellable();
  if (!begun) {
    *result = std::unexpected(std::move(begun).error());
  } else {
    *result = co_await std::move(task);
  }
}

// Cancels one coroutine thread from two sides: its deadline and whoever cancels its caller.
struct DeadlineGuard {
  explicit DeadlineGuard(const Executor& executor) : timer(executor) {}

  static void arm(const std::shared_ptr<DeadlineGuard>& guard, Deadline deadline) {
    guard->timer.expires_at(deadline.time());
    guard->timer.async_wait([guard](boost::system::error_code error) {
      if (error || guard->ended) return;
      guard->passed = true;
      guard->signal.emit(asio::cancellation_type::terminal);
    });
  }

  asio::steady_timer timer;
  asio::cancellation_signal signal;
  bool passed = false;
  bool ended = false;
};

}  // namespace detail

template <class T>
Task<T> with_deadline(Task<T> task, Deadline deadline, std::string what) {
  if (deadline.is_never()) co_return co_await std::move(task);
  CO_CHECK_OK(co_await check_cancelled());
  if (deadline.expired()) co_return fail(Errc::timeout, std::move(what));

  Executor executor = co_await asio::this_coro::executor;
  auto guard = std::make_shared<detail::DeadlineGuard>(executor);
  detail::DeadlineGuard::arm(guard, deadline);
  // The task is a coroutine thread of its own, bound to the guard's signal; our own slot, which no
  // other operation of ours uses meanwhile, forwards.
  auto outer_state = co_await asio::this_coro::cancellation_state;
  asio::cancellation_slot outer = outer_state.slot();
  if (outer.is_connected()) {
    outer.assign([guard](asio::cancellation_type type) {
      if (!guard->ended) guard->signal.emit(type);
    });
  }
  std::optional<Result<T>> result;
  Co<> inner = detail::run_into<T>(std::move(task), &result);
  auto token =
      asio::bind_cancellation_slot(guard->signal.slot(), asio::as_tuple(asio::use_awaitable));
  auto [thrown] = co_await asio::co_spawn(executor, std::move(inner), token);
  guard->ended = true;
  guard->timer.cancel();
  if (outer.is_connected()) outer.clear();
  if (thrown) std::rethrow_exception(thrown);
  if (!*result && result->error().code == Errc::cancelled && guard->passed) {
    co_return fail(Errc::timeout, std::move(what));
  }
  co_return *std::move(result);
}

}  // namespace mcpo::async
