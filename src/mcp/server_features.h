// What the server role serves. The gateway implements it; the dispatcher knows nothing else of it.
#pragma once

#include <string>
#include <string_view>

#include "async/task.h"
#include "base/json.h"
#include "mcp/request_context.h"

namespace mcpo::mcp {

struct ServerInfo {
  std::string name = "mcp-optimizer";
  std::string title = "MCP Optimizer";
  std::string version;
  std::string instructions;
  std::string instance;  // see kMetaInstance
};

// A CallToolResult as JSON object text in the shape of the client's era, but for what the
// dispatcher stamps on every modern result (resultType, serverInfo).
struct ToolCallResult {
  std::string json;
};

class ServerFeatures {
 public:
  virtual ~ServerFeatures() = default;
  // A JSON array of tool definitions; the same for the life of a session (S-56).
  virtual std::string list_tools(const RequestContext& ctx) const = 0;
  virtual bool has_tool(std::string_view name, const RequestContext& ctx) const = 0;
  // For the -32602 of an unknown name: what to do instead (S-61, drop-in section 1).
  virtual std::string unknown_tool_hint(std::string_view name, const RequestContext& ctx) const = 0;
  // `arguments` borrows from the request, which lives until the task ends. An Error becomes a
  // JSON-RPC error through error_map; what a tool does wrong is a result with isError.
  virtual async::Task<ToolCallResult> call_tool(std::string name, RawJson arguments,
                                                RequestContext ctx) = 0;
};

}  // namespace mcpo::mcp
