// A ToolHive that carries out what it is asked to create, in the way that a test wants it to.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "async/notifier.h"
#include "sources/toolhive/api_fake.h"

namespace mcpo::install {

// Creating adds a workload with `status_after_create`; requests whose first word is in `failures`
// fail ("create", "status").
class InstallingApiFake final : public sources::toolhive::ApiFake {
 public:
  explicit InstallingApiFake(async::Executor executor) : gate(std::move(executor)) {}

  void add_workload(const std::string& name, const std::string& status = "running",
                    const std::string& group = "") {
    sources::toolhive::ListedWorkload& item = add_container(name, "ghcr.io/x/" + name + ":1");
    item.status = status;
    item.group = group;
    statuses[name] = status;
    details.try_emplace(name);
    exports.try_emplace(name);
  }

  async::Task<sources::toolhive::Created> create(sources::toolhive::CreateRequest request,
                                                 async::Deadline deadline) override {
    created.push_back(request);
    while (create_blocked) CO_CHECK_OK(co_await gate.wait_change(gate.version(), deadline));
    const auto failure = failures.find("create");
    if (failure == failures.end() || created_in_spite_of_failure) {
      add_workload(request.name, status_after_create, request.group);
    }
    if (failure != failures.end()) co_return std::unexpected(failure->second);
    co_return sources::toolhive::Created{request.name, 12345};
  }
  async::Task<std::string> read_status(std::string name, async::Deadline deadline) override {
    if (on_status) on_status();
    if (const auto failure = failures.find("status"); failure != failures.end()) {
      co_return std::unexpected(failure->second);
    }
    co_return co_await ApiFake::read_status(std::move(name), deadline);
  }

  std::map<std::string, Error> failures;  // "create", "status"
  std::function<void()> on_status;        // before each look at a status
  std::string status_after_create = "running";
  bool create_blocked = false;  // until it is cleared and `gate` notified
  bool created_in_spite_of_failure = false;
  async::Notifier gate;
};

}  // namespace mcpo::install
