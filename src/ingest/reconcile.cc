#include "ingest/reconcile.h"

#include <algorithm>

#include "base/text.h"

namespace mcpo::ingest {
namespace {

using catalog::Catalog;
using catalog::Server;
using catalog::ServerEntry;
using catalog::Trouble;
using sources::ObservationState;
using sources::Workload;

ServerKey key_of(const sources::Observation& observation, const std::string& namespace_name,
                 const std::string& name) {
  return {observation.origin, namespace_name, name};
}

// Keeps `since` while the reason stays, so that an unchanged trouble is no change.
Trouble trouble(const Trouble& before, std::string reason, WallTime now) {
  if (before.reason == reason) return before;
  const WallTime since = before ? before.since : now;
  return {since, std::move(reason)};
}

class Planner {
 public:
  explicit Planner(const PlanInput& in) : in_(in) {
    for (const auto& [id, entry] : in.catalog.servers) {
      by_key_.emplace(entry->server.key, entry.get());
      if (in.policy.visible_origins.contains(entry->server.key.origin)) {
        taken_.insert(entry->server.display_name);
      }
    }
  }

  Plan run() {
    if (in_.observation.state == ObservationState::unavailable) {
      keep_all();
      return std::move(out_);
    }
    for (const Workload& workload : in_.observation.workloads) see(workload);
    for (const auto& entry : in_.observation.unreadable) mark_unreadable(entry);
    for (const auto& entry : in_.observation.left_out) leave_out(entry);
    for (const auto& [key, entry] : by_key_) {
      if (key.origin == in_.observation.origin && !seen_.contains(key)) miss(entry->server);
    }
    return std::move(out_);
  }

 private:
  const Server* known(const ServerKey& key) const {
    auto it = by_key_.find(key);
    return it == by_key_.end() ? nullptr : &it->second->server;
  }

  void say(Action action, const std::string& server, std::string reason) {
    out_.report.push_back({action, server, std::move(reason)});
  }

  void keep_all() {
    for (const auto& [key, entry] : by_key_) {
      if (key.origin != in_.observation.origin) continue;
      say(Action::kept, entry->server.display_name,
          "the source could not be read: " + in_.observation.detail);
    }
  }

  void see(const Workload& workload) {
    const ServerKey key = key_of(in_.observation, workload.namespace_name, workload.name);
    if (!seen_.insert(key).second) return;
    const Server* before = known(key);
    Server after = before ? *before : Server{};
    after.key = key;
    if (!before) after.display_name = free_name(key);
    after.group = workload.group;
    after.status = workload.status.empty() ? "unknown" : workload.status;
    after.transport = workload.transport;
    after.url = workload.url;
    after.identity = workload.identity;
    after.created_at = workload.created_at;
    after.stale = {};
    if (workload.spec) after.connection_hash = in_.connection_hash(*workload.spec);
    if (!workload.problem.empty() && !after.degraded) {
      after.degraded = {in_.now, workload.problem};
    }
    const std::string due = listing_reason(before, after, workload);
    if (!due.empty()) out_.listings.push_back({key, after.connection_hash, due});
    report_seen(before, after);
    if (!before || *before != after) {
      carry_activity(after);
      out_.changes.upserts.push_back(std::move(after));
    }
  }

  void report_seen(const Server* before, const Server& after) {
    if (!before) return say(Action::added, after.display_name, "listed by its source");
    if (*before == after) return say(Action::kept, after.display_name, "unchanged");
    say(Action::changed, after.display_name, difference(*before, after));
  }

  static std::string difference(const Server& before, const Server& after) {
    std::vector<std::string> parts;
    auto compare = [&](const char* what, const std::string& a, const std::string& b) {
      if (a != b) parts.push_back(std::string(what) + " " + (a.empty() ? "none" : a) + " -> " + b);
    };
    compare("status", before.status, after.status);
    compare("group", before.group, after.group);
    compare("transport", before.transport, after.transport);
    compare("url", before.url, after.url);
    compare("identity", before.identity, after.identity);
    compare("created", before.created_at, after.created_at);
    if (parts.empty() && before.connection_hash != after.connection_hash) {
      parts.emplace_back("its command, environment, headers or address changed");
    }
    if (before.stale && !after.stale) parts.emplace_back("readable again");
    if (!before.degraded && after.degraded) parts.push_back(after.degraded.reason);
    return join(parts, "; ");
  }

  // Empty: not due. The reasons of DESIGN section 2.
  std::string listing_reason(const Server* before, const Server& after,
                             const Workload& workload) const {
    if (!workload.spec || !catalog::is_offered_status(after.status)) return "";
    const auto found = in_.activity.find(after.key);
    const Activity activity = found == in_.activity.end() ? Activity{} : found->second;
    const WallTime listed_at = std::max(after.tools_listed_at, activity.tools_listed_at);
    if (!before || !listed_at) return "first sight";
    if (before->connection_hash != after.connection_hash) return "its connection changed";
    if (before->created_at != after.created_at) return "it was created anew";
    if (activity.tools_changed) return "its tools changed";
    if (activity.listing_failed) return "the last listing failed";
    if (found == in_.activity.end() && after.degraded &&
        after.degraded.reason != workload.problem) {
      return "it was degraded";
    }
    const Millis age = in_.now.since(listed_at);
    if (age < Millis(0) || age >= in_.policy.tools_max_age) return "its tools are old";
    if (after.tools_ttl_ms && age >= Millis(*after.tools_ttl_ms)) return "its ttlMs ended";
    return "";
  }

  void mark_unreadable(const sources::Unreadable& entry) {
    const ServerKey key = key_of(in_.observation, entry.namespace_name, entry.name);
    if (!seen_.insert(key).second) return;
    const Server* before = known(key);
    if (!before) return say(Action::stale, entry.name, "not taken in: " + entry.reason);
    mark_stale(*before, entry.reason);
  }

  void mark_stale(const Server& before, const std::string& reason) {
    Server after = before;
    after.stale = trouble(before.stale, reason, in_.now);
    say(Action::stale, before.display_name, reason);
    if (after == before) return;
    carry_activity(after);
    out_.changes.upserts.push_back(std::move(after));
  }

  void leave_out(const sources::LeftOut& entry) {
    const ServerKey key = key_of(in_.observation, entry.namespace_name, entry.name);
    if (!seen_.insert(key).second) return;
    if (const Server* before = known(key)) remove(*before, entry.reason);
  }

  void miss(const Server& before) {
    if (in_.observation.absence_is_proof) {
      remove(before, "no longer in " + in_.observation.origin.instance);
    } else {
      mark_stale(before, "not listed any more; its removal is not proven");
    }
  }

  void remove(const Server& before, const std::string& reason) {
    out_.changes.removals.push_back(before.key);
    say(Action::removed, before.display_name, reason);
  }

  void carry_activity(Server& server) const {
    const auto found = in_.activity.find(server.key);
    if (found == in_.activity.end()) return;
    server.tools_listed_at = std::max(server.tools_listed_at, found->second.tools_listed_at);
    server.last_success = std::max(server.last_success, found->second.last_success);
  }

  // The first seen keeps the bare name for good; later ones say where they are from.
  std::string free_name(const ServerKey& key) {
    std::vector<std::string> wishes{key.name, key.name + "@" + key.origin.source};
    if (!key.namespace_name.empty()) wishes.push_back(key.name + "@" + key.namespace_name);
    for (int n = 2; n < 1000; ++n) wishes.push_back(wishes[1] + "-" + std::to_string(n));
    for (std::string& wish : wishes) {
      if (taken_.insert(wish).second) return std::move(wish);
    }
    return key.name;
  }

  const PlanInput& in_;
  Plan out_;
  std::map<ServerKey, const ServerEntry*> by_key_;
  std::set<ServerKey> seen_;
  std::set<std::string> taken_;
};

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

Plan plan(const PlanInput& input) { return Planner(input).run(); }

ListingOutcome plan_listing(const Catalog& catalog, const ListingDue& due,
                            const Result<mcp::ToolList>& listed, WallTime now) {
  ListingOutcome out;
  out.report = {Action::kept, due.key.name, "replaced or removed while it was asked"};
  const ServerEntry* entry = catalog.find(due.key);
  if (entry == nullptr || entry->server.connection_hash != due.connection_hash) return out;
  const Server& before = entry->server;
  Server after = before;
  if (!listed) {
    after.degraded = trouble(before.degraded, listed.error().message, now);
    out.report = {Action::degraded, before.display_name, listed.error().message};
    if (after != before) out.changes.upserts.push_back(std::move(after));
    return out;
  }
  after.degraded = listed->problems.empty()
                       ? Trouble{}
                       : trouble(before.degraded, join(listed->problems, "; "), now);
  after.tools_ttl_ms = listed->ttl_ms;
  const catalog::ToolSet tools = make_tool_set(*listed);
  const bool tools_differ = !same_tools(entry->tools, tools);
  out.report = {after.degraded ? Action::degraded : Action::kept, before.display_name,
                after.degraded ? after.degraded.reason : "tools unchanged"};
  if (tools_differ && !after.degraded) {
    out.report.action = before.tools_listed_at ? Action::changed : Action::added;
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
    after.tools_listed_at = std::max(after.tools_listed_at, found->second.tools_listed_at);
    after.last_success = std::max(after.last_success, found->second.last_success);
    if (after != entry->server) out.upserts.push_back(std::move(after));
  }
  return out;
}

}  // namespace mcpo::ingest
