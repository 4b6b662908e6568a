// What a new workload is called. ToolHive's rule: ^[a-zA-Z0-9._-]+$, at most 100 characters, no
// ".."; a registry's name ("io.github.stacklok/fetch") never fits it. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace mcpo::install {

inline constexpr std::size_t kMaxWorkloadName = 100;

// Errors: invalid, saying which rule is broken and by what.
Result<void> check_workload_name(std::string_view name);

// Valid names for a workload of that registry entry, the one to prefer first: short and
// recognisable ("fetch"; "notion-mcp" for "com.notion/mcp"), then all of it with dashes, as
// ToolHive's own command line names it ("io-github-stacklok-fetch"). One or two.
std::vector<std::string> workload_names(std::string_view registry_name);

}  // namespace mcpo::install
