// The few tools that a client sees, and what each does: the product's main walk starts here.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/log.h"
#include "gateway/answers.h"
#include "gateway/call_tool.h"
#include "gateway/install_server.h"
#include "gateway/query_maker.h"
#include "gateway/search_registry.h"
#include "gateway/usage_memory.h"
#include "gateway/view_follower.h"
#include "mcp/server_features.h"

namespace mcpo::gateway {

struct ToolsetOptions {
  std::size_t max_tools_to_return = 8;  // MAX_TOOLS_TO_RETURN
  std::size_t list_page_size = 200;
};

// What ENABLE_DYNAMIC_INSTALL adds: search_registry and install_server.
struct Installing {
  InstallServer* install_server = nullptr;
  SearchRegistryOptions search;
  std::function<std::string()> registry_problem;  // why it could not be read; empty: it could
};

// On the I/O thread. Borrows everything. Without `installing` there are three tools; without
// `usage` nothing is learned from calls.
class Toolset final : public mcp::ServerFeatures {
 public:
  Toolset(const ViewFollower& views, QueryMaker& queries, CallTool& call_tool, UsageMemory* usage,
          std::optional<Installing> installing, ToolsetOptions options, Logger& log);

  std::string list_tools(const mcp::RequestContext& ctx) const override;
  bool has_tool(std::string_view name, const mcp::RequestContext& ctx) const override;
  std::string unknown_tool_hint(std::string_view name,
                                const mcp::RequestContext& ctx) const override;
  async::Task<mcp::ToolCallResult> call_tool(std::string name, RawJson arguments,
                                             mcp::RequestContext ctx) override;

 private:
  async::Task<std::string> find(FindToolArguments wanted, async::Deadline deadline);
  async::Task<std::string> search_registry(FindToolArguments wanted,
                                           async::Deadline deadline) const;
  async::Task<std::string> answer(std::string name, RawJson arguments, async::Deadline deadline);
  Result<std::string> list(RawJson arguments) const;

  const ViewFollower& views_;
  QueryMaker& queries_;
  CallTool& call_tool_;
  UsageMemory* usage_;
  std::optional<Installing> installing_;
  ToolsetOptions options_;
  Logger& log_;
};

// For initialize and server/discover: how a model should use us.
extern const char* const kInstructions;
// What tools/list answers: a JSON array.
std::string tool_definitions(bool with_installing);

}  // namespace mcpo::gateway
