// initialize and logging/setLevel: what a legacy client settles for its session.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "mcp/error_map.h"
#include "mcp/legacy/session.h"
#include "mcp/message.h"
#include "mcp/server_features.h"

namespace mcpo::mcp::legacy {

// S-10: the wanted version when it is a legacy one we know, else the newest legacy one.
std::string_view negotiate(std::string_view wanted);

// Reads the params of initialize. Errors: kInvalidParams.
std::expected<Negotiated, RpcError> read_initialize(const Message& request);
// The InitializeResult.
std::string initialize_result(const ServerInfo& info, std::string_view version);

// logging/setLevel: nothing when the level is one of the eight, else kInvalidParams (S-69). We send
// no log messages to clients, so the level itself is not kept.
std::expected<void, RpcError> check_set_level(const Message& request);

}  // namespace mcpo::mcp::legacy
