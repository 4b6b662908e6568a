// Gives the tools of the current view their embeddings, in the background: from the store, and the
// texts that nobody has encoded yet from the encoder, each stored as soon as it is there.
#pragma once

#include <cstddef>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "async/notifier.h"
#include "async/task_scope.h"
#include "base/clock.h"
#include "base/log.h"
#include "catalog/live_catalog.h"
#include "embed/tool_encoder.h"
#include "gateway/embedding_book.h"
#include "gateway/view_follower.h"

namespace mcpo::gateway {

struct EnricherOptions {
  std::size_t max_parallel = 2;  // EMBEDDING_THREADS: batches encoded at the same time
  std::size_t batch = 1;         // texts; those in work are lost when we are killed
  Millis encode_timeout{60'000};
  // When the encoder failed, or another process encodes; and how often a failed one is looked at.
  Millis retry_after{15'000};
  std::string role = "serve";  // what other processes are told about the one that encodes
};

struct EnrichmentProgress {
  std::size_t wanted = 0;   // texts whose embedding no published view has yet
  std::size_t encoded = 0;  // by this process since it started
  catalog::Trouble trouble;
};

// On the I/O thread. Borrows everything. Of all processes that share a catalog and want vectors of
// the same identity one encodes at a time; what it has stored the others read.
class Enricher {
 public:
  Enricher(async::Executor executor, ViewFollower& views, catalog::LiveCatalog& catalog,
           embed::ToolEncoder& encoder, EmbeddingBook& book, const Clock& clock,
           EnricherOptions options, Logger& log);

  // Until cancelled; give it to a TaskScope.
  async::Task<void> run();
  // Everything that the current view wants, once: for `ingest` from the shell.
  async::Task<void> run_once();
  const EnrichmentProgress& progress() const { return progress_; }

 private:
  struct Work;

  async::Task<std::vector<WantedText>> load(std::vector<WantedText> wanted);
  async::Task<void> encode(std::vector<WantedText> wanted);
  async::Task<void> encode_some(std::shared_ptr<Work> work);
  async::Task<void> encode_batch(std::span<const WantedText> texts);
  async::Task<void> encode_apart(std::span<const WantedText> texts, Error why);
  async::Task<void> store(std::vector<std::pair<ContentHash, std::string>> rows);
  async::Task<void> wait_to_retry(std::uint64_t seen);
  async::Task<void> wait_for_work(std::uint64_t seen);
  std::vector<WantedText> look_for_wanted();
  async::Task<void> tidy_up();
  void publish_progress(Work& work);
  void note_failure(const Error& error);

  async::Executor executor_;
  ViewFollower& views_;
  catalog::LiveCatalog& catalog_;
  embed::ToolEncoder& encoder_;
  EmbeddingBook& book_;
  const Clock& clock_;
  EnricherOptions options_;
  Logger& log_;
  EnrichmentProgress progress_;
  std::set<ContentHash> refused_;  // texts of this view that the encoder cannot take
  std::vector<std::pair<ContentHash, std::string>> unwritten_;
};

}  // namespace mcpo::gateway
