#include "catalog/model.h"

#include <algorithm>
#include <array>
#include <span>

namespace mcpo::catalog {
namespace {

struct RuleName {
  MatchRule rule;
  std::string_view name;
};
constexpr std::array kRules{RuleName{MatchRule::none, ""},
                            RuleName{MatchRule::exact, "exact"},
                            RuleName{MatchRule::normalized, "normalized"},
                            RuleName{MatchRule::without_query, "without_query"},
                            RuleName{MatchRule::url_template, "url_template"},
                            RuleName{MatchRule::version_differs, "version_differs"},
                            RuleName{MatchRule::recorded, "recorded"}};

constexpr std::array<std::string_view, 8> kNotOffered{
    "stopped",   "error",    "starting",        "stopping",
    "unhealthy", "removing", "unauthenticated", "policy_stopped"};
constexpr std::array<std::string_view, 3> kOffered{"running", "auth_retrying", "unknown"};

bool contains(std::span<const std::string_view> names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

std::string_view to_string(MatchRule rule) {
  return std::ranges::find(kRules, rule, &RuleName::rule)->name;
}

MatchRule match_rule_of(std::string_view name) {
  const auto it = std::ranges::find(kRules, name, &RuleName::name);
  return it == kRules.end() ? MatchRule::none : it->rule;
}

bool is_offered_status(std::string_view status) { return !contains(kNotOffered, status); }

bool is_known_status(std::string_view status) {
  return contains(kNotOffered, status) || contains(kOffered, status);
}

std::shared_ptr<const Registry> make_registry(std::vector<RegistryEntry> entries,
                                              const std::shared_ptr<const Registry>& known) {
  auto out = std::make_shared<Registry>();
  std::size_t unchanged = 0;
  for (RegistryEntry& entry : entries) {
    const auto [slot, fresh] = out->try_emplace(entry.name);
    if (!fresh) continue;
    if (known) {
      const auto old = known->find(entry.name);
      if (old != known->end() && *old->second == entry) slot->second = old->second;
    }
    unchanged += slot->second ? 1 : 0;
    if (!slot->second) slot->second = std::make_shared<const RegistryEntry>(std::move(entry));
  }
  const bool same = known && unchanged == out->size() && unchanged == known->size();
  return same ? known : out;
}

const ServerEntry* Catalog::find(const ServerKey& key) const {
  for (const auto& [id, entry] : servers) {
    if (entry->server.key == key) return entry.get();
  }
  return nullptr;
}

std::shared_ptr<const Registry> Catalog::registry_of(const SourceInstance& origin) const {
  const auto it = registries.find(origin);
  return it == registries.end() ? nullptr : it->second;
}

}  // namespace mcpo::catalog
