// Time comes from outside, so that tests step it. Monotonic time measures, wall time is shown and
// stored (as Unix milliseconds, because it must mean the same after a restart).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace mcpo {

using Millis = std::chrono::milliseconds;
using SteadyTime = std::chrono::steady_clock::time_point;

// Milliseconds since 1970-01-01 UTC.
struct WallTime {
  std::int64_t unix_ms = 0;  // 0: never
  auto operator<=>(const WallTime&) const = default;
  explicit operator bool() const { return unix_ms != 0; }
  Millis since(WallTime earlier) const { return Millis(unix_ms - earlier.unix_ms); }
};

std::string to_rfc3339(WallTime time);  // 2026-11-24T13:28:05.123Z

class Clock {
 public:
  virtual ~Clock() = default;
  virtual SteadyTime now() const = 0;
  virtual WallTime wall_now() const = 0;
};

class SystemClock final : public Clock {
 public:
  SteadyTime now() const override;
  WallTime wall_now() const override;
};

class ManualClock final : public Clock {
 public:
  SteadyTime now() const override { return steady_; }
  WallTime wall_now() const override { return wall_; }
  void advance(Millis by) {
    steady_ += by;
    wall_.unix_ms += by.count();
  }

 private:
  SteadyTime steady_{};
  WallTime wall_{1'700'000'000'000};
};

}  // namespace mcpo
