// A job is one create and the waiting after it. It belongs to the installer's scope, not to a
// caller: callers only look on (follow), so that none of them can end it or start it twice.
#include "install/installer.h"

#include <algorithm>
#include <optional>

#include "async/caught.h"
#include "async/notifier.h"

namespace mcpo::install {

using Outcome = InstallResult::Outcome;

namespace {

constexpr Millis kLookTime{30'000};
constexpr int kAbsentLooks = 3;      // after a failed create: so often not there is not there
constexpr int kDegradedLooks = 10;   // a fresh server may refuse connections for a moment
constexpr int kPollsPerTrigger = 5;  // of the catalog

enum class Stage { creating, starting, listing };

// There is no more to come by waiting.
bool is_final(const std::string& status) {
  return catalog::is_offered_status(status) || status == "error" || status == "policy_stopped";
}

std::string doubt_text(Millis longest) {
  const auto minutes = std::chrono::ceil<std::chrono::minutes>(longest).count();
  return "ToolHive did not answer to the end and may still be pulling the image. Nothing is sent "
         "again; the workload appears when that is done, at the latest after " +
         std::to_string(minutes) + " minutes";
}

Error not_there(Error error, const std::string& workload) {
  error.message += "; ToolHive has no workload " + workload + " now, so nothing was installed";
  if (error.code == Errc::unavailable) {
    error.message +=
        ". ToolHive also answers like that when a secret does not exist or an image cannot be "
        "pulled in time";
  }
  return error;
}

// The create may have been carried out all the same.
bool is_in_doubt(const Error& error) {
  return error.code == Errc::timeout || error.code == Errc::unavailable ||
         error.code == Errc::corrupt;
}

}  // namespace

struct Installer::Job {
  explicit Job(const async::Executor& executor) : changed(executor) {}

  std::string entry;
  std::string workload;
  std::string group;
  bool has_image = false;
  SteadyTime began;
  Stage stage = Stage::creating;
  std::string status;                    // ToolHive's last word; empty: none yet
  std::string doubt;                     // why it is not known whether it is being created
  std::optional<InstallResult> present;  // the create found that it was there
  std::vector<std::string> notes;
  int polls_left = 0;
  std::optional<Result<InstallResult>> result;
  async::Notifier changed;  // stage or result

  void enter(Stage next) {
    stage = next;
    changed.notify_all();
  }
  std::string describe(SteadyTime now) const {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - began).count();
    const std::string after = " (" + std::to_string(seconds) + " s)";
    if (!doubt.empty()) return workload + ": " + doubt + after;
    if (stage == Stage::creating) {
      return "ToolHive creates " + workload +
             (has_image ? "; its image may have to be pulled first" : "") + after;
    }
    if (stage == Stage::listing) return workload + " runs; its tools are being listed" + after;
    return workload + " is " + (status.empty() ? "starting" : status) + after;
  }
};

Installer::Installer(async::Executor executor, sources::toolhive::CurrentApi api,
                     ReadCatalog read_catalog, std::function<void()> trigger_ingestion,
                     const Clock& clock, InstallOptions options, Logger& log)
    : executor_(std::move(executor)),
      api_(std::move(api)),
      read_catalog_(std::move(read_catalog)),
      trigger_ingestion_(std::move(trigger_ingestion)),
      clock_(clock),
      options_(std::move(options)),
      log_(log),
      planner_(
          api_, read_catalog_,
          [this](const std::string& name, const std::string& entry) {
            return is_reserved(name, entry);
          },
          options_),
      scope_(executor_, log_) {}

async::Task<InstallResult> Installer::install(InstallRequest request, ReportProgress progress,
                                              async::Deadline deadline) {
  const async::Deadline until = deadline.earlier(async::Deadline::in(options_.answer_within));
  CO_TRY(EntryPtr entry, planner_.find_entry(request.server_name));
  if (JobPtr job = find_job(entry->name, request.workload_name)) {
    co_return co_await follow(std::move(job), std::move(progress), until);
  }
  CO_TRY(InstallPlan plan, co_await planner_.plan(request, entry, until));
  // While that was asked, another entry may have begun to be installed under the chosen name.
  while (!plan.present && is_reserved(plan.create.name, entry->name)) {
    CO_TRY(plan, co_await planner_.plan(request, entry, until));
  }
  if (plan.present) co_return *std::move(plan.present);
  // From here to start() nothing is awaited: of two plans for an entry only the first becomes a
  // job.
  JobPtr job = find_job(entry->name, request.workload_name);
  if (job == nullptr) job = start(std::move(plan));
  co_return co_await follow(std::move(job), std::move(progress), until);
}

Installer::JobPtr Installer::find_job(const std::string& entry,
                                      const std::string& wanted_name) const {
  const auto it = std::ranges::find_if(jobs_, [&](const JobPtr& job) {
    return job->entry == entry && (wanted_name.empty() || job->workload == wanted_name);
  });
  return it == jobs_.end() ? nullptr : *it;
}

bool Installer::is_reserved(const std::string& name, const std::string& entry) const {
  return std::ranges::any_of(
      jobs_, [&](const JobPtr& job) { return job->workload == name && job->entry != entry; });
}

Installer::JobPtr Installer::start(InstallPlan plan) {
  auto job = std::make_shared<Job>(executor_);
  job->entry = plan.create.server;
  job->workload = plan.create.name;
  job->group = plan.create.group;
  job->has_image = plan.has_image;
  job->began = clock_.now();
  job->notes = std::move(plan.remarks);
  job->polls_left = options_.polling_attempts;
  jobs_.push_back(job);
  log_.info("installing a server",
            {{"entry", job->entry}, {"workload", job->workload}, {"group", job->group}});
  scope_.spawn("install " + job->workload, run(job, std::move(plan.create)));
  return job;
}

async::Task<void> Installer::run(JobPtr job, sources::toolhive::CreateRequest request) {
  const Result<void> done = co_await async::caught(carry_out(job, std::move(request)));
  finish(*job, done);
  co_return Result<void>();
}

async::Task<void> Installer::carry_out(JobPtr job, sources::toolhive::CreateRequest request) {
  CO_CHECK_OK(co_await create(job, std::move(request)));
  trigger_ingestion_();
  if (job->present) co_return Result<void>();
  job->enter(Stage::starting);
  CO_CHECK_OK(co_await wait_running(job));
  if (!catalog::is_offered_status(job->status)) co_return Result<void>();
  job->enter(Stage::listing);
  co_return co_await wait_tools(job);
}

async::Task<void> Installer::create(JobPtr job, sources::toolhive::CreateRequest request) {
  const auto api = api_();
  if (api == nullptr) co_return fail(Errc::unavailable, "no ToolHive is reachable now");
  // The request has a time limit of its own, long enough for an image.
  auto created = co_await api->create(std::move(request), async::Deadline::never());
  if (created) co_return Result<void>();
  if (created.error().code == Errc::conflict) {
    CO_TRY(job->present,
           co_await planner_.find_taken(job->workload, job->entry, async::Deadline::in(kLookTime)));
    co_return Result<void>();
  }
  if (!is_in_doubt(created.error())) co_return std::unexpected(created.error());
  log_.warn("a create was not answered well; looking whether it happened",
            {{"workload", job->workload}, {"cause", created.error().message}});
  co_return co_await look_for(job, created.error());
}

// Ends well when the workload is there; with `error` when it is not. While ToolHive may be pulling
// its image, not being there says nothing.
async::Task<void> Installer::look_for(JobPtr job, Error error) {
  const bool may_be_pulled = job->has_image && error.code == Errc::timeout;
  const SteadyTime pulled_by = job->began + (may_be_pulled ? options_.longest_create : Millis(0));
  if (clock_.now() < pulled_by) job->doubt = doubt_text(options_.longest_create);
  int absent = 0;
  while (job->polls_left > 0) {
    const bool may_come = clock_.now() < pulled_by;
    auto status = co_await read_status(job->workload);
    if (status) {
      job->doubt.clear();
      job->status = *status;
      if (job->status == "error") job->notes.push_back("The create failed: " + error.message + ".");
      co_return Result<void>();
    }
    if (status.error().code == Errc::cancelled) co_return std::unexpected(status.error());
    const bool is_absent = !may_come && status.error().code == Errc::not_found;
    if (is_absent && ++absent == kAbsentLooks) {
      co_return std::unexpected(not_there(std::move(error), job->workload));
    }
    if (!may_come) --job->polls_left;
    CO_CHECK_OK(co_await async::sleep_for(options_.polling_interval));
  }
  error.message += "; whether it was installed is not known, because ToolHive does not answer. " +
                   std::string("`thv list --all` shows it");
  co_return std::unexpected(std::move(error));
}

async::Task<void> Installer::wait_running(JobPtr job) {
  for (; job->polls_left > 0; --job->polls_left) {
    auto status = co_await read_status(job->workload);
    if (!status && status.error().code == Errc::cancelled) {
      co_return std::unexpected(status.error());
    }
    if (status) job->status = *status;
    if (status && is_final(job->status)) co_return Result<void>();
    CO_CHECK_OK(co_await async::sleep_for(options_.polling_interval));
  }
  co_return Result<void>();
}

// Until the catalog has the tools, or has known for a while why it cannot have them.
async::Task<void> Installer::wait_tools(JobPtr job) {
  int degraded = 0;
  for (int poll = 0; job->polls_left > 0; --job->polls_left, ++poll) {
    const auto catalog = read_catalog_();
    const auto* known = find_workload(*catalog, options_.origin, job->workload);
    const bool is_degraded = known != nullptr && known->server.degraded;
    const bool is_listed = known != nullptr && !is_degraded &&
                           (!known->tools->empty() || known->server.tools_listed_at);
    if (is_listed || (is_degraded && ++degraded == kDegradedLooks)) co_return Result<void>();
    if (is_degraded || poll % kPollsPerTrigger == 0) trigger_ingestion_();
    CO_CHECK_OK(co_await async::sleep_for(options_.polling_interval));
  }
  job->notes.emplace_back(
      "Its tools are not known yet; find_tool finds them once it has answered.");
  co_return Result<void>();
}

// ToolHive may be another one, at another address, than a moment ago.
async::Task<std::string> Installer::read_status(std::string workload) {
  const auto api = api_();
  if (api == nullptr) {
    CO_CHECK_OK(co_await async::check_cancelled());
    co_return fail(Errc::unavailable, "no ToolHive is reachable now");
  }
  auto status = co_await api->read_status(std::move(workload), async::Deadline::never());
  if (status && status->empty()) co_return std::string("unknown");
  co_return status;
}

async::Task<InstallResult> Installer::follow(JobPtr job, ReportProgress progress,
                                             async::Deadline deadline) {
  while (!job->result) {
    if (progress) progress(job->describe(clock_.now()));
    const auto wake = deadline.earlier(async::Deadline::in(options_.progress_interval));
    auto changed = co_await job->changed.wait_change(job->changed.version(), wake);
    if (!changed && changed.error().code == Errc::cancelled) {
      co_return std::unexpected(changed.error());
    }
    if (job->result || !deadline.expired()) continue;
    InstallResult out = result_of(*job);
    out.outcome = Outcome::unfinished;
    co_return out;
  }
  co_return *job->result;
}

void Installer::finish(Job& job, const Result<void>& done) {
  std::erase_if(jobs_, [&](const JobPtr& other) { return other.get() == &job; });
  if (done) {
    job.result = result_of(job);
    log_.info("an installation ended", {{"entry", job.entry},
                                        {"workload", job.workload},
                                        {"status", job.result->value().status},
                                        {"tools", job.result->value().tools.size()}});
    return job.changed.notify_all();
  }
  job.result = std::unexpected(done.error());
  if (done.error().code == Errc::cancelled) {
    // What was sent is not undone by our end.
    log_.info("stopped while a server was being installed; ToolHive may go on with it",
              {{"entry", job.entry}, {"workload", job.workload}});
  } else {
    log_.warn("a server was not installed",
              {{"entry", job.entry}, {"workload", job.workload}, {"cause", done.error().message}});
  }
  job.changed.notify_all();
}

InstallResult Installer::result_of(const Job& job) const {
  if (job.present) return *job.present;
  InstallResult out;
  out.entry = job.entry;
  out.workload = job.workload;
  out.group = job.group;
  out.status = job.status.empty() ? "starting" : job.status;
  if (!is_final(out.status)) out.outcome = Outcome::unfinished;
  out.notes = job.notes;
  if (!job.doubt.empty()) out.notes.push_back(job.doubt + ".");
  add_known(out, *read_catalog_(), options_.origin);
  return out;
}

}  // namespace mcpo::install
