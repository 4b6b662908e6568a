// The HTTP side's decisions as pure functions: who may speak to us, what they accept, and which era
// a request belongs to.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"
#include "mcp/message.h"
#include "mcp/refusal.h"
#include "mcp/transport/endpoint.h"

namespace mcpo::mcp {

// S-20, S-21. 0: fine, else the status to refuse with.
int check_origin(const http::Request& request, const EndpointOptions& options);

// S-24. Media types in any case, with parameters; wildcards count, and so does no Accept at all.
bool has_json_body(const http::Request& request);
bool accepts(const http::Request& request, std::string_view media_type);

enum class HttpEra {
  initialize,  // opens a legacy session
  legacy,      // belongs to the session of Mcp-Session-Id
  modern,
  refused,
};
struct EraChoice {
  HttpEra era = HttpEra::refused;
  Refusal refusal;  // of era == refused
};

enum class SessionState { none, live, dead };  // of the request's Mcp-Session-Id
// The table "era selection" of the contract. `message` is a request or a notification.
EraChoice choose_era(const Message& message, std::optional<std::string_view> version_header,
                     SessionState session);
// The same for what is no single request: batches, and responses of a client.
EraChoice choose_era_by_headers(std::optional<std::string_view> version_header,
                                SessionState session);
// A version that is newer than every legacy one, known to us or not.
bool is_modern_looking(std::string_view version);

http::Response json_response(int status, std::string body);
http::Response refusal_response(std::string_view id, const Refusal& refusal);

}  // namespace mcpo::mcp
