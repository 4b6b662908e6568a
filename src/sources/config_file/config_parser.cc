#include "sources/config_file/config_parser.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "base/json.h"
#include "base/text.h"

namespace mcpo::sources {
namespace {

constexpr JsonLimits kConfigLimits{.max_bytes = std::size_t{16} << 20, .max_depth = 64};

// Members of a server's entry that other clients use and that mean nothing to us.
constexpr std::array kIgnoredMembers{
    "alwaysAllow", "autoApprove",   "description", "dev",     "disabledTools", "envFile",
    "gallery",     "headersHelper", "icon",        "id",      "name",          "oauth",
    "timeout",     "tools",         "trust",       "version", "includeTools",  "excludeTools",
    "auth",        "note",          "comment"};
constexpr std::array kKnownMembers{"command",  "args",    "env",     "cwd",
                                   "url",      "headers", "type",    "transport",
                                   "disabled", "enabled", "httpUrl", "serverUrl"};

template <std::size_t N>
bool contains(const std::array<const char*, N>& names, std::string_view name) {
  return std::ranges::any_of(names, [&](const char* known) { return name == known; });
}

std::string kind_name(RawJson value) {
  switch (value.kind()) {
    case JsonKind::null:
      return "null";
    case JsonKind::boolean:
      return "true or false";
    case JsonKind::number:
      return "a number";
    case JsonKind::string:
      return "a string";
    case JsonKind::array:
      return "an array";
    case JsonKind::object:
      return "an object";
  }
  return "something else";
}

std::unexpected<Error> wrong_type(std::string_view member, std::string_view wanted, RawJson found) {
  return fail(Errc::invalid, "\"" + std::string(member) + "\" must be " + std::string(wanted) +
                                 ", not " + kind_name(found));
}

// One server's entry with the environment that its values are expanded from.
class EntryReader {
 public:
  EntryReader(RawJson entry, const EnvironmentLookup& environment)
      : entry_(entry), environment_(environment) {}

  // "" when the member is missing.
  Result<std::string> text(std::string_view name) const {
    auto value = entry_.find(name);
    if (!value || value->is_null()) return std::string();
    auto string = value->as_string();
    if (!string) return wrong_type(name, "a string", *value);
    return expand_variables(*string, environment_);
  }

  Result<std::vector<std::string>> text_list(std::string_view name) const {
    std::vector<std::string> out;
    auto value = entry_.find(name);
    if (!value || value->is_null()) return out;
    if (!value->is_array()) return wrong_type(name, "an array of strings", *value);
    for (RawJson element : value->elements()) {
      auto string = scalar_text(element);
      if (!string) return wrong_type(name, "an array of strings", element);
      TRY(std::string expanded, expand_variables(*string, environment_));
      out.push_back(std::move(expanded));
    }
    return out;
  }

  Result<std::map<std::string, std::string>> text_map(std::string_view name) const {
    std::map<std::string, std::string> out;
    auto value = entry_.find(name);
    if (!value || value->is_null()) return out;
    if (!value->is_object()) return wrong_type(name, "an object of strings", *value);
    for (const auto& member : value->members()) {
      auto string = scalar_text(member.value);
      if (!string) {
        return wrong_type(std::string(name) + "." + member.name(), "a string", member.value);
      }
      auto expanded = expand_variables(*string, environment_);
      if (!expanded) {
        return std::unexpected(
            with_context(expanded.error(), std::string(name) + "." + member.name()));
      }
      out.insert_or_assign(member.name(), *std::move(expanded));
    }
    return out;
  }

  Result<bool> flag(std::string_view name, bool missing) const {
    auto value = entry_.find(name);
    if (!value || value->is_null()) return missing;
    auto flag = value->as_bool();
    if (!flag) return wrong_type(name, "true or false", *value);
    return *flag;
  }

 private:
  // People write ports and switches of `env` without quotes; clients accept it.
  static std::optional<std::string> scalar_text(RawJson value) {
    if (value.is_string()) return value.as_string();
    if (value.kind() == JsonKind::number || value.kind() == JsonKind::boolean) {
      return std::string(value.text());
    }
    return std::nullopt;
  }

  RawJson entry_;
  const EnvironmentLookup& environment_;
};

enum class DeclaredType { none, stdio, http, sse };

Result<DeclaredType> declared_type(const EntryReader& reader) {
  TRY(std::string type, reader.text("type"));
  if (type.empty()) {
    TRY(type, reader.text("transport"));
  }
  const std::string folded = ascii_lower(type);
  if (folded.empty()) return DeclaredType::none;
  if (folded == "stdio") return DeclaredType::stdio;
  if (folded == "sse") return DeclaredType::sse;
  if (folded == "http" || folded == "streamable-http" || folded == "streamablehttp" ||
      folded == "streamable_http") {
    return DeclaredType::http;
  }
  return fail(Errc::invalid,
              "\"type\" is \"" + type + "\"; allowed are stdio, http, streamable-http and sse");
}

Result<mcp::ConnectionSpec> read_stdio(const EntryReader& reader, std::string command) {
  mcp::StdioSpec spec;
  spec.command = std::move(command);
  TRY(spec.args, reader.text_list("args"));
  TRY(spec.env, reader.text_map("env"));
  TRY(spec.cwd, reader.text("cwd"));
  for (const auto& [name, value] : spec.env) {
    if (name.empty() || name.find('=') != std::string::npos ||
        name.find('\0') != std::string::npos || value.find('\0') != std::string::npos) {
      return fail(Errc::invalid,
                  "\"env\" has the impossible variable name or value of \"" + name + "\"");
    }
  }
  return spec;
}

Result<mcp::ConnectionSpec> read_http(const EntryReader& reader, const std::string& url,
                                      mcp::HttpKind kind) {
  mcp::HttpSpec spec;
  TRY(spec.url, http::parse_url(url));
  TRY(spec.headers, reader.text_map("headers"));
  for (const auto& [name, value] : spec.headers) {
    const bool bad_name = name.empty() || std::ranges::any_of(name, [](char c) {
                            return c <= ' ' || c == ':' || c == 127;
                          });
    const bool bad_value = value.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos;
    if (bad_name || bad_value) {
      return fail(Errc::invalid,
                  "\"headers\" has \"" + name + "\", which is not a valid HTTP field");
    }
  }
  spec.kind = kind;
  return spec;
}

Result<mcp::ConnectionSpec> read_spec(const EntryReader& reader) {
  TRY(DeclaredType type, declared_type(reader));
  TRY(std::string command, reader.text("command"));
  TRY(std::string url, reader.text("url"));
  auto kind = type == DeclaredType::sse    ? mcp::HttpKind::sse
              : type == DeclaredType::http ? mcp::HttpKind::streamable
                                           : mcp::HttpKind::detect;
  if (url.empty()) {
    TRY(url, reader.text("httpUrl"));
    if (!url.empty()) kind = mcp::HttpKind::streamable;
  }
  if (url.empty()) {
    TRY(url, reader.text("serverUrl"));
  }
  if (!command.empty() && !url.empty()) {
    return fail(Errc::invalid, "has both \"command\" and \"url\"; keep one of them");
  }
  if (type == DeclaredType::stdio && command.empty()) {
    return fail(Errc::invalid, "is of type stdio and needs a \"command\"");
  }
  if ((type == DeclaredType::http || type == DeclaredType::sse) && url.empty()) {
    return fail(Errc::invalid, "is of type http or sse and needs a \"url\"");
  }
  if (command.empty() && url.empty()) {
    return fail(Errc::invalid, "needs a \"command\" (a program to start) or a \"url\"");
  }
  if (!command.empty()) return read_stdio(reader, std::move(command));
  return read_http(reader, url, kind);
}

std::string identity_of(const mcp::ConnectionSpec& spec) {
  if (const auto* stdio = std::get_if<mcp::StdioSpec>(&spec)) {
    // Arguments may hold keys: the program's name is all that is safe to store.
    return std::filesystem::path(stdio->command).filename().string();
  }
  return std::get<mcp::HttpSpec>(spec).url.redacted();
}

void read_entry(const std::string& name, RawJson entry, const EnvironmentLookup& environment,
                ParsedConfig& out) {
  if (!entry.is_object()) {
    out.unreadable.push_back({"", name, "must be an object, not " + kind_name(entry)});
    return;
  }
  for (const auto& member : entry.members()) {
    const std::string key = member.name();
    if (!contains(kKnownMembers, key) && !contains(kIgnoredMembers, key)) {
      out.warnings.push_back("server \"" + name + "\": unknown member \"" + key + "\" is ignored");
    }
  }
  const EntryReader reader(entry, environment);
  auto disabled = reader.flag("disabled", false);
  auto enabled = reader.flag("enabled", true);
  if (disabled && enabled && (*disabled || !*enabled)) {
    out.left_out.push_back({"", name, "disabled"});
    return;
  }
  auto spec = !disabled  ? Result<mcp::ConnectionSpec>(std::unexpected(disabled.error()))
              : !enabled ? Result<mcp::ConnectionSpec>(std::unexpected(enabled.error()))
                         : read_spec(reader);
  if (!spec) {
    out.unreadable.push_back({"", name, spec.error().message});
    return;
  }
  Workload workload;
  workload.name = name;
  workload.transport = std::string(mcp::transport_name(*spec));
  workload.identity = identity_of(*spec);
  if (const auto* http = std::get_if<mcp::HttpSpec>(&*spec)) workload.url = http->url.redacted();
  workload.spec = *std::move(spec);
  out.workloads.push_back(std::move(workload));
}

// A name twice in one file: clients differ in which one they take; we take the first and say so.
bool is_repeated(const std::string& name, ParsedConfig& out) {
  auto same = [&](const auto& entry) { return entry.name == name; };
  const std::string reason = "the configuration names it twice; the first entry counts";
  if (auto it = std::ranges::find_if(out.workloads, same); it != out.workloads.end()) {
    it->problem = reason;
  } else if (!std::ranges::any_of(out.unreadable, same) &&
             !std::ranges::any_of(out.left_out, same)) {
    return false;
  }
  out.warnings.push_back("server \"" + name + "\": " + reason);
  return true;
}

void read_servers(RawJson servers, const EnvironmentLookup& environment, ParsedConfig& out) {
  for (const auto& member : servers.members()) {
    const std::string name = member.name();
    if (name.empty()) {
      out.unreadable.push_back({"", "(no name)", "a server's name must not be empty"});
    } else if (!is_repeated(name, out)) {
      read_entry(name, member.value, environment, out);
    }
  }
}

}  // namespace

Result<std::string> expand_variables(std::string_view text, const EnvironmentLookup& environment) {
  std::string out;
  std::size_t at = 0;
  while (true) {
    const std::size_t open = text.find("${", at);
    const std::size_t close = open == std::string_view::npos ? open : text.find('}', open);
    if (close == std::string_view::npos) {
      out.append(text.substr(at));
      return out;
    }
    out.append(text.substr(at, open - at));
    std::string_view inside = text.substr(open + 2, close - open - 2);
    std::optional<std::string> fallback;
    if (const auto dash = inside.find(":-"); dash != std::string_view::npos) {
      fallback = std::string(inside.substr(dash + 2));
      inside = inside.substr(0, dash);
    }
    if (inside.starts_with("env:")) inside.remove_prefix(4);
    const std::string name(inside == "userHome" ? "HOME" : inside);
    auto value = environment(name);
    if (value && value->empty() && fallback) value = fallback;
    if (!value) value = fallback;
    if (!value) {
      return fail(Errc::invalid, "${" + std::string(inside) +
                                     "} is not set; set the variable, or write ${" +
                                     std::string(inside) + ":-default}");
    }
    out.append(*value);
    at = close + 1;
  }
}

Result<ParsedConfig> parse_config(std::string_view text, const std::string& path,
                                  const EnvironmentLookup& environment) {
  constexpr std::string_view kShape = "; write {\"mcpServers\": {\"name\": {\"command\": ...}}}";
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (trim(text).empty()) {
    return fail(Errc::invalid, path + ": the file is empty" + std::string(kShape));
  }
  const std::string plain = without_comments(text);
  auto parsed = parse_json(plain, kConfigLimits);
  if (!parsed) return std::unexpected(with_context(parsed.error(), path + ": not valid JSON"));
  if (!parsed->is_object()) {
    return fail(Errc::invalid,
                path + ": must be a JSON object, not " + kind_name(*parsed) + std::string(kShape));
  }
  ParsedConfig out;
  bool found = false;
  auto read_list = [&](std::optional<RawJson> list, std::string_view name) -> Result<void> {
    if (!list) return {};
    if (!list->is_object()) {
      return std::unexpected(with_context(wrong_type(name, "an object", *list).error(), path));
    }
    found = true;
    read_servers(*list, environment, out);
    return {};
  };
  CHECK_OK(read_list(parsed->find("mcpServers"), "mcpServers"));
  CHECK_OK(read_list(parsed->find("servers"), "servers"));
  if (auto vscode = parsed->find("mcp"))
    CHECK_OK(read_list(vscode->find("servers"), "mcp.servers"));
  if (!found) {
    return fail(Errc::invalid,
                path + ": has neither \"mcpServers\" nor \"servers\"" + std::string(kShape));
  }
  for (const std::string& name : duplicate_members(*parsed)) {
    out.warnings.push_back("\"" + name + "\" occurs twice; the first one counts");
  }
  return out;
}

}  // namespace mcpo::sources
