#include "catalog/model.h"

#include <algorithm>
#include <array>

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

}  // namespace

std::string_view to_string(MatchRule rule) {
  return std::ranges::find(kRules, rule, &RuleName::rule)->name;
}

MatchRule match_rule_of(std::string_view name) {
  const auto it = std::ranges::find(kRules, name, &RuleName::name);
  return it == kRules.end() ? MatchRule::none : it->rule;
}

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
