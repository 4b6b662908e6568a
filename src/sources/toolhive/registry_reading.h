// The registry behind ToolHive: looked at now and then (0.2 kB), read as a whole (over 1 MB) only
// when its date moved.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "sources/source.h"
#include "sources/toolhive/api.h"
#include "sources/toolhive/registry.h"

namespace mcpo::sources::toolhive {

// On the I/O thread; one read at a time.
class RegistryReader {
 public:
  // Borrows `clock`, `log` and `pool`, which parses (null: the caller's thread does).
  RegistryReader(Millis interval, async::CpuPool* pool, const Clock& clock, Logger& log)
      : interval_(interval), pool_(pool), clock_(clock), log_(log) {}

  // `memory`: the catalog's. What was read but never got there is due again.
  bool is_due(const Memory& memory) const;
  // Sets registry, registry_problem and what is remembered. After a failure it is due again at
  // once.
  async::Task<void> read(std::shared_ptr<Api> api, const Memory& memory, Observation& out,
                         async::Deadline deadline);
  // What was wrong at the last look; goes on being told until it is right.
  const std::string& problem() const { return problem_; }

 private:
  async::Task<ParsedRegistry> read_whole(std::shared_ptr<Api> api, async::Deadline deadline);
  async::Task<ParsedRegistry> parse(std::string text);
  async::Task<void> look(std::shared_ptr<Api> api, const Memory& memory, Observation& out,
                         async::Deadline deadline);
  void tell(const std::vector<std::string>& problems);
  Result<void> take(ParsedRegistry parsed, const std::string& last_updated, const Memory& memory,
                    Observation& out);

  Millis interval_;
  async::CpuPool* pool_;
  const Clock& clock_;
  Logger& log_;
  SteadyTime next_ = SteadyTime::min();
  std::string handed_over_;  // date of what was read, until the catalog is seen to have it
  std::string problem_;
};

}  // namespace mcpo::sources::toolhive
