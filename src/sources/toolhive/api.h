// The HTTP API of `thv serve`, as far as we use it: typed requests and answers. What the answers
// mean is the caller's business; what they may look like is api_parse.h.
//
// Errors of all requests: unavailable (not reached; or 5xx), timeout, cancelled, not_found (404),
// invalid (400), conflict (409), denied (401, 403), too_large (over a limit named below), corrupt
// (the answer is not what ToolHive would say: HTML, cut JSON, another shape). Messages say what was
// asked and what came, and never hold anything out of a body, a token, user information or values
// of environment variables and queries.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "async/deadline.h"
#include "async/task.h"
#include "base/clock.h"
#include "http/url.h"

namespace mcpo::http {
class Client;
}

namespace mcpo::sources::toolhive {

// One item of the list. What is absent or null is empty.
struct ListedWorkload {
  std::string name;     // empty: the item has none that could be read
  std::string package;  // image; "remote" for remote workloads
  std::string url;      // of the local proxy, verbatim
  std::string status;   // verbatim, "" included
  std::string status_context;
  std::string transport;  // the effective one: proxy_mode, else transport_type; verbatim
  std::string created_at;
  std::string group;
  int port = 0;
  bool remote = false;
  std::string problem;  // what of this item could not be understood; empty: nothing
};

// GET /workloads/{name}: what the workload was created with. The body holds secrets in clear; only
// this is kept of it, and `url` may hold some: in memory only.
struct WorkloadDetails {
  std::string url;    // upstream of a remote workload, byte for byte; empty for containers
  std::string image;  // as asked for: an image or npx://, uvx://, go://; for remotes anything
  std::string group;
};

// GET /workloads/{name}/export. All may be empty.
struct WorkloadExport {
  std::string registry_server_name;  // the registry entry that it was started from
  std::string image;
};

struct RegistryInfo {
  std::string last_updated;
  std::string auth_status;  // none, configured, authenticated
  std::string type;         // default, file, url, api
};

struct Health {
  bool healthy = false;  // 204; false: 503, its container engine does not answer
  std::string nonce;     // X-Toolhive-Nonce; absent while not healthy
};

// POST /workloads with registry and server: ToolHive fills image, URL, arguments, permissions.
struct CreateRequest {
  struct SecretReference {
    std::string name;    // an existing secret's key
    std::string target;  // the environment variable that gets its value
  };
  std::string name;    // ^[a-zA-Z0-9._-]+$, at most 100 characters
  std::string server;  // the registry entry's full name
  std::string registry = "default";
  std::string group;  // empty: "default"; must exist
  std::map<std::string, std::string> env;
  std::vector<SecretReference> secrets;
  std::map<std::string, std::string> headers;               // of a remote: name -> value
  std::map<std::string, std::string> headers_from_secrets;  // name -> an existing secret's key
};

struct Created {
  std::string name;
  int port = 0;  // of its proxy; 0: not said
};

// One ToolHive, at one address for as long as the object lives. On the I/O thread. Every request
// ends at its own time limit or at `deadline`, whichever is earlier.
class Api {
 public:
  virtual ~Api() = default;

  // All statuses (?all=true). null and [] are no workloads; every item of the array is there.
  virtual async::Task<std::vector<ListedWorkload>> list_workloads(async::Deadline deadline) = 0;
  virtual async::Task<WorkloadDetails> read_details(std::string name, async::Deadline deadline) = 0;
  virtual async::Task<WorkloadExport> read_export(std::string name, async::Deadline deadline) = 0;
  // The status string. not_found is the only proof that a workload is gone.
  virtual async::Task<std::string> read_status(std::string name, async::Deadline deadline) = 0;

  virtual async::Task<std::vector<std::string>> list_groups(async::Deadline deadline) = 0;
  // Names of secrets that exist. not_found: no secrets provider is set up.
  virtual async::Task<std::vector<std::string>> list_secrets(async::Deadline deadline) = 0;

  virtual async::Task<RegistryInfo> read_registry_info(async::Deadline deadline) = 0;
  // The whole default registry as text, up to 64 MiB; registry.h understands it.
  virtual async::Task<std::string> read_registry(async::Deadline deadline) = 0;
  // The same in the upstream shape: up to 200 entries, in any order.
  virtual async::Task<std::string> read_registry_v01(async::Deadline deadline) = 0;

  // Blocks while an image is pulled: up to 11 minutes. Sent once and never again.
  // timeout: no answer came, in time or because the connection was lost: it may be under way still.
  // unavailable: not reached; or 5xx, such as an unknown group or secret. conflict: the name is
  // taken. not_found: the registry has no such server, or the image cannot be pulled. invalid: see
  // the message.
  virtual async::Task<Created> create(CreateRequest request, async::Deadline deadline) = 0;
  // Accepted (202): the effect comes a moment later. `restart` also starts what is stopped.
  virtual async::Task<void> stop(std::string name, async::Deadline deadline) = 0;
  virtual async::Task<void> restart(std::string name, async::Deadline deadline) = 0;
  virtual async::Task<void> remove(std::string name, async::Deadline deadline) = 0;

  virtual async::Task<Health> read_health(async::Deadline deadline) = 0;
  virtual async::Task<std::string> read_version(async::Deadline deadline) = 0;

  // Where it is, safe to show: "http://127.0.0.1:8080", "unix:///run/thv.sock".
  virtual std::string where() const = 0;
};

// The ToolHive in use now; null while none is found. It may be another object after every await.
using CurrentApi = std::function<std::shared_ptr<Api>()>;

struct ApiOptions {
  std::string token;               // sent as a bearer token; empty: none
  Millis request_timeout{10'000};  // TOOLHIVE_TIMEOUT
  Millis create_timeout{660'000};  // 10 minutes for the image and one for the rest
};

// `base` is the address without a path; over a Unix socket if it says so (http::Url::unix_socket).
// Borrows `client`.
std::shared_ptr<Api> make_api(http::Client& client, http::Url base, ApiOptions options);

}  // namespace mcpo::sources::toolhive
