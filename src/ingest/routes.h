// Joins what a process observed (how to reach servers) with what the catalog knows (their ids), for
// upstream::Directory. Every process does this for itself, leader or not.
#pragma once

#include <map>

#include "catalog/model.h"
#include "sources/source.h"
#include "upstream/directory.h"

namespace mcpo::ingest {

// The newest usable observation of each source: an unavailable one leaves the former in force.
class RouteBook {
 public:
  void remember(const sources::Observation& observation);
  std::map<ServerId, upstream::Route> routes(const catalog::Catalog& catalog) const;

 private:
  std::map<SourceInstance, std::map<ServerKey, mcp::ConnectionSpec>> specs_;
};

}  // namespace mcpo::ingest
