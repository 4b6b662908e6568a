// Who offers MCP servers. A source is asked once per cycle and answers with what it saw; what that
// means for the catalog is decided elsewhere (ingest/reconcile).
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "async/deadline.h"
#include "async/task.h"
#include "base/clock.h"
#include "base/server_key.h"
#include "mcp/connection_spec.h"

namespace mcpo::sources {

// One server that a source offers: what it is, and how to reach it.
struct Workload {
  std::string namespace_name;
  std::string name;
  std::string group = "default";
  std::string status = "running";  // as the source says
  std::string transport;
  std::string url;       // redacted
  std::string identity;  // redacted upstream URL, image, or command
  std::string created_at;
  std::optional<mcp::ConnectionSpec> spec;  // absent while it cannot be connected to
  std::string problem;  // what is wrong with its entry without stopping it; shown as degraded
};

enum class ObservationState {
  complete,     // everything that the source offers is in `workloads`
  partial,      // what is in `workloads` is true, but some could not be read: see `unreadable`
  unavailable,  // nothing was learned; nothing may be concluded
};

struct Unreadable {
  std::string namespace_name;
  std::string name;
  std::string reason;  // for people: "${GITHUB_TOKEN} is not set"
};

// Left out on purpose, each with why (disabled, ourselves): neither offered nor kept.
using LeftOut = Unreadable;

struct Observation {
  SourceInstance origin;
  ObservationState state = ObservationState::unavailable;
  std::string detail;  // why not complete
  std::vector<Workload> workloads;
  std::vector<Unreadable> unreadable;
  std::vector<LeftOut> left_out;
  // Does not being listed prove that a server is gone? (A configuration file is proof of what it
  // leaves out; a container list is not.)
  bool absence_is_proof = false;
  // Trouble that the user should see although the last good state goes on (a broken edit).
  std::optional<std::string> warning;
};

class Source {
 public:
  virtual ~Source() = default;
  virtual const SourceInstance& origin() const = 0;
  virtual async::Co<Observation> observe(async::Deadline deadline) = 0;
  // Called on the I/O thread when the source may have changed; ends when cancelled.
  virtual async::Task<void> watch(std::function<void()> on_change) = 0;
};

}  // namespace mcpo::sources
