// One ingestion cycle: observe all sources, plan, apply, and hand what is due to ToolFetch.
// Followers do the first step only, to know how to reach the servers.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "async/deadline.h"
#include "async/notifier.h"
#include "base/clock.h"
#include "base/log.h"
#include "catalog/live_catalog.h"
#include "ingest/match.h"
#include "ingest/reconcile.h"
#include "ingest/report.h"
#include "ingest/routes.h"
#include "ingest/tool_fetch.h"
#include "sources/source.h"
#include "upstream/directory.h"

namespace mcpo::ingest {

// On the I/O thread; one run at a time of each source. Borrows everything.
class Cycle {
 public:
  struct Parts {
    async::Executor executor;
    std::vector<sources::Source*> sources;
    catalog::LiveCatalog* catalog = nullptr;
    upstream::Directory* directory = nullptr;
    ToolFetch* fetch = nullptr;
    ActivityMap* activity = nullptr;
    const Clock* clock = nullptr;
    Logger* log = nullptr;
    std::string hash_key;  // of connection hashes; kept outside the database
    Policy policy;
    Millis observe_timeout{20'000};
    std::string role = "serve";  // what other processes are told about the leader
  };
  explicit Cycle(Parts parts);

  // Observes, decides and writes; listings go on in ToolFetch. The report holds what is known when
  // it returns; listing outcomes are added by whoever waits for them.
  async::Co<CycleReport> run() { return run(parts_.sources); }
  // The same for some of the sources only.
  async::Co<CycleReport> run(std::vector<sources::Source*> sources);
  // Another process, which leads, has changed servers of that source since this one last looked:
  // there may be new ways to reach them.
  bool is_behind(const SourceInstance& origin) const;
  // The catalog changed by another hand: routes may have got their ids.
  void refresh_routes();
  // The server said so, or was connected anew: list again without waiting for the next cycle.
  void tools_changed(ServerId server);
  // Something speaks against what the catalog says of it. Nothing happens unless we lead.
  void list_again(ServerId server, std::string reason);

  // A listing reached this very process (DESIGN section 2, last row): left out from now on.
  void found_ourselves(const ListingDue& due);
  // Tries to lead what nobody leads any more. True when there is something new to do: run().
  async::Co<bool> take_over();
  // The same for all sources or none, so that of several processes that want all one gets them.
  // True when this one leads all.
  async::Co<bool> take_over_all();

  bool leads(const SourceInstance& origin) const { return leases_.contains(origin); }
  // State of each source at its last observation, for /health and /ready.
  struct SourceState {
    sources::ObservationState state;
    std::string detail;
    std::optional<std::string> warning;
    std::string registry_problem;  // why its registry could not be read; empty: it could
    WallTime since;                // of this state and detail
    WallTime registry_since;       // of a registry that cannot be read, whatever the cause
  };
  const std::map<SourceInstance, SourceState>& source_states() const { return source_states_; }
  bool every_source_asked() const { return source_states_.size() == parts_.sources.size(); }

  // Called when a run is due before the next interval.
  void on_wants_run(std::function<void()> callback) { wants_run_ = std::move(callback); }
  // Stores what is newer in memory; for the orderly stop.
  async::Task<void> flush();

 private:
  async::Co<bool> lead(const SourceInstance& origin);
  sources::History history_of(const SourceInstance& origin,
                              const std::set<SourceInstance>& led) const;
  async::Co<> take(sources::Observation observation, const std::set<SourceInstance>& led,
                   CycleReport& report);
  async::Task<void> wait_turn();
  async::Task<void> decide(sources::Observation observation, const std::set<SourceInstance>& led,
                           CycleReport& report);
  async::Task<void> reconcile(const sources::Observation& observation, CycleReport& report);
  void note_problems(const sources::Observation& observation);
  void log_plan(const SourceInstance& origin, const Plan& plan);
  void leave_out_ourselves(sources::Observation& observation) const;
  bool is_ourselves(const sources::Workload& workload) const;
  void note_source(const sources::Observation& observation, CycleReport& report);
  std::map<ServerId, std::string> connections_of(const SourceInstance& origin) const;

  Parts parts_;
  RouteBook routes_;
  std::map<SourceInstance, std::unique_ptr<catalog::Lease>> leases_;
  std::map<SourceInstance, SourceState> source_states_;
  std::set<std::string> ourselves_;  // connection hashes that lead back to us
  std::function<void()> wants_run_;
  std::map<SourceInstance, std::set<std::pair<std::string, std::string>>> told_stale_;
  // Connection hashes at the last look, where another process leads.
  std::map<SourceInstance, std::map<ServerId, std::string>> seen_connections_;
  async::Notifier decided_;
  bool deciding_ = false;  // names are given by one plan at a time
  MatchIndexes indexes_;
  ConnectionHash connection_hash_;
};

}  // namespace mcpo::ingest
