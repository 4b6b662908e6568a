// A catalog and an observation to plan from, for tests of what plans make of them.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/plan_listing.h"
#include "ingest/reconcile.h"

namespace mcpo::ingest {

inline const SourceInstance kConfig{"config", "/home/ada/mcp.json"};
inline const SourceInstance kToolhive{"toolhive", "local"};
inline constexpr WallTime kNow{1'700'000'000'000};

inline mcp::ConnectionSpec spec_of(const std::string& command) {
  mcp::StdioSpec spec;
  spec.command = command;
  return spec;
}

// The command, and the upstream URL where there is one.
inline std::string hash_of(const mcp::ConnectionSpec& spec, std::string_view upstream_url) {
  const std::string command = std::get<mcp::StdioSpec>(spec).command;
  return upstream_url.empty() ? command : command + " " + std::string(upstream_url);
}

inline sources::Workload a_workload(const std::string& name) {
  sources::Workload out;
  out.name = name;
  out.transport = "stdio";
  out.identity = name;
  out.spec = spec_of("run-" + name);
  return out;
}

// A catalog and an observation, and what plan() makes of them.
struct Scene {
  catalog::Catalog catalog;
  std::int64_t next_id = 1;
  sources::Observation seen{.origin = kConfig, .state = sources::ObservationState::complete};
  ActivityMap activity;
  Policy policy{.visible_origins = {kConfig, kToolhive}};
  WallTime now = kNow;
  MatchIndexes indexes;

  Scene() { seen.absence_is_proof = true; }

  catalog::Server& known(const std::string& name, const SourceInstance& origin = kConfig) {
    catalog::Server server;
    server.id = ServerId{next_id++};
    server.key = {origin, "", name};
    server.display_name = name;
    server.transport = "stdio";
    server.identity = name;
    server.connection_hash = "run-" + name;
    server.tools_listed_at = kNow;
    auto entry = std::make_shared<catalog::ServerEntry>();
    entry->server = server;
    entry->tools = std::make_shared<const std::vector<catalog::CatalogTool>>(
        std::vector<catalog::CatalogTool>{{"old_tool", "{\"name\":\"old_tool\"}", {}}});
    catalog.servers[server.id] = entry;
    return entry->server;
  }

  Plan plan() {
    const ConnectionHash hash = hash_of;
    return ingest::plan({seen, catalog, activity, policy, now, hash, indexes});
  }
};

inline sources::Workload a_remote(const std::string& name, const std::string& url) {
  sources::Workload out = a_workload(name);
  out.transport = "streamable-http";
  out.upstream_url = url;
  out.identity = url;
  return out;
}

inline RegistryEntry an_entry(const std::string& name, const std::string& url) {
  RegistryEntry out;
  out.name = name;
  out.remote = true;
  out.url = url;
  return out;
}

// ToolHive: not being listed proves nothing.
struct ToolhiveScene : Scene {
  ToolhiveScene() {
    seen.origin = kToolhive;
    seen.absence_is_proof = false;
  }
  catalog::Server& known(const std::string& name) { return Scene::known(name, kToolhive); }
  void has_registry(std::vector<RegistryEntry> entries) {
    catalog.registries[kToolhive] = catalog::make_registry(std::move(entries), nullptr);
  }
  void reads_registry(std::vector<RegistryEntry> entries) {
    seen.registry = sources::RegistryReading{"today", std::move(entries)};
  }
  // Plans, and takes the changes into the catalog.
  Plan cycle() {
    Plan out = plan();
    catalog = catalog::apply(catalog, out.changes, next_id);
    return out;
  }
  // Its tools were listed now, and there are none.
  void lists_tools(const std::string& name) {
    const ListingDue due{{kToolhive, "", name}, server(name)->connection_hash, ""};
    catalog =
        catalog::apply(catalog, plan_listing(catalog, due, mcp::ToolList{}, now).changes, next_id);
  }
  const catalog::Server* server(const std::string& name) const {
    const catalog::ServerEntry* entry = catalog.find({kToolhive, "", name});
    return entry == nullptr ? nullptr : &entry->server;
  }
};

inline const catalog::Link kNoLink;
inline const RegistryEntry kMonday = an_entry("monday", "https://mcp.monday.com/sse");

inline const Change* change_of(const Plan& plan, const std::string& server) {
  for (const Change& change : plan.report) {
    if (change.server == server) return &change;
  }
  return nullptr;
}

}  // namespace mcpo::ingest
