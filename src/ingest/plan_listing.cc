#include "ingest/plan_listing.h"

#include <algorithm>

#include "base/text.h"

namespace mcpo::ingest {
namespace {

using catalog::Catalog;
using catalog::Server;
using catalog::ServerEntry;
using catalog::Trouble;

catalog::ToolSet make_tool_set(const mcp::ToolList& list) {
  auto tools = std::make_shared<std::vector<catalog::CatalogTool>>();
  tools->reserve(list.tools.size());
  for (const mcp::ToolDefinition& tool : list.tools) {
    tools->push_back({tool.name, tool.json, content_hash(tool.json)});
  }
  return tools;
}

bool same_tools(const catalog::ToolSet& a, const catalog::ToolSet& b) {
  return std::ranges::equal(
      *a, *b, [](const auto& x, const auto& y) { return x.name == y.name && x.hash == y.hash; });
}

// "3 tools added, 1 removed, 2 changed"
std::string tool_difference(const catalog::ToolSet& before, const catalog::ToolSet& after) {
  std::map<std::string_view, const ContentHash*> old_tools;
  for (const auto& tool : *before) old_tools.emplace(tool.name, &tool.hash);
  std::size_t added = 0;
  std::size_t changed = 0;
  for (const auto& tool : *after) {
    auto it = old_tools.find(tool.name);
    if (it == old_tools.end()) {
      ++added;
    } else {
      changed += *it->second == tool.hash ? 0 : 1;
      old_tools.erase(it);
    }
  }
  std::vector<std::string> parts;
  auto part = [&](std::size_t n, const char* what) {
    if (n > 0) parts.push_back(std::to_string(n) + " " + what);
  };
  part(added, "added");
  part(old_tools.size(), "removed");
  part(changed, "changed");
  return std::to_string(after->size()) + " tools" + (parts.empty() ? ", order changed" : ": ") +
         join(parts, ", ");
}

}  // namespace

ListingOutcome plan_listing(const Catalog& catalog, const ListingDue& due,
                            const Result<mcp::ToolList>& listed, WallTime now) {
  ListingOutcome out;
  out.report = {Action::kept, due.key.name, "replaced or removed while it was asked"};
  const ServerEntry* entry = catalog.find(due.key);
  if (entry == nullptr || entry->server.connection_hash != due.connection_hash) return out;
  const Server& before = entry->server;
  Server after = before;
  if (!listed) {
    after.degraded = continued(before.degraded, listed.error().message, now);
    out.report = {Action::degraded, before.display_name, listed.error().message};
    if (after != before) out.changes.upserts.push_back(std::move(after));
    return out;
  }
  after.degraded = listed->problems.empty()
                       ? Trouble{}
                       : continued(before.degraded, join(listed->problems, "; "), now);
  after.tools_ttl_ms = listed->ttl_ms;
  const catalog::ToolSet tools = make_tool_set(*listed);
  const bool tools_differ = !same_tools(entry->tools, tools);
  out.report = {after.degraded ? Action::degraded : Action::kept, before.display_name,
                after.degraded ? after.degraded.reason : "tools unchanged"};
  if (tools_differ && !after.degraded) {
    const bool listed_before = before.tools_listed_at || !entry->tools->empty();
    out.report.action = listed_before ? Action::changed : Action::added;
    out.report.reason = tool_difference(entry->tools, tools);
  }
  if (!tools_differ && after == before && before.tools_listed_at) return out;
  after.tools_listed_at = now;
  after.last_success = now;
  if (tools_differ) out.changes.tools.emplace(due.key, tools);
  out.changes.upserts.push_back(std::move(after));
  return out;
}

catalog::ChangeSet plan_flush(const Catalog& catalog, const ActivityMap& activity) {
  catalog::ChangeSet out;
  for (const auto& [id, entry] : catalog.servers) {
    const auto found = activity.find(entry->server.key);
    if (found == activity.end()) continue;
    Server after = entry->server;
    if (after.tools_listed_at) {  // else: not listed since it changed
      after.tools_listed_at = std::max(after.tools_listed_at, found->second.tools_listed_at);
    }
    after.last_success = std::max(after.last_success, found->second.last_success);
    if (after != entry->server) out.upserts.push_back(std::move(after));
  }
  return out;
}

}  // namespace mcpo::ingest
