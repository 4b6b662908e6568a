// What a 2026-07-28 request must carry before anything is done for it (basic/index, _meta;
// basic/transports/streamable-http, Standard Request Headers and Server Validation).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "http/message.h"
#include "mcp/message.h"
#include "mcp/refusal.h"

namespace mcpo::mcp::modern {

// The request's own version; nullopt: the key is not there at all. A value that is no string reads
// as "".
std::optional<std::string> meta_version(const Message& message);
// params._meta's client capabilities as raw JSON; "{}" without.
std::string client_capabilities(const Message& request);

// -32022 with data.supported and data.requested (S-39).
Refusal unsupported_version(std::string_view requested);

// S-36, S-39: version, then the required _meta. Without `headers` (stdio) only _meta is checked.
std::optional<Refusal> check_request(const Message& request, const http::Headers* headers);

// S-38, for a tools/call of a tool that we list: `tools` is the JSON array of tools/list.
std::optional<Refusal> check_parameter_headers(const Message& request, const http::Headers& headers,
                                               std::string_view tools);

// The HTTP status of an answer's JSON-RPC error code, 0 for results (S-36 to S-41, S-47).
int http_status(int error_code);

}  // namespace mcpo::mcp::modern
