#include "install/workload_name.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "install/registry_lookup.h"

namespace mcpo::install {
namespace {

// Last parts of registry names that do not tell one server from another.
constexpr std::array<std::string_view, 5> kSaysNothing = {"mcp", "server", "mcp-server", "remote",
                                                          "api"};

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

// Everything that is not allowed becomes a dash; `dashed` says what else does. Dashes and dots do
// not follow each other and stand at neither end.
std::string cleaned(std::string_view text, std::string_view dashed) {
  std::string out;
  for (const char c : text) {
    const bool keep = is_name_character(c) && dashed.find(c) == std::string_view::npos;
    const char next = keep ? c : '-';
    const bool joins = next == '-' || next == '.';
    if (joins && (out.empty() || out.back() == '-' || out.back() == '.')) continue;
    out.push_back(next);
  }
  out.resize(std::min(out.size(), kMaxWorkloadName));
  while (!out.empty() && (out.back() == '-' || out.back() == '.')) out.pop_back();
  return out;
}

}  // namespace

Result<void> check_workload_name(std::string_view name) {
  const auto wrong = [](const std::string& why) {
    return fail(Errc::invalid,
                "workload_name " + why +
                    "; it may have letters, digits, \".\", \"_\" and \"-\", at most " +
                    std::to_string(kMaxWorkloadName) + " of them, and no \"..\"");
  };
  if (name.empty()) return wrong("is empty");
  if (name.size() > kMaxWorkloadName) {
    return wrong("has " + std::to_string(name.size()) + " bytes");
  }
  const auto bad = std::ranges::find_if_not(name, is_name_character);
  if (bad != name.end()) {
    const auto position = static_cast<std::size_t>(bad - name.begin());
    return wrong("\"" + to_valid_utf8(name) + "\" has a character at position " +
                 std::to_string(position + 1) + " that is not allowed");
  }
  if (name.find("..") != std::string_view::npos)
    return wrong("\"" + std::string(name) + "\" has \"..\"");
  return {};
}

std::vector<std::string> workload_names(std::string_view registry_name) {
  std::string last = cleaned(short_name(registry_name), "");
  const bool says_nothing =
      std::ranges::find(kSaysNothing, ascii_lower(last)) != kSaysNothing.end();
  if (says_nothing && !publisher(registry_name).empty()) {
    last = cleaned(std::string(publisher(registry_name)) + "-" + last, "");
  }
  const std::string whole = cleaned(registry_name, ".");
  std::vector<std::string> out;
  if (!last.empty()) out.push_back(std::move(last));
  if (!whole.empty() && (out.empty() || out.front() != whole)) out.push_back(whole);
  if (out.empty()) out.emplace_back("mcp-server");
  return out;
}

}  // namespace mcpo::install
