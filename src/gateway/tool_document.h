// What the search reads of a tool's definition.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "search/engine.h"

namespace mcpo::gateway {

// Title, description and parameters out of `definition` (null where only the name is known); name
// and server are the caller's to set.
search::Document tool_document(RawJson definition);

}  // namespace mcpo::gateway
