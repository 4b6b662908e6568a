#include "mcp/dispatcher.h"

#include "mcp/legacy/handshake.h"
#include "mcp/object_text.h"
#include "mcp/result_relay.h"

namespace mcpo::mcp {
namespace {

// How long a client may keep what we said about ourselves. Our list changes with our release only,
// and depends on nobody's identity until there is one: still private, so that it may (S-71).
constexpr std::int64_t kListTtlMs = 300'000;

std::string with_caching(std::string_view members) {
  return "{" + std::string(members) + R"(,"ttlMs":)" + std::to_string(kListTtlMs) +
         R"(,"cacheScope":"private"})";
}

Answer invalid_params(const Message& request, std::string message) {
  return Answer::error(request.id, {kInvalidParams, std::move(message), {}});
}

std::string progress_token_of(const Message& request) {
  auto token = request.meta("progressToken");
  if (!token) return {};
  const bool usable = token->is_string() || token->kind() == JsonKind::number;
  return usable ? std::string(token->text()) : std::string();
}

std::string next_request_id() {
  static std::uint64_t last = 0;  // all on the I/O thread
  return "r" + std::to_string(++last);
}

}  // namespace

Answer Answer::result(std::string_view id, std::string_view result_json) {
  return {make_result(id, result_json), 0};
}

Answer Answer::error(std::string_view id, const RpcError& error) {
  return {make_error(id, error), error.code};
}

std::string server_info_json(const ServerInfo& info) {
  JsonWriter w;
  w.begin_object().member("name", info.name).member("title", info.title);
  return w.member("version", info.version).end_object().text();
}

std::string stamp_modern(RawJson result, std::string_view server_info) {
  ObjectText out;
  ObjectText meta;
  for (RawJson::Member member : result.members()) {
    if (member.key_is("resultType")) continue;
    if (!member.key_is("_meta")) {
      out.copy(member);
      continue;
    }
    for (RawJson::Member entry : member.value.members()) {
      if (!entry.key_is(kMetaServerInfo)) meta.copy(entry);
    }
  }
  auto type = result.find("resultType");
  out.add("resultType", type ? type->text() : R"("complete")");
  out.add("_meta", meta.add(kMetaServerInfo, server_info).take());
  return out.take();
}

RequestContext make_context(const Message& request, Era era, std::string_view version,
                            std::string client_capabilities, std::shared_ptr<BackChannel> back) {
  RequestContext ctx;
  ctx.era = era;
  ctx.protocol_version = version;
  ctx.request_id = next_request_id();
  ctx.progress_token = progress_token_of(request);
  ctx.client_capabilities = std::move(client_capabilities);
  if (request.params) ctx.relay_meta = relay_request_meta(*request.params);
  ctx.back = std::move(back);
  return ctx;
}

Dispatcher::Dispatcher(ServerFeatures& features, ServerInfo info)
    : features_(features), info_(std::move(info)), server_info_(server_info_json(info_)) {}

async::Co<Answer> Dispatcher::dispatch(Message request, RequestContext ctx) {
  const bool modern = ctx.era == Era::modern;
  // JSON-RPC allows arrays, MCP does not (2025-11-25 basic, Requests).
  if (request.params && !request.params->is_object()) {
    co_return invalid_params(request, "params must be an object");
  }
  if (request.method == "tools/call") {
    co_return co_await call_tool(std::move(request), std::move(ctx));
  }
  if (request.method == "tools/list") co_return list_tools(request, ctx);
  if (modern && request.method == "server/discover") co_return discover(request);
  if (!modern && request.method == "ping") co_return Answer::result(request.id, "{}");
  if (!modern && request.method == "logging/setLevel") {
    auto level = legacy::check_set_level(request);
    co_return level ? Answer::result(request.id, "{}") : Answer::error(request.id, level.error());
  }
  const RpcError unknown{kMethodNotFound, "Method not found: " + request.method, {}};
  co_return Answer::error(request.id, unknown);
}

Answer Dispatcher::list_tools(const Message& request, const RequestContext& ctx) const {
  // The list is one page, so that no cursor is ever ours (S-70).
  if (request.params) {
    auto cursor = request.params->find("cursor");
    if (cursor && !cursor->is_null()) return invalid_params(request, "Invalid cursor");
  }
  const std::string tools = R"("tools":)" + features_.list_tools(ctx);
  if (ctx.era == Era::legacy) return Answer::result(request.id, "{" + tools + "}");
  const std::string page = with_caching(tools);
  return Answer::result(request.id, stamp_modern(RawJson::trusted(page), server_info_));
}

// 2026-07-28 server/discover. Only modern versions: S-39, S-46.
Answer Dispatcher::discover(const Message& request) const {
  std::string members = R"("supportedVersions":[)";
  for (std::string_view version : kModernVersions) {
    if (members.back() != '[') members += ',';
    append_json_string(members, version);
  }
  members += R"(],"capabilities":{"tools":{}})";
  if (!info_.instructions.empty())
    members += ",\"instructions\":" + json_string(info_.instructions);
  ObjectText meta;
  meta.add(kMetaInstance, json_string(info_.instance));
  members += ",\"_meta\":" + meta.take();
  const std::string result = with_caching(members);
  return Answer::result(request.id, stamp_modern(RawJson::trusted(result), server_info_));
}

async::Co<Answer> Dispatcher::call_tool(Message request, RequestContext ctx) {
  auto name = request.params ? request.params->find("name") : std::nullopt;
  if (!name || !name->is_string()) {
    co_return invalid_params(request, "tools/call wants params.name, a string");
  }
  static const RawJson kNoArguments = RawJson::trusted("{}");
  RawJson arguments = request.params->find("arguments").value_or(kNoArguments);
  if (arguments.is_null()) arguments = kNoArguments;
  if (!arguments.is_object()) {
    co_return invalid_params(request, "params.arguments is not an object");
  }
  std::string tool = name->as_string().value_or("");
  if (!features_.has_tool(tool, ctx)) {
    co_return invalid_params(request, features_.unknown_tool_hint(tool, ctx));
  }
  const Era era = ctx.era;
  Result<ToolCallResult> called =
      co_await features_.call_tool(std::move(tool), arguments, std::move(ctx));
  if (!called) {
    if (called.error().code == Errc::cancelled) co_return Answer::none();
    co_return Answer::error(request.id, to_rpc_error(called.error()));
  }
  if (era == Era::legacy) co_return Answer::result(request.id, called->json);
  const std::string stamped = stamp_modern(RawJson::trusted(called->json), server_info_);
  co_return Answer::result(request.id, stamped);
}

}  // namespace mcpo::mcp
