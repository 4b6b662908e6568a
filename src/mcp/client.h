// The client role: one live session with one server, whatever its era and transport.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/deadline.h"
#include "async/task.h"
#include "base/json.h"
#include "base/log.h"
#include "http/client.h"
#include "mcp/connection_spec.h"
#include "mcp/protocol.h"
#include "mcp/tool.h"

namespace mcpo::mcp {

struct ClientOptions {
  std::string server_name;                                // for logs and messages
  std::string own_version;                                // clientInfo.version
  std::size_t max_message_bytes = std::size_t{64} << 20;  // one message from a server
  std::size_t max_tools = 20'000;  // of one server; over it: the rest is left out, degraded
  std::size_t max_pages = 1'000;   // of one tools/list
  Millis max_timeout{600'000};     // progress extends a call's deadline up to this
  Millis probe_timeout{5'000};     // a stdio server silent for so long on server/discover is legacy
  std::string supervisor;          // async::ProcessOptions::supervisor
  std::map<std::string, std::string> base_environment;  // of stdio children, before the spec's own
};

// All of tools/list. `problems` says why the list is not as the server should have given it
// (repeated cursor, duplicate names, missing schemas, too many): the server is degraded by them.
struct ToolList {
  std::vector<ToolDefinition> tools;  // in the server's order, names unique
  std::optional<std::int64_t> ttl_ms;
  std::vector<std::string> problems;
};

// The server's answer to tools/call: a result object, or a JSON-RPC error.
struct CallReply {
  std::shared_ptr<const std::string> text;  // owns what the slices point into
  std::optional<RawJson> result;            // the CallToolResult, byte for byte
  struct RpcError {
    int code = 0;
    std::string message;
  };
  std::optional<RpcError> error;
  Era era = Era::legacy;  // of the server: what the result may carry (resultType, reserved _meta)
};

struct CallOptions {
  async::Deadline deadline = async::Deadline::never();
  Millis progress_extends{0};  // each progress notification moves the deadline to now + this
  // params of notifications/progress without the token; empty function: no token is sent.
  std::function<void(RawJson params)> on_progress;
  std::string meta;  // raw JSON object: vendor and trace keys for params._meta; empty: none
};

// On one executor. Created connected; dies for good with its transport: then every pending and
// later call is `unavailable` with the reason, and the owner makes a new one.
class Client {
 public:
  virtual ~Client() = default;

  virtual Era era() const = 0;
  virtual const std::string& protocol_version() const = 0;
  virtual const std::string& instance() const = 0;  // kMetaInstance of the server, or empty
  virtual bool alive() const = 0;
  // Why it died, for people: "exited with code 1; last words: ..."; empty while alive.
  virtual std::string death_reason() const = 0;

  virtual async::Task<ToolList> list_tools(async::Deadline deadline) = 0;
  // One upstream request. Cancelling the coroutine cancels it upstream in the era's way (G-6).
  // Errors: unavailable, timeout, cancelled, too_large, corrupt.
  virtual async::Task<CallReply> call_tool(std::string name, std::string arguments,
                                           CallOptions options) = 0;
  virtual async::Task<void> ping(async::Deadline deadline) = 0;  // modern: server/discover

  // Called (on the executor) when the server says that its tools changed, and when it dies.
  virtual void on_tools_changed(std::function<void()> callback) = 0;
  virtual void on_death(std::function<void()> callback) = 0;
  // Ends the session in good order (DELETE, stdin EOF), at the deadline by force.
  virtual async::Task<void> close(async::Deadline deadline) = 0;
};

// Makes clients; an interface so that tests above this layer need no servers.
class Connector {
 public:
  virtual ~Connector() = default;
  // Detects the era (contracts: server/discover first, else initialize). Errors: unavailable
  // ("foo: command not found", "answers HTTP 401 Unauthorized: needs credentials"), timeout
  // ("no answer to initialize within 20 s"), corrupt, cancelled.
  virtual async::Task<std::unique_ptr<Client>> connect(ConnectionSpec spec, ClientOptions options,
                                                       async::Deadline deadline) = 0;
};
std::unique_ptr<Connector> make_connector(async::Executor executor, http::Client& http,
                                          Logger& log);

}  // namespace mcpo::mcp
