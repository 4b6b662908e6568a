// Registries as ToolHive serves and stores them, in whatever shape, as entries. Pure.
//
// Shapes: /api/v1beta/registry/default and its /servers (maps or arrays of ToolHive's own form),
// the legacy file, the upstream file (ServerJSON under "data"), /v0.1/servers pages of ToolHive and
// of a registry server (ServerJSON, wrapped or not). ServerJSON is understood as ToolHive converts
// it: the first remote, else an OCI package; what publishers add under "_meta" counts.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sources/source.h"

namespace mcpo::sources::toolhive {

struct ParsedRegistry {
  // Entries by name, each name once. Placeholder tools are left out.
  RegistryReading reading;
  // What was left out because it has no name, or a name that was there before.
  std::vector<std::string> problems;
  // How many entries there are by the answer's own word; 0: not said. More than were read: this is
  // one page of several.
  std::size_t total = 0;
};

// Errors: corrupt (not JSON, or none of the shapes), too_large. An empty registry is no error here.
Result<ParsedRegistry> parse_registry(std::string_view text);

}  // namespace mcpo::sources::toolhive
