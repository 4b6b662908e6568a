// Finding one registry entry by what people call it. Pure.
#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"
#include "catalog/model.h"

namespace mcpo::install {

// What follows the last slash: "fetch" of "io.github.stacklok/fetch". Borrows.
std::string_view short_name(std::string_view registry_name);
// The last label before the slash: "stacklok" of "io.github.stacklok/fetch"; empty: none. Borrows.
std::string_view publisher(std::string_view registry_name);

// By full name, else by the short name when only one entry has it; letter case counts for neither.
// Errors: not_found with the nearest names, conflict with the full names.
Result<std::shared_ptr<const RegistryEntry>> find_entry(const catalog::Registry& registry,
                                                        std::string_view name);

}  // namespace mcpo::install
