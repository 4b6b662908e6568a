#include "mcp/legacy/handshake.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "mcp/dispatcher.h"
#include "mcp/object_text.h"

namespace mcpo::mcp::legacy {
namespace {

// Kept for the life of a session, thousands of times: real ones have some hundred bytes.
constexpr std::size_t kMaxCapabilitiesBytes = 16'384;

constexpr std::array<std::string_view, 8> kLogLevels{"debug", "info",     "notice", "warning",
                                                     "error", "critical", "alert",  "emergency"};

std::unexpected<RpcError> invalid_params(std::string message) {
  return std::unexpected(RpcError{kInvalidParams, std::move(message), {}});
}

std::optional<std::string> string_param(const Message& request, std::string_view name) {
  auto value = request.params ? request.params->find(name) : std::nullopt;
  return value ? value->as_string() : std::nullopt;
}

}  // namespace

std::string_view negotiate(std::string_view wanted) {
  auto known = std::ranges::find(kLegacyVersions, wanted);
  return known != kLegacyVersions.end() ? *known : kLegacyVersions.back();
}

std::expected<Negotiated, RpcError> read_initialize(const Message& request) {
  auto wanted = string_param(request, "protocolVersion");
  if (!wanted || !request.params)
    return invalid_params("initialize wants params.protocolVersion, a string");
  Negotiated negotiated;
  negotiated.version = negotiate(*wanted);
  auto capabilities = request.params->find("capabilities");
  if (!capabilities || capabilities->is_null()) return negotiated;
  if (!capabilities->is_object()) return invalid_params("params.capabilities is not an object");
  negotiated.client_capabilities = minified(*capabilities);
  if (negotiated.client_capabilities.size() > kMaxCapabilitiesBytes) {
    return invalid_params("params.capabilities is larger than 16 KiB");
  }
  return negotiated;
}

std::string initialize_result(const ServerInfo& info, std::string_view version) {
  ObjectText out;
  out.add("protocolVersion", json_string(version));
  out.add("capabilities", R"({"tools":{"listChanged":false},"logging":{}})");
  out.add("serverInfo", server_info_json(info));
  if (!info.instructions.empty()) out.add("instructions", json_string(info.instructions));
  ObjectText meta;
  meta.add(kMetaInstance, json_string(info.instance));
  return out.add("_meta", meta.take()).take();
}

std::expected<void, RpcError> check_set_level(const Message& request) {
  auto level = string_param(request, "level");
  if (!level || std::ranges::find(kLogLevels, *level) == kLogLevels.end()) {
    const std::string given = level ? "; given was \"" + ellipsized(*level, 80) + "\"" : "";
    return invalid_params(
        "logging/setLevel wants params.level, one of debug, info, notice, warning, "
        "error, critical, alert, emergency" +
        given);
  }
  return {};
}

}  // namespace mcpo::mcp::legacy
