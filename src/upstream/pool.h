// One live session per server, shared by listing and calling. Opened on first use, kept, replaced
// when its route changes (running calls finish on the old one), reopened after it died.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "async/deadline.h"
#include "async/task.h"
#include "async/task_scope.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/log.h"
#include "mcp/client.h"
#include "upstream/directory.h"

namespace mcpo::upstream {

struct PoolOptions {
  mcp::ClientOptions client;               // server_name is filled in per server
  Millis connect_timeout{20'000};          // MCP_TIMEOUT
  std::size_t max_calls_per_server = 256;  // at once; over it: unavailable, "busy"
  Millis ping_after{60'000};               // a live session unused for so long is pinged
  Millis ping_timeout{10'000};             // no answer: it is replaced
  std::string own_instance;  // kMetaInstance of this process: never become our own server
};

// What the pool learned about a server; for health, `servers` and the plan.
struct SessionHealth {
  enum class State { idle, connecting, live, failed };
  State state = State::idle;
  std::string reason;         // of the last failure, while failed
  WallTime since;             // of the first failure in a row, while failed
  int failures = 0;           // in a row
  bool is_ourselves = false;  // it turned out to be this very process
};

class Pool {
 public:
  // Borrows everything; all on `executor`.
  Pool(async::Executor executor, Directory& directory, mcp::Connector& connector,
       const Clock& clock, PoolOptions options, Logger& log);
  ~Pool();

  // A session ready for use; concurrent callers share one connection attempt, whose length is
  // bounded by connect_timeout, each caller's waiting by its own deadline. Tries at once even after
  // failures (drop-in section 4). The lease counts as one running call until dropped.
  // Errors: not_found (no route), unavailable, timeout, cancelled, denied (ourselves).
  class Lease;
  async::Task<Lease> acquire(ServerId server, async::Deadline deadline);

  SessionHealth health(ServerId server) const;
  // The server said list_changed, or was connected again after its session had died.
  void on_tools_changed(std::function<void(ServerId)> callback);
  // Keeps failed sessions that were live before coming back with backoff (C-10), pings live ones
  // that are quiet; give it to a TaskScope.
  async::Task<void> maintain();
  async::Task<void> close(async::Deadline deadline);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

class Pool::Lease {
 public:
  Lease() = default;
  mcp::Client& client() const { return *client_; }

 private:
  friend class Pool;
  std::shared_ptr<mcp::Client> client_;
  std::shared_ptr<void> busy_;
};

}  // namespace mcpo::upstream
