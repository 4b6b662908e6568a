// call_tool: from a name that a model wrote to one request on a live session with the right server,
// and its result back, byte for byte.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "gateway/answers.h"
#include "gateway/view_follower.h"
#include "mcp/request_context.h"
#include "mcp/server_features.h"
#include "upstream/pool.h"

namespace mcpo::gateway {

struct CallToolOptions {
  Millis timeout{20'000};  // MCP_TIMEOUT: of the whole call, connecting included; progress moves it
};

// On the I/O thread. Borrows everything.
class CallTool {
 public:
  CallTool(const ViewFollower& views, upstream::Pool& pool, CallToolOptions options, Logger& log);

  // Fails only with cancelled; everything else is a result with isError that names the server, the
  // tool and the cause.
  async::Task<mcp::ToolCallResult> run(CallToolArguments arguments, mcp::RequestContext ctx);
  // Called after each call that reached for a server: it answered, or it did not.
  enum class Outcome { answered, failed };
  void on_outcome(std::function<void(const catalog::Server&, Outcome)> callback) {
    on_outcome_ = std::move(callback);
  }
  // Called after each call whose result is no error.
  void on_success(std::function<void(const catalog::Server&, const std::string& tool)> callback) {
    on_success_ = std::move(callback);
  }

 private:
  Result<ViewTool> resolve(const View& view, const CallToolArguments& arguments) const;
  async::Task<mcp::CallReply> forward(ServerId server, std::string tool, std::string parameters,
                                      mcp::RequestContext ctx);
  async::Task<mcp::CallReply> forward_once(ServerId server, std::string tool,
                                           std::string parameters, mcp::CallOptions call);
  void tell(const catalog::Server& server, Outcome outcome) {
    if (on_outcome_) on_outcome_(server, outcome);
  }

  const ViewFollower& views_;
  upstream::Pool& pool_;
  CallToolOptions options_;
  Logger& log_;
  std::function<void(const catalog::Server&, Outcome)> on_outcome_;
  std::function<void(const catalog::Server&, const std::string&)> on_success_;
};

}  // namespace mcpo::gateway
