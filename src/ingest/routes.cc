#include "ingest/routes.h"

namespace mcpo::ingest {

void RouteBook::remember(const sources::Observation& observation) {
  if (observation.state == sources::ObservationState::unavailable) return;
  std::map<ServerKey, mcp::ConnectionSpec> specs;
  for (const sources::Workload& workload : observation.workloads) {
    if (!workload.spec) continue;
    specs.emplace(ServerKey{observation.origin, workload.namespace_name, workload.name},
                  *workload.spec);
  }
  specs_[observation.origin] = std::move(specs);
}

std::map<ServerId, upstream::Route> RouteBook::routes(const catalog::Catalog& catalog) const {
  std::map<ServerId, upstream::Route> out;
  for (const auto& [id, entry] : catalog.servers) {
    const auto source = specs_.find(entry->server.key.origin);
    if (source == specs_.end()) continue;
    const auto spec = source->second.find(entry->server.key);
    if (spec == source->second.end()) continue;
    out.emplace(id, upstream::Route{entry->server.display_name, spec->second});
  }
  return out;
}

}  // namespace mcpo::ingest
