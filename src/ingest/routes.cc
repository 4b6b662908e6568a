#include "ingest/routes.h"

#include <set>

namespace mcpo::ingest {

namespace {

// Keys of servers of which the observation says how to reach them, or that they are not there.
std::set<ServerKey> told_of(const sources::Observation& observation) {
  std::set<ServerKey> out;
  auto add = [&](const auto& entry) {
    out.insert({observation.origin, entry.namespace_name, entry.name});
  };
  for (const auto& entry : observation.workloads) add(entry);
  for (const auto& entry : observation.left_out) add(entry);
  for (const auto& entry : observation.unreadable) {
    if (entry.listed) add(entry);
  }
  return out;
}

std::set<ServerKey> keys_of(const catalog::Catalog& catalog, const SourceInstance& origin) {
  std::set<ServerKey> out;
  for (const auto& [id, entry] : catalog.servers) {
    if (entry->server.key.origin == origin) out.insert(entry->server.key);
  }
  return out;
}

}  // namespace

void RouteBook::remember(const sources::Observation& observation, const catalog::Catalog& catalog) {
  if (!sources::has_answered(observation.state)) return;
  Specs& specs = specs_[observation.origin];
  const std::set<ServerKey> told = told_of(observation);
  const std::set<ServerKey> kept = keys_of(catalog, observation.origin);
  std::erase_if(specs, [&](const auto& item) {
    return told.contains(item.first) || !kept.contains(item.first);
  });
  auto add = [&](const auto& who, const sources::Workload& workload) {
    if (!workload.spec) return;
    specs.emplace(ServerKey{observation.origin, who.namespace_name, who.name}, *workload.spec);
  };
  for (const sources::Workload& workload : observation.workloads) add(workload, workload);
  for (const sources::Unreadable& entry : observation.unreadable) {
    if (entry.listed) add(entry, *entry.listed);
  }
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
