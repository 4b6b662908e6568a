// Wakes every coroutine that waits: "something changed, look again".
#pragma once

#include <cstdint>
#include <memory>

#include "async/deadline.h"

namespace mcpo::async {

// All on one executor. A counter avoids the lost wake-up: read `version()`, look, then wait for a
// later one. Who still waits when the notifier goes gets Errc::cancelled.
class Notifier {
 public:
  explicit Notifier(Executor executor);
  ~Notifier();
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  std::uint64_t version() const;
  void notify_all();
  // Returns when version() != seen; timeout or cancelled otherwise.
  Task<void> wait_change(std::uint64_t seen, Deadline deadline);

 private:
  struct State;  // shared with those that wait, so that they may outlive the notifier
  static Task<void> wait_on(std::shared_ptr<State> state, std::uint64_t seen, Deadline deadline);
  std::shared_ptr<State> state_;
};

}  // namespace mcpo::async
