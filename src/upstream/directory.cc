#include "upstream/directory.h"

#include <utility>
#include <vector>

namespace mcpo::upstream {

const Route* Directory::find(ServerId server) const {
  const auto it = routes_.find(server);
  return it == routes_.end() ? nullptr : &it->second;
}

void Directory::replace(std::map<ServerId, Route> routes) {
  std::vector<ServerId> changed;
  for (const auto& [id, route] : routes) {
    const Route* before = find(id);
    if (before == nullptr || *before != route) changed.push_back(id);
  }
  for (const auto& [id, route] : routes_) {
    if (!routes.contains(id)) changed.push_back(id);
  }
  routes_ = std::move(routes);
  if (!on_change_) return;
  for (ServerId id : changed) on_change_(id);
}

}  // namespace mcpo::upstream
