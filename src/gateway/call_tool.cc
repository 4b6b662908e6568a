#include "gateway/call_tool.h"

#include "mcp/result_relay.h"
#include "upstream/advice.h"

namespace mcpo::gateway {
namespace {

// Progress of the upstream call, under the client's own token (G-7).
std::function<void(RawJson)> relay_progress(const mcp::RequestContext& ctx) {
  if (ctx.progress_token.empty()) return {};
  return [back = ctx.back, token = ctx.progress_token](RawJson params) {
    std::string out = "{\"progressToken\":" + token;
    const std::string_view rest = params.text();
    if (params.is_object() && params.size() > 0) {
      out.push_back(',');
      out.append(rest.substr(1));
    } else {
      out.push_back('}');
    }
    back->notify("notifications/progress", std::move(out));
  };
}

std::string failure_text(const ViewTool& tool, const Error& error) {
  std::string text = "call_tool failed: server \"" + tool.server->name() + "\", tool \"" +
                     tool.tool().name + "\": " + error.message + ".";
  const catalog::Server& server = tool.server->server();
  const std::string advice = upstream::advice(
      {server.key.origin.source, server.key.name, server.transport, server.url}, error);
  if (!advice.empty()) return text + " " + advice + ".";
  switch (error.code) {
    case Errc::timeout:
      return text + " The call may still have had its effect. Try again, or ask for less at once.";
    case Errc::unavailable:
    case Errc::not_found:
      return text +
             " The server cannot be used at the moment; try again later or use another tool.";
    default:
      return text;
  }
}

bool is_error(const RawJson& result) {
  const auto member = result.find("isError");
  return member && member->text() == "true";
}

std::string rpc_error_text(const ViewTool& tool, const mcp::CallReply::RpcError& error) {
  return "The server \"" + tool.server->name() + "\" refused the tool \"" + tool.tool().name +
         "\" with error " + std::to_string(error.code) + ": " + error.message;
}

}  // namespace

CallTool::CallTool(const ViewFollower& views, upstream::Pool& pool, CallToolOptions options,
                   Logger& log)
    : views_(views), pool_(pool), options_(options), log_(log) {}

Result<ViewTool> CallTool::resolve(const View& view, const CallToolArguments& arguments) const {
  if (!arguments.server_name) return view.find_tool(arguments.tool_name);
  TRY(const ViewServer* server, view.find_server(*arguments.server_name));
  return view.find_tool(*server, arguments.tool_name);
}

async::Task<mcp::ToolCallResult> CallTool::run(CallToolArguments arguments,
                                               mcp::RequestContext ctx) {
  const std::shared_ptr<const View> view = views_.view();
  auto target = resolve(*view, arguments);
  if (!target) {
    co_return mcp::ToolCallResult{mcp::error_result("call_tool: " + target.error().message)};
  }
  const ViewTool tool = *target;
  const mcp::Era era = ctx.era;
  const std::string request_id = ctx.request_id;
  auto reply = co_await forward(tool.server->server().id, std::move(arguments.tool_name),
                                std::move(arguments.parameters), std::move(ctx));
  if (!reply) {
    if (reply.error().code == Errc::cancelled) co_return std::unexpected(reply.error());
    tell(tool.server->server(), Outcome::failed);
    log_.info("a call failed", {{"server", tool.server->name()},
                                {"tool", tool.tool().name},
                                {"request", request_id},
                                {"cause", reply.error().message}});
    co_return mcp::ToolCallResult{mcp::error_result(failure_text(tool, reply.error()))};
  }
  tell(tool.server->server(), Outcome::answered);
  if (reply->error) {
    co_return mcp::ToolCallResult{mcp::error_result(rpc_error_text(tool, *reply->error))};
  }
  if (on_success_ && !is_error(*reply->result)) {
    on_success_(tool.server->server(), tool.tool().name);
  }
  co_return mcp::ToolCallResult{mcp::relay_result(*reply->result, reply->era, era)};
}

async::Task<mcp::CallReply> CallTool::forward(ServerId server, std::string tool,
                                              std::string parameters, mcp::RequestContext ctx) {
  mcp::CallOptions call;
  call.deadline = async::Deadline::in(options_.timeout).earlier(ctx.deadline);
  call.progress_extends = options_.timeout;
  call.on_progress = relay_progress(ctx);
  call.meta = std::move(ctx.relay_meta);
  auto reply = co_await forward_once(server, tool, parameters, call);
  // The server has forgotten our session and did not look at the request (contracts C-17): a new
  // session may ask again.
  if (!reply && reply.error().code == Errc::conflict) {
    reply = co_await forward_once(server, tool, parameters, call);
  }
  co_return reply;
}

async::Task<mcp::CallReply> CallTool::forward_once(ServerId server, std::string tool,
                                                   std::string parameters, mcp::CallOptions call) {
  CO_TRY(upstream::Pool::Lease lease, co_await pool_.acquire(server, call.deadline));
  co_return co_await lease.client().call_tool(std::move(tool), std::move(parameters),
                                              std::move(call));
}

}  // namespace mcpo::gateway
