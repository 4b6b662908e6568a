// Reading the arguments of this program's own tools out of JSON. Every error is `invalid` and says
// for the model which argument, what is wanted and (unless it may be secret) what was given.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace mcpo::gateway {

// "tool_name must be a string; given was 7"
std::unexpected<Error> wrong_argument(std::string_view name, std::string_view wanted,
                                      RawJson given);
Result<void> check_object(RawJson arguments);
// No members but `known`, where one that is not understood must not be ignored.
Result<void> check_members(RawJson arguments, const std::vector<std::string>& known);

// nullopt: absent or null.
Result<std::optional<std::string>> optional_text(RawJson arguments, std::string_view name);
// An object of texts; numbers and booleans as they are written; null members are left out. Absent
// or null: empty. Errors name the member and never hold its value.
Result<std::map<std::string, std::string>> optional_texts(RawJson arguments, std::string_view name);

}  // namespace mcpo::gateway
