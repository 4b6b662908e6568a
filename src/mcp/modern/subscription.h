// subscriptions/listen (2026-07-28 basic/patterns/subscriptions). We declare no listChanged and no
// resources, so every subscription is honoured as the empty set: acknowledged, kept open, and ended
// in good order; nothing is ever sent on it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "mcp/error_map.h"
#include "mcp/message.h"

namespace mcpo::mcp::modern {

// Errors: kInvalidParams when params.notifications is no object.
std::optional<RpcError> check_listen(const Message& request);
// The first message on the stream (S-48); `id` as in the request, raw.
std::string acknowledged(std::string_view id);
// The response when we end it ourselves (S-50).
std::string listen_result(std::string_view id, std::string_view server_info);
// stdio only: follows the result.
std::string listen_cancelled(std::string_view id);

}  // namespace mcpo::mcp::modern
