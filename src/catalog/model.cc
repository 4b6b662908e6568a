#include "catalog/model.h"

#include <algorithm>
#include <array>

namespace mcpo::catalog {

bool is_offered_status(std::string_view status) {
  constexpr std::array<std::string_view, 8> kNotOffered{
      "stopped",   "error",    "starting",        "stopping",
      "unhealthy", "removing", "unauthenticated", "policy_stopped"};
  return std::ranges::find(kNotOffered, status) == kNotOffered.end();
}

const ServerEntry* Catalog::find(const ServerKey& key) const {
  for (const auto& [id, entry] : servers) {
    if (entry->server.key == key) return entry.get();
  }
  return nullptr;
}

}  // namespace mcpo::catalog
