// Every path that we serve: MCP at /mcp, health at /health and /, readiness at /ready.
#pragma once

#include <functional>
#include <string>

#include "http/server.h"
#include "mcp/transport/endpoint.h"
#include "server/health.h"

namespace mcpo::server {

inline constexpr const char* kMcpPath = "/mcp";

// On the I/O thread. Borrows the endpoint.
class Routes final : public http::Handler {
 public:
  Routes(mcp::HttpEndpoint& endpoint, std::function<Health()> health);

  async::Co<> handle(http::Request request, http::Peer peer, http::ResponseWriter& writer) override;
  http::OnDisconnect on_disconnect(const http::Request& request) const override;
  http::Response shape_error(int status, std::string message) const override;

 private:
  http::Response answer(const http::Request& request) const;

  mcp::HttpEndpoint& endpoint_;
  std::function<Health()> health_;
};

}  // namespace mcpo::server
