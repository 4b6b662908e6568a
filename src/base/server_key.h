// Where a server comes from and how its source calls it: the words that sources, catalog and
// ingestion share.
#pragma once

#include <compare>
#include <string>

namespace mcpo {

// Which source, and which one of its kind: ("config", "/home/ada/mcp.json").
struct SourceInstance {
  std::string source;    // config, toolhive, kubernetes
  std::string instance;  // never a secret
  auto operator<=>(const SourceInstance&) const = default;
};

// Identity of a server within the catalog.
struct ServerKey {
  SourceInstance origin;
  std::string namespace_name;  // Kubernetes; else empty
  std::string name;            // as the source names it
  auto operator<=>(const ServerKey&) const = default;
};

}  // namespace mcpo
