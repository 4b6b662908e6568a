// Keeps the published View up with the catalog. Bursts of changes (start-up, many servers
// answering) are merged: the more a build costs, the longer the next one waits.
#pragma once

#include <cstdint>
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
  // The published view was built after the last embeddings_changed().
  bool shows_all_embeddings() const { return shown_embeddings_ == embeddings_version_; }
  // Woken after every new view.
  async::Notifier& published() { return published_; }

 private:
  async::Task<void> wait_for_news();
  void publish(std::shared_ptr<const View> view, std::uint64_t embeddings, Millis took);

  catalog::LiveCatalog& catalog_;
  Visibility visibility_;
  async::CpuPool& cpu_;
  Logger& log_;
  const EmbeddingBook& embeddings_;
  std::uint64_t embeddings_version_ = 0;
  std::uint64_t shown_embeddings_ = 0;
  async::Notifier published_;
  View::PreparedCache cache_;  // used by one build at a time
  async::Snapshot<View> view_;
};

}  // namespace mcpo::gateway
