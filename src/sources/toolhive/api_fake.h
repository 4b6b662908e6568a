// A ToolHive without a network: answers from values, fails and hangs on demand, records what it was
// asked ("list", "details fetch", "create fetch").
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sources/toolhive/api.h"

namespace mcpo::sources::toolhive {

class ApiFake final : public Api {
 public:
  explicit ApiFake(std::string place = "http://fake") : place_(std::move(place)) {}

  // A running remote workload or container, listed.
  ListedWorkload& add_remote(const std::string& name, const std::string& upstream) {
    ListedWorkload& item = add(name, "remote");
    item.remote = true;
    details[name] = {.url = upstream, .image = "", .group = "default"};
    return item;
  }
  ListedWorkload& add_container(const std::string& name, const std::string& image) {
    return add(name, image);
  }
  void drop(const std::string& name) {
    std::erase_if(list, [&](const ListedWorkload& item) { return item.name == name; });
  }
  std::size_t count(const std::string& what) const {
    std::size_t out = 0;
    for (const std::string& call : calls) out += call.starts_with(what) ? 1 : 0;
    return out;
  }

  async::Task<std::vector<ListedWorkload>> list_workloads(async::Deadline deadline) override {
    CO_CHECK_OK(co_await answer("list", deadline));
    co_return list;
  }
  async::Task<WorkloadDetails> read_details(std::string name, async::Deadline deadline) override {
    CO_CHECK_OK(co_await answer("details " + name, deadline));
    co_return value_of(details, name);
  }
  async::Task<WorkloadExport> read_export(std::string name, async::Deadline deadline) override {
    CO_CHECK_OK(co_await answer("export " + name, deadline));
    co_return value_of(exports, name);
  }
  async::Task<std::string> read_status(std::string name, async::Deadline deadline) override {
    CO_CHECK_OK(co_await answer("status " + name, deadline));
    co_return value_of(statuses, name);
  }
  async::Task<std::vector<std::string>> list_groups(async::Deadline deadline) override {
    CO_CHECK_OK(co_await answer("groups", deadline));
    co_return groups;
  }
  async::Task<std::vector<std::string>> list_secrets(async::Deadline deadline) override {
    CO_CHECK_OK(co_await answer("secrets", deadline));
    co_return secrets;
  }
  async::Task<RegistryInfo> read_registry_info(async::Deadline deadline) override {
    CO_CHECK_OK(co_await answer("registry info", deadline));
    co_return registry_info;
  }
  async::Task<std::string> read_registry(async::Deadline deadline) override {
    CO_CHECK_OK(co_await answer("registry whole", deadline));
    co_return registry;
  }
  async::Task<std::string> read_registry_v01(async::Deadline deadline) override {
    CO_CHECK_OK(co_await answer("registry v0.1", deadline));
    co_return registry_v01;
  }
  async::Task<Created> create(CreateRequest request, async::Deadline deadline) override {
    created.push_back(request);
    CO_CHECK_OK(co_await answer("create " + request.name, deadline));
    co_return Created{request.name, 20001};
  }
  async::Task<void> stop(std::string name, async::Deadline deadline) override {
    return answer("stop " + name, deadline);
  }
  async::Task<void> restart(std::string name, async::Deadline deadline) override {
    return answer("restart " + name, deadline);
  }
  async::Task<void> remove(std::string name, async::Deadline deadline) override {
    return answer("remove " + name, deadline);
  }
  async::Task<Health> read_health(async::Deadline deadline) override {
    CO_CHECK_OK(co_await answer("health", deadline));
    co_return health;
  }
  async::Task<std::string> read_version(async::Deadline deadline) override {
    CO_CHECK_OK(co_await answer("version", deadline));
    co_return std::string("v0.44.0");
  }
  std::string where() const override { return place_; }

  std::vector<std::string> calls;
  std::map<std::string, Error> faults;  // by call
  std::set<std::string> hangs;          // calls that answer nothing until their deadline

  std::vector<ListedWorkload> list;
  std::map<std::string, WorkloadDetails> details;
  std::map<std::string, WorkloadExport> exports;
  std::map<std::string, std::string> statuses;
  std::vector<std::string> groups{"default"};
  std::vector<std::string> secrets;
  RegistryInfo registry_info{
      .last_updated = "2026-08-24", .auth_status = "none", .type = "default"};
  std::string registry = R"({"servers":{"fetch":{"image":"ghcr.io/x/fetch:1"}}})";
  std::string registry_v01 = R"({"servers":[],"metadata":{"total":0}})";
  Health health{.healthy = true, .nonce = "n"};
  std::vector<CreateRequest> created;

 private:
  ListedWorkload& add(const std::string& name, const std::string& package) {
    ListedWorkload item;
    item.name = name;
    item.package = package;
    item.url = "http://127.0.0.1:20001/mcp";
    item.status = "running";
    item.transport = "streamable-http";
    item.created_at = "2026-11-23T14:23:08Z";
    item.group = "default";
    list.push_back(std::move(item));
    return list.back();
  }

  async::Task<void> answer(std::string call, async::Deadline deadline) {
    calls.push_back(call);
    CO_CHECK_OK(co_await async::check_cancelled());
    if (const auto fault = faults.find(call); fault != faults.end()) {
      co_return std::unexpected(fault->second);
    }
    if (!hangs.contains(call)) co_return Result<void>();
    CO_CHECK_OK(co_await async::sleep_for(deadline.remaining()));
    co_return fail(Errc::timeout, call + ": no answer in time");
  }

  template <class T>
  static Result<T> value_of(const std::map<std::string, T>& values, const std::string& name) {
    const auto found = values.find(name);
    if (found == values.end()) return fail(Errc::not_found, name + ": HTTP status 404");
    return found->second;
  }

  std::string place_;
};

}  // namespace mcpo::sources::toolhive
