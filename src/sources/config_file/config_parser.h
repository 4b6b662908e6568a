// The `mcpServers` JSON that AI clients already use (Claude Desktop, Claude Code, Cursor, VS Code,
// Windsurf, Gemini CLI), read into workloads. Pure: file in, values out.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sources/source.h"

namespace mcpo::sources {

// The value of an environment variable, or nullopt.
using EnvironmentLookup = std::function<std::optional<std::string>(const std::string& name)>;

struct ParsedConfig {
  std::vector<Workload> workloads;     // in the file's order
  std::vector<Unreadable> unreadable;  // entries that make no sense, each with what to do
  std::vector<LeftOut> left_out;       // disabled
  std::vector<std::string> warnings;   // unknown members and the like
};

// `text` may hold comments and trailing commas. Errors: invalid (not JSON, with line and column;
// not an object; no server list), naming `path`.
Result<ParsedConfig> parse_config(std::string_view text, const std::string& path,
                                  const EnvironmentLookup& environment);

// Replaces ${VAR}, ${VAR:-default}, ${env:VAR} and ${userHome}. Errors: invalid, naming the
// variable that is not set.
Result<std::string> expand_variables(std::string_view text, const EnvironmentLookup& environment);

}  // namespace mcpo::sources
