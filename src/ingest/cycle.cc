#include "ingest/cycle.h"

#include <deque>

#include "async/caught.h"
#include "async/task_scope.h"

namespace mcpo::ingest {
namespace {

async::Task<sources::Observation> observe(sources::Source& source, sources::History history,
                                          async::Deadline deadline) {
  co_return co_await source.observe(std::move(history), deadline);
}

// One answer from each source, whatever happens: the cycle waits for it.
async::Task<void> observe_into(sources::Source& source, sources::History history,
                               async::Deadline deadline, std::deque<sources::Observation>& answered,
                               async::Notifier& progress) {
  auto seen = co_await async::caught(observe(source, std::move(history), deadline));
  Result<void> outcome;
  if (seen) {
    answered.push_back(*std::move(seen));
  } else {
    outcome = std::unexpected(seen.error());
    answered.push_back({.origin = source.origin(), .detail = seen.error().message});
  }
  progress.notify_all();
  co_return outcome;
}

}  // namespace

Cycle::Cycle(Parts parts) : parts_(std::move(parts)), decided_(parts_.executor) {
  connection_hash_ = [key = parts_.hash_key](const mcp::ConnectionSpec& spec,
                                             std::string_view upstream_url) {
    std::string text = mcp::fingerprint_text(spec);
    if (!upstream_url.empty()) text.append(1, '\0').append(upstream_url);
    return keyed_hash(key, text);
  };
}

async::Co<CycleReport> Cycle::run(std::vector<sources::Source*> sources) {
  const SteadyTime start = parts_.clock->now();
  CycleReport report;
  const auto deadline = async::Deadline::in(parts_.observe_timeout);
  // Who leads now decides what is asked, and so what the answers may be used for.
  std::set<SourceInstance> led;
  for (sources::Source* source : sources) {
    if (co_await lead(source->origin())) led.insert(source->origin());
  }
  std::deque<sources::Observation> answered;
  async::Notifier progress(parts_.executor);
  async::TaskScope scope(parts_.executor, *parts_.log);
  for (sources::Source* source : sources) {
    scope.spawn(
        "observe " + source->origin().source,
        observe_into(*source, history_of(source->origin(), led), deadline, answered, progress));
  }
  // Each as soon as it has answered, one after the other: a slow source holds up nobody, and names
  // that two sources share are given to one of them first.
  for (std::size_t taken = 0; taken < sources.size(); ++taken) {
    while (answered.empty()) {
      if (!co_await progress.wait_change(progress.version(), async::Deadline::never())) break;
    }
    if (answered.empty()) break;  // cancelled
    sources::Observation observation = std::move(answered.front());
    answered.pop_front();
    co_await take(std::move(observation), led, report);
  }
  // They borrow from this frame: whatever happened, it waits for them.
  (void)co_await scope.close(async::Deadline::never());
  refresh_routes();
  report.catalog_version = parts_.catalog->read()->version;
  report.duration = std::chrono::duration_cast<Millis>(parts_.clock->now() - start);
  co_return report;
}

async::Co<> Cycle::take(sources::Observation observation, const std::set<SourceInstance>& led,
                        CycleReport& report) {
  const Result<void> turn = co_await wait_turn();
  if (!turn) co_return;
  deciding_ = true;
  const std::string source = observation.origin.source;
  const auto decided = co_await async::caught(decide(std::move(observation), led, report));
  deciding_ = false;
  decided_.notify_all();
  if (decided) co_return;
  parts_.log->error("what a source said was not taken in",
                    {{"source", source}, {"cause", decided.error().message}});
}

// Until no other plan is made and written.
async::Task<void> Cycle::wait_turn() {
  while (deciding_) {
    CO_CHECK_OK(co_await decided_.wait_change(decided_.version(), async::Deadline::never()));
  }
  co_return Result<void>{};
}

async::Task<void> Cycle::decide(sources::Observation observation,
                                const std::set<SourceInstance>& led, CycleReport& report) {
  leave_out_ourselves(observation);
  note_source(observation, report);
  routes_.remember(observation, *parts_.catalog->read());
  if (led.contains(observation.origin)) {
    auto reconciled = co_await reconcile(observation, report);
    if (!reconciled) {
      report.sources.back().state = sources::ObservationState::unavailable;
      report.sources.back().detail = reconciled.error().message;
    }
  } else {
    seen_connections_[observation.origin] = connections_of(observation.origin);
    refresh_routes();
  }
  co_return Result<void>{};
}

bool Cycle::is_behind(const SourceInstance& origin) const {
  const auto seen = seen_connections_.find(origin);
  return seen != seen_connections_.end() && seen->second != connections_of(origin);
}

std::map<ServerId, std::string> Cycle::connections_of(const SourceInstance& origin) const {
  std::map<ServerId, std::string> out;
  const auto catalog = parts_.catalog->read();
  for (const auto& [id, entry] : catalog->servers) {
    if (entry->server.key.origin == origin) out.emplace(id, entry->server.connection_hash);
  }
  return out;
}

sources::History Cycle::history_of(const SourceInstance& origin,
                                   const std::set<SourceInstance>& led) const {
  sources::History out;
  out.routes_only = !led.contains(origin);
  const auto catalog = parts_.catalog->read();
  for (const auto& [id, entry] : catalog->servers) {
    const ServerKey& key = entry->server.key;
    if (key.origin != origin) continue;
    out.servers.push_back({key.namespace_name, key.name, entry->server.created_at});
  }
  if (const auto memory = catalog->memory.find(origin); memory != catalog->memory.end()) {
    out.memory = memory->second;
  }
  return out;
}

void Cycle::leave_out_ourselves(sources::Observation& observation) const {
  if (ourselves_.empty()) return;
  std::erase_if(observation.workloads, [&](const sources::Workload& workload) {
    if (!is_ourselves(workload)) return false;
    observation.left_out.push_back(
        {workload.namespace_name, workload.name, "it leads back to this optimizer itself", {}});
    return true;
  });
}

bool Cycle::is_ourselves(const sources::Workload& workload) const {
  return workload.spec &&
         ourselves_.contains(connection_hash_(*workload.spec, workload.upstream_url));
}

void Cycle::found_ourselves(const ListingDue& due) {
  if (!ourselves_.insert(due.connection_hash).second) return;
  parts_.log->warn("a server is left out: it leads back to this optimizer itself",
                   {{"server", due.key.name}});
  if (wants_run_) wants_run_();
}

async::Co<bool> Cycle::take_over() {
  bool won = false;
  for (sources::Source* source : parts_.sources) {
    if (leads(source->origin()) || !co_await lead(source->origin())) continue;
    parts_.log->info("this process leads now", {{"source", source->origin().source}});
    won = true;
  }
  co_return won;
}

async::Co<bool> Cycle::take_over_all() {
  std::vector<SourceInstance> won;
  bool all = true;
  for (std::size_t i = 0; all && i < parts_.sources.size(); ++i) {
    const SourceInstance origin = parts_.sources[i]->origin();
    if (leads(origin)) continue;
    all = co_await lead(origin);
    if (all) won.push_back(origin);
  }
  if (all) co_return true;
  for (const SourceInstance& origin : won) leases_.erase(origin);
  co_return false;
}

void Cycle::note_source(const sources::Observation& observation, CycleReport& report) {
  report.sources.push_back({observation.origin.source, observation.state, observation.detail});
  SourceState& known = source_states_[observation.origin];
  if (observation.registry_problem != known.registry_problem) {
    parts_.log->warn(
        observation.registry_problem.empty()
            ? "the registry can be read again"
            : "the registry cannot be read; its entries and the links stay",
        {{"source", observation.origin.source}, {"cause", observation.registry_problem}});
  }
  if (known.registry_problem.empty()) known.registry_since = parts_.clock->wall_now();
  known.registry_problem = observation.registry_problem;
  const bool same = known.since && known.state == observation.state &&
                    known.detail == observation.detail && known.warning == observation.warning;
  if (!same) {
    known.state = observation.state;
    known.detail = observation.detail;
    known.warning = observation.warning;
    known.since = parts_.clock->wall_now();
  }
}

async::Co<bool> Cycle::lead(const SourceInstance& origin) {
  if (leases_.contains(origin)) co_return true;
  auto lease = co_await parts_.catalog->try_lead(origin, parts_.role);
  if (!lease) {
    parts_.log->warn("cannot tell who leads", {{"cause", lease.error().message}});
    co_return false;
  }
  if (*lease == nullptr) {
    parts_.log->debug("another process leads", {{"source", origin.source}});
    co_return false;
  }
  leases_[origin] = *std::move(lease);
  co_return true;
}

async::Task<void> Cycle::reconcile(const sources::Observation& observation, CycleReport& report) {
  const auto catalog = parts_.catalog->read();
  Plan plan = ingest::plan({observation, *catalog, *parts_.activity, parts_.policy,
                            parts_.clock->wall_now(), connection_hash_, indexes_});
  log_plan(observation.origin, plan);
  note_problems(observation);
  for (const ServerKey& key : plan.changes.removals) parts_.activity->erase(key);
  if (!plan.changes.empty()) {
    CO_CHECK_OK(co_await parts_.catalog->apply(std::move(plan.changes)));
  }
  refresh_routes();
  report.changes.insert(report.changes.end(), std::make_move_iterator(plan.report.begin()),
                        std::make_move_iterator(plan.report.end()));
  for (ListingDue& due : plan.listings) parts_.fetch->request(std::move(due));
  co_return Result<void>{};
}

// So that the next plan knows whose word it was when a server is degraded.
void Cycle::note_problems(const sources::Observation& observation) {
  for (const sources::Workload& workload : observation.workloads) {
    const ServerKey key{observation.origin, workload.namespace_name, workload.name};
    std::string problem = source_problem(workload);
    if (!problem.empty() || parts_.activity->contains(key)) {
      (*parts_.activity)[key].problem = std::move(problem);
    }
  }
}

// Trouble that goes on is said when it begins, not every cycle.
void Cycle::log_plan(const SourceInstance& origin, const Plan& plan) {
  for (const std::string& note : plan.notes) {
    parts_.log->info(note, {{"source", origin.source}});
  }
  std::set<std::pair<std::string, std::string>> stale;
  auto& told = told_stale_[origin];
  for (const Change& change : plan.report) {
    if (change.action == Action::kept) continue;
    if (change.action == Action::stale) {
      stale.emplace(change.server, change.reason);
      if (told.contains({change.server, change.reason})) continue;
    }
    parts_.log->info(to_string(change.action), {{"server", change.server}, {"why", change.reason}});
  }
  told = std::move(stale);
}

void Cycle::refresh_routes() { parts_.directory->replace(routes_.routes(*parts_.catalog->read())); }

void Cycle::tools_changed(ServerId server) {
  const auto catalog = parts_.catalog->read();
  const auto it = catalog->servers.find(server);
  if (it == catalog->servers.end()) return;
  const catalog::Server& row = it->second->server;
  (*parts_.activity)[row.key].tools_changed = true;
  list_again(server, "its tools changed");
}

void Cycle::list_again(ServerId server, std::string reason) {
  const auto catalog = parts_.catalog->read();
  const auto it = catalog->servers.find(server);
  if (it == catalog->servers.end() || !leads(it->second->server.key.origin)) return;
  const catalog::Server& row = it->second->server;
  parts_.fetch->request({row.key, row.connection_hash, std::move(reason)});
}

async::Task<void> Cycle::flush() {
  catalog::ChangeSet changes = plan_flush(*parts_.catalog->read(), *parts_.activity);
  std::erase_if(changes.upserts,
                [this](const catalog::Server& server) { return !leads(server.key.origin); });
  if (changes.empty()) co_return Result<void>{};
  CO_CHECK_OK(co_await parts_.catalog->apply(std::move(changes)));
  co_return Result<void>{};
}

}  // namespace mcpo::ingest
