// What /health and /ready say, as values; whoever composes the program collects them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"

namespace mcpo::server {

// Something that does not work as it should, while the rest does.
struct Degraded {
  std::string what;  // "server github", "source config"
  WallTime since;
  std::string why;
};

struct Health {
  std::string version;
  std::vector<Degraded> degraded;
  std::size_t servers = 0;
  std::size_t tools = 0;
  std::size_t sessions = 0;
  std::int64_t catalog_version = 0;
  bool ready = false;
  std::string not_ready_reason;
  bool leading = false;  // this process writes the catalog; else it follows another
};

// {"status":"ok","degraded":[...],...}: status stays "ok" while we can answer at all.
std::string health_json(const Health& health);
// {"ready":true} or {"ready":false,"reason":...}
std::string ready_json(const Health& health);

}  // namespace mcpo::server
