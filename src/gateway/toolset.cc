#include "gateway/toolset.h"

#include "base/text.h"
#include "gateway/answers.h"
#include "mcp/result_relay.h"

namespace mcpo::gateway {
namespace {

constexpr std::string_view kFindTool = "find_tool";
constexpr std::string_view kCallTool = "call_tool";
constexpr std::string_view kListTools = "list_tools";

constexpr std::string_view kDefinitions =
    R"json([{"name":"find_tool","title":"Find a tool",)json"
    R"json("description":"Search the tools of all connected MCP servers by what must be done. Returns the best matching tools, best first, each with its server (mcp_server_name), description and input schema. Call this first; then call the chosen tool through call_tool.",)json"
    R"json("inputSchema":{"type":"object","properties":{)json"
    R"json("tool_description":{"type":"string","description":"What must be done, in a sentence, for example: create an issue in a repository"},)json"
    R"json("tool_keywords":{"anyOf":[{"type":"string"},{"type":"array","items":{"type":"string"}}],"description":"Optional: further words that the tool or its server may be known by, separated by spaces"}},)json"
    R"json("required":["tool_description"]},)json"
    R"json("annotations":{"readOnlyHint":true,"idempotentHint":true,"openWorldHint":false}},)json"
    R"json({"name":"call_tool","title":"Call a tool",)json"
    R"json("description":"Call one tool of one connected MCP server and return its result unchanged. Use the names and the input schema that find_tool or list_tools gave.",)json"
    R"json("inputSchema":{"type":"object","properties":{)json"
    R"json("server_name":{"type":"string","description":"The server that has the tool: mcp_server_name of find_tool's answer. May be left out when only one server has a tool of that name"},)json"
    R"json("tool_name":{"type":"string","description":"The tool's name"},)json"
    R"json("parameters":{"type":"object","description":"The tool's own arguments, as its inputSchema says","additionalProperties":true}},)json"
    R"json("required":["tool_name","parameters"]}},)json"
    R"json({"name":"list_tools","title":"List all tools",)json"
    R"json("description":"List the tools of all connected MCP servers, ordered by server and name, a page at a time. Prefer find_tool: this can be long.",)json"
    R"json("inputSchema":{"type":"object","properties":{)json"
    R"json("server_name":{"type":"string","description":"Only the tools of this server"},)json"
    R"json("cursor":{"type":"string","description":"next_cursor of the page before"}}},)json"
    R"json("annotations":{"readOnlyHint":true,"idempotentHint":true,"openWorldHint":false}}])json";

}  // namespace

const char* const kInstructions =
    "This server gives access to the tools of many MCP servers. Call find_tool with a description "
    "of what must be done; it returns the best matching tools with their servers and input "
    "schemas. "
    "Then call the chosen one with call_tool. list_tools shows everything that there is.";

std::string tool_definitions(bool with_installing) {
  std::string out(kDefinitions);
  if (!with_installing) return out;
  out.back() = ',';
  return out.append(kSearchRegistryDefinition)
      .append(",")
      .append(kInstallServerDefinition)
      .append("]");
}

Toolset::Toolset(const ViewFollower& views, QueryMaker& queries, CallTool& call_tool,
                 UsageMemory* usage, std::optional<Installing> installing, ToolsetOptions options,
                 Logger& log)
    : views_(views),
      queries_(queries),
      call_tool_(call_tool),
      usage_(usage),
      installing_(std::move(installing)),
      options_(options),
      log_(log) {}

std::string Toolset::list_tools(const mcp::RequestContext&) const {
  return tool_definitions(installing_.has_value());
}

bool Toolset::has_tool(std::string_view name, const mcp::RequestContext&) const {
  if (name == kSearchRegistry || name == kInstallServer) return installing_.has_value();
  return name == kFindTool || name == kCallTool || name == kListTools;
}

std::string Toolset::unknown_tool_hint(std::string_view name, const mcp::RequestContext&) const {
  const std::string unknown = "unknown tool \"" + ellipsized(to_valid_utf8(name), 200) + "\": ";
  const auto known = views_.view()->find_tool(name);
  if (known || known.error().code == Errc::conflict) {
    return unknown +
           "tools of the connected servers are called through call_tool, with server_name, "
           "tool_name and parameters";
  }
  if (name == kSearchRegistry || name == kInstallServer) {
    return unknown + "it is there when the optimizer runs with --enable-dynamic-install";
  }
  return unknown +
         "the tools here are find_tool, call_tool and list_tools; find_tool searches the tools of "
         "all connected servers";
}

async::Task<mcp::ToolCallResult> Toolset::call_tool(std::string name, RawJson arguments,
                                                    mcp::RequestContext ctx) {
  if (name == kCallTool) {
    auto called = read_call_tool_arguments(arguments);
    if (!called) co_return mcp::ToolCallResult{mcp::error_result(called.error().message)};
    CallToolArguments target = *std::move(called);
    co_return co_await call_tool_.run(std::move(target), std::move(ctx));
  }
  if (name == kInstallServer && installing_) {
    co_return co_await installing_->install_server->run(arguments, std::move(ctx));
  }
  auto answered = co_await answer(name, arguments, ctx.deadline);
  if (!answered) {
    if (answered.error().code == Errc::cancelled) co_return std::unexpected(answered.error());
    log_.debug("a tool was called wrongly", {{"tool", name}, {"request", ctx.request_id}});
    co_return mcp::ToolCallResult{mcp::error_result(answered.error().message)};
  }
  co_return mcp::ToolCallResult{structured_result(*answered)};
}

async::Task<std::string> Toolset::answer(std::string name, RawJson arguments,
                                         async::Deadline deadline) {
  if (name == kListTools) co_return list(arguments);
  CO_TRY(FindToolArguments wanted, read_find_tool_arguments(arguments));
  if (name == kFindTool) co_return co_await find(std::move(wanted), deadline);
  co_return co_await search_registry(std::move(wanted), deadline);
}

async::Task<std::string> Toolset::find(FindToolArguments wanted, async::Deadline deadline) {
  MadeQuery made = co_await queries_.make(std::move(wanted.description), std::move(wanted.keywords),
                                          options_.max_tools_to_return, deadline);
  CO_CHECK_OK(co_await async::check_cancelled());
  const auto view = views_.view();
  if (usage_ != nullptr) usage_->add_used(made.query, view);
  const search::Ranking ranking = view->index().search(made.query);
  if (usage_ != nullptr) usage_->offered(made.query, *view, ranking);
  std::vector<search::Explanation> explanations;
  if (wanted.explain) explanations = search::explain_hits(view->index(), made.query, ranking);
  const std::string note = words_only_note(made, view->tool_count(), view->embedded_count());
  co_return find_tool_answer(*view, ranking, note, explanations);
}

async::Task<std::string> Toolset::search_registry(FindToolArguments wanted,
                                                  async::Deadline deadline) const {
  if (!installing_) co_return fail(Errc::not_found, "installing is switched off");
  const Installing& installing = *installing_;
  const MadeQuery made =
      co_await queries_.make(std::move(wanted.description), std::move(wanted.keywords),
                             options_.max_tools_to_return, deadline);
  CO_CHECK_OK(co_await async::check_cancelled());
  const auto view = views_.view();
  const std::string problem = installing.registry_problem();
  co_return search_registry_answer({.view = *view->registry(),
                                    .catalog = view->catalog(),
                                    .visibility = views_.visibility(),
                                    .registry_problem = problem,
                                    .words_only_because = made.words_only_because},
                                   made.query, installing.search);
}

Result<std::string> Toolset::list(RawJson arguments) const {
  TRY(ListToolsArguments wanted, read_list_tools_arguments(arguments));
  return list_tools_answer(*views_.view(), wanted, options_.list_page_size);
}

}  // namespace mcpo::gateway
