// Into which ToolHive group a new workload goes. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace mcpo::install {

inline constexpr const char* kDefaultGroup = "default";

// Empty `allowed`: all are. What a workload without a group counts as is `default`.
bool is_allowed_group(const std::string& group, const std::vector<std::string>& allowed);

// `wanted` may be empty: then `default`, or the first allowed group when `default` is not allowed.
// `existing` is nullopt where it cannot be known. Errors: not_found with the groups that it may be;
// a group that is not allowed reads exactly like one that does not exist.
Result<std::string> choose_group(const std::string& wanted, const std::vector<std::string>& allowed,
                                 const std::optional<std::vector<std::string>>& existing);

}  // namespace mcpo::install
