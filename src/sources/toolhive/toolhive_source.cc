#include "sources/toolhive/toolhive_source.h"

#include <algorithm>
#include <boost/asio/this_coro.hpp>

#include "async/periodic.h"
#include "async/task_scope.h"
#include "sources/file_watch.h"
#include "sources/for_each_parallel.h"

namespace mcpo::sources::toolhive {
namespace {

namespace asio = boost::asio;

SourceInstance origin_of(const Finder& finder) {
  const std::string place = finder.fixed_place();
  return {"toolhive", place.empty() ? "default" : place};
}

}  // namespace

ToolHiveSource::ToolHiveSource(async::Executor executor, std::unique_ptr<Finder> finder,
                               Options options, const Clock& clock, Logger& log)
    : executor_(executor),
      finder_(std::move(finder)),
      options_(std::move(options)),
      clock_(clock),
      log_(log),
      origin_(origin_of(*finder_)),
      registry_(options_.registry_check, options_.pool, clock, log),
      retry_changed_(executor) {}

async::Co<Observation> ToolHiveSource::observe(History history, async::Deadline deadline) {
  co_await asio::this_coro::throw_if_cancelled(false);
  Observation out{.origin = origin_};
  auto listed = co_await list(deadline);
  if (!listed) {
    out.detail = listed.error().message;
    out.registry_problem = registry_.problem();
    if (is_unheard_of(history)) out.state = ObservationState::absent;
    co_return out;
  }
  Result<void> read_all = co_await read(history, *std::move(listed), out, deadline);
  if (!read_all) {
    // Cancelled in the middle: what was read is not the whole.
    co_return Observation{.origin = origin_, .detail = read_all.error().message};
  }
  co_return out;
}

// Most people have no ToolHive: that is no trouble.
bool ToolHiveSource::is_unheard_of(const History& history) const {
  return finder_->fixed_place().empty() && !was_found_ && history.servers.empty() &&
         history.memory.empty();
}

// A list, from where ToolHive was last or from where it is now.
async::Task<std::vector<ListedWorkload>> ToolHiveSource::list(async::Deadline deadline) {
  CO_CHECK_OK(co_await locate(deadline));
  std::shared_ptr<Api> api = api_;
  auto listed = co_await api->list_workloads(deadline);
  if (!listed) listed = co_await list_anew(std::move(listed).error(), deadline);
  if (listed) {
    found(api_);
  } else if (listed.error().code != Errc::cancelled) {
    lost(listed.error());
  }
  co_return listed;
}

// After a list that failed with `error`: it may have moved to another port or socket; and where it
// refuses us, its token may have been renewed, which a fresh Api knows.
async::Task<std::vector<ListedWorkload>> ToolHiveSource::list_anew(Error error,
                                                                   async::Deadline deadline) {
  const bool is_refused = error.code == Errc::denied;
  const bool may_help = is_refused || finder_->fixed_place().empty();
  if (error.code == Errc::cancelled || !may_help) co_return std::unexpected(std::move(error));
  const auto again = co_await finder_->find(look_deadline(deadline));
  if (!again && again.error().code != Errc::cancelled) api_ = nullptr;
  const bool is_other = again && (is_refused || (*again)->where() != api_->where());
  if (!is_other) co_return std::unexpected(std::move(error));
  auto listed = co_await (*again)->list_workloads(deadline);
  if (listed) api_ = *again;
  co_return listed;
}

// After this there is an api_, or the reason why not.
async::Task<void> ToolHiveSource::locate(async::Deadline deadline) {
  const bool has_news = finder_->has_news();
  if (api_ != nullptr && !has_news) co_return Result<void>();
  if (api_ == nullptr && !has_news && clock_.now() < next_look_) {
    co_return fail(Errc::unavailable, trouble_);
  }
  const Result<void> looked = co_await look(deadline);
  // The one in use may still be right: the list will tell.
  if (api_ != nullptr) co_return Result<void>();
  co_return looked;
}

async::Task<void> ToolHiveSource::look(async::Deadline deadline) {
  auto api = co_await finder_->find(look_deadline(deadline));
  if (api) {
    api_ = *std::move(api);
    co_return Result<void>();
  }
  if (api.error().code != Errc::cancelled && api_ == nullptr) lost(api.error());
  co_return std::unexpected(std::move(api).error());
}

// One request's time for what the discovery file names, and as much for all other places.
async::Deadline ToolHiveSource::look_deadline(async::Deadline deadline) const {
  return deadline.earlier(async::Deadline::in(options_.request_timeout * 2));
}

void ToolHiveSource::found(std::shared_ptr<Api> api) {
  if (announced_ != api->where() || !trouble_.empty()) {
    log_.info("ToolHive found", {{"at", api->where()}});
  }
  announced_ = api->where();
  api_ = std::move(api);
  was_found_ = true;
  failures_ = 0;
  trouble_.clear();
  wants_retry_ = false;
}

void ToolHiveSource::lost(const Error& error) {
  if (trouble_ != error.message) {
    // Not having ToolHive is nothing to warn of; losing it is.
    const bool matters = was_found_ || !finder_->fixed_place().empty();
    if (matters) {
      log_.warn("ToolHive cannot be asked; its servers stay as they were last known",
                {{"cause", error.message}});
    } else {
      log_.info("no ToolHive here; its servers are taken in when it starts");
      log_.debug("where ToolHive was looked for", {{"result", error.message}});
    }
  }
  trouble_ = error.message;
  back_off();
}

void ToolHiveSource::back_off() {
  const async::BackoffPolicy policy{options_.initial_backoff, options_.max_backoff};
  Millis delay = async::backoff_delay(policy, failures_, 1);
  if (failures_ >= options_.max_retries) delay = options_.max_backoff;
  ++failures_;
  next_look_ = clock_.now() + delay;
  wants_retry_ = was_found_ || !finder_->fixed_place().empty();
  retry_changed_.notify_all();
}

async::Task<void> ToolHiveSource::read(const History& history, std::vector<ListedWorkload> list,
                                       Observation& out, async::Deadline deadline) {
  std::shared_ptr<Api> api = api_;
  WorkloadReading reading(api, options_.reading, history, std::move(list), silent_);
  // One for all, so that a cycle's length does not depend on how many do not answer.
  const async::Deadline until = deadline.earlier(async::Deadline::in(options_.request_timeout));
  // Where not all can be asked at once, those that do not answer must leave time for the others.
  const bool must_share = reading.jobs() > options_.max_parallel;
  const Millis share = must_share ? until.remaining() / 2 : until.remaining();
  const bool asks_registry = !history.routes_only && registry_.is_due(history.memory);
  const std::size_t first_job = asks_registry ? 1 : 0;
  auto work = [&](std::size_t i) -> async::Task<void> {
    if (i < first_job) return registry_.read(api, history.memory, out, until);
    return reading.run(i - first_job, until.earlier(async::Deadline::in(share)));
  };
  const std::size_t jobs = reading.jobs() + first_job;
  CO_CHECK_OK(co_await for_each_parallel(executor_, jobs, options_.max_parallel + first_job,
                                         std::move(work), log_));
  reading.finish(out);
  out.registry_problem = registry_.problem();
  if (!history.routes_only) silent_ = reading.silent();
  co_return Result<void>();
}

async::Task<void> ToolHiveSource::watch(std::function<void()> on_change) {
  co_await asio::this_coro::throw_if_cancelled(false);
  async::TaskScope scope(executor_, log_);
  scope.spawn("retry ToolHive", retry(on_change));
  Result<void> ended;
  if (!options_.discovery_file.empty() && finder_->fixed_place().empty()) {
    ended = co_await watch_file(std::move(on_change));
  } else {
    // Until cancelled.
    async::Notifier never(executor_);
    ended = co_await never.wait_change(never.version(), async::Deadline::never());
  }
  (void)co_await scope.close(async::Deadline::never());
  co_return ended;
}

async::Task<void> ToolHiveSource::watch_file(std::function<void()> on_change) {
  FileWatch watch(executor_, options_.discovery_file);
  while (true) {
    CO_CHECK_OK(co_await watch.wait());
    if (finder_->has_news()) on_change();
  }
}

// `next_look_` is no time to reckon with before the first failure.
async::Deadline ToolHiveSource::next_retry() const {
  if (!wants_retry_) return async::Deadline::never();
  const auto wait = std::chrono::duration_cast<Millis>(next_look_ - clock_.now());
  return async::Deadline::in(std::max(wait, Millis(1)));
}

async::Task<void> ToolHiveSource::retry(std::function<void()> on_change) {
  while (true) {
    const auto seen = retry_changed_.version();
    const auto changed = co_await retry_changed_.wait_change(seen, next_retry());
    if (!changed && changed.error().code != Errc::timeout) co_return changed;
    if (changed || !wants_retry_) continue;
    wants_retry_ = false;
    on_change();
  }
}

}  // namespace mcpo::sources::toolhive
