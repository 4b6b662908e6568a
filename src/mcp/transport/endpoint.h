// Our MCP endpoint towards AI clients: streamable HTTP of both eras on one path, and stdio.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "async/task.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "http/server.h"
#include "mcp/server_features.h"

namespace mcpo::mcp {

struct EndpointOptions {
  ServerInfo info;
  JsonLimits json;                    // of a request body: bytes and depth
  std::size_t max_sessions = 10'000;  // legacy sessions; over it the longest idle one is evicted,
                                      // and when none is idle: 503 with Retry-After
  std::chrono::seconds session_idle_timeout{1'800};
  std::size_t max_calls_per_session = 256;   // running at once; over it: 429 with Retry-After
  std::chrono::seconds keep_alive{15};       // comment interval on streams (S-44); 0: none
  std::vector<std::string> allowed_hosts;    // Host values besides loopback names; "*" = any
  std::vector<std::string> allowed_origins;  // Origin values besides loopback; "*" = any
  bool loopback_bind = true;                 // Host is checked on loopback binds (S-21)
};

// Handles requests for the endpoint's path. Everything on one executor.
class HttpEndpoint {
 public:
  HttpEndpoint(async::Executor executor, EndpointOptions options, ServerFeatures& features,
               const Clock& clock, Logger& log);
  ~HttpEndpoint();

  // Host and Origin: for every path that we serve, also those that are not MCP. 0: fine, else the
  // status to refuse with.
  int check_origin(const http::Request& request) const;
  async::Co<> handle(http::Request request, http::Peer peer, http::ResponseWriter& writer);
  http::OnDisconnect on_disconnect(const http::Request& request) const;
  // JSON-RPC error body for what the HTTP server refuses by itself (413, 431, 503...).
  http::Response shape_error(int status, const std::string& message) const;

  std::size_t sessions() const;
  // Ends streams, cancels running calls that outlive the deadline.
  async::Task<void> stop(async::Deadline deadline);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Serves one client over our own stdin and stdout until EOF (S-16 to S-19).
async::Task<void> serve_stdio(async::Executor executor, EndpointOptions options,
                              ServerFeatures& features, Logger& log, int in_fd = 0, int out_fd = 1);

}  // namespace mcpo::mcp
