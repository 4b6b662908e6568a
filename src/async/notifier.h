// Wakes every coroutine that waits: "something changed, look again".
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <cstdint>

#include "async/deadline.h"

namespace mcpo::async {

// All on one executor. A counter avoids the lost wake-up: read `version()`, look, then wait for a
// later one.
class Notifier {
 public:
  explicit Notifier(Executor executor) : timer_(std::move(executor), SteadyTime::max()) {}
  std::uint64_t version() const { return version_; }
  void notify_all() {
    ++version_;
    timer_.cancel();
  }
  // Returns when version() != seen; timeout or cancelled otherwise.
  Task<void> wait_change(std::uint64_t seen, Deadline deadline);

 private:
  asio::steady_timer timer_;  // expires never; every waiter waits on it, cancel() wakes all
  std::uint64_t version_ = 0;
};

}  // namespace mcpo::async
