// What is known about servers and their tools: the part that is shared and stored. How to reach a
// server is not here (mcp::ConnectionSpec), so no secret can get in.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/hash.h"
#include "base/ids.h"
#include "base/registry_entry.h"
#include "base/server_key.h"

namespace mcpo::catalog {

// Grows by one with every transaction that changes something.
using CatalogVersion = std::int64_t;

// Why something is not as it should be, and since when. An empty reason: all is well.
struct Trouble {
  WallTime since;
  std::string reason;
  explicit operator bool() const { return !reason.empty(); }
  bool operator==(const Trouble&) const = default;
};

enum class MatchRule {
  none,
  exact,          // URL or image byte for byte
  normalized,     // URL or image after normalisation
  without_query,  // normalised, without the workload's query
  url_template,
  version_differs,  // image: same repository, other tag or digest
  recorded,         // the workload's recorded name; its URL or image differs
};

std::string_view to_string(MatchRule rule);  // "" for none
// A rule that a later version wrote reads as none.
MatchRule match_rule_of(std::string_view name);

struct Link {
  std::string registry_entry;  // name; empty: a custom server
  MatchRule rule = MatchRule::none;
  std::vector<std::string> others;  // further entries that it hit, best first
  bool operator==(const Link&) const = default;
};

struct Server {
  ServerId id;  // 0 until the store has given one
  ServerKey key;
  std::string display_name;  // unique among what one process offers; given on first sight
  std::string group = "default";
  std::string status = "running";  // as the source says; unknown ones are kept
  std::string transport;           // stdio, streamable-http, sse
  std::string url;                 // redacted; empty for stdio
  std::string identity;            // what it is: redacted upstream URL, image, or command name
  std::string created_at;          // as the source says
  std::string connection_hash;     // keyed hash of the ConnectionSpec
  Link link;
  WallTime tools_listed_at;  // 0: never
  std::optional<std::int64_t> tools_ttl_ms;
  Trouble stale;          // the source could not be asked about it
  Trouble degraded;       // it does not answer, or answers wrongly
  WallTime last_success;  // its tools were listed or a call went through; stored with other changes
  bool operator==(const Server&) const = default;
};

// Statuses whose tools are offered (DESIGN section 2, "Offered").
bool is_offered_status(std::string_view status);
// Those that a source of ours is known to report; others are kept and offered all the same.
bool is_known_status(std::string_view status);

struct CatalogTool {
  std::string name;
  std::string definition;  // raw JSON as the server gave it, minified
  ContentHash hash;        // of the definition
  bool operator==(const CatalogTool&) const = default;
};
using ToolSet = std::shared_ptr<const std::vector<CatalogTool>>;  // in the server's order

struct ServerEntry {
  Server server;
  ToolSet tools;  // never null
};

// What one source's registry offers, by name. Entries that stay equal keep their pointer.
using Registry = std::map<std::string, std::shared_ptr<const RegistryEntry>>;

// Of two entries with one name the first counts. Entries that `known` (may be null) has in the same
// words are taken from there; when all are, and no others, the result is `known` itself.
std::shared_ptr<const Registry> make_registry(std::vector<RegistryEntry> entries,
                                              const std::shared_ptr<const Registry>& known);

// One version of everything. A value; entries are shared between versions.
struct Catalog {
  CatalogVersion version = 0;
  std::map<ServerId, std::shared_ptr<const ServerEntry>> servers;
  // Never null, never empty: a source without a registry has none here.
  std::map<SourceInstance, std::shared_ptr<const Registry>> registries;
  // What sources and the plan must remember between cycles, by source and key.
  std::map<SourceInstance, std::map<std::string, std::string>> memory;

  const ServerEntry* find(const ServerKey& key) const;  // linear
  // nullptr when that source has no registry.
  std::shared_ptr<const Registry> registry_of(const SourceInstance& origin) const;
};

}  // namespace mcpo::catalog
