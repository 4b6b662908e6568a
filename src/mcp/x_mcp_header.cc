#include "mcp/x_mcp_header.h"

#include <algorithm>

#include "base/text.h"

namespace mcpo::mcp {
namespace {

constexpr std::string_view kSentinelBegin = "=?base64?";
constexpr std::string_view kSentinelEnd = "?=";

bool looks_like_sentinel(std::string_view value) {
  return value.size() >= kSentinelBegin.size() + kSentinelEnd.size() &&
         value.starts_with(kSentinelBegin) && value.ends_with(kSentinelEnd);
}

bool is_plain(std::string_view value) {
  if (value.empty() || value.front() == ' ' || value.back() == ' ') return false;
  return !looks_like_sentinel(value) &&
         std::ranges::all_of(value, [](char c) { return c >= 0x20 && c < 0x7f; });
}

constexpr std::string_view kTokenSigns = "!#$%&'*+-.^_`|~";  // RFC 9110 section 5.6.2

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kTokenSigns.contains(c);
  });
}

class SchemaScan {
 public:
  // `reachable`: by a chain of `properties` only.
  Result<void> visit(RawJson schema, bool reachable) {
    if (schema.is_array()) {
      for (RawJson part : schema.elements()) CHECK_OK(visit(part, false));
      return {};
    }
    for (RawJson::Member member : schema.members()) {
      if (member.key_is("x-mcp-header")) {
        CHECK_OK(declare(schema, member.value, reachable));
      } else if (member.key_is("properties") && member.value.is_object()) {
        CHECK_OK(visit_map(member.value, reachable));
      } else if (is_map_of_schemas(member)) {
        CHECK_OK(visit_map(member.value, false));
      } else if (!is_data(member)) {
        CHECK_OK(visit(member.value, false));
      }
    }
    return {};
  }

  std::vector<HeaderParameter> take() { return std::move(found_); }

 private:
  static bool is_map_of_schemas(const RawJson::Member& member) {
    return member.key_is("$defs") || member.key_is("definitions") ||
           member.key_is("patternProperties") || member.key_is("dependentSchemas");
  }
  // Values in which a member called x-mcp-header would be an example, not a declaration.
  static bool is_data(const RawJson::Member& member) {
    return member.key_is("default") || member.key_is("const") || member.key_is("enum") ||
           member.key_is("examples");
  }

  Result<void> visit_map(RawJson map, bool reachable) {
    for (RawJson::Member property : map.members()) {
      path_.push_back(property.name());
      Result<void> visited = visit(property.value, reachable);
      path_.pop_back();
      CHECK_OK(std::move(visited));
    }
    return {};
  }

  Result<void> declare(RawJson schema, RawJson value, bool reachable) {
    if (!reachable || path_.empty()) {
      return fail(Errc::invalid, "x-mcp-header at " + where() + ": not a plain property");
    }
    const std::string name = value.as_string().value_or("");
    if (!is_token(name)) {
      return fail(Errc::invalid, "x-mcp-header at " + where() + ": not a header name");
    }
    auto type = schema.find("type");
    const std::string type_name = type ? type->as_string().value_or("") : "";
    if (type_name != "string" && type_name != "integer" && type_name != "boolean") {
      return fail(Errc::invalid,
                  "x-mcp-header at " + where() + ": only for string, integer and boolean");
    }
    std::string header = std::string(kParameterHeaderPrefix) + name;
    for (const HeaderParameter& other : found_) {
      if (iequals_ascii(other.header, header)) {
        return fail(Errc::invalid, "x-mcp-header at " + where() + ": " + name + " is there twice");
      }
    }
    found_.push_back({std::move(header), path_});
    return {};
  }

  std::string where() const { return path_.empty() ? "the root" : join(path_, "."); }

  std::vector<std::string> path_;
  std::vector<HeaderParameter> found_;
};

std::optional<RawJson> value_at(RawJson arguments, const std::vector<std::string>& path) {
  std::optional<RawJson> value = arguments;
  for (const std::string& name : path) {
    value = value->find(name);
    if (!value) return std::nullopt;
  }
  return value;
}

// 42 and 42.0 are the same integer; header text is not JSON that we have checked.
bool same_integer(std::string_view argument, std::string_view header) {
  JsonLimits limits;
  limits.max_bytes = 64;
  auto parsed = parse_json(header, limits);
  if (!parsed || parsed->kind() != JsonKind::number) return false;
  auto left = RawJson::trusted(argument).as_int64();
  return left && left == parsed->as_int64();
}

}  // namespace

std::string encode_header_value(std::string_view value) {
  if (is_plain(value)) return std::string(value);
  return std::string(kSentinelBegin) + base64_encode(value) + std::string(kSentinelEnd);
}

std::optional<std::string> decode_header_value(std::string_view header) {
  if (!looks_like_sentinel(header)) return std::string(header);
  header.remove_prefix(kSentinelBegin.size());
  header.remove_suffix(kSentinelEnd.size());
  auto decoded = base64_decode(header);
  if (!decoded || !is_valid_utf8(*decoded)) return std::nullopt;
  return decoded;
}

Result<std::vector<HeaderParameter>> header_parameters(RawJson input_schema) {
  SchemaScan scan;
  CHECK_OK(scan.visit(input_schema, true));
  return scan.take();
}

std::optional<std::string> parameter_text(RawJson arguments, const HeaderParameter& parameter) {
  auto value = value_at(arguments, parameter.path);
  if (!value) return std::nullopt;
  switch (value->kind()) {
    case JsonKind::string:
      return value->as_string();
    case JsonKind::number:
    case JsonKind::boolean:
      return std::string(value->text());
    default:
      return std::nullopt;
  }
}

bool header_agrees(RawJson arguments, const HeaderParameter& parameter,
                   std::optional<std::string_view> header) {
  const auto wanted = parameter_text(arguments, parameter);
  if (!wanted || !header) return !wanted && !header;
  const auto given = decode_header_value(*header);
  if (!given) return false;
  if (*given == *wanted) return true;
  const auto value = value_at(arguments, parameter.path);
  return value && value->kind() == JsonKind::number && same_integer(*wanted, *given);
}

}  // namespace mcpo::mcp
