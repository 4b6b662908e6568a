#include "gateway/install_server.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "base/text.h"
#include "gateway/arguments.h"
#include "mcp/result_relay.h"

namespace mcpo::gateway {

using install::InstallResult;
using Outcome = InstallResult::Outcome;

const std::string_view kInstallServerDefinition =
    R"json({"name":"install_server","title":"Install a server",)json"
    R"json("description":"Install an MCP server that search_registry found, start it, and wait until its tools can be used. When something that it needs is missing, nothing is installed and the answer lists what to give. Safe to repeat: a server that is there already is only reported. Takes up to two minutes; an installation that takes longer goes on by itself.",)json"
    R"json("inputSchema":{"type":"object","properties":{)json"
    R"json("server_name":{"type":"string","description":"name of a server in search_registry's answer"},)json"
    R"json("workload_name":{"type":"string","description":"Optional: what to call it. Needed only to run a second one of the same server","pattern":"^[a-zA-Z0-9._-]+$","maxLength":100},)json"
    R"json("group":{"type":"string","description":"Optional: the ToolHive group that it goes into"},)json"
    R"json("env":{"type":"object","additionalProperties":{"type":"string"},"description":"Optional: values of its environment variables and headers, by their names"},)json"
    R"json("secrets":{"type":"object","additionalProperties":{"type":"string"},"description":"Optional: for environment variables and headers that are secret, the name of an existing ToolHive secret that has the value. Never the value itself"}},)json"
    R"json("required":["server_name"],"additionalProperties":false},)json"
    R"json("annotations":{"readOnlyHint":false,"destructiveHint":false,"idempotentHint":true,"openWorldHint":true}})json";

namespace {

constexpr std::size_t kMaxNamesInText = 50;

// Counts up, as progress must (also where the end is not known).
install::ReportProgress report_to(const mcp::RequestContext& ctx) {
  if (ctx.progress_token.empty()) return {};
  auto count = std::make_shared<std::int64_t>(0);
  return [back = ctx.back, token = ctx.progress_token, count](std::string_view message) {
    JsonWriter w;
    w.begin_object().key("progressToken").raw(token);
    w.member_number("progress", ++*count).member("message", message).end_object();
    back->notify("notifications/progress", w.take());
  };
}

std::string first_sentence(const InstallResult& result) {
  const std::string as = " as the workload " + result.workload;
  const std::string status = " (group " + result.group + ", status " + result.status + ").";
  switch (result.outcome) {
    case Outcome::installed:
      return "Installed " + result.entry + as + status;
    case Outcome::present:
      return result.entry + " was not installed: the workload " + result.workload +
             " is there already" + status;
    case Outcome::unfinished:
      return result.entry + " is being installed" + as + status +
             " That goes on by itself; call install_server again in a while to see how far it is.";
  }
  return {};
}

std::string tools_sentence(const InstallResult& result) {
  if (result.tools.empty()) return "";
  std::vector<std::string> names = result.tools;
  names.resize(std::min(names.size(), kMaxNamesInText));
  if (names.size() < result.tools.size()) names.emplace_back("...");
  const std::string count =
      result.tools.size() == 1 ? "one tool" : std::to_string(result.tools.size()) + " tools";
  return " It has " + count + ", to be called through " + "call_tool with server_name \"" +
         result.display_name + "\": " + join(names, ", ") + ".";
}

std::string structured(const InstallResult& result) {
  JsonWriter w;
  w.begin_object().member("server_name", result.entry).member("workload", result.workload);
  w.member("group", result.group).member("status", result.status);
  w.member_bool("already_installed", result.outcome == Outcome::present);
  if (!result.display_name.empty()) w.member("mcp_server_name", result.display_name);
  w.key("tools").begin_array();
  for (const std::string& tool : result.tools) w.string(tool);
  w.end_array();
  if (!result.notes.empty()) w.member("note", join(result.notes, " "));
  w.end_object();
  return w.take();
}

std::string failure_text(const Error& error) {
  std::string text = "install_server: " + error.message;
  if (text.back() != '.') text += '.';
  if (error.code == Errc::unavailable || error.code == Errc::timeout) {
    text += " Call install_server again later: it reports a server that is there already.";
  }
  return text;
}

}  // namespace

Result<install::InstallRequest> read_install_server_arguments(RawJson arguments) {
  CHECK_OK(check_object(arguments));
  CHECK_OK(check_members(arguments, {"server_name", "workload_name", "group", "env", "secrets"}));
  TRY(const auto server, optional_text(arguments, "server_name"));
  if (!server || trim(*server).empty()) {
    return fail(Errc::invalid,
                "server_name is missing: give the name of a server that "
                "search_registry showed");
  }
  install::InstallRequest out;
  out.server_name = *server;
  TRY(const auto workload, optional_text(arguments, "workload_name"));
  out.workload_name = workload.value_or("");
  TRY(const auto group, optional_text(arguments, "group"));
  out.group = group.value_or("");
  TRY(out.env, optional_texts(arguments, "env"));
  TRY(out.secrets, optional_texts(arguments, "secrets"));
  return out;
}

std::string install_server_result(const InstallResult& installed) {
  std::string text = first_sentence(installed) + tools_sentence(installed);
  for (const std::string& note : installed.notes) text += " " + note;
  JsonWriter w;
  w.begin_object().key("content").begin_array();
  w.begin_object().member("type", "text").member("text", text).end_object().end_array();
  w.key("structuredContent").raw(structured(installed));
  w.member_bool("isError", installed.status == "error").end_object();
  return w.take();
}

async::Task<mcp::ToolCallResult> InstallServer::run(RawJson arguments, mcp::RequestContext ctx) {
  auto request = read_install_server_arguments(arguments);
  if (!request) co_return mcp::ToolCallResult{mcp::error_result(failure_text(request.error()))};
  auto result = co_await installer_.install(*std::move(request), report_to(ctx), ctx.deadline);
  if (result) co_return mcp::ToolCallResult{install_server_result(*result)};
  if (result.error().code == Errc::cancelled) co_return std::unexpected(result.error());
  co_return mcp::ToolCallResult{mcp::error_result(failure_text(result.error()))};
}

}  // namespace mcpo::gateway
