// Keeps the published View up with the catalog. Bursts of changes (start-up, many servers
// answering) are merged: the more a build costs, the longer the next one waits.
#pragma once

#include <functional>

#include "async/snapshot.h"
#include "async/task.h"
#include "base/clock.h"
#include "base/log.h"
#include "catalog/live_catalog.h"
#include "gateway/view.h"

namespace mcpo::gateway {

// On the I/O thread; view() from any thread. Borrows everything.
class ViewFollower {
 public:
  ViewFollower(catalog::LiveCatalog& catalog, Visibility visibility, async::CpuPool& cpu,
               Logger& log);

  // Builds the first view on the calling thread: start-up, before anything is served.
  void build_first();
  // Null before build_first().
  std::shared_ptr<const View> view() const { return view_.read(); }
  // Follows until cancelled; give it to a TaskScope.
  async::Task<void> run();

 private:
  void publish(std::shared_ptr<const View> view, Millis took);

  catalog::LiveCatalog& catalog_;
  Visibility visibility_;
  async::CpuPool& cpu_;
  Logger& log_;
  View::PreparedCache cache_;  // used by one build at a time
  async::Snapshot<View> view_;
};

}  // namespace mcpo::gateway
