#include "mcp/client/http_answer.h"

#include "base/text.h"

namespace mcpo::mcp {
namespace {

constexpr std::size_t kMaxIgnoredBody = std::size_t{64} << 10;

std::string content_type(const http::Headers& headers) {
  return http::media_type(headers.find("Content-Type").value_or(""));
}

std::string status_text(int status) {
  std::string out = "answers HTTP " + std::to_string(status);
  const std::string_view reason = http::reason_phrase(status);
  if (!reason.empty()) out.append(" ").append(reason);
  return out;
}

Error refusal(int status, const http::Headers& headers) {
  std::string text = status_text(status);
  switch (status) {
    case 401:
    case 407:
      return {Errc::denied, text + ": needs credentials"};
    case 403:
      return {Errc::denied, text + ": not allowed with these credentials"};
    case 404:
    case 405:
    case 410:
      return {Errc::not_found, text + ": there is no MCP endpoint at this URL"};
    case 429:
      return {Errc::unavailable, text + ": it wants fewer requests"};
    default:
      break;
  }
  if (status >= 500) return {Errc::unavailable, text};
  if (status >= 400) return {Errc::invalid, text};
  if (status >= 300) {
    return {Errc::unavailable, text + ": it redirects; configure the URL that it leads to"};
  }
  const std::string type = content_type(headers);
  return {Errc::corrupt,
          "answers with " +
              (type.empty() ? "no content type" : ellipsized(to_valid_utf8(type), 80)) +
              " instead of JSON or an event stream: is this an MCP endpoint?"};
}

}  // namespace

AnswerKind classify(const http::StreamedResponse& response) {
  if (response.status == 202 || response.status == 204) return AnswerKind::accepted;
  if (response.status < 200 || response.status > 299) return AnswerKind::refused;
  const std::string type = content_type(response.headers);
  if (type == "text/event-stream") return AnswerKind::event_stream;
  return type == "application/json" ? AnswerKind::json : AnswerKind::refused;
}

Error to_error(int status, const http::Headers& headers) {
  Error out = refusal(status, headers);
  out.http_status = status;
  return out;
}

http::Headers base_headers(const HttpSpec& spec, const std::string& version) {
  http::Headers out;
  for (const auto& [name, value] : spec.headers) out.add(name, value);
  if (!version.empty()) out.set("MCP-Protocol-Version", version);
  return out;
}

async::Task<void> send_unanswered(http::Client& http, http::Url url, http::Request request,
                                  async::Deadline deadline) {
  CO_TRY(http::StreamedResponse response,
         co_await http.open(std::move(url), std::move(request), http::Client::Retry::only_if_unsent,
                            deadline));
  if (response.status > 299) {
    co_return std::unexpected(to_error(response.status, response.headers));
  }
  (void)co_await http::read_body(*response.body, kMaxIgnoredBody, deadline);
  co_return Result<void>{};
}

}  // namespace mcpo::mcp
