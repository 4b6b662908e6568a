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

// How find_tool ranks at the moment.
struct SearchHealth {
  std::string mode = "lexical";   // or hybrid: by words and by meaning
  std::size_t texts_waiting = 0;  // that search does not find by their meaning yet
  std::size_t texts_encoded = 0;  // by this process since it started
};

struct Health {
  std::string version;
  std::vector<Degraded> degraded;
  std::size_t servers = 0;
  std::size_t tools = 0;
  std::size_t sessions = 0;
  std::int64_t catalog_version = 0;
  SearchHealth search;
  bool ready = false;
  std::string not_ready_reason;
  bool leading = false;  // this process writes the catalog; else it follows another
};

// {"status":"ok","degraded":[...],...}: status stays "ok" while we can answer at all.
std::string health_json(const Health& health);
// {"ready":true} or {"ready":false,"reason":...}
std::string ready_json(const Health& health);

}  // namespace mcpo::server
