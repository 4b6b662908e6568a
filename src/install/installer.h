// Installs servers of ToolHive's registry: one create, sent once, and then patience until the new
// workload's tools are known.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "async/task_scope.h"
#include "base/clock.h"
#include "base/log.h"
#include "install/planner.h"

namespace mcpo::install {

// What happens now, for people. Called at every step, and again while it lasts.
using ReportProgress = std::function<void(std::string_view message)>;

// On the I/O thread; close() it before it goes. `trigger_ingestion` asks for a run soon.
class Installer {
 public:
  Installer(async::Executor executor, sources::toolhive::CurrentApi api, ReadCatalog read_catalog,
            std::function<void()> trigger_ingestion, const Clock& clock, InstallOptions options,
            Logger& log);

  // What was begun goes on when the caller is cancelled or its time is up (outcome unfinished). A
  // request for an entry that is being installed joins that, unless it gives another workload name.
  // `progress` may be empty. Errors: those of Planner, and what ToolHive answered to the create.
  async::Task<InstallResult> install(InstallRequest request, ReportProgress progress,
                                     async::Deadline deadline);

  async::Task<void> close(async::Deadline deadline) { return scope_.close(deadline); }

 private:
  struct Job;
  using JobPtr = std::shared_ptr<Job>;

  JobPtr find_job(const std::string& entry, const std::string& wanted_name) const;
  bool is_reserved(const std::string& name, const std::string& entry) const;
  JobPtr start(InstallPlan plan);
  async::Task<void> run(JobPtr job, sources::toolhive::CreateRequest request);
  async::Task<void> carry_out(JobPtr job, sources::toolhive::CreateRequest request);
  async::Task<void> create(JobPtr job, sources::toolhive::CreateRequest request);
  async::Task<void> look_for(JobPtr job, Error error);
  async::Task<void> wait_running(JobPtr job);
  async::Task<void> wait_tools(JobPtr job);
  async::Task<std::string> read_status(std::string workload);
  async::Task<InstallResult> follow(JobPtr job, ReportProgress progress, async::Deadline deadline);
  void finish(Job& job, const Result<void>& done);
  InstallResult result_of(const Job& job) const;

  async::Executor executor_;
  sources::toolhive::CurrentApi api_;
  ReadCatalog read_catalog_;
  std::function<void()> trigger_ingestion_;
  const Clock& clock_;
  const InstallOptions options_;
  Logger& log_;
  Planner planner_;
  std::vector<JobPtr> jobs_;  // under way
  async::TaskScope scope_;
};

}  // namespace mcpo::install
