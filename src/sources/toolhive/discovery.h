// Where ToolHive is. In this order: the given port or socket, and then nothing else; the discovery
// file that `thv serve` writes; port 8080; the range of ports that ToolHive Studio used to choose.
//
// The file's word counts only with the nonce that the server itself tells (contracts/toolhive.md
// 1.1). On other ports only what answers like ToolHive is taken, and no token is sent there: any
// program may listen on them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "sources/toolhive/api.h"

namespace mcpo::sources::toolhive {

struct DiscoveryOptions {
  std::string host = "127.0.0.1";     // TOOLHIVE_HOST
  std::optional<std::uint16_t> port;  // TOOLHIVE_PORT: given, it is the only place to look
  std::string socket;                 // --toolhive-socket: the same; absolute path
  std::string file;                   // discovery_file_path(); empty: there is none. It tells of
                                      // this machine: not read where `host` is another
  std::uint16_t usual_port = 8080;    // 0: not tried
  std::uint16_t scan_first = 50000;   // TOOLHIVE_START_PORT_SCAN; 0: no scan
  std::uint16_t scan_last = 50100;    // TOOLHIVE_END_PORT_SCAN
  std::size_t max_parallel = 8;       // ports asked at a time
  Millis probe_timeout{1'000};        // per request to a place that may not be ToolHive
  Millis file_timeout{5'000};         // to the file's place, as ToolHive's own client; the Api's
                                      // request_timeout limits it further
};

// $XDG_STATE_HOME/toolhive/server/server.json, or under ~/.local/state; empty: neither is set.
using EnvironmentLookup = std::function<std::optional<std::string>(const std::string&)>;
std::string discovery_file_path(const EnvironmentLookup& environment);

// What the discovery file says.
struct DiscoveryRecord {
  http::Url base;
  std::string nonce;
};
// Errors: invalid (not JSON; an address that is neither http on a loopback IP literal nor
// unix:///absolute/path without ".."; a named pipe; no nonce).
Result<DiscoveryRecord> parse_discovery_file(std::string_view text);
// Errors: not_found; denied (a symbolic link, somebody else's, not a regular file); too_large.
Result<std::string> read_discovery_file(const std::string& path);

// In a time that does not depend on where they differ.
bool same_nonce(std::string_view a, std::string_view b);

// The given port or socket, as text to show; empty: it is searched for.
std::string fixed_place(const DiscoveryOptions& options);

class Finder {
 public:
  virtual ~Finder() = default;
  // Looks in all places. not_found: the message says what was tried and why it was not it.
  virtual async::Task<std::shared_ptr<Api>> find(async::Deadline deadline) = 0;
  // The discovery file is another one than at the last find: looking may be worth while.
  virtual bool has_news() const = 0;
  // The only place to look, as text to show; empty: it is searched for.
  virtual std::string fixed_place() const = 0;
};

enum class Token { send, hold_back };
using ApiFactory = std::function<std::shared_ptr<Api>(http::Url base, Token token)>;

std::unique_ptr<Finder> make_finder(async::Executor executor, DiscoveryOptions options,
                                    ApiFactory make, Logger& log);

}  // namespace mcpo::sources::toolhive
