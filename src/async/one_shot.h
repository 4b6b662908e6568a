// A value that one coroutine waits for and another sets: the answer of a pending request.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>

#include "async/deadline.h"
#include "async/task.h"

namespace mcpo::async {

// Both sides run on `executor` (one thread, or a strand). The waiter owns or shares the object.
template <class T>
class OneShot {
 public:
  explicit OneShot(Executor executor) : timer_(executor) {}

  bool is_set() const { return value_.has_value(); }
  // First value wins; later ones are dropped.
  void set(Result<T> value) {
    if (value_) return;
    value_.emplace(std::move(value));
    timer_.cancel();
  }
  // Moves the wait's end; progress does this. Only while somebody waits.
  void extend(Deadline deadline) {
    deadline_ = deadline;
    timer_.cancel();
  }
  // Once. Errors: what was set; timeout when the deadline passes; cancelled.
  Task<T> wait(Deadline deadline);

 private:
  asio::steady_timer timer_;
  Deadline deadline_ = Deadline::never();
  std::optional<Result<T>> value_;
};

}  // namespace mcpo::async

#include "async/one_shot_impl.h"
