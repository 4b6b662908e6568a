// What a registry says of a server that could run: the words that sources, catalog, ingestion,
// installation and search share.
#pragma once

#include <string>
#include <vector>

namespace mcpo {

// A value that a server wants before it starts: an environment variable or a header.
struct RegistryInput {
  std::string name;
  std::string description;
  bool required = false;
  bool secret = false;
  std::string fallback;              // the registry's default; empty: none
  std::vector<std::string> choices;  // empty: anything
  bool operator==(const RegistryInput&) const = default;
};

struct RegistryTool {
  std::string name;
  std::string definition;  // raw JSON, minified; empty when the registry has only the name
  bool operator==(const RegistryTool&) const = default;
};

// Placeholder tools ("set_during_runtime") are left out before it gets here.
struct RegistryEntry {
  std::string name;  // as the registry writes it, for example io.github.stacklok/fetch
  std::string title;
  std::string description;
  std::string overview;
  std::string transport;  // stdio, streamable-http, sse
  std::string tier;       // Official, Community
  std::string status;     // Active, Deprecated
  bool remote = false;
  std::string image;  // container entries
  std::string url;    // remote entries; may be a template with {variables}
  std::vector<std::string> tags;
  std::vector<RegistryInput> env;
  std::vector<RegistryInput> headers;
  bool oauth = false;  // needs a login in a browser
  std::vector<RegistryTool> tools;
  bool operator==(const RegistryEntry&) const = default;
};

}  // namespace mcpo
