// What embeddings services speak: the OpenAI-compatible `/embeddings` and
// text-embeddings-inference's
// `/embed`. Bodies in and out, as values; no I/O.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/url.h"

namespace mcpo::embed {

enum class ServiceKind { openai, tei };

// What a URL's path tells: ".../embed" is TEI, ".../embeddings" and ".../v1" are OpenAI-compatible.
// unknown: the base of either; ask TEI's /info.
enum class ServiceHint { openai, tei, unknown };
ServiceHint hint_of(const http::Url& url);
// Where texts are sent, and TEI's /info. The URL's query stays.
http::Url endpoint_of(const http::Url& url, ServiceKind kind);
http::Url info_of(const http::Url& url);
// Without user information and query, for people.
std::string shown(const http::Url& url);

std::string request_body(ServiceKind kind, std::string_view model,
                         const std::vector<std::string>& texts);
// One vector of norm 1 per text, in their order. Errors: corrupt (not that many vectors, not all of
// one length, not numbers).
Result<std::vector<std::vector<float>>> parse_vectors(ServiceKind kind, std::string_view body,
                                                      std::size_t texts);

struct ServiceInfo {
  std::string model;  // with its revision; empty: not said
  std::size_t max_batch = 32;
};
// TEI's /info. Errors: corrupt.
Result<ServiceInfo> parse_info(std::string_view body);
// What a service's error body says, cut short; empty when it says nothing that we understand.
std::string error_text(std::string_view body);

}  // namespace mcpo::embed
