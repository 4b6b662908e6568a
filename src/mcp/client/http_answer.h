// What the transports over HTTP share: what an answer means before its body is read, and how a
// message without an answer is sent.
#pragma once

#include <string>

#include "base/result.h"
#include "http/client.h"
#include "mcp/connection_spec.h"

namespace mcpo::mcp {

enum class AnswerKind {
  json,
  event_stream,
  accepted,  // 202 or 204: nothing to read
  refused,   // everything else: to_error() says why
};
AnswerKind classify(const http::StreamedResponse& response);

// "answers HTTP 401 Unauthorized: needs credentials"; codes as Transport::request, and the
// status.
Error to_error(int status, const http::Headers& headers);

// The user's fields, and the protocol version once it is settled (empty: not yet).
http::Headers base_headers(const HttpSpec& spec, const std::string& version);
// Sends what is not answered, and reads whatever comes nevertheless so that the connection can be
// used again. Errors: as Transport::request.
async::Task<void> send_unanswered(http::Client& http, http::Url url, http::Request request,
                                  async::Deadline deadline);

}  // namespace mcpo::mcp
