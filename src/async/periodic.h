// Work that repeats, and how long to wait after failures.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "async/notifier.h"
#include "async/task.h"

namespace mcpo::async {

// Exponential backoff, pure: initial, doubled up to max, with jitter in [0.5, 1] of the step taken
// from `random01` (0 to 1, given by the caller so that tests choose it).
struct BackoffPolicy {
  Millis initial{1000};
  Millis max{60000};
};
Millis backoff_delay(const BackoffPolicy& policy, int failures_so_far, double random01);

// Runs `work` every `interval` after the last run ended (zero: only when triggered), and at once on
// trigger_now(). Triggers during a run are merged into one further run. One run at a time.
class Periodic {
 public:
  Periodic(Executor executor, Millis interval, std::function<Co<>()> work);

  void trigger_now();
  // The loop itself: give it to a TaskScope; ends when cancelled. First run at once.
  Task<void> run();

 private:
  Notifier trigger_;
  Millis interval_;
  std::function<Co<>()> work_;
};

}  // namespace mcpo::async
