// Decides what an observation means for the catalog. Pure: the whole behaviour is the table of
// DESIGN section 2, and reconcile_test.cc and its neighbours have a test for each of its rows.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "catalog/change_set.h"
#include "catalog/model.h"
#include "ingest/match.h"
#include "ingest/report.h"
#include "mcp/connection_spec.h"
#include "sources/source.h"

namespace mcpo::ingest {

// What a process knows about a server beyond the catalog. In memory: an unchanged cycle writes
// nothing; what is newer than the catalog is stored with the next change and at stop.
struct Activity {
  WallTime tools_listed_at;
  WallTime last_success;
  bool tools_changed = false;   // list_changed came, or the session was made anew
  bool listing_failed = false;  // the last attempt did
  std::string problem;          // source_problem() at the last plan
};
using ActivityMap = std::map<ServerKey, Activity>;

struct Policy {
  Millis tools_max_age{600'000};
  std::set<SourceInstance> visible_origins;  // of this process: names must differ among them
};

// Keyed hash of how to reach a server and who it is: tells whether one of them changed without
// storing either. `upstream_url` is empty for what has none.
using ConnectionHash =
    std::function<std::string(const mcp::ConnectionSpec&, std::string_view upstream_url)>;

struct PlanInput {
  const sources::Observation& observation;
  const catalog::Catalog& catalog;
  const ActivityMap& activity;
  const Policy& policy;
  WallTime now;
  const ConnectionHash& connection_hash;
  MatchIndexes& indexes;  // kept from cycle to cycle for speed alone
};

// A server whose tools are to be listed, and why.
struct ListingDue {
  ServerKey key;
  std::string connection_hash;
  std::string reason;
};

struct Plan {
  catalog::ChangeSet changes;
  std::vector<Change> report;
  std::vector<ListingDue> listings;
  std::vector<std::string> notes;  // about the source as a whole, for the log
};

// The trouble's reason now. Keeps `since` while there is any, so that unchanged trouble is no
// change.
catalog::Trouble continued(const catalog::Trouble& before, std::string reason, WallTime now);

// What is wrong with it by its source alone, before anybody has asked it; empty: nothing.
std::string source_problem(const sources::Workload& workload);

Plan plan(const PlanInput& input);

}  // namespace mcpo::ingest
