// What an HTTP answer means before its body is read: for the transports over HTTP.
#pragma once

#include <string>

#include "base/result.h"
#include "http/client.h"

namespace mcpo::mcp {

enum class AnswerKind {
  json,
  event_stream,
  accepted,  // 202 or 204: nothing to read
  refused,   // everything else: to_error() says why
};
AnswerKind classify(const http::StreamedResponse& response);

// "answers HTTP 401 Unauthorized: needs credentials ..."; codes as Transport::request.
Error to_error(int status, const http::Headers& headers);

}  // namespace mcpo::mcp
