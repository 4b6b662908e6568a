// Decides what the outcome of one listing of tools means for the catalog. Pure.
#pragma once

#include "base/result.h"
#include "catalog/change_set.h"
#include "catalog/model.h"
#include "ingest/reconcile.h"
#include "ingest/report.h"
#include "mcp/client.h"

namespace mcpo::ingest {

// An answer of a server that has been replaced or removed meanwhile (its connection hash is not
// that of `due` any more) changes nothing.
struct ListingOutcome {
  catalog::ChangeSet changes;
  Change report;
};
ListingOutcome plan_listing(const catalog::Catalog& catalog, const ListingDue& due,
                            const Result<mcp::ToolList>& listed, WallTime now);

// Rows whose in-memory activity is newer than what is stored, for the orderly stop.
catalog::ChangeSet plan_flush(const catalog::Catalog& catalog, const ActivityMap& activity);

}  // namespace mcpo::ingest
