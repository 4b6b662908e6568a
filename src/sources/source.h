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
#include "base/registry_entry.h"
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

  // What it is compared with a registry by (ingest/match). In memory only: URLs may hold secrets.
  std::string upstream_url;    // of a remote workload: its upstream, byte for byte
  std::string image;           // of a container: its reference, or npx://, uvx://, go://
  std::string recorded_entry;  // the registry entry that it was started from, as recorded there
};

enum class ObservationState {
  complete,     // everything that the source offers is in `workloads`
  partial,      // what is in `workloads` is true, but some could not be read: see `unreadable`
  unavailable,  // nothing was learned; nothing may be concluded
  absent,       // nobody named it, nobody has ever seen it, and it is not there: nothing is wrong
};

// Whether something was learned.
inline bool has_answered(ObservationState state) {
  return state == ObservationState::complete || state == ObservationState::partial;
}

struct Unreadable {
  std::string namespace_name;
  std::string name;
  std::string reason;  // for people: "${GITHUB_TOKEN} is not set"
  // What its source's list said of it all the same: status, group, created_at, spec. Identity, link
  // and tools stay as they were last known. Absent: it was not even listed.
  std::optional<Workload> listed;
};

// Left out on purpose, each with why (disabled, ourselves): neither offered nor kept.
using LeftOut = Unreadable;

// The registry of a source, read as a whole.
struct RegistryReading {
  std::string last_updated;  // as the registry says; may be empty
  std::vector<RegistryEntry> entries;
};

// What sources remember between cycles, by keys of their own; kept in the catalog. No secrets.
using Memory = std::map<std::string, std::string>;

// Keys that sources and plans (ingest/reconcile) share: the last list, or registry, was empty. Such
// a one counts when it is seen twice in a row, also over a restart.
inline constexpr const char* kEmptyListing = "listing.empty";
inline constexpr const char* kEmptyRegistry = "registry.empty";

// What the catalog knows of a source before it is asked.
struct History {
  struct KnownServer {
    std::string namespace_name;
    std::string name;
    std::string created_at;
  };
  std::vector<KnownServer> servers;
  Memory memory;
  bool routes_only = false;  // a follower: only how to reach servers is wanted
};

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
  // Known before, not listed now, and by its own name proven to be gone (404).
  std::vector<Unreadable> gone;
  // The registry, when it was read in this cycle; absent: it did not change, or was not asked.
  std::optional<RegistryReading> registry;
  std::string registry_problem;  // why it could not be read; entries and links stay
  std::map<std::string, std::optional<std::string>> memory;  // changes; nullopt: forget
  // Trouble that the user should see although the last good state goes on (a broken edit).
  std::optional<std::string> warning;
};

// Why what this leads to is this optimizer itself, for people; nullopt: it is not.
using IsOurselves = std::function<std::optional<std::string>(const mcp::ConnectionSpec&)>;

class Source {
 public:
  virtual ~Source() = default;
  virtual const SourceInstance& origin() const = 0;
  virtual async::Co<Observation> observe(History history, async::Deadline deadline) = 0;
  // Called on the I/O thread when the source may have changed; ends when cancelled.
  virtual async::Task<void> watch(std::function<void()> on_change) = 0;
};

}  // namespace mcpo::sources
