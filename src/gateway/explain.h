// Why a tool ranked where it did, as JSON: the same for find_tool and for `search --explain`.
#pragma once

#include <string>

#include "base/json.h"
#include "search/engine.h"

namespace mcpo::gateway {

// An object; docs/json-output.md tells its members.
void append_explanation(JsonWriter& w, const search::Explanation& explanation);
// For people, on one line.
std::string explanation_text(const search::Explanation& explanation);

}  // namespace mcpo::gateway
