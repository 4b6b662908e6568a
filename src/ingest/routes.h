// Joins what a process observed (how to reach servers) with what the catalog knows (their ids), for
// upstream::Directory. Every process does this for itself, leader or not.
#pragma once

#include <map>

#include "catalog/model.h"
#include "sources/source.h"
#include "upstream/directory.h"

namespace mcpo::ingest {

// What was observed last of each server. An unavailable source leaves all in force, and a server of
// the catalog that is not listed, or not readable, keeps the route that this process saw last.
class RouteBook {
 public:
  void remember(const sources::Observation& observation, const catalog::Catalog& catalog);
  std::map<ServerId, upstream::Route> routes(const catalog::Catalog& catalog) const;

 private:
  using Specs = std::map<ServerKey, mcp::ConnectionSpec>;
  std::map<SourceInstance, Specs> specs_;
};

}  // namespace mcpo::ingest
