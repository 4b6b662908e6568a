// A tool's definition as its server gave it, plus the few fields that we read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace mcpo::mcp {

struct ToolDefinition {
  std::string json;  // the whole definition, minified, otherwise byte for byte
  std::string name;
  std::string title;  // title, else annotations.title
  std::string description;

  bool operator==(const ToolDefinition&) const = default;
};

// One page of tools/list. A definition without a usable name is left out and said in `problems`;
// so is one whose inputSchema is missing or not an object (it gets {"type":"object"}).
struct ToolPage {
  std::vector<ToolDefinition> tools;
  std::optional<std::string> next_cursor;  // "" is a cursor like any other (S-70)
  std::optional<std::int64_t> ttl_ms;
  std::vector<std::string> problems;
};
Result<ToolPage> parse_tool_page(RawJson list_result);

// The texts of a definition's parameters for search: names (space separated), and descriptions with
// string enum values, at most `max_depth` levels deep.
struct ParameterTexts {
  std::string names;
  std::string texts;
};
ParameterTexts parameter_texts(RawJson definition, int max_depth = 4);

}  // namespace mcpo::mcp
