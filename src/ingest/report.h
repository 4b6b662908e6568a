// What one ingestion cycle did, and why: for `ingest`, the log and later the dashboard.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/server_key.h"
#include "catalog/model.h"
#include "sources/source.h"

namespace mcpo::ingest {

enum class Action { added, changed, kept, removed, stale, degraded };
std::string_view to_string(Action action);

struct Change {
  Action action = Action::kept;
  std::string server;  // display name
  std::string reason;
  bool operator==(const Change&) const = default;
};

struct SourceReport {
  std::string name;  // config, toolhive, kubernetes
  sources::ObservationState state = sources::ObservationState::unavailable;
  std::string detail;
};
std::string_view to_string(sources::ObservationState state);

struct CycleReport {
  catalog::CatalogVersion catalog_version = 0;
  Millis duration{0};
  std::vector<Change> changes;  // one per server, the last word on each
  std::vector<SourceReport> sources;
};

}  // namespace mcpo::ingest
