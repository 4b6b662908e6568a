// The template parts of one_shot.h.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <utility>

#include "async/one_shot.h"

namespace mcpo::async {

template <class T>
Task<T> OneShot<T>::wait(Deadline deadline) {
  deadline_ = deadline;
  // The timer ends for four reasons (set, extended, deadline, cancelled) and its error code tells
  // only two apart, so look at the state each time.
  while (!value_) {
    CO_CHECK_OK(co_await check_cancelled());
    if (deadline_.expired()) co_return fail(Errc::timeout, "no answer in time");
    timer_.expires_at(deadline_.time());
    co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  co_return std::move(*value_);
}

}  // namespace mcpo::async
