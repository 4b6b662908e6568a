#include "upstream/self.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "async/process.h"
#include "base/text.h"

namespace mcpo::upstream {
namespace {

namespace fs = std::filesystem;

bool same_file(const std::string& word, const SelfIdentity& self) {
  if (word.empty() || self.binary.empty()) return false;
  // Only words that could name our program are looked up on the disk.
  const std::string name = fs::path(word).filename().string();
  const bool bare = word.find('/') == std::string::npos;
  std::string full = word;
  if (bare) {
    if (name != fs::path(self.binary).filename().string()) return false;
    auto found = async::find_program(word, self.path);
    if (!found) return false;
    full = *std::move(found);
  }
  std::error_code error;
  return fs::equivalent(full, self.binary, error) && !error;
}

// `sh -c "exec mcp-optimizer serve"`: the words of the script, quotes taken off.
bool script_names_us(std::string_view script, const SelfIdentity& self) {
  std::string word;
  for (std::size_t i = 0; i <= script.size(); ++i) {
    const char c = i < script.size() ? script[i] : ' ';
    if (std::string_view(" \t\n;&|()<>").find(c) == std::string_view::npos) {
      if (c != '\'' && c != '"') word.push_back(c);
      continue;
    }
    if (same_file(word, self)) return true;
    word.clear();
  }
  return false;
}

std::optional<std::string> check(const mcp::StdioSpec& spec, const SelfIdentity& self) {
  constexpr const char* kReason = "it starts this optimizer itself";
  if (same_file(spec.command, self)) return kReason;
  for (const std::string& arg : spec.args) {
    if (same_file(arg, self) || script_names_us(arg, self)) return kReason;
  }
  return std::nullopt;
}

std::optional<std::string> check(const mcp::HttpSpec& spec, const SelfIdentity& self) {
  if (self.port == 0 || spec.url.port != self.port) return std::nullopt;
  const bool same_host =
      spec.url.host == self.host ||
      (http::is_loopback_host(spec.url.host) &&
       (http::is_loopback_host(self.host) || self.host == "0.0.0.0" || self.host == "::"));
  if (!same_host) return std::nullopt;
  const std::string_view path =
      std::string_view(spec.url.target).substr(0, spec.url.target.find('?'));
  if (path != self.endpoint && path != "/") return std::nullopt;
  return "its URL is this optimizer's own endpoint";
}

}  // namespace

std::optional<std::string> recognise_self(const mcp::ConnectionSpec& spec,
                                          const SelfIdentity& self) {
  return std::visit([&](const auto& kind) { return check(kind, self); }, spec);
}

}  // namespace mcpo::upstream
