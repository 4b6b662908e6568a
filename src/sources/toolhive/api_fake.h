// A ToolHive in memory that answers as a test scripts it, for tests of whoever uses Api.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "async/notifier.h"
#include "sources/toolhive/api.h"

namespace mcpo::sources::toolhive {

// Creating adds a workload with `status_after_create`; requests named in `failures` fail.
class ApiFake final : public Api {
 public:
  explicit ApiFake(async::Executor executor) : gate(std::move(executor)) {}

  void add_workload(std::string name, std::string status = "running", std::string group = "") {
    ListedWorkload workload;
    workload.name = std::move(name);
    workload.status = std::move(status);
    workload.group = std::move(group);
    workloads.push_back(std::move(workload));
  }
  int count(const std::string& request) const {
    return static_cast<int>(std::ranges::count(requests, request));
  }

  async::Task<std::vector<ListedWorkload>> list_workloads(async::Deadline) override {
    CO_CHECK_OK(note("list_workloads"));
    co_return workloads;
  }
  async::Task<WorkloadDetails> read_details(std::string name, async::Deadline) override {
    CO_CHECK_OK(note("read_details"));
    co_return find(details, name);
  }
  async::Task<WorkloadExport> read_export(std::string name, async::Deadline) override {
    CO_CHECK_OK(note("read_export"));
    co_return find(exports, name);
  }
  async::Task<std::string> read_status(std::string name, async::Deadline) override {
    CO_CHECK_OK(note("read_status"));
    for (const ListedWorkload& workload : workloads) {
      if (workload.name == name) co_return workload.status;
    }
    co_return fail(Errc::not_found, "read the status of " + name + ": 404");
  }
  async::Task<std::vector<std::string>> list_groups(async::Deadline) override {
    CO_CHECK_OK(note("list_groups"));
    co_return groups;
  }
  async::Task<std::vector<std::string>> list_secrets(async::Deadline) override {
    CO_CHECK_OK(note("list_secrets"));
    co_return secrets;
  }
  async::Task<RegistryInfo> read_registry_info(async::Deadline) override {
    CO_CHECK_OK(note("read_registry_info"));
    co_return registry_info;
  }
  async::Task<std::string> read_registry(async::Deadline) override {
    CO_CHECK_OK(note("read_registry"));
    co_return registry;
  }
  async::Task<std::string> read_registry_v01(async::Deadline) override {
    CO_CHECK_OK(note("read_registry_v01"));
    co_return registry;
  }
  async::Task<Created> create(CreateRequest request, async::Deadline deadline) override {
    created.push_back(request);
    while (create_blocked) CO_CHECK_OK(co_await gate.wait_change(gate.version(), deadline));
    if (created_in_spite_of_failure) {
      add_workload(request.name, status_after_create, request.group);
    }
    CO_CHECK_OK(note("create"));
    if (!created_in_spite_of_failure) {
      add_workload(request.name, status_after_create, request.group);
    }
    co_return Created{request.name, 12345};
  }
  async::Task<void> stop(std::string, async::Deadline) override { co_return note("stop"); }
  async::Task<void> restart(std::string, async::Deadline) override { co_return note("restart"); }
  async::Task<void> remove(std::string, async::Deadline) override { co_return note("remove"); }
  async::Task<Health> read_health(async::Deadline) override {
    CO_CHECK_OK(note("read_health"));
    co_return Health{.healthy = true};
  }
  async::Task<std::string> read_version(async::Deadline) override {
    CO_CHECK_OK(note("read_version"));
    co_return std::string("v0.0.0-fake");
  }
  std::string where() const override { return "fake"; }

  std::vector<ListedWorkload> workloads;
  std::map<std::string, WorkloadDetails> details;
  std::map<std::string, WorkloadExport> exports;
  std::vector<std::string> groups{"default"};
  std::vector<std::string> secrets;
  RegistryInfo registry_info;
  std::string registry;
  std::map<std::string, Error> failures;  // by request: "create"
  std::string status_after_create = "running";
  bool create_blocked = false;  // until it is cleared and `gate` notified
  bool created_in_spite_of_failure = false;
  async::Notifier gate;
  std::vector<std::string> requests;   // in order, those that failed too
  std::vector<CreateRequest> created;  // in order, those that failed too

 private:
  Result<void> note(const std::string& request) {
    requests.push_back(request);
    const auto it = failures.find(request);
    if (it == failures.end()) return {};
    return std::unexpected(it->second);
  }

  template <class T>
  static Result<T> find(const std::map<std::string, T>& values, const std::string& name) {
    const auto it = values.find(name);
    if (it == values.end()) return fail(Errc::not_found, "no such workload: " + name);
    return it->second;
  }
};

}  // namespace mcpo::sources::toolhive
