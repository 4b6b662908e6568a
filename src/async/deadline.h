// A deadline is a value that is passed down and shrinks on the way.
#pragma once

#include <algorithm>
#include <chrono>
#include <string>

#include "async/task.h"
#include "base/clock.h"

namespace mcpo::async {

class Deadline {
 public:
  static Deadline never() { return Deadline(SteadyTime::max()); }
  static Deadline at(SteadyTime time) { return Deadline(time); }
  // Durations too large for the clock mean never.
  static Deadline in(Millis from_now);

  SteadyTime time() const { return time_; }
  bool is_never() const { return time_ == SteadyTime::max(); }
  bool expired() const { return !is_never() && std::chrono::steady_clock::now() >= time_; }
  Millis remaining() const;  // never negative; Millis::max() for never
  Deadline earlier(Deadline other) const { return Deadline(std::min(time_, other.time_)); }
  // This deadline less a margin, for what must leave time to answer.
  Deadline minus(Millis margin) const { return is_never() ? *this : Deadline(time_ - margin); }

 private:
  explicit Deadline(SteadyTime time) : time_(time) {}
  SteadyTime time_;
};

// Runs `task` and cancels it when the deadline passes: then Errc::timeout with `what` as message.
// `task` must honour cancellation.
template <class T>
Task<T> with_deadline(Task<T> task, Deadline deadline, std::string what);

// Cancelled: Errc::cancelled.
Task<void> sleep_for(Millis duration);

// Errc::cancelled when this coroutine has been cancelled. For before an await that does not look by
// itself: asio's own operations only notice a cancellation that arrives while they run.
Task<void> check_cancelled();

}  // namespace mcpo::async

#include "async/deadline_impl.h"
