#include "mcp/modern/request_rules.h"

#include <algorithm>

#include "mcp/protocol.h"
#include "mcp/x_mcp_header.h"

namespace mcpo::mcp::modern {
namespace {

Refusal mismatch(std::string message) {
  return {400, {kHeaderMismatch, "Header mismatch: " + std::move(message), {}}};
}

Refusal missing_meta(std::string_view key) {
  return {400,
          {kInvalidParams,
           "Invalid params: params._meta has no usable \"" + std::string(key) + "\"",
           {}}};
}

// Present once and equal; `wanted` is nullopt when the body has no such value.
std::optional<Refusal> check_header(const http::Headers& headers, std::string_view name,
                                    const std::optional<std::string>& wanted) {
  const std::string quoted = std::string(name);
  auto value = headers.find(name);
  if (!value) return mismatch(quoted + " is missing");
  if (headers.count(name) > 1) return mismatch(quoted + " is there more than once");
  auto decoded = decode_header_value(*value);
  if (!decoded) return mismatch(quoted + " is malformed");
  if (decoded != wanted) return mismatch(quoted + " differs from the body");
  return std::nullopt;
}

// The member of params that Mcp-Name repeats, for the methods that have one.
std::optional<std::string_view> name_member(std::string_view method) {
  if (method == "tools/call" || method == "prompts/get") return "name";
  if (method == "resources/read") return "uri";
  return std::nullopt;
}

std::optional<Refusal> check_name(const Message& request, const http::Headers& headers) {
  auto member = name_member(request.method);
  if (!member) return std::nullopt;
  auto value = request.params ? request.params->find(*member) : std::nullopt;
  return check_header(headers, "Mcp-Name", value ? value->as_string() : std::nullopt);
}

std::optional<Refusal> check_version(const Message& request, const http::Headers* headers) {
  const auto version = meta_version(request);
  if (!version || version->empty()) return missing_meta(kMetaProtocolVersion);
  if (headers != nullptr) {
    if (auto refusal = check_header(*headers, "MCP-Protocol-Version", version)) return refusal;
  }
  if (!is_modern_version(*version)) return unsupported_version(*version);
  return std::nullopt;
}

std::optional<RawJson> input_schema_of(RawJson tools, std::string_view name) {
  for (RawJson tool : tools.elements()) {
    auto tool_name = tool.find("name");
    if (tool_name && tool_name->as_string() == name) return tool.find("inputSchema");
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> meta_version(const Message& message) {
  auto value = message.meta(kMetaProtocolVersion);
  if (!value) return std::nullopt;
  return value->as_string().value_or("");
}

std::string client_capabilities(const Message& request) {
  auto value = request.meta(kMetaClientCapabilities);
  return value ? std::string(value->text()) : "{}";
}

Refusal unsupported_version(std::string_view requested) {
  JsonWriter data;
  data.begin_object().key("supported").begin_array();
  for (std::string_view version : kModernVersions) data.string(version);
  data.end_array().member("requested", requested).end_object();
  return {400, {kUnsupportedVersion, "Unsupported protocol version", data.take()}};
}

std::optional<Refusal> check_request(const Message& request, const http::Headers* headers) {
  if (auto refusal = check_version(request, headers)) return refusal;
  if (headers != nullptr) {
    if (auto refusal = check_header(*headers, "Mcp-Method", request.method)) return refusal;
    if (auto refusal = check_name(request, *headers)) return refusal;
  }
  auto capabilities = request.meta(kMetaClientCapabilities);
  if (!capabilities || !capabilities->is_object()) return missing_meta(kMetaClientCapabilities);
  auto client_info = request.meta(kMetaClientInfo);
  if (client_info && !client_info->is_object()) return missing_meta(kMetaClientInfo);
  return std::nullopt;
}

std::optional<Refusal> check_parameter_headers(const Message& request, const http::Headers& headers,
                                               std::string_view tools) {
  // Few lists declare any: do not walk the others.
  if (!tools.contains("x-mcp-header") || !request.params) return std::nullopt;
  auto name = request.params->find("name");
  if (!name || !name->is_string()) return std::nullopt;
  auto schema = input_schema_of(RawJson::trusted(tools), name->as_string().value_or(""));
  if (!schema) return std::nullopt;
  auto parameters = header_parameters(*schema);
  if (!parameters) return std::nullopt;  // clients leave such a tool out: nothing to hold them to
  const RawJson arguments = request.params->find("arguments").value_or(RawJson::trusted("{}"));
  for (const HeaderParameter& parameter : *parameters) {
    if (headers.count(parameter.header) > 1) {
      return mismatch(parameter.header + " is there more than once");
    }
    if (!header_agrees(arguments, parameter, headers.find(parameter.header))) {
      return mismatch(parameter.header + " differs from the argument");
    }
  }
  return std::nullopt;
}

int http_status(int error_code) {
  switch (error_code) {
    case kMethodNotFound:
      return 404;
    case kParseError:
    case kInvalidRequest:
    case kHeaderMismatch:
    case kMissingCapability:
    case kUnsupportedVersion:
      return 400;
    default:
      return 200;
  }
}

}  // namespace mcpo::mcp::modern
