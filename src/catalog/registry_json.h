// A registry entry as the JSON text that the catalog stores. Not the registry's own format: sources
// read that, whatever its version.
#pragma once

#include <string>
#include <string_view>

#include "base/registry_entry.h"
#include "base/result.h"

namespace mcpo::catalog {

std::string registry_entry_json(const RegistryEntry& entry);
// Members that are missing or of another kind keep their defaults, unknown ones are skipped, so
// that versions of ours read each other's entries. Errors: corrupt (not an object).
Result<RegistryEntry> read_registry_entry(std::string_view json);

}  // namespace mcpo::catalog
