#include "ingest/reconcile.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "base/text.h"

namespace mcpo::ingest {
namespace {

using catalog::Server;
using sources::kEmptyListing;
using sources::kEmptyRegistry;
using sources::Workload;

std::string describe(const catalog::Link& link) {
  if (link.registry_entry.empty()) return "none";
  std::string out = link.registry_entry + " (" + std::string(to_string(link.rule));
  if (!link.others.empty()) out += ", also " + join(link.others, ", ");
  return out + ")";
}

// "status running -> stopped; group default -> work"
std::string difference(const Server& before, const Server& after) {
  std::vector<std::string> parts;
  auto compare = [&](const char* what, const std::string& a, const std::string& b) {
    if (a == b) return;
    parts.push_back(std::string(what) + " " + (a.empty() ? "none" : a) + " -> " +
                    (b.empty() ? "none" : b));
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
  compare("registry entry", describe(before.link), describe(after.link));
  if (before.stale && !after.stale) parts.emplace_back("readable again");
  if (!before.degraded && after.degraded) parts.push_back(after.degraded.reason);
  if (before.degraded && !after.degraded) parts.emplace_back("no longer degraded: it does not run");
  return join(parts, "; ");
}

// What is new about it and unknown to us; empty: nothing. Said when it comes, not every cycle.
std::string unknown_words(const Server* before, const Server& after) {
  std::vector<std::string> parts;
  if (!catalog::is_known_status(after.status) && (!before || before->status != after.status)) {
    parts.push_back("unknown status \"" + after.status + "\", kept and offered");
  }
  constexpr std::array<std::string_view, 4> kTransports{"", "stdio", "streamable-http", "sse"};
  const bool known = std::ranges::find(kTransports, after.transport) != kTransports.end();
  if (!known && (!before || before->transport != after.transport)) {
    parts.push_back("unknown transport \"" + after.transport + "\", kept");
  }
  return join(parts, "; ");
}

std::string_view status_of(const Workload& workload) {
  return workload.status.empty() ? std::string_view("unknown") : workload.status;
}

class Planner {
 public:
  explicit Planner(const PlanInput& in)
      : in_(in),
        origin_(in.observation.origin),
        registry_(in.catalog.registry_of(origin_)),
        memory_(memory_of(in.catalog, origin_)) {
    for (const auto& [id, entry] : in.catalog.servers) {
      const ServerKey& key = entry->server.key;
      if (key.origin == origin_) known_.emplace(key, &entry->server);
      if (in.policy.visible_origins.contains(key.origin)) {
        taken_.emplace(entry->server.display_name, key.origin.source);
      }
    }
  }

  Plan run() {
    for (const auto& [key, value] : in_.observation.memory) remember(key, value);
    if (in_.observation.registry) take_registry(*in_.observation.registry);
    index_ = &in_.indexes.of(origin_, registry_);
    if (!sources::has_answered(in_.observation.state)) {
      keep_all();
      return std::move(out_);
    }
    const bool empty = lists_nothing();
    const bool suspicious = empty && !known_.empty() && !memory_.contains(kEmptyListing);
    for (const Workload& workload : in_.observation.workloads) see(workload);
    for (const auto& entry : in_.observation.unreadable) mark_unreadable(entry);
    for (const auto& entry : in_.observation.left_out) take_out(entry);
    if (!suspicious) {
      for (const auto& entry : in_.observation.gone) take_out(entry);
    }
    for (const auto& [key, server] : known_) {
      if (!seen_.contains(key)) miss(*server, suspicious);
    }
    const bool some_left = known_.size() > out_.changes.removals.size();
    mark(kEmptyListing, empty && some_left);
    return std::move(out_);
  }

 private:
  static sources::Memory memory_of(const catalog::Catalog& catalog, const SourceInstance& origin) {
    const auto it = catalog.memory.find(origin);
    return it == catalog.memory.end() ? sources::Memory{} : it->second;
  }

  // Only what differs from what is remembered gets into the change set.
  void remember(const std::string& key, const std::optional<std::string>& value) {
    const auto old = memory_.find(key);
    const bool same = value ? old != memory_.end() && old->second == *value : old == memory_.end();
    if (!same) out_.changes.memory[origin_][key] = value;
  }
  void mark(const char* key, bool wanted) {
    remember(key, wanted ? std::optional<std::string>("1") : std::nullopt);
  }

  // A configuration that is readable and empty is what it says. From any other source an empty list
  // must be seen twice in a row; what could not even be listed does not make it less empty.
  bool lists_nothing() const {
    const sources::Observation& seen = in_.observation;
    return !seen.absence_is_proof && seen.workloads.empty() && seen.left_out.empty() &&
           std::ranges::none_of(seen.unreadable,
                                [](const auto& e) { return e.listed.has_value(); });
  }

  void take_registry(const sources::RegistryReading& reading) {
    const bool empty = reading.entries.empty();
    const bool suspicious = empty && registry_ && !memory_.contains(kEmptyRegistry);
    mark(kEmptyRegistry, suspicious);
    if (suspicious) {
      out_.notes.emplace_back(
          "the registry is suddenly empty; that counts when seen twice in a row");
      return;
    }
    auto now = empty ? nullptr : catalog::make_registry(reading.entries, registry_);
    if (now == registry_) return;
    registry_ = std::move(now);
    out_.changes.registries[origin_] = registry_;
    out_.notes.push_back("registry read: " + std::to_string(registry_ ? registry_->size() : 0) +
                         " entries");
  }

  const Server* known(const ServerKey& key) const {
    const auto it = known_.find(key);
    return it == known_.end() ? nullptr : it->second;
  }

  void say(Action action, const std::string& server, std::string reason) {
    out_.report.push_back({action, server, std::move(reason)});
  }

  void keep_all() {
    for (const auto& [key, before] : known_) {
      Server after = *before;
      keep_link(after);
      const std::string why = "the source could not be read: " + in_.observation.detail;
      if (after == *before) {
        say(Action::kept, after.display_name, why);
      } else {
        say(Action::changed, after.display_name, difference(*before, after) + "; " + why);
      }
      store(before, std::move(after));
    }
  }

  void see(const Workload& workload) {
    const ServerKey key{origin_, workload.namespace_name, workload.name};
    if (!seen_.insert(key).second) return;
    const Server* before = known(key);
    Server after = before ? *before : Server{};
    after.key = key;
    if (!before) after.display_name = free_name(key);
    after.group = workload.group;
    after.status = status_of(workload);
    after.transport = workload.transport;
    after.url = workload.url;
    after.identity = workload.identity;
    after.created_at = workload.created_at;
    after.link = index_->match({workload.upstream_url, workload.image, workload.recorded_entry});
    after.stale = {};
    if (workload.spec) {
      after.connection_hash = in_.connection_hash(*workload.spec, workload.upstream_url);
    }
    take_problem(after, workload);
    list_if_due(before, after, workload);
    report_seen(before, after);
    store(before, std::move(after));
  }

  void report_seen(const Server* before, const Server& after) {
    const std::string unknown = unknown_words(before, after);
    const std::string more = unknown.empty() ? "" : "; " + unknown;
    if (!before) return say(Action::added, after.display_name, "listed by its source" + more);
    if (*before == after) return say(Action::kept, after.display_name, "unchanged");
    say(Action::changed, after.display_name, difference(*before, after) + more);
  }

  void list_if_due(const Server* before, Server& after, const Workload& workload) {
    const std::string due = listing_reason(before, after, workload);
    // What is known of its tools is of the one before: it counts as not listed until it answers,
    // also if it is starting now, or if this process ends first.
    if (before && is_another(*before, after)) after.tools_listed_at = {};
    if (!due.empty()) out_.listings.push_back({after.key, after.connection_hash, due});
  }

  static bool is_another(const Server& before, const Server& after) {
    return before.connection_hash != after.connection_hash || before.created_at != after.created_at;
  }

  // Empty: not due. The reasons of DESIGN section 2.
  std::string listing_reason(const Server* before, const Server& after,
                             const Workload& workload) const {
    if (!workload.spec || !catalog::is_offered_status(after.status)) return "";
    const auto found = in_.activity.find(after.key);
    const Activity activity = found == in_.activity.end() ? Activity{} : found->second;
    if (!before || !before->tools_listed_at) return "first sight";
    const WallTime listed_at = std::max(before->tools_listed_at, activity.tools_listed_at);
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
    const ServerKey key{origin_, entry.namespace_name, entry.name};
    if (!seen_.insert(key).second) return;
    const Server* before = known(key);
    if (!before) return say(Action::stale, entry.name, "not taken in: " + entry.reason);
    Server after = *before;
    if (entry.listed) {
      take_listed(after, *entry.listed);
      if (entry.listed->created_at == before->created_at) list_if_due(before, after, *entry.listed);
    }
    mark_stale(*before, std::move(after), entry.reason);
  }

  // Where its source says how to reach it, what asking it has shown counts more.
  void take_problem(Server& after, const Workload& workload) const {
    const std::string problem = source_problem(workload);
    const auto found = in_.activity.find(after.key);
    const std::string told = found == in_.activity.end() ? "" : found->second.problem;
    if (after.degraded && after.degraded.reason == told && told != problem) after.degraded = {};
    forget_degraded(after, problem);
    if (problem.empty() || (after.degraded && workload.spec)) return;
    after.degraded = continued(after.degraded, problem, in_.now);
  }

  // What is not running need not answer. It is listed again when it runs.
  static void forget_degraded(Server& server, const std::string& problem) {
    if (catalog::is_offered_status(server.status) || !server.degraded) return;
    if (server.degraded.reason == problem) return;
    server.degraded = {};
    server.tools_listed_at = {};
  }

  // The list tells how it is and where to connect, not who it is. One that was created anew may be
  // another: created_at stays, so that it is seen as such once its details can be read. So does the
  // connection hash, which also holds the upstream URL.
  static void take_listed(Server& server, const Workload& listed) {
    server.group = listed.group;
    server.status = status_of(listed);
    forget_degraded(server, listed.problem);
    if (!listed.spec || listed.created_at != server.created_at) return;
    server.transport = listed.transport;
    server.url = listed.url;
  }

  void mark_stale(const Server& before, Server after, const std::string& reason) {
    keep_link(after);
    after.stale = continued(before.stale, reason, in_.now);
    const std::string changes = difference(before, after);
    say(Action::stale, before.display_name, changes.empty() ? reason : reason + "; " + changes);
    store(&before, std::move(after));
  }

  // For servers of which nothing was learned: a link lives as long as the entry that it names.
  void keep_link(Server& server) const {
    auto gone = [&](const std::string& name) { return !registry_ || !registry_->contains(name); };
    catalog::Link& link = server.link;
    if (!link.registry_entry.empty() && gone(link.registry_entry)) link = {};
    std::erase_if(link.others, gone);
  }

  // Left out on purpose, or proven to be gone.
  void take_out(const sources::Unreadable& entry) {
    const ServerKey key{origin_, entry.namespace_name, entry.name};
    if (!seen_.insert(key).second) return;
    if (const Server* before = known(key)) remove(*before, entry.reason);
  }

  void miss(const Server& before, bool suspicious) {
    if (in_.observation.absence_is_proof) {
      remove(before, "no longer in " + origin_.instance);
    } else if (suspicious) {
      mark_stale(before, before,
                 "its source suddenly lists nothing; that counts when seen twice in a row");
    } else {
      mark_stale(before, before, "not listed any more; its removal is not proven");
    }
  }

  void remove(const Server& before, const std::string& reason) {
    out_.changes.removals.push_back(before.key);
    say(Action::removed, before.display_name, reason);
  }

  void store(const Server* before, Server after) {
    if (before && *before == after) return;
    const auto found = in_.activity.find(after.key);
    if (found != in_.activity.end()) {
      if (after.tools_listed_at) {
        after.tools_listed_at = std::max(after.tools_listed_at, found->second.tools_listed_at);
      }
      after.last_success = std::max(after.last_success, found->second.last_success);
    }
    out_.changes.upserts.push_back(std::move(after));
  }

  // The first seen keeps the bare name for good; later ones say where they are from: their source,
  // or, when that is the same, their namespace.
  std::string free_name(const ServerKey& key) {
    const std::string by_source = key.name + "@" + key.origin.source;
    std::vector<std::string> wishes{key.name, by_source};
    if (!key.namespace_name.empty()) {
      const auto first = taken_.find(key.name);
      const bool same_source = first != taken_.end() && first->second == key.origin.source;
      wishes.insert(same_source ? wishes.begin() + 1 : wishes.end(),
                    key.name + "@" + key.namespace_name);
    }
    for (int n = 2; n < 1000; ++n) wishes.push_back(by_source + "-" + std::to_string(n));
    for (std::string& wish : wishes) {
      if (taken_.emplace(wish, key.origin.source).second) return std::move(wish);
    }
    return key.name;
  }

  const PlanInput& in_;
  const SourceInstance& origin_;
  std::shared_ptr<const catalog::Registry> registry_;  // in force after this cycle
  const MatchIndex* index_ = nullptr;                  // of registry_
  const sources::Memory memory_;                       // before this cycle
  Plan out_;
  std::map<ServerKey, const Server*> known_;  // of this source
  std::set<ServerKey> seen_;
  std::map<std::string, std::string> taken_;  // display names, and the source of each
};

}  // namespace

catalog::Trouble continued(const catalog::Trouble& before, std::string reason, WallTime now) {
  if (before.reason == reason) return before;
  const WallTime since = before ? before.since : now;
  return {since, std::move(reason)};
}

std::string source_problem(const Workload& workload) {
  const bool needs_address = catalog::is_offered_status(status_of(workload)) && !workload.spec;
  if (!workload.problem.empty() || !needs_address) return workload.problem;
  return "its source names no address for it";
}

Plan plan(const PlanInput& input) { return Planner(input).run(); }

}  // namespace mcpo::ingest
