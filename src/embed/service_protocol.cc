#include "embed/service_protocol.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/json.h"
#include "base/text.h"

namespace mcpo::embed {
namespace {

constexpr std::size_t kMaxShownError = 200;
constexpr std::int64_t kMaxBatch = 1024;

// Path and query ("?..." or empty) of a URL; the path without a slash at its end.
std::pair<std::string, std::string> split_target(const http::Url& url) {
  const std::size_t at = std::min(url.target.find('?'), url.target.size());
  std::string path = url.target.substr(0, at);
  while (path.ends_with('/')) path.pop_back();
  return {std::move(path), url.target.substr(at)};
}

std::optional<std::vector<float>> vector_of(RawJson array) {
  std::vector<float> out;
  double sum = 0;
  for (const RawJson item : array.elements()) {
    const auto number = item.as_double();
    if (!number || !std::isfinite(*number)) return std::nullopt;
    out.push_back(static_cast<float>(*number));
    sum += *number * *number;
  }
  if (!(sum > 0) || !std::isfinite(sum)) return std::nullopt;
  const double factor = 1 / std::sqrt(sum);
  for (float& x : out) x = static_cast<float>(x * factor);
  return out;
}

std::unexpected<Error> malformed(std::string_view why) {
  return fail(Errc::corrupt, "the answer " + std::string(why));
}

// Where in the order of texts an item of `data` belongs.
std::optional<std::size_t> index_of(RawJson item, std::size_t position) {
  const auto index = item.find("index");
  if (!index) return position;
  const auto number = index->as_int64();
  if (!number || *number < 0) return std::nullopt;
  return static_cast<std::size_t>(*number);
}

}  // namespace

ServiceHint hint_of(const http::Url& url) {
  const std::string path = split_target(url).first;
  if (path.ends_with("/embed")) return ServiceHint::tei;
  if (path.ends_with("/embeddings") || path.ends_with("/v1")) return ServiceHint::openai;
  return ServiceHint::unknown;
}

http::Url endpoint_of(const http::Url& url, ServiceKind kind) {
  const std::string_view last = kind == ServiceKind::tei ? "/embed" : "/embeddings";
  auto [path, query] = split_target(url);
  http::Url out = url;
  out.target = path + (path.ends_with(last) ? "" : std::string(last)) + query;
  return out;
}

http::Url info_of(const http::Url& url) {
  auto [path, query] = split_target(url);
  if (path.ends_with("/embed")) path.resize(path.size() - std::string_view("/embed").size());
  http::Url out = url;
  out.target = path + "/info" + query;
  return out;
}

std::string shown(const http::Url& url) { return url.origin() + split_target(url).first; }

std::string request_body(ServiceKind kind, std::string_view model,
                         const std::vector<std::string>& texts) {
  JsonWriter writer;
  writer.begin_object();
  if (kind == ServiceKind::openai) writer.member("model", model);
  writer.key(kind == ServiceKind::openai ? "input" : "inputs").begin_array();
  // Services refuse an empty string.
  for (const std::string& text : texts) writer.string(text.empty() ? " " : text);
  writer.end_array();
  if (kind == ServiceKind::openai) writer.member("encoding_format", "float");
  if (kind == ServiceKind::tei) writer.member_bool("truncate", true);
  return writer.end_object().take();
}

Result<std::vector<std::vector<float>>> parse_vectors(ServiceKind kind, std::string_view body,
                                                      std::size_t texts) {
  const auto whole = parse_json(body, {});
  if (!whole) return malformed("is no JSON: " + whole.error().message);
  const bool is_openai = kind == ServiceKind::openai;
  const RawJson list = is_openai ? whole->find("data").value_or(RawJson()) : *whole;
  if (!list.is_array()) return malformed("has no list of vectors");
  std::vector<std::vector<float>> out(texts);
  std::size_t position = 0;
  for (const RawJson item : list.elements()) {
    const auto index = is_openai ? index_of(item, position) : std::optional(position);
    if (!index || *index >= texts || !out[*index].empty()) {
      return malformed("has not one vector per text");
    }
    auto vector = vector_of(is_openai ? item.find("embedding").value_or(RawJson()) : item);
    if (!vector) return malformed("has a vector that is no list of numbers, or all zero");
    out[*index] = *std::move(vector);
    ++position;
  }
  if (position != texts) return malformed("has not one vector per text");
  for (const auto& vector : out) {
    if (vector.size() != out.front().size()) return malformed("has vectors of different lengths");
  }
  return out;
}

Result<ServiceInfo> parse_info(std::string_view body) {
  const auto whole = parse_json(body, {});
  if (!whole || !whole->is_object()) return malformed("of /info is no JSON object");
  const auto text = [&](std::string_view key) {
    const auto value = whole->find(key);
    return value ? value->as_string().value_or("") : std::string();
  };
  ServiceInfo info{.model = text("model_id")};
  if (const std::string revision = text("model_sha"); !revision.empty())
    info.model += "@" + revision;
  const auto batch = whole->find("max_client_batch_size");
  const auto number = batch ? batch->as_int64() : std::nullopt;
  if (number && *number > 0)
    info.max_batch = static_cast<std::size_t>(std::min(*number, kMaxBatch));
  if (info.model.empty() && !number)
    return malformed("of /info names neither model nor batch size");
  return info;
}

std::string error_text(std::string_view body) {
  const auto whole = parse_json(body, {});
  if (!whole) return "";
  RawJson error = whole->find("error").value_or(RawJson());
  if (const auto message = error.find("message")) error = *message;
  return ellipsized(error.as_string().value_or(""), kMaxShownError);
}

}  // namespace mcpo::embed
