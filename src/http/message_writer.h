// The heads of HTTP/1.1 messages as text. Fields that would break out of the head are left out, as
// are those that frame the message (Content-Length, Transfer-Encoding, Connection, Keep-Alive):
// they are the caller's, given as `framing`, whole lines of them.
#pragma once

#include <string>
#include <string_view>

#include "http/message.h"

namespace mcpo::http {

std::string response_head(int status, const Headers& headers, std::string_view framing);
// `target` and Host are the caller's too: a Host field in `headers` is left out.
std::string request_head(std::string_view method, std::string_view target, const Headers& headers,
                         std::string_view framing);
// The Date field's value, made once a second (RFC 9110 section 6.6.1).
const std::string& http_date();
// "1f\r\n"; behind a chunk comes "\r\n".
std::string chunk_head(std::size_t size);

}  // namespace mcpo::http
