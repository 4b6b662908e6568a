// Decides what an observation means for the catalog. Pure: the whole behaviour is the table of
// DESIGN section 2, and reconcile_test.cc has a test for each of its rows.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "catalog/change_set.h"
#include "catalog/model.h"
#include "ingest/report.h"
#include "mcp/client.h"
#include "sources/source.h"

namespace mcpo::ingest {

// What a process knows about a server beyond the catalog. In memory: an unchanged cycle writes
// nothing; what is newer than the catalog is stored with the next change and at stop.
struct Activity {
  WallTime tools_listed_at;
  WallTime last_success;
  bool tools_changed = false;   // list_changed came, or the session was made anew
  bool listing_failed = false;  // the last attempt did
};
using ActivityMap = std::map<ServerKey, Activity>;

struct Policy {
  Millis tools_max_age{600'000};
  std::set<SourceInstance> visible_origins;  // of this process: names must differ among them
};

struct PlanInput {
  const sources::Observation& observation;
  const catalog::Catalog& catalog;
  const ActivityMap& activity;
  const Policy& policy;
  WallTime now;
  // Keyed hash of a spec: tells whether the connection changed without storing it.
  const std::function<std::string(const mcp::ConnectionSpec&)>& connection_hash;
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
};

Plan plan(const PlanInput& input);

// What the outcome of one listing means. `started_with` is the connection hash that was asked: an
// answer of a server that has been replaced or removed meanwhile changes nothing.
struct ListingOutcome {
  catalog::ChangeSet changes;
  Change report;
};
ListingOutcome plan_listing(const catalog::Catalog& catalog, const ListingDue& due,
                            const Result<mcp::ToolList>& listed, WallTime now);

// Rows whose in-memory activity is newer than what is stored, for the orderly stop.
catalog::ChangeSet plan_flush(const catalog::Catalog& catalog, const ActivityMap& activity);

}  // namespace mcpo::ingest
