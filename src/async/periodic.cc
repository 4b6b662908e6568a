#include "async/periodic.h"

#include <algorithm>

namespace mcpo::async {

Millis backoff_delay(const BackoffPolicy& policy, int failures_so_far, double random01) {
  Millis step = std::min(policy.initial, policy.max);
  // Ends at max, or after the bits of the counter: whatever `failures_so_far` is.
  for (int i = 0; i < failures_so_far && step < policy.max && step > Millis(0); ++i) {
    step = step > policy.max / 2 ? policy.max : step * 2;
  }
  const double factor = 0.5 + 0.5 * std::clamp(random01, 0.0, 1.0);
  return Millis(static_cast<std::int64_t>(static_cast<double>(step.count()) * factor));
}

Periodic::Periodic(Executor executor, Millis interval, std::function<Co<>()> work)
    : trigger_(std::move(executor)), interval_(interval), work_(std::move(work)) {}

void Periodic::trigger_now() { trigger_.notify_all(); }

Task<void> Periodic::run() {
  while (true) {
    CO_CHECK_OK(co_await check_cancelled());
    const std::uint64_t seen = trigger_.version();  // read before: a trigger during the run counts
    co_await work_();
    const Deadline next = interval_ > Millis(0) ? Deadline::in(interval_) : Deadline::never();
    Result<void> triggered = co_await trigger_.wait_change(seen, next);
    if (!triggered && triggered.error().code != Errc::timeout) co_return triggered;
  }
}

}  // namespace mcpo::async
