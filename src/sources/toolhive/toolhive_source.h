// ToolHive as a source: found by itself, listed once a cycle, followed when it moves. What it says
// becomes an Observation with a reason for everything that could not be read.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>

#include "async/notifier.h"
#include "base/clock.h"
#include "base/log.h"
#include "sources/source.h"
#include "sources/toolhive/discovery.h"
#include "sources/toolhive/registry_reading.h"
#include "sources/toolhive/workload_reading.h"

namespace mcpo::sources::toolhive {

class ToolHiveSource final : public Source {
 public:
  struct Options {
    ReadingOptions reading;          // skipped workloads, ourselves, the hash key
    std::string discovery_file;      // watched; empty: none, or a place was given
    Millis request_timeout{10'000};  // TOOLHIVE_TIMEOUT: shared by all reads after the list
    std::size_t max_parallel = 16;   // WORKLOAD_INGESTION_BATCH_SIZE
    Millis initial_backoff{1'000};   // TOOLHIVE_INITIAL_BACKOFF: between looks for it, doubling
    Millis max_backoff{60'000};      // TOOLHIVE_MAX_BACKOFF
    int max_retries = 100;           // TOOLHIVE_MAX_RETRIES: after so many, max_backoff for good
    Millis registry_check{600'000};  // between looks at the registry's date
    async::CpuPool* pool = nullptr;  // parses the registry; null: the I/O thread does
  };
  // Borrows `clock` and `log`. All on `executor`.
  ToolHiveSource(async::Executor executor, std::unique_ptr<Finder> finder, Options options,
                 const Clock& clock, Logger& log);

  // ("toolhive", the given place), or "default" where it is searched for.
  const SourceInstance& origin() const override { return origin_; }
  // Not found: unavailable at once (absent, when it was never there and nobody named it), without a
  // request, until the next look is due.
  async::Co<Observation> observe(History history, async::Deadline deadline) override;
  // When the discovery file changes; and, once a ToolHive was lost, when the next look is due.
  async::Task<void> watch(std::function<void()> on_change) override;

  // The one in use; null while none is.
  std::shared_ptr<Api> current_api() const { return api_; }
  // Why there is none, or why it gave no list at the last look; empty: it did.
  const std::string& trouble() const { return trouble_; }

 private:
  bool is_unheard_of(const History& history) const;
  async::Task<void> locate(async::Deadline deadline);
  async::Task<void> look(async::Deadline deadline);
  async::Task<std::vector<ListedWorkload>> list(async::Deadline deadline);
  async::Task<std::vector<ListedWorkload>> list_anew(Error error, async::Deadline deadline);
  async::Deadline look_deadline(async::Deadline deadline) const;
  async::Task<void> read(const History& history, std::vector<ListedWorkload> list, Observation& out,
                         async::Deadline deadline);
  void lost(const Error& error);
  void found(std::shared_ptr<Api> api);
  void back_off();
  async::Deadline next_retry() const;
  async::Task<void> watch_file(std::function<void()> on_change);
  async::Task<void> retry(std::function<void()> on_change);

  async::Executor executor_;
  std::unique_ptr<Finder> finder_;
  Options options_;
  const Clock& clock_;
  Logger& log_;
  SourceInstance origin_;
  std::shared_ptr<Api> api_;
  RegistryReader registry_;

  std::string trouble_;  // why there is no api_, or why it gave no list
  int failures_ = 0;     // in a row
  SteadyTime next_look_ = SteadyTime::min();
  std::string announced_;     // where it was found last
  bool was_found_ = false;    // in the life of this process
  bool wants_retry_ = false;  // watch() wakes at next_look_
  async::Notifier retry_changed_;
  std::set<std::string> silent_;  // in the last cycle: asked last in the next
};

}  // namespace mcpo::sources::toolhive
