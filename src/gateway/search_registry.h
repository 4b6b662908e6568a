// search_registry: which servers of the registry could help, what each needs, and which tools it
// would bring (drop-in section 1).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "catalog/model.h"
#include "gateway/registry_view.h"
#include "gateway/view.h"
#include "search/engine.h"

namespace mcpo::gateway {

inline constexpr std::string_view kSearchRegistry = "search_registry";
// The tool as tools/list shows it: one JSON object. Its arguments are find_tool's.
extern const std::string_view kSearchRegistryDefinition;

struct SearchRegistryOptions {
  std::size_t max_servers = 5;             // MAX_SERVERS_TO_RETURN
  std::size_t definitions_per_server = 8;  // of tools; further ones are shown by name
};

// What an answer is made from, borrowed for the call.
struct RegistrySearch {
  const RegistryView& view;
  const catalog::Catalog& catalog;      // which entries are installed
  const Visibility& visibility;         // what of it counts
  std::string_view registry_problem;    // why the registry could not be read; empty: it could
  std::string_view words_only_because;  // why the query has no embedding; empty: as configured
};

// {"servers":[...]}, with `note` when there is something to say, and `candidates` when nothing was
// found. `query` as for find_tool; its limit is not used.
std::string search_registry_answer(const RegistrySearch& from, const search::Query& query,
                                   const SearchRegistryOptions& options);

}  // namespace mcpo::gateway
