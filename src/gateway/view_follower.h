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
  ViewFollower(async::Executor executor, catalog::LiveCatalog& catalog, Visibility visibility,
               const EmbeddingBook& embeddings, async::CpuPool& cpu, Logger& log);

  // Builds a view on the calling thread: at start-up, before anything is served, and where nobody
  // runs run().
  void build_now();
  // Null before build_now().
  std::shared_ptr<const View> view() const { return view_.read(); }
  const Visibility& visibility() const { return visibility_; }
  // Follows until cancelled; give it to a TaskScope.
  async::Task<void> run();
  // More embeddings are there: build again, although the catalog is the same.
  void embeddings_changed();
  // Woken after every new view.
  async::Notifier& published() { return published_; }

 private:
  async::Task<void> wait_for_news();
  void publish(std::shared_ptr<const View> view, Millis took);

  catalog::LiveCatalog& catalog_;
  Visibility visibility_;
  async::CpuPool& cpu_;
  Logger& log_;
  const EmbeddingBook& embeddings_;
  bool has_new_embeddings_ = false;
  async::Notifier published_;
  View::PreparedCache cache_;  // used by one build at a time
  async::Snapshot<View> view_;
};

}  // namespace mcpo::gateway
