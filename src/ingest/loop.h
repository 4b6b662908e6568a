// When cycles run. Each source has a queue of its own: polls, its own news, failed calls, installs
// and other processes' wishes all end up there and are merged, and a source that is slow to answer
// holds up no other.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "async/periodic.h"
#include "async/task_scope.h"
#include "base/clock.h"
#include "base/log.h"
#include "catalog/live_catalog.h"
#include "ingest/cycle.h"
#include "sources/source.h"

namespace mcpo::ingest {

// On the I/O thread. Borrows everything.
class IngestLoop {
 public:
  // `interval` zero: at the start and on triggers only.
  IngestLoop(async::Executor executor, Cycle& cycle, std::vector<sources::Source*> sources,
             catalog::LiveCatalog& catalog, Millis interval, const Clock& clock, Logger& log);

  // Until cancelled: polls and watches every source. Give it to a TaskScope.
  async::Task<void> run();
  async::Task<void> close(async::Deadline deadline) { return scope_.close(deadline); }

  void trigger(const SourceInstance& origin);
  void trigger_all();
  // Like trigger(); where another process leads that source, it is asked to look, through the
  // catalog.
  async::Task<void> request(SourceInstance origin);
  // The catalog has a new version, perhaps by another hand: routes get their ids; what another
  // leader found is looked up here as well; its followers' wishes are granted.
  void catalog_changed();
  // Every source has been taken in once.
  bool first_round_done() const { return done_once_.size() == sources_.size(); }

 private:
  async::Co<> run_one(sources::Source& source);

  async::Executor executor_;
  Cycle& cycle_;
  std::vector<sources::Source*> sources_;
  catalog::LiveCatalog& catalog_;
  const Clock& clock_;
  Logger& log_;
  std::map<SourceInstance, std::unique_ptr<async::Periodic>> queues_;
  std::set<SourceInstance> done_once_;
  std::map<SourceInstance, std::string> granted_;  // the last wish that was seen
  async::TaskScope scope_;
};

}  // namespace mcpo::ingest
